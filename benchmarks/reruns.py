"""What the server is asked for: a tuned rerun, the same with Streamlit's settings, and its own sliders and picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.fixtures import Fixture
from benchmarks.screen import opened, quiet
from benchmarks.table import Row, summed_up
from tests.browser.harness import AppServer, serve, settle, visit

TARGET = 60.0
GROUP = "A rerun by the server"
TRAY = 10  # samples that are taken out one by one, then put back by the address
DEFAULTS = {"STREAMLIT_RUNNER_POST_SCRIPT_GC": "true"}
BLOCK = 5  # of each server in turn, so that a busy minute of the machine hits both


@dataclass
class Side:
    """One of the two servers with its page, and what was measured there so far (ms)."""

    server: AppServer
    page: Page
    fragment: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    full: list[float] = field(default_factory=list)


@contextmanager
def untuned(folder: Path, server: AppServer) -> Iterator[AppServer]:
    """The same app and runs with Streamlit's settings: collection after each run, Nagle's algorithm."""
    env = {**DEFAULTS, **_roots(server)}
    with serve(folder, shipped=False, env=env, app="benchmarks/untuned_app.py") as other:
        yield other


def _roots(server: AppServer) -> dict[str, str]:
    return {"LATENTARIUM_RUNS": str(server.runs), "LATENTARIUM_CHECKPOINTS": str(server.checkpoints)}


def open_desk(side: Side, run: str) -> None:
    tray = ".".join(str(index) for index in range(1, TRAY + 1))
    visit(side.page, side.server.url("dimensions", run=run, tray=tray))
    side.page.wait_for_selector(".desk[data-ready=true][data-settled=true]")
    quiet(side.page)


def elsewhere(i: int) -> float:
    """A new place along a slider (0..1) for each i, from end to end: a press beside the last place's thumb."""
    return (0.15, 0.85)[i % 2] + 0.1 * (i * 0.618 % 1 - 0.5)


def let_go(page: Page, place: float) -> float:
    """Puts the first slider elsewhere; ms from letting go until the server's whole answer is here."""
    box = page.locator(".desk input[type=range]").first.bounding_box()
    if box is None:
        raise RuntimeError("The desk shows no slider.")
    before = page.evaluate("feelProbe.answers.length")
    page.mouse.move(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    took = answered(page, before)
    page.wait_for_selector(".desk[data-settled=true]")
    settle(page)
    return took


def answered(page: Page, before: int) -> float:
    """ms from the click to the end of the server's answer to it; before: how many answers there were."""
    page.wait_for_function("(before) => feelProbe.answers.length > before", arg=before)
    took = page.evaluate("feelProbe.answers.at(-1) - feelProbe.clicks.at(-1)")
    if took <= 0:
        raise RuntimeError("The server answered before it was asked: something else was still running.")
    return float(took)


def take_out(page: Page, left: int) -> tuple[float, float]:
    """Takes the tray's first sample out. left: how many are left.

    Returns:
        ms from the click until the sidebar says so, and until the server's whole answer is here.
    """
    words = f"Tray · {left} sample"
    before = page.evaluate("feelProbe.answers.length")
    page.evaluate("(words) => { feelProbe.told = feelProbe.whenText('[data-testid=stSidebar]', words); }", words)
    page.locator(".st-key-latentarium-tray [data-testid=stButton] button").first.click()
    told, clicked = page.evaluate("feelProbe.told.then((at) => [at, feelProbe.clicks.at(-1)])")
    took = answered(page, before)
    settle(page)
    return float(told - clicked), took


def measure(
    browser: Browser, server: AppServer, folder: Path, fixture: Fixture, count: int
) -> list[Row]:
    """Reruns on the traverse page of a run, `count` of each kind and server."""
    with untuned(folder, server) as other, opened(browser) as (page, _), opened(browser) as (other_page, _):
        sides = (Side(server, page), Side(other, other_page))
        for side in sides:
            open_desk(side, fixture.name)
            for i in range(4):  # warms up
                let_go(side.page, elsewhere(i))
        for start in range(0, count, BLOCK):
            for side in sides:
                for i in range(start, min(start + BLOCK, count)):
                    side.fragment.append(let_go(side.page, elsewhere(i)))
        for start in range(0, count, TRAY - 2):
            for side in sides:
                open_desk(side, fixture.name)
                take_out(side.page, TRAY - 1)
                for i in range(start, min(start + TRAY - 2, count)):
                    shown, whole = take_out(side.page, TRAY - 2 - (i - start))
                    side.shown.append(shown)
                    side.full.append(whole)
    tuned, default = sides
    rows = []
    run = f"{fixture.name} ({fixture.origin})"
    for what, mine, theirs, target, note in (
        ("a slider let go: the answer", tuned.fragment, default.fragment, TARGET, f"{run}; a fragment runs again"),
        ("out of the tray: seen", tuned.shown, default.shown, None, "the sidebar's caption, among up to nine pictures"),
        ("out of the tray: the answer", tuned.full, default.full, TARGET, "frame, sidebar and page run again"),
    ):
        row = summed_up(GROUP, what, "ms", mine, target=target, note=note)
        slow = summed_up(GROUP, f"{what}, Streamlit's settings", "ms", theirs)
        ratio = Row(GROUP, f"{what}, slower by", "times", count, slow.median / row.median, note="of the medians")
        rows += [row, slow, ratio]
    return rows


# -- Streamlit's own slider and picture --------------------------------------------------------------------

OWN = "Streamlit's own slider and picture, for comparison"


def _slide(page: Page, place: float) -> tuple[float, int]:
    """Drags the first slider to `place`: ms from letting go to the new picture, and pictures while dragging."""
    thumb = page.get_by_role("slider").first
    track = page.get_by_test_id("stSlider").first.bounding_box()
    grip = thumb.bounding_box()
    if track is None or grip is None:
        raise RuntimeError("There is no slider.")
    y = grip["y"] + grip["height"] / 2
    page.mouse.move(grip["x"] + grip["width"] / 2, y)
    page.mouse.down()
    before = page.evaluate("feelProbe.images.length")
    page.mouse.move(track["x"] + place * track["width"], y, steps=10)
    meanwhile = page.evaluate("(before) => feelProbe.images.length - before", before)
    page.mouse.up()
    seen = before + meanwhile
    page.wait_for_function("(seen) => feelProbe.images.length > seen", arg=seen)
    took = page.evaluate("(seen) => feelProbe.images[seen].at - feelProbe.clicks.at(-1)", seen)
    settle(page)
    return float(took), int(meanwhile)


def measure_plain(
    browser: Browser, server: AppServer, folder: Path, fixtures: dict[int, Fixture], count: int
) -> list[Row]:
    """Streamlit as it comes: sliders and st.image, decoded by torch on the server."""
    rows = []
    env = {**DEFAULTS, **_roots(server)}
    with serve(folder, shipped=False, env=env, app="benchmarks/plain_app.py") as plain:
        for side, fixture in fixtures.items():
            with opened(browser) as (page, _):
                visit(page, plain.url(run=fixture.name))
                page.wait_for_selector("[data-testid=stImage] img")
                quiet(page)
                _slide(page, elsewhere(1))
                found = [_slide(page, elsewhere(i)) for i in range(count)]
            size = f"{side}x{side}"
            frames = sum(one[1] for one in found)
            latency = re.sub(r"\s+", " ", f"{fixture.name} ({fixture.origin}); {frames} pictures while dragging")
            rows.append(summed_up(OWN, f"{size}: let go to changed picture", "ms", [t for t, _ in found], note=latency))
    return rows
