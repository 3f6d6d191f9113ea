"""The page of runs in a real browser: a real sweep of four runs, watched, picked from, laid over each other, undone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import PHONE, AppServer, check, click_twice, follow, settle, visit

PATIENCE = 180_000  # milliseconds; four workers load torch one after the other, and the machine may be shared
ROW = 35  # pixels of a row of the table, its head included

pytestmark = pytest.mark.timeout(400)


def table(page: Page) -> Locator:
    return page.get_by_test_id("stDataFrame").first


def tick(page: Page, row: int) -> None:
    """The box before a row of the table, which is drawn on a canvas."""
    table(page).click(position={"x": 16, "y": ROW * (row + 1) + ROW // 2})


def legend(page: Page) -> list[str]:
    return page.locator(".js-plotly-plot:visible .legendtext").all_text_contents()


def fill(page: Page, label: str, text: str, which: int = 0) -> None:
    page.get_by_role("textbox", name=label).nth(which).fill(text)
    page.keyboard.press("Enter")
    settle(page)


def test_a_sweep_from_its_form_to_its_undo(page: Page, start_server: Callable[..., AppServer]) -> None:
    server = start_server(shipped=False)
    visit(page, server.url("studio", epochs=2, watch="-"))
    follow(page, "Runs")
    page.get_by_role("button", name="Sweeps").or_(page.get_by_role("radio", name="Sweeps")).first.click()
    fill(page, "Values", "1, 4")
    fill(page, "Values", "2, 3", which=1)
    expect(page.get_by_role("button", name="Start 4 runs")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("mine")  # and the button at once, twice
    click_twice(page.get_by_role("button", name="Start 4 runs"))
    expect(page.get_by_role("heading", name="mine", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("sweep=mine"))
    expect(page.get_by_text(re.compile("[1-3] of 4 runs have ended"))).to_be_visible(timeout=PATIENCE)

    # what is picked stays picked while the table is renewed
    page.get_by_role("button", name="Runs", exact=True).or_(page.get_by_role("radio", name="Runs")).first.click()
    expect(table(page).locator("canvas").first).to_be_visible()
    settle(page)
    page.wait_for_timeout(1000)  # it takes its first click some frames after it is drawn, and says nothing of that
    tick(page, 3)  # the newest stands on top, so this one was started first and has ended
    expect(page).to_have_url(re.compile("picked=mine-beta1-d2"))
    tick(page, 2)
    expect(page).to_have_url(re.compile("picked=mine-beta1-d2%2Cmine-beta1-d3"))
    expect(page.locator(".js-plotly-plot:visible .legendtext")).to_have_text(["mine-beta1-d2", "mine-beta1-d3"])
    page.wait_for_timeout(4500)  # two renewals
    expect(page).to_have_url(re.compile("picked=mine-beta1-d2%2Cmine-beta1-d3"))
    expect(page.locator(".js-plotly-plot:visible .legendtext")).to_have_text(["mine-beta1-d2", "mine-beta1-d3"])
    check(page)

    page.get_by_role("button", name="Sweeps").or_(page.get_by_role("radio", name="Sweeps")).first.click()
    expect(page.locator(".sweep-multiples figure")).to_have_count(4, timeout=PATIENCE)
    expect(page.get_by_role("button", name="Stop all")).to_have_count(0, timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(2)
    assert sum(name.startswith("β") for name in legend(page)) == 2
    pictures = page.locator(".sweep-multiples img")
    assert pictures.count() == 2 * (2 + 3)
    assert page.evaluate("[...document.querySelectorAll('.sweep-multiples img')].every(i => i.naturalWidth > 100)")
    names = {f"mine-beta{beta}-d{dims}" for beta in (1, 4) for dims in (2, 3)}
    assert {path.parent.name for path in server.runs.glob("*/codes.npz")} == names

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("4 runs are deleted.")).to_be_visible()
    assert not list(server.runs.glob("*/codes.npz"))
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="mine", exact=True)).to_be_visible()
    assert {path.parent.name for path in server.runs.glob("*/codes.npz")} == names
    check(page)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("view", ["runs", "sweeps"])
def test_the_page_fits_a_phone(new_page: Callable[..., Page], server: AppServer, scheme: str, view: str) -> None:
    page = new_page(size=PHONE, scheme=scheme)
    visit(page, server.url("logbook", view=view, picked="~digits-2d"))
    expect(page.get_by_role("heading", name="Which run is worth keeping?")).to_be_visible()
    if view == "runs":  # what can be done with a ticked run is in sight, however long the table is
        expect(page.get_by_role("button", name="Unpick")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
