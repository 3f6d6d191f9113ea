"""Clicking and lassoing on maps of three sizes, up to the picture of the sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.fixtures import Fixture
from benchmarks.screen import opened, quiet
from benchmarks.table import Row, summed_up
from benchmarks.wire import Wire
from tests.browser.harness import AppServer, settle, visit

TARGETS = {20_000: 60.0, 70_000: 200.0}
GROUP = "Clicking on a map"
LASSO = "Lasso around everything"
PER_SHEET = 256
ENOUGH = 3
COLD = 10  # clicks at most without pointing first: the tray holds 60 samples

# Where rows of the map are on the screen: [{row, x, y}], only those that lie well inside the plot.
PLACES = """
(wanted) => {
  const plot = document.querySelector(".lt-map .js-plotly-plot");
  const box = plot.getBoundingClientRect();
  const { xaxis, yaxis } = plot._fullLayout;
  const rows = new Set(wanted);
  const found = [];
  for (const { x, y, customdata } of plot.data) {
    if (!customdata) continue;
    for (let i = 0; i < x.length; i++) {
      if (!rows.has(customdata[i])) continue;
      const px = xaxis.l2p(x[i]);
      const py = yaxis.l2p(y[i]);
      const inside = px > 20 && px < xaxis._length - 20 && py > 20 && py < yaxis._length - 20;
      if (inside) found.push({
        row: customdata[i], x: box.left + xaxis._offset + px, y: box.top + yaxis._offset + py,
      });
    }
  }
  return found;
}
"""
PLOT_BOX = """
() => {
  const plot = document.querySelector(".lt-map .js-plotly-plot");
  const box = plot.getBoundingClientRect();
  const { xaxis, yaxis } = plot._fullLayout;
  const [left, top] = [box.left + xaxis._offset, box.top + yaxis._offset];
  return [left + 2, top + 2, left + xaxis._length - 2, top + yaxis._length - 2];
}
"""


@dataclass(frozen=True)
class Click:
    """ms from the pointer's release to the sample's picture: on the map's card, and beside the map by the server."""

    card: float
    beside: float


def open_map(page: Page, server: AppServer, run: str, points: int) -> None:
    """The atlas with all of a run's samples on its raw plane."""
    visit(page, server.url("map", run=run, map="raw", n=points))
    page.wait_for_selector(f'.lt-map[data-ready="{points}"]')
    quiet(page)


def places(page: Page, rows: Sequence[int]) -> list[dict[str, float]]:
    """Where rows are on the screen, in the order given, those inside the plot."""
    found = {place["row"]: place for place in page.evaluate(PLACES, list(rows))}
    return [found[row] for row in rows if row in found]


def click(page: Page, place: dict[str, float], *, point_first: bool) -> Click | None:
    """Clicks a sample and waits for both pictures; None where the nearest sample was the picked one already.

    Args:
        point_first: wait for the picture under the pointer before the click, as a hand that aims does.
    """
    before = page.evaluate("({cards: feelProbe.cards.length, images: feelProbe.images.length})")
    page.mouse.move(place["x"], place["y"])
    if point_first:
        page.wait_for_selector(".lt-hover[data-drawn]", state="attached")
    picked = page.locator(".lt-picked")
    old = picked.get_attribute("data-row")
    page.mouse.down()
    page.mouse.up()
    row = picked.get_attribute("data-row")
    if row == old:
        return None
    page.wait_for_function("(row) => document.querySelector('.lt-picked').dataset.drawn === row", arg=row)
    sample = re.search(r"sample (\d+)", picked.inner_text())
    if sample is None:
        raise RuntimeError(f"The card names no sample: {picked.inner_text()!r}")
    page.wait_for_function(
        """([from, words]) => feelProbe.images.slice(from).some(({alt}) => new RegExp(words).test(alt))""",
        arg=[before["images"], rf"sample {sample[1]}, (reconstruction|decoded from its code)$"],
    )
    settle(page)
    released, cards, images = page.evaluate(
        "([cards, images]) => [feelProbe.clicks.at(-1), feelProbe.cards.slice(cards), feelProbe.images.slice(images)]",
        [before["cards"], before["images"]],
    )
    beside = [image["at"] for image in images if re.search(rf"sample {sample[1]}, ", image["alt"])]
    return Click(cards[-1]["at"] - released, max(beside) - released)


