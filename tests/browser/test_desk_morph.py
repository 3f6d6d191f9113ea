"""The morphing desk in a real browser: films from A to B that play, scrub, and end where they should."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.harness import PROJECT, AppServer, settle, still
from tests.browser.test_desk import RUN, Wire, draws, open_desk, param, pixels, wait_for_param

pytestmark = pytest.mark.skipif(
    not (PROJECT / "checkpoints" / RUN / "codes.npz").exists(), reason=f"the run {RUN} is not shipped yet"
)

# Mean difference in grey levels between a tile of a film and the picture of an end, drawn to the tile's size.
TILE_DIFFERENCE = """
(desk, [kind, end]) => {
  const film = desk.querySelector(`.strip[data-kind=${kind}] canvas`);
  const picture = desk.querySelector(`.end-${end} canvas`);
  const side = film.height;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, side - 1, side);
  const wanted = context.getImageData(2, 2, side - 6, side - 6).data;
  const at = end === 0 ? 0 : film.width - side;
  const tile = film.getContext("2d").getImageData(at + 2, 2, side - 6, side - 6).data;
  let sum = 0;
  for (let i = 0; i < tile.length; i++) sum += Math.abs(tile[i] - wanted[i]);
  return sum / tile.length;
}
"""


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_films_begin_at_a_and_end_at_b(kind: str, page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("between", run=RUN, a=5, b=77, t=0))
    assert desk.locator(".strip").count() == 2
    big = desk.locator(f".walk[data-kind={kind}] canvas.picture")
    for end, other in ((0, 1), (1, 0)):
        assert desk.evaluate(TILE_DIFFERENCE, [kind, end]) < 2
        assert pixels(big) == pixels(desk.locator(f".end-{end} canvas"))
        assert pixels(big) != pixels(desk.locator(f".end-{other} canvas"))
        desk.locator(".strip input").first.press("End")


def test_the_film_plays_in_the_browser_alone(page: Page, server: AppServer) -> None:
    wire = Wire().watch(page)
    desk = open_desk(page, server.url("between", run=RUN, a=5, b=77))
    drawn, sent, still = draws(desk), len(wire.frames), pixels(desk.locator(".walk canvas.picture").first)
    desk.get_by_role("button", name="Play").click()
    expect(desk).to_have_attribute("data-playing", "true")
    page.evaluate("async () => { for (let i = 0; i < 30; i++) await new Promise(requestAnimationFrame); }")
    assert draws(desk) >= drawn + 25, "a picture a frame"
    assert pixels(desk.locator(".walk canvas.picture").first) != still
    assert len(wire.frames) == sent, "playing sends nothing"
    desk.get_by_role("button", name="Pause").click()
    expect(desk).to_have_attribute("data-playing", "false")
    assert wait_for_param(page, "t")
    at = draws(desk)
    page.evaluate("async () => { for (let i = 0; i < 5; i++) await new Promise(requestAnimationFrame); }")
    assert draws(desk) == at, "a paused film rests"


def test_scrubbing_moves_both_walks_and_is_kept(page: Page, server: AppServer) -> None:
    wire = Wire().watch(page)
    desk = open_desk(page, server.url("between", run=RUN, a=5, b=77))
    scrubber = desk.locator(".strip input").first
    box = still(scrubber)
    before = [pixels(canvas) for canvas in desk.locator(".walk canvas.picture").all()]
    sent = len(wire.frames)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=8)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    after = [pixels(canvas) for canvas in desk.locator(".walk canvas.picture").all()]
    assert before[0] != after[0] and before[1] != after[1]
    assert len(wire.frames) == sent
    page.mouse.up()
    assert 0.7 < float(wait_for_param(page, "t")) < 0.95
    page.reload()
    assert [pixels(canvas) for canvas in open_desk(page, page.url).locator(".walk canvas.picture").all()] == after


def test_another_sample_changes_the_walks_and_the_address(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("between", run=RUN, a=5, b=77))
    before = pixels(desk.locator(".end-0 canvas"))
    page.locator(".st-key-picker-A").get_by_role("button").filter(has_text="shuffle").click()
    page.wait_for_url(lambda url: "a=5&" not in f"{url}&")
    settle(page)
    expect(desk).to_have_attribute("data-settled", "true")
    assert pixels(desk.locator(".end-0 canvas")) != before
    assert param(page, "b") == "77"


def test_a_class_gives_a_sample_of_it(page: Page, server: AppServer) -> None:
    open_desk(page, server.url("between", run=RUN, a=5, b=77))
    page.locator(".st-key-picker-B").get_by_role("button", name="Choose").click()
    page.get_by_test_id("stPopoverBody").get_by_text("4", exact=True).click()
    page.wait_for_url(lambda url: "b=77" not in url)
    settle(page)
    expect(page.locator(".st-key-picker-B")).to_contain_text("B · 4, sample")


def test_the_four_corner_grid_drags(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("between", run=RUN, a=5, b=77))
    corners = desk.locator(".corners")
    corners.scroll_into_view_if_needed()
    expect(corners).to_have_attribute("data-film", "done")
    here = desk.locator("canvas.here")
    box = corners.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 3, box["y"] + 3, steps=5)
    page.mouse.up()
    expect(corners).to_have_attribute("aria-valuetext", re.compile("A 100%"))
    assert pixels(here) == pixels(desk.locator(".end-0 canvas")), "the corner is A itself"
    for _ in range(8):
        corners.press("Shift+ArrowRight")
    assert pixels(here) == pixels(desk.locator(".end-1 canvas"))


def test_films_and_sheets_download(page: Page, server: AppServer) -> None:
    open_desk(page, server.url("between", run=RUN, a=5, b=77))
    for button, kind, frames in (("Straight line, GIF", "GIF", 78), ("Both strips, PNG", "PNG", 1)):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button).click()
        with Image.open(BytesIO(waiting.value.path().read_bytes())) as picture:
            assert picture.format == kind and getattr(picture, "n_frames", 1) == frames


def test_a_click_on_the_map_chooses_b_or_a(page: Page, server: AppServer) -> None:
    open_desk(page, server.url("between", run="digits-2d", a=5, b=77))
    plot = page.locator(".lt-map[data-ready]")
    for letter, other in (("b", "a"), ("a", "b")):
        before, kept = param(page, letter), param(page, other)
        page.get_by_test_id("stMain").get_by_role("radio", name=letter.upper(), exact=True).click()
        settle(page)
        stage = plot.locator("[tabindex='0']").first
        stage.scroll_into_view_if_needed()
        stage.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, letter=letter, before=before: f"&{letter}={before}&" not in f"{url}&")
        settle(page)
        assert param(page, letter) != before and param(page, other) == kept
