"""The sheets of Generate in a real browser: they follow the temperature before the mouse is let go; what is chosen
gets a neighbour; what is downloaded is what the command writes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import PHONE, PROJECT, AppServer, settle, visit
from vae_core import load_run
from vae_core.dreams import Asked
from vae_core.dreams.command import sheet_of

RUN = "digits-2d"
ENLARGED = 8  # times, on the screen: small pictures are smoothed between their pixels
NEAR = 12  # grey levels by which the smoothing may move the middle of a pixel
PIXELS = """(canvas) => { const {width, height} = canvas;
  return Array.from(canvas.getContext('2d').getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 0)); }"""


def open_sheets(page: Page, server: AppServer, run: str = RUN, **params: str | int) -> Locator:
    visit(page, server.url("dreams", run=run, **params), timeout=60_000)
    root = page.locator(".dreams")
    expect(root).to_have_attribute("data-ready", "true", timeout=30_000)
    return root


def seen(root: Locator) -> list[list[int]]:
    """The grey levels of each tile."""
    return [canvas.evaluate(PIXELS) for canvas in root.locator("canvas").all()]


def middles(tiles: list[list[int]], shape: tuple[int, ...]) -> np.ndarray:
    """What stands at the middle of each pixel of pictures of this shape, [n, 1, H, W]: the four around it averaged."""
    count, _, height, width = shape
    parts = np.array(tiles, float).reshape(count, 1, height, ENLARGED, width, ENLARGED)
    middle = slice(ENLARGED // 2 - 1, ENLARGED // 2 + 1)
    return parts[:, :, :, middle, :, middle].mean((3, 5))


def test_the_sheet_follows_a_drag_and_is_what_the_command_makes(page: Page, server: AppServer) -> None:
    root = open_sheets(page, server, n=4)
    expect(root).to_have_attribute("data-draws", re.compile(r"\d"))
    before, draws = seen(root), int(root.get_attribute("data-draws") or 0)
    address = page.url
    slider = root.locator("input[data-slider=t]")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2, steps=5)
    expect(root).to_have_attribute("data-stale", "true")
    page.wait_for_function("([root, n]) => Number(root.dataset.draws) > n", arg=[root.element_handle(), draws])
    held = seen(root)
    assert all(old != new for old, new in zip(before, held, strict=True)), "the mouse is still down"
    assert page.url == address
    page.mouse.up()
    expect(root).to_have_attribute("data-stale", "false")
    settle(page)
    temperature = float(re.search(r"[?&]t=([\d.]+)", page.url)[1])  # type: ignore[index]
    assert temperature == float(slider.input_value()) != 1

    run = load_run(PROJECT / "checkpoints" / RUN)
    made, usual = (sheet_of(run, Asked(count=4, sampler="normal", temperature=t), "", None) for t in (temperature, 1.0))
    drawn = middles(seen(root), made.samples.shape)
    assert np.abs(drawn - made.samples).max() <= NEAR
    for tile, other in zip(drawn, usual.samples, strict=True):
        assert np.abs(tile - other).max() > 2 * NEAR, "at another temperature it is another picture"

    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("NPZ")).click()
    with np.load(io.BytesIO(download.value.path().read_bytes()), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["samples"], made.samples)
        assert file["temperature"] == temperature and str(file["sampler"]) == "normal"


def test_a_dream_that_is_chosen_gets_a_neighbour_by_click_and_by_key(page: Page, server: AppServer) -> None:
    root = open_sheets(page, server, n=8)
    expect(page.get_by_text("Is dream 1 a copy?")).to_be_visible(timeout=30_000)
    root.locator(".item").nth(2).click()
    expect(page.get_by_text("Is dream 3 a copy?")).to_be_visible()
    expect(root.locator(".item").nth(2)).to_have_attribute("aria-pressed", "true")
    pair = page.locator(".st-key-dreams-pair")
    expect(pair.get_by_role("img").nth(1)).to_have_attribute("alt", re.compile(r"^nearest \d, sample \d+$"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Is dream 4 a copy?")).to_be_visible()
    assert "pick=normal-4" in page.url


def test_on_a_phone_the_answer_comes_into_view(new_page: Callable[..., Page], server: AppServer) -> None:
    page = new_page(size=PHONE, scheme="dark")
    root = open_sheets(page, server, n=16)
    answer = page.get_by_role("heading", name=re.compile("Is dream"))
    expect(answer).to_be_attached(timeout=30_000)
    expect(answer).not_to_be_in_viewport()
    root.locator(".item").nth(2).click()
    expect(answer).to_have_text(re.compile("Is dream 3 a copy"))
    expect(answer).to_be_in_viewport()
    expect(page.locator(".st-key-dreams-pair")).to_be_in_viewport(ratio=0.9)


def test_what_the_server_decodes_follows_when_it_is_let_go_on_a_phone(
    new_page: Callable[..., Page], server: AppServer
) -> None:
    page = new_page(size=PHONE, scheme="light")
    root = open_sheets(page, server, "names", n=4)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    expect(root.locator(".words")).to_have_count(4)
    root.locator("input[data-slider=t]").press("Home")
    expect(root).to_have_attribute("data-stale", "false")
    words = root.locator(".words").all_inner_texts()
    assert len(set(words)) == 1 and words[0], "the middle of the prior is one name"
