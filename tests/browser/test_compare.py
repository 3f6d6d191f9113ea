"""Compare in a real browser: one drag moves the pictures of all models, one selection is marked on all maps."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.harness import PHONE, PROJECT, AppServer, check, settle, still, visit

RUNS = ("digits-autoencoder", "digits-10d", "digits-pca")

pytestmark = pytest.mark.skipif(
    not all((PROJECT / "checkpoints" / run / "codes.npz").exists() for run in RUNS), reason="its runs are not shipped"
)

# Where each point of a map is on the screen: [number in the dataset, x, y].
PLACES = """(root) => {
  const gd = root.querySelector(".lt-plot"), { xaxis, yaxis } = gd._fullLayout
  const stage = root.querySelector(".lt-stage"), box = stage.getBoundingClientRect()
  return gd.data.flatMap((trace) => Array.from(trace.x, (x, i) => [
    trace.customdata[i],
    box.left + stage.clientLeft + xaxis._offset + xaxis.c2p(x),
    box.top + stage.clientTop + yaxis._offset + yaxis.c2p(trace.y[i]),
  ]))
}"""
# The rows that a map draws as selected.
SELECTED = """(root) => root.querySelector(".lt-plot").data
  .flatMap((trace) => Array.from(trace.selectedpoints ?? [], (i) => trace.customdata[i])).sort((a, b) => a - b)"""


def open_duet(page: Page, url: str) -> Locator:
    visit(page, url)
    duet = page.locator(".duet[data-ready=true]")
    expect(duet).to_have_count(1)
    expect(duet).to_have_attribute("data-settled", "true")
    settle(page)
    check(page)
    return duet


def pictures(duet: Locator) -> list[str]:
    return [str(url) for url in duet.locator(".side canvas").evaluate_all("all => all.map((one) => one.toDataURL())")]


def param(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def test_one_drag_moves_the_pictures_of_all_models(page: Page, server: AppServer) -> None:
    sent: list[int] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(len(frame)))

    page.on("websocket", watch)
    duet = open_duet(page, server.url("side-by-side", runs=".".join(RUNS), at=12))
    row = duet.locator(".dimension").first
    expect(row.locator(".tie")).to_have_count(2)  # both others are linked to it
    slider = row.locator("input[type=range]")
    box = still(slider)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 12
    before, count = pictures(duet), len(sent)
    assert len(before) == 3

    page.mouse.move(x, y)
    page.mouse.down()
    seen = [before]
    for step in range(1, 6):
        page.mouse.move(x + 0.05 * step * box["width"], y)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        seen.append(pictures(duet))
    for model in range(3):
        assert len({shown[model] for shown in seen}) == 6, f"model {model} follows each move while the button is down"
    assert len(sent) == count and not param(page, "moved"), "nothing is sent while dragging"
    page.mouse.up()

    page.wait_for_url(re.compile("[?&]moved="))
    settle(page)
    offsets = [float(part) for part in param(page, "moved").split("_")]
    assert offsets[0] > 1 and sum(map(abs, offsets)) == offsets[0], "one slider moved"
    after = pictures(duet)
    page.reload()
    assert pictures(open_duet(page, page.url)) == after, "the link reopens the very pictures"

    duet.get_by_role("button", name="Back to the sample", exact=True).click()
    page.wait_for_function("() => !location.search.includes('moved=')")
    assert pictures(duet) == before


def test_what_the_server_decodes_follows_when_the_finger_lifts(page: Page, server: AppServer) -> None:
    visit(page, server.url("side-by-side", runs="digits-10d.digits-ladder", at=12), timeout=60_000)
    duet = page.locator(".duet[data-ready=true]")
    picture = duet.locator(".side[data-side=B] img")
    expect(picture).to_be_visible()
    row = duet.locator(".dimension").filter(has=page.locator(".tie")).first
    before = picture.get_attribute("src") or ""
    row.locator("input[type=range]").press("End")
    expect(picture).not_to_have_attribute("src", before)
    check(page)


def test_what_is_selected_or_picked_on_one_map_is_on_the_other_too(page: Page, server: AppServer) -> None:
    visit(page, server.url("side-by-side", runs="digits-2d.digits-10d", view="maps"), timeout=60_000)
    maps = page.locator(".lt-map[data-ready]")
    expect(maps).to_have_count(2, timeout=30_000)
    first, second = maps.nth(0), maps.nth(1)
    first.locator(".lt-stage").scroll_into_view_if_needed()
    at = np.array(first.evaluate(PLACES))[:, 1:]
    low, high = np.quantile(at, 0.4, axis=0), np.quantile(at, 0.6, axis=0)
    first.locator('[data-tool="select"]').click()
    page.mouse.move(*low)
    page.mouse.down()
    page.mouse.move(*((low + high) / 2))
    page.mouse.move(*high)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"\d+ samples are marked"))).to_be_visible()
    expect(second).to_have_attribute("data-selected", re.compile(r"\d+"))
    chosen = first.evaluate(SELECTED)
    # both maps show all 1,797 samples in the order of their codes, so a row means the same sample on either
    assert chosen and chosen == second.evaluate(SELECTED) and len(chosen) < len(at)

    second.locator(".lt-stage").press("Escape")
    expect(first).not_to_have_attribute("data-selected", re.compile(".*"))

    still(second)
    at = np.array(second.evaluate(PLACES))[:, 1:]
    page.mouse.click(*at[np.argmin(np.linalg.norm(at - np.median(at, axis=0), axis=1))])
    page.wait_for_url(re.compile(r"[?&]at=\d+"))
    settle(page)
    expect(first.locator(".lt-picked")).to_contain_text(f"sample {param(page, 'at')}")
    page.get_by_role("radio", name="Differences").click()
    page.wait_for_url(re.compile("view=differences"))
    expect(page.get_by_text(f"sample {param(page, 'at')}").first).to_be_visible()
    check(page)


def test_it_fits_a_phone(new_page: Callable[..., Page], server: AppServer) -> None:
    page = new_page(size=PHONE, scheme="light")
    for view in ("sliders", "figures"):
        visit(page, server.url("side-by-side", runs=".".join(RUNS), view=view), timeout=60_000)
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), view
        check(page)
