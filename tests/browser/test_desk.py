"""The latent desk in a real browser: the picture follows the finger, and nothing goes to the server until it lifts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.harness import PHONE, PROJECT, AppServer, check, settle, visit
from vae_core.runs import load_run

RUN = "digits-10d"

pytestmark = pytest.mark.skipif(
    not (PROJECT / "checkpoints" / RUN / "codes.npz").exists(), reason=f"the run {RUN} is not shipped yet"
)


@dataclass
class Wire:
    """Counts what the page sends over its websocket."""

    frames: list[int] = field(default_factory=list)

    def watch(self, page: Page) -> Wire:
        def opened(socket: WebSocket) -> None:
            socket.on("framesent", lambda payload: self.frames.append(len(payload)))

        page.on("websocket", opened)
        return self


def open_desk(page: Page, url: str) -> Locator:
    """The desk, with its films drawn and the script at rest."""
    visit(page, url)
    desk = page.locator(".desk[data-ready=true]")
    expect(desk).to_have_count(1)
    expect(desk).to_have_attribute("data-settled", "true")
    settle(page)
    check(page)
    return desk


def draws(desk: Locator) -> int:
    return int(desk.get_attribute("data-draws") or 0)


def pixels(canvas: Locator) -> str:
    return str(canvas.evaluate("canvas => canvas.toDataURL()"))


def param(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def wait_for_param(page: Page, name: str, pattern: str = ".+") -> str:
    page.wait_for_url(re.compile(rf"[?&]{name}={pattern}"))
    settle(page)
    return param(page, name)


def test_the_picture_follows_a_drag_and_the_server_hears_of_its_end(page: Page, server: AppServer) -> None:
    wire = Wire().watch(page)
    desk = open_desk(page, server.url("dimensions", run=RUN))
    first = desk.locator(".dimension").first
    dimension = int(first.get_attribute("data-dimension") or -1)
    box = first.locator("input[type=range]").bounding_box()
    assert box is not None
    picture = desk.locator(".stage .picture")
    before, drawn, sent = pixels(picture), draws(desk), len(wire.frames)

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    seen = {before}
    for step in range(1, 9):
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.04 * step), box["y"] + box["height"] / 2)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        seen.add(pixels(picture))
    assert draws(desk) >= drawn + 8, "one picture a move, while the button is down"
    assert len(seen) == 9, "each move shows another picture"
    assert len(wire.frames) == sent, "nothing is sent while dragging"
    assert not param(page, "z")
    page.mouse.up()

    z = [float(part) for part in wait_for_param(page, "z").split("_")]
    assert z[dimension] > 1 and sum(map(abs, z)) == z[dimension], "one dimension moved"
    assert len(wire.frames) > sent
    after = pixels(picture)
    assert after != before

    page.reload()
    reopened = open_desk(page, page.url)
    assert pixels(reopened.locator(".stage .picture")) == after, "the link reopens the very picture"


def test_films_show_what_the_other_dimensions_will_do_from_here(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("dimensions", run=RUN))
    rows = desk.locator(".dimension[data-film]")
    assert rows.count() >= 2
    other = rows.nth(1)
    before = pixels(other.locator("canvas"))
    rows.first.locator("input[type=range]").press("End")
    wait_for_param(page, "z")
    expect(desk).to_have_attribute("data-settled", "true")
    assert pixels(other.locator("canvas")) != before


def test_sliders_are_sorted_by_rate_with_sleeping_ones_folded_away(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("dimensions", run=RUN))
    rates = [float(text.split()[0]) for text in desk.locator(".rate").all_text_contents()]
    assert rates == sorted(rates, reverse=True) and len(rates) == 10


def test_keys_do_what_the_mouse_does(page: Page, server: AppServer) -> None:
    wire = Wire().watch(page)
    desk = open_desk(page, server.url("dimensions", run=RUN))
    slider = desk.locator(".dimension input[type=range]").first
    slider.focus()
    drawn, sent = draws(desk), len(wire.frames)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "0.90")
    assert draws(desk) > drawn
    assert len(wire.frames) == sent, "a held key sends nothing"
    assert "0.9" in wait_for_param(page, "z").split("_")
    page.keyboard.press("PageDown")
    expect(slider).to_have_attribute("aria-valuetext", "-0.10")
    desk.locator(".zero").first.click()
    expect(slider).to_have_attribute("aria-valuetext", "0.00")


def test_an_answer_that_comes_late_pulls_nothing_back(page: Page, server: AppServer) -> None:
    """The next key comes the moment the address has changed, while the server's answer is still on its way."""
    desk = open_desk(page, server.url("dimensions", run=RUN))
    slider = desk.locator(".dimension input[type=range]").first
    slider.focus()
    for step in range(1, 5):
        page.keyboard.press("ArrowRight")
        page.wait_for_url(lambda url, step=step: f"0.{step}" in parse_qs(urlsplit(url).query).get("z", [""])[0])
        expect(slider).to_have_attribute("aria-valuetext", f"0.{step}0")


