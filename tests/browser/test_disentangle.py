"""The page Disentangle in a real browser: a click on a cell changes both strips, the keyboard does the same."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.harness import PHONE, AppServer, settle, visit

RUN = "colour-tcvae"


def strips(page: Page) -> tuple[str, str]:
    """Addresses of the two strips' pictures: the factor's, the dimension's."""
    moved = page.locator('[data-testid="stImage"] img[alt*="moved in the"]')
    expect(moved).to_have_count(2)
    return str(moved.nth(0).get_attribute("src")), str(moved.nth(1).get_attribute("src"))


def place_of(page: Page, row: int, column: int, rows: int = 6, columns: int = 8) -> tuple[float, float]:
    """Where a cell of the matrix is drawn."""
    area = page.locator(".js-plotly-plot").first.locator(".nsewdrag").bounding_box()
    assert area is not None
    return area["x"] + area["width"] * (column + 0.5) / columns, area["y"] + area["height"] * (row + 0.5) / rows


def click_cell(page: Page, row: int, column: int) -> None:
    """Clicks a cell of the matrix as a visitor does."""
    page.mouse.click(*place_of(page, row, column))


def test_a_tap_chooses_the_cell_that_is_tapped(browser: Browser, server: AppServer) -> None:
    size = {"width": PHONE[0], "height": PHONE[1]}
    with browser.new_context(viewport=size, has_touch=True, is_mobile=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        visit(page, server.url("factors", run=RUN, factor="x", dim=0))
        chart = page.locator(".js-plotly-plot").first
        expect(chart.locator(".annotation").first).to_be_attached()
        expect(page.get_by_text("x moved in the data")).to_be_visible()
        chart.scroll_into_view_if_needed()
        for row, factor in ((1, "scale"), (4, "y"), (2, "orientation")):
            page.touchscreen.tap(*place_of(page, row, column=6))
            expect(page).to_have_url(re.compile(f"factor={factor}&dim="))
            settle(page)


def test_a_click_on_a_cell_changes_both_strips_and_the_address(page: Page, server: AppServer) -> None:
    visit(page, server.url("factors", run=RUN, factor="x", dim=0))
    expect(page.locator(".js-plotly-plot .annotation").first).to_be_attached()
    before = strips(page)
    click_cell(page, row=1, column=7)  # scale, the last column
    expect(page).to_have_url(re.compile("factor=scale&dim="))
    settle(page)
    expect(page.get_by_text("scale moved in the data")).to_be_visible()
    after = strips(page)
    assert before[0] != after[0] and before[1] != after[1]
    chosen = page.url.rpartition("dim=")[2]
    expect(page.get_by_text(f"z{chosen} moved in the code")).to_be_visible()
    click_cell(page, row=4, column=7)  # another factor, the same dimension
    expect(page).to_have_url(re.compile(f"factor=y&dim={chosen}"))
    settle(page)
    assert strips(page)[0] != after[0]


def test_a_cell_is_chosen_by_keyboard_and_a_copied_link_opens_it(page: Page, server: AppServer) -> None:
    visit(page, server.url("factors", run=RUN, factor="x", dim=0))
    menu = page.get_by_role("combobox", name=re.compile("Factor"))
    menu.focus()
    menu.press("ArrowDown")
    menu.press("ArrowDown")
    menu.press("Enter")
    expect(page).not_to_have_url(re.compile("factor=x&"))
    settle(page)
    link = page.url
    shown = strips(page)[0]
    visit(page, link)
    assert strips(page)[0] == shown
