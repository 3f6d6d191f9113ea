"""The drawing pad in a real Chromium: a digit drawn by mouse is on the map, in the tray and A of a morph."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import PHONE, AppServer, crowd, follow, settle, still, visit
from vae_core.data import load_dataset
from vae_core.guests import name_of
from vae_core.runs import load_run

PROJECT = Path(__file__).resolve().parents[2]
RUN = "digits-10d"
SOON = 500  # ms from "Add" to the point on the map
SEVEN = ((0.3, 0.25), (0.7, 0.25), (0.6, 0.45), (0.5, 0.65), (0.45, 0.8))
ZERO = tuple((0.5 + 0.2 * np.sin(a), 0.5 - 0.3 * np.cos(a)) for a in np.linspace(0, 6.1, 14))
ONE = ((0.52, 0.2), (0.5, 0.5), (0.48, 0.8))
# When the map shows so many guests, in ms after the next click on a button of the pad.
CLOCK = """(count) => new Promise((done) => {
  let clicked = 0
  const map = document.querySelector(".lt-map")
  window.addEventListener("click", () => (clicked = performance.now()), { capture: true, once: true })
  window.__placed = new Promise((placed) => {
    const seen = new MutationObserver(() => {
      if (map.dataset.visitors !== String(count)) return
      seen.disconnect()
      requestAnimationFrame(() => placed(performance.now() - clicked))
    })
    seen.observe(map, { attributes: true })
  })
  done()
})"""


def unfold_pad(page: Page) -> Locator:
    """Opens what the pad is in, on a page that stands already; -> its canvas."""
    page.get_by_text("Draw or drop your own").click()
    page.wait_for_selector(".pad[data-habit]")
    settle(page)  # what stands above it has its height
    return page.locator("canvas.page")


def open_pad(page: Page, address: str) -> Locator:
    visit(page, address)
    return unfold_pad(page)


def draw(page: Page, canvas: Locator, line: tuple[tuple[float, float], ...]) -> None:
    box = still(canvas)
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def param(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def seen(page: Page) -> np.ndarray:
    """What the model will see: uint8 [H, W]."""
    found = page.locator("canvas.seen").evaluate(
        """(canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
          return [canvas.width, Array.from(data.filter((_, i) => i % 4 === 0))]
        }"""
    )
    return np.array(found[1], dtype=np.uint8).reshape(-1, found[0])


def test_a_drawn_digit_is_on_the_map_at_once_in_the_tray_and_a_of_a_morph(page: Page, server: AppServer) -> None:
    canvas = open_pad(page, server.url("map", run=RUN))
    page.wait_for_selector(".lt-map[data-ready]")
    add = page.get_by_role("button", name="Add to the map")
    expect(add).to_be_disabled()
    points = page.evaluate("document.querySelector('.lt-map').dataset.draws")
    took = []
    for count, line in enumerate((SEVEN, ZERO, ONE), 1):
        page.get_by_role("button", name="Clear", exact=True).last.click() if count > 1 else None
        draw(page, canvas, line)
        expect(add).to_be_enabled()
        page.evaluate(CLOCK, count)
        add.click()
        took.append(page.evaluate("window.__placed"))
        expect(page.locator(".status")).to_contain_text("is here")
        settle(page)
    waiting = crowd()
    times = ", ".join(f"{ms:.0f}" for ms in took)
    print(f"from Add to the point on the map: {times} ms, {waiting:.1f} waiting for a core")
    assert sorted(took)[1] < SOON * waiting, (took, waiting)
    assert page.evaluate("document.querySelector('.lt-map').dataset.draws") == points  # no point was drawn again
    tray = param(page, "tray").split(".")
    assert len(tray) == 3 and param(page, "at") == tray[-1]
    expect(page.get_by_test_id("stSidebar").get_by_alt_text(name_of(int(tray[0])))).to_be_visible()
    expect(page.locator(".lt-picked")).to_contain_text(name_of(int(tray[-1])))
    follow(page, "Morph")
    expect(page.get_by_test_id("stMain")).to_contain_text(f"A · {name_of(int(tray[0]))}")


def test_a_drawing_looks_like_the_datas_samples_and_can_be_taken_back(page: Page, server: AppServer) -> None:
    canvas = open_pad(page, server.url("between", run="mnist-16d"))
    draw(page, canvas, ((0.15, 0.15), (0.2, -0.05), (0.1, -0.05)))  # small, in a corner and beyond it
    made = seen(page).astype(float)
    rows, columns = np.flatnonzero((made > 32).any(axis=1)), np.flatnonzero((made > 32).any(axis=0))
    assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 22
    middle = [(made.sum(axis=1 - axis) @ (np.arange(28) + 0.5)) / made.sum() for axis in (0, 1)]
    assert middle == pytest.approx([14.5, 14.5], abs=0.6)
    page.get_by_label("Invert").check()
    assert np.allclose(seen(page), 255 - made)
    page.get_by_role("button", name="Undo").click()
    assert (seen(page) == 255).all()
    expect(page.get_by_role("button", name="Make it A")).to_be_disabled()


def test_a_sample_dropped_as_a_file_gets_its_own_code_and_becomes_b(page: Page, server: AppServer) -> None:
    open_pad(page, server.url("between", run=RUN))
    picture = np.asarray(load_dataset("digits").x[700, 0])
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    expect(page.get_by_label("Middle only")).to_be_visible()
    page.get_by_label("Place like the data").uncheck()
    assert (seen(page) == picture).all()
    page.get_by_role("button", name="Make it B").click()
    expect(page.locator(".status")).to_contain_text("is here")
    settle(page)
    number = int(param(page, "b"))
    expect(page.get_by_test_id("stMain")).to_contain_text(f"B · {name_of(number)}")
    from vae_core.guests import Store
    from vae_core.guests.codes import encode

    run = load_run(PROJECT / "checkpoints" / RUN)
    guest = Store(server.runs / ".guests").get(run.config.data, number)
    assert guest is not None and (guest.x[0] == picture).all()
    row = int(run.codes.rows([700])[0])
    assert np.allclose(encode(run.model, guest).mean[0], run.codes.mean[row], atol=2e-3, rtol=2e-3)


def test_a_file_that_is_no_picture_is_refused_in_one_sentence_and_a_finger_draws(new_page, server: AppServer) -> None:  # type: ignore[no-untyped-def]
    page = new_page(size=PHONE, scheme="light")
    canvas = open_pad(page, server.url("map", run="digits-2d"))
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"not one"})
    expect(page.locator(".status.wrong")).to_have_text(re.compile("no picture"))
    box = canvas.bounding_box()
    assert box is not None and box["width"] > 250 and box["x"] + box["width"] <= PHONE[0]
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    before = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    touch("touchStart", at[0])
    for place in at[1:]:
        touch("touchMove", place)
    touch("touchEnd")
    expect(page.get_by_role("button", name="Add to the map")).to_be_enabled()
    assert (seen(page) > 100).sum() >= 6
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == before  # it drew, nothing else


def test_a_row_is_taken_with_the_number_that_was_typed_last(page: Page, server: AppServer) -> None:
    from vae_core.guests import Store

    visit(page, server.url("map", run="wine"))
    page.get_by_text("A row of your own").click()
    table = page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas").first).to_be_visible()
    box = still(table)
    table.dblclick(position={"x": box["width"] - 30, "y": 52})  # the numbers are in sight without scrolling
    page.locator(".gdg-input").fill("7.5")
    page.get_by_role("button", name="Add to the map").click()  # no Enter and no wait
    expect(page).to_have_url(re.compile("tray="))
    info = load_run(PROJECT / "checkpoints" / "wine").config.data
    guest = Store(server.runs / ".guests").get(info, int(param(page, "at")))
    assert guest is not None
    real = guest.x * np.asarray(info.scale) + np.asarray(info.centre)
    assert real[0] == pytest.approx(7.5) and np.allclose(real[1:], info.centre[1:])