def sheets_asked_for(page: Page) -> set[int]:
    """The sheets of pictures that the page asks for from now on; the set grows by itself."""
    asked: set[int] = set()
    page.on("request", lambda request: asked.update(map(int, re.findall(r"/tiles/[^/]+/(\d+)\.png", request.url))))
    return asked


def clicks(page: Page, points: int, count: int, fetched: set[int]) -> tuple[list[Click], list[Click]]:
    """Clicks on `count` samples after pointing at them, and on some whose sheet of pictures was not fetched yet.

    The second list is empty where the map fetches its sheets while idle and has them all.
    """
    chance = np.random.default_rng(1)
    order = [int(row) for row in chance.permutation(points)[: 40 * count]]
    aimed: list[Click] = []
    blind: list[Click] = []
    waiting = places(page, order)
    for i, place in enumerate(waiting[: 2 * count + 2]):
        found = click(page, place, point_first=True)
        if found and i >= 2:  # the first two warm the page's code up
            aimed.append(found)
        if len(aimed) == count:
            break
    for place in waiting[2 * count + 2 :]:
        if int(place["row"]) // PER_SHEET in fetched:
            continue
        found = click(page, place, point_first=False)
        if found:
            blind.append(found)
        if len(blind) == min(COLD, count):
            break
    return aimed, blind


def lasso(page: Page, wire: Wire, points: int) -> tuple[float, int, int]:
    """Draws around every sample: ms from the release to the selection, bytes sent, samples selected."""
    page.click('.lt-map [data-tool="lasso"]')
    left, top, right, bottom = page.evaluate(PLOT_BOX)
    page.mouse.move(left, top)
    before = wire.now
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 1)):
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    took = page.evaluate(
        """() => new Promise((told) => {
            const root = document.querySelector(".lt-map");
            const look = () => root.dataset.selected && told(performance.now() - feelProbe.clicks.at(-1));
            new MutationObserver(look).observe(root, {attributes: true});
            look();
        })"""
    )
    page.wait_for_function("document.querySelector('[data-testid=stMain]').textContent.includes('samples selected')")
    settle(page)
    selected = int(page.locator(".lt-map").get_attribute("data-selected") or 0)
    if selected < 0.95 * points:
        raise RuntimeError(f"The lasso around everything holds {selected} of {points} samples.")
    return took, (wire.now - before).sent, selected


def measure(
    browser: Browser, server: AppServer, fixtures: dict[int, Fixture], count: int
) -> list[Row]:
    """Clicks and a lasso on a map of each size. fixtures: {points: run}."""
    rows = []
    for points, fixture in fixtures.items():
        with opened(browser) as (page, wire):
            fetched = sheets_asked_for(page)
            open_map(page, server, fixture.name, points)
            aimed, blind = clicks(page, points, count, fetched)
            took, sent, selected = lasso(page, wire, points)
        size = f"{points:,} points"
        target = TARGETS.get(points)
        rows.append(
            summed_up(
                GROUP,
                f"{size}: click to the sample's picture",
                "ms",
                [one.card for one in aimed],
                target=target,
                note=f"{fixture.name} ({fixture.origin}); its card on the map, after pointing at it",
            )
        )
        if len(blind) >= ENOUGH:
            note = "the sheet of 256 pictures is made and fetched first"
            values = [one.card for one in blind]
            rows.append(summed_up(GROUP, f"{size}: the same, never pointed there", "ms", values, note=note))
        rows.append(
            summed_up(
                GROUP,
                f"{size}: click to its pictures beside the map",
                "ms",
                [one.beside for one in aimed],
                target=target,
                note="by the server: page, tray, original and reconstruction",
            )
        )
        note = f"{selected:,} samples, {took:.0f} ms to the selection"
        rows.append(summed_up(LASSO, f"{size}: bytes sent", "bytes", [sent], note=note))
    return rows
