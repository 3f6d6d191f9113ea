"""From nothing to the first dragged picture, and what a first visit to each page costs on the wire."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, expect

from benchmarks.fixtures import Fixture, copy_shipped
from benchmarks.screen import opened, quiet
from benchmarks.table import Row, summed_up
from tests.browser.harness import AppServer, follow, serve, visit

GROUP = "Cold start"
WIRE = "First visit, nothing cached"
READABLE = 2.5


def start_once(browser: Browser, folder: Path) -> dict[str, float]:
    """Starts a server and visits it as the first one to do so; seconds of each stage."""
    (folder / "checkpoints").mkdir(parents=True)
    copy_shipped(folder / "checkpoints")
    with serve(folder, shipped=False) as server, opened(browser) as (page, _):
        asked = time.monotonic()
        page.goto(server.url(), wait_until="commit")
        page.wait_for_selector("[data-testid=stMain] h1")
        readable = time.monotonic()
        expect(page.get_by_role("heading", name="What is here?")).to_be_visible()
        page.wait_for_function("feelProbe.images.length > 0")
        picture = time.monotonic()
        follow(page, "Traverse")
        page.wait_for_selector(".desk[data-ready=true]")
        box = page.locator(".desk input[type=range]").first.bounding_box()
        if box is None:
            raise RuntimeError("The desk shows no slider.")
        page.evaluate("feelProbe.start()")
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
        page.wait_for_function("feelProbe.draws.some(({changed}) => changed)")
        dragged = time.monotonic()
        page.mouse.up()
    return {
        "up": server.up - server.started,
        "readable": readable - asked,
        "picture": picture - asked,
        "dragged": dragged - server.started,
    }


def measure(browser: Browser, folder: Path, count: int) -> list[Row]:
    """`count` cold starts, after one that fills the system's file cache. The browser is open already."""
    start_once(browser, folder / "warm-up")
    found = [start_once(browser, folder / f"start-{i}") for i in range(count)]
    parts = {name: [one[name] for one in found] for name in found[0]}
    return [
        summed_up(GROUP, "process started to server up", "s", parts["up"]),
        summed_up(
            GROUP, "server up to home readable", "s", parts["readable"], target=READABLE, note="its title is there"
        ),
        summed_up(GROUP, "server up to the first picture on home", "s", parts["picture"]),
        summed_up(
            GROUP,
            "process started to the first dragged picture",
            "s",
            parts["dragged"],
            note="home, a click on Traverse, a slider dragged",
        ),
    ]


def measure_bytes(browser: Browser, server: AppServer, fixture: Fixture) -> list[Row]:
    """Bytes of a first visit to the pages, with an empty cache."""
    rows = []
    for title, path, ready in (
        ("home", "", "[data-testid=stMain] h1"),
        ("traverse", "dimensions", ".desk[data-settled=true]"),
        ("atlas", "map", ".lt-map[data-ready]"),
    ):
        with opened(browser) as (page, wire):
            visit(page, server.url(path, run=fixture.name) if path else server.url())
            page.wait_for_selector(ready)
            quiet(page)
            note = f"{wire.now.requests} requests" + (f", {fixture.name}" if path else "")
            rows.append(summed_up(WIRE, title, "MB", [wire.now.received / 1e6], note=note))
    return rows