def test_back_in_the_browser_is_back_on_the_sliders(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("dimensions", run=RUN))
    slider = desk.locator(".dimension input[type=range]").first
    for place in ("End", "Home"):
        slider.press(place)
        page.wait_for_url(lambda url, place=place: ("-3" in url) == (place == "Home") and "z=" in url)
        settle(page)
    page.go_back()
    expect(slider).to_have_attribute("aria-valuetext", f"{float(slider.get_attribute('max') or 0):.2f}")


def test_the_pad_drags_two_dimensions_at_once(page: Page, server: AppServer) -> None:
    wire = Wire().watch(page)
    desk = open_desk(page, server.url("dimensions", run=RUN, pad="2.5"))
    desk.get_by_role("tab", name="2-D pad").click()
    assert wait_for_param(page, "panel") == "pad"
    pad = desk.locator(".pad")
    expect(pad).to_have_attribute("data-film", "done")
    box = pad.bounding_box()
    assert box is not None
    drawn, sent = draws(desk), len(wire.frames)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 7):
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.05 * step), box["y"] + box["height"] * (0.5 - 0.03 * step))
        page.evaluate("() => new Promise(requestAnimationFrame)")
    assert draws(desk) >= drawn + 6 and len(wire.frames) == sent
    page.mouse.up()
    z = [float(part) for part in wait_for_param(page, "z", "[^&]*[1-9]").split("_")]  # the tab's change wrote zeros
    assert z[2] > z[5] > 0.3, "right and up, as the finger went"
    assert [i for i, value in enumerate(z) if value] == [2, 5]
    pad.press("ArrowLeft")
    expect(pad).to_have_attribute("aria-valuetext", re.compile(f"{z[2] - 0.1:.2f}"))
    pad.press("Home")
    expect(pad).to_have_attribute("aria-valuetext", re.compile(r" 0\.00, .* 0\.00"))


def test_a_name_stays_with_the_run(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("dimensions", run=RUN))
    row = desk.locator(".dimension").first
    dimension = row.get_attribute("data-dimension")
    wire = Wire().watch(page)
    row.locator(".name").dblclick()
    page.keyboard.type("  tilt cr <b> ")  # "c" and "r" are shortcuts of Streamlit's
    assert not wire.frames
    page.keyboard.press("Enter")
    expect(row.locator(".name")).to_have_text("tilt cr <b>")
    settle(page)
    names = server.checkpoints / RUN / "names.json"
    while not names.exists():  # written by the server, after the trigger's run
        page.wait_for_timeout(20)

    desk = open_desk(page, server.url("dimensions", run=RUN))
    row = desk.locator(f".dimension[data-dimension='{dimension}']")
    expect(row.locator(".name")).to_have_text("tilt cr <b>")
    assert json.loads(names.read_text()) == {dimension: "tilt cr <b>"}

    row.locator("input[type=range]").press("F2")
    row.locator(".field").fill("something else")
    row.locator(".field").press("Escape")
    expect(row.locator(".name")).to_have_text("tilt cr <b>")
    row.locator("input[type=range]").press("F2")
    row.locator(".field").fill("")
    row.locator(".field").press("Enter")
    expect(row.locator(".name")).to_have_text(f"z{dimension}")


