"""The page Apply in a real Chromium: what is slid, brushed, dragged and drawn changes what is seen."""

from __future__ import annotations

import re

from playwright.sync_api import ElementHandle, Locator, Page, expect

from tests.browser.harness import AppServer, settle, still, visit
from tests.browser.test_guests import ZERO, draw, unfold_pad

RUN = "digits-10d"
SECONDS = 30_000  # ms that a result may take on a busy machine


def opened(page: Page, server: AppServer, view: str, component: str, **params: str) -> Locator:
    visit(page, server.url("uses", run=params.pop("run", RUN), view=view, **params))
    found = page.locator(f"{component}[data-ready=true]")
    expect(found).to_be_visible(timeout=SECONDS)
    return found


def counts(view: Locator) -> dict[str, int]:
    cells = view.locator("[data-count]")
    return {str(cell.get_attribute("data-count")): int(cell.inner_text()) for cell in cells.all()}


def test_a_threshold_that_is_slid_changes_the_counts_at_once_and_the_command_when_let_go(
    page: Page, server: AppServer
) -> None:
    view = opened(page, server, "odd", ".lt-threshold", run="breast-cancer", search="no")
    before = counts(view)
    assert before == {"hits": 15, "misses": 2, "false-alarms": 1, "passes": 38}  # as docs/apply.md has it
    slider = view.get_by_role("slider")
    box = still(slider)
    place = "document.querySelector('.lt-threshold .js-plotly-plot').layout.shapes[0].x0"
    stood = page.evaluate(place)
    page.mouse.move(box["x"] + 0.13 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2, steps=5)
    during = counts(view)  # the finger is still down: nobody has asked the server
    assert during["hits"] == 17 and during["false-alarms"] > before["false-alarms"]
    assert sum(during.values()) == sum(before.values())
    assert page.evaluate(place) < stood
    assert "alarms=" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile("alarms=0"))
    expect(page.get_by_test_id("stCode").last).to_contain_text("--false-alarms 0.")
    settle(page)
    assert counts(view) == during


def test_the_oddest_place_of_a_drawing_of_ones_own_is_shown(page: Page, server: AppServer) -> None:
    opened(page, server, "odd", ".lt-threshold", normal="3", search="no")
    draw(page, unfold_pad(page), ZERO)
    page.get_by_role("button", name="How odd is it?").click()
    mine = page.locator(".lt-threshold li")
    expect(mine).to_have_count(1, timeout=SECONDS)
    expect(mine).to_contain_text(": odd (")  # a nought is no three
    expect(page.get_by_test_id("stSidebar")).to_contain_text("1 sample", timeout=SECONDS)


def filled(page: Page) -> list[str]:
    """Addresses of the pictures that fill in what is missing."""
    pictures = page.locator('[data-testid="stImage"] img[alt^="Importance weights"]')
    expect(pictures.first).to_be_visible(timeout=SECONDS)
    return [str(picture.get_attribute("src")) for picture in pictures.all()]


def test_pixels_that_are_brushed_away_are_filled_in(page: Page, server: AppServer) -> None:
    view = opened(page, server, "missing", ".brush", holes="0-7", at="12")
    before = filled(page)
    expect(view).to_have_attribute("data-gone", "8")
    canvas = view.locator("canvas")
    box = still(canvas)
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 0.9 * box["height"], steps=6)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"holes=0-7%2C\d+"))
    expect(page.locator('[data-testid="stImage"] img[alt^="Importance weights"]').first).not_to_have_attribute(
        "src", before[0], timeout=SECONDS
    )
    gone = int(str(view.get_attribute("data-gone")))
    assert 16 <= gone < 64
    canvas.focus()  # and by keyboard: a corner comes back
    view.get_by_role("button", name="Bring back").click()
    canvas.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp"):
        canvas.press(key)
    canvas.press("Space")
    expect(view).not_to_have_attribute("data-gone", str(gone))


def canvas_of(view: Locator) -> ElementHandle:
    return view.locator("figure.first canvas").element_handle()


def picture_of(view: Locator) -> str:
    return str(canvas_of(view).evaluate("(canvas) => canvas.toDataURL()"))


def test_a_strength_that_is_dragged_changes_the_picture_before_it_is_let_go(page: Page, server: AppServer) -> None:
    view = opened(page, server, "ways", ".push", **{"from": "3", "to": "8"})
    expect(view).to_have_attribute("data-settled", "true", timeout=SECONDS)
    slider = view.get_by_role("slider", name="Strength")
    settle(page)
    box = still(slider)
    whole = picture_of(view)
    page.mouse.move(box["x"] + 0.66 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.34 * box["width"], box["y"] + box["height"] / 2, steps=5)
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas_of(view), whole])
    none = picture_of(view)
    assert "strength" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile("strength="))
    slider.press("End")
    expect(page).to_have_url(re.compile(r"strength=2\.0"))
    assert picture_of(view) not in (none, whole)