def test_begin_from_the_tray_from_chance_and_from_the_priors_mean(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("dimensions", run=RUN, tray="5.77"))
    assert desk.locator(".sample").count() == 2
    desk.locator(".sample").nth(1).click()
    from_tray = wait_for_param(page, "z")
    desk.locator("[data-start=random]").click()
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query)["z"][0] != from_tray)
    expect(desk.locator(".cue")).to_contain_text("usual distance")
    desk.locator("[data-start=mean]").click()
    page.wait_for_url(lambda url: set(parse_qs(urlsplit(url).query)["z"][0].split("_")) == {"0"})


def test_the_farthest_sample_begins_at_its_own_code(page: Page, server: AppServer) -> None:
    codes = load_run(server.checkpoints / RUN).codes
    row = int(np.abs(codes.mean).max(axis=1).argmax())
    desk = open_desk(page, server.url("dimensions", run=RUN, tray=int(codes.index[row])))
    desk.locator(".sample").click()
    z = [float(value) for value in wait_for_param(page, "z").split("_")]
    np.testing.assert_allclose(z, codes.mean[row], atol=1e-3)


def test_the_meter_tells_a_code_seen_from_one_far_out(page: Page, server: AppServer) -> None:
    far = "_".join(["3", "-3"] * 5)
    desk = open_desk(page, server.url("dimensions", run=RUN, z=far, tray="5"))
    expect(desk.locator(".cue-words")).to_have_text("far from any code seen")
    desk.locator(".sample").click()
    expect(desk.locator(".cue-words")).to_have_text("inside the data")
    expect(desk.get_by_role("meter")).to_have_attribute("aria-valuetext", re.compile("inside the data"))


@pytest.mark.parametrize("z", ["1_2", "a_" * 9 + "b", "nan_" * 9 + "0", "1e9_" * 9 + "0"])
def test_a_senseless_address_begins_somewhere_sensible(z: str, page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("dimensions", run=RUN, z=z, pad="0.0", panel="cellar"))
    values = desk.locator(".dimension input[type=range]").evaluate_all("all => all.map(one => +one.value)")
    assert len(values) == 10 and all(abs(value) <= 6 for value in values)


def test_touch_drags_too(browser: object, server: AppServer) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)  # type: ignore[attr-defined]
    try:
        page = context.new_page()
        desk = open_desk(page, server.url("dimensions", run=RUN))
        box = desk.locator(".dimension input[type=range]").first.bounding_box()
        assert box is not None
        client = context.new_cdp_session(page)
        drawn = draws(desk)
        y = box["y"] + box["height"] / 2

        def touch(kind: str, at: float) -> None:
            points = [] if kind == "touchEnd" else [{"x": box["x"] + box["width"] * at, "y": y}]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", 0.5)
        for step in range(1, 9):
            touch("touchMove", 0.5 + 0.04 * step)
            page.evaluate("() => new Promise(requestAnimationFrame)")
        assert draws(desk) > drawn + 3
        touch("touchEnd", 0)
        wait_for_param(page, "z")
    finally:
        context.close()


@pytest.mark.parametrize("path", ["dimensions", "between"])
def test_a_phone_needs_no_sideways_scrolling(path: str, new_page: Callable[..., Page], server: AppServer) -> None:
    page = new_page(size=PHONE)
    open_desk(page, server.url(path, run=RUN, tray="5.77"))
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    inner = page.locator("[data-testid=stMain]").evaluate("main => [main.scrollWidth, main.clientWidth]")
    assert inner[0] <= inner[1]


def test_another_model_brings_its_own_desk(page: Page, server: AppServer) -> None:
    desk = open_desk(page, server.url("dimensions", run=RUN))
    assert desk.locator(".dimension").count() == 10
    other = open_desk(page, server.url("dimensions", run="digits-2d"))
    expect(other.locator(".dimension")).to_have_count(2)
    expect(other.locator(".pad")).to_be_visible()


def test_a_decoder_that_does_not_come_is_said_and_tried_again(page: Page, server: AppServer) -> None:
    page.route("**/latentarium/decoders/**", lambda route: route.fulfill(status=500, body="no"))
    visit(page, server.url("dimensions", run=RUN))
    desk = page.locator(".desk")
    expect(desk.get_by_role("alert")).to_contain_text("could not be fetched")
    page.unroute("**/latentarium/decoders/**")
    desk.get_by_role("button", name="Try again").click()
    expect(desk).to_have_attribute("data-ready", "true")
    expect(desk.locator(".dimension")).to_have_count(10)
