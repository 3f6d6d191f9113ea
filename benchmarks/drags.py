"""Dragging a film slider with a real mouse: from the input event to the changed picture, and how often a second."""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from benchmarks.fixtures import Fixture
from benchmarks.table import Row, summed_up
from benchmarks.wire import Wire
from tests.browser.harness import CHROMIUM_ARGS, DESKTOP, SETTLED, AppServer

PROBE = Path(__file__).with_name("probe.js")
SECONDS = 2.0
MICE = (60, 125)
"""How often a mouse speaks, Hz: as often as the screen is drawn, and as ordinary ones do. It does not wait until
the browser has heard, so neither do we. Of two inputs within a frame the second waits for the next frame."""
TARGETS = {28: (3.0, 5.0), 64: (16.0, 20.0)}
LEAST_FRAMES = 55.0
GROUP = "Dragging a slider"


@dataclass(frozen=True)
class Drag:
    """What one drag came to.

    Attributes:
        to_picture: ms from each input event to the picture that shows its value.
        to_picture_from_hand: the same from when the pointer's event was made, waiting for the frame included.
        pictures: frames a second with a changed picture. frames: frames a second at all.
        inputs: input events a second. changed: share of draws that changed a pixel.
        bytes: on the wire, both ways. messages: websocket messages and requests.
    """

    to_picture: tuple[float, ...]
    to_picture_from_hand: tuple[float, ...]
    pictures: float
    frames: float
    inputs: float
    changed: float
    bytes: int
    messages: int


def latencies(
    inputs: Sequence[dict[str, float]], draws: Sequence[dict[str, Any]], start: str = "at"
) -> tuple[float, ...]:
    """ms from each input to the end of the first draw after it; draws that changed no pixel don't count.

    Args:
        inputs: by time, each {"at", "pointer"} ms. draws: by time, each {"at" ms, "changed"}.
        start: which of an input's times is the beginning.
    """
    found = []
    ends = [draw["at"] for draw in draws]
    for given in inputs:
        i = bisect_right(ends, given["at"])
        if i < len(draws) and draws[i]["changed"]:
            found.append(draws[i]["at"] - given[start])
    return tuple(found)


def pictures_a_second(frames: Sequence[float], draws: Sequence[dict[str, Any]]) -> float:
    """Frames with a changed picture, over the time from the first to the last; several draws in a frame are one."""
    changed = [draw["at"] for draw in draws if draw["changed"]]
    if len(changed) < 2:
        return 0.0
    shown = {bisect_right(frames, at) for at in changed}
    return (len(shown) - 1) / (changed[-1] - changed[0]) * 1000


async def open_desk(browser: Browser, server: AppServer, run: str) -> tuple[Page, Wire]:
    """The traverse page of a run, its films drawn and the wire quiet."""
    context = await browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    await context.add_init_script(path=PROBE)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    wire = Wire(session)
    await session.send("Network.enable")
    await page.goto(server.url("dimensions", run=run))
    await page.wait_for_selector(SETTLED, state="attached")
    await page.wait_for_selector(".desk[data-ready=true][data-settled=true]")
    return page, wire


async def drag(page: Page, wire: Wire, seconds: float, mouse: int) -> Drag:
    """Takes the first slider and swings it to and fro for `seconds`, then lets go and waits for quiet. mouse: Hz."""
    slider = page.locator(".desk input[type=range]").first
    box = await slider.bounding_box()
    if box is None:
        raise RuntimeError("The desk shows no slider.")
    y, middle, reach = box["y"] + box["height"] / 2, box["x"] + box["width"] / 2, 0.42 * box["width"]
    await page.mouse.move(middle, y)
    await page.mouse.down()
    await page.evaluate("feelProbe.start()")
    before, moves, start = wire.now, [], time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        x = middle + reach * math.sin(2 * math.pi * elapsed * 0.6)
        moves.append(asyncio.ensure_future(page.mouse.move(x, y)))
        await asyncio.sleep(max(0.0, start + len(moves) / mouse - time.perf_counter()))
    seen = await page.evaluate("feelProbe.stop()")
    spent = wire.now - before
    await asyncio.gather(*moves)
    picture = page.locator(".desk canvas.picture")
    on_canvas, put_there = await picture.evaluate("(canvas) => [feelProbe.markOf(canvas), feelProbe.lastMark]")
    await page.mouse.up()
    await page.wait_for_selector(".desk[data-settled=true]")
    await page.wait_for_selector(SETTLED, state="attached")
    inputs, draws, frames = seen["inputs"], seen["draws"], seen["frames"]
    if not draws:
        raise RuntimeError("The picture was not drawn while the slider was dragged.")
    if on_canvas != put_there:
        raise RuntimeError("The canvas does not show the picture that was drawn last.")
    return Drag(
        latencies(inputs, draws),
        latencies(inputs, draws, "pointer"),
        pictures_a_second(frames, draws),
        (len(frames) - 1) / (frames[-1] - frames[0]) * 1000,
        len(inputs) / seconds,
        sum(draw["changed"] for draw in draws) / len(draws),
        spent.total,
        spent.messages + spent.requests,
    )


def rows_of(side: int, fixture: Fixture, kernel: str, drags: Mapping[int, Sequence[Drag]]) -> list[Row]:
    """The table's rows for one size of picture. drags: {Hz of the mouse: its drags}."""
    size = f"{side}x{side}"
    target, target_p95 = TARGETS.get(side, (None, None))
    note = f"{fixture.name} ({fixture.origin}), {kernel} kernel"
    rows = []
    for mouse, found in drags.items():
        times = [value for one in found for value in one.to_picture]
        what = f"{size}, mouse of {mouse} Hz: input to changed picture"
        rows.append(summed_up(GROUP, what, "ms", times, target=target, target_p95=target_p95, note=note))
        note = ""
    for mouse, found in drags.items():
        inputs = sum(one.inputs for one in found) / len(found)
        frames = sum(one.frames for one in found) / len(found)
        slowest = min(one.pictures for one in found)
        rows.append(
            summed_up(
                GROUP,
                f"{size}, mouse of {mouse} Hz: pictures a second",
                "frames/s",
                [one.pictures for one in found],
                # A mouse no faster than the screen is itself the limit.
                target=LEAST_FRAMES if side in TARGETS and mouse == max(drags) else None,
                at_least=True,
                note=f"slowest drag {slowest:.0f}; {frames:.0f} frames and {inputs:.0f} inputs a second",
            )
        )
    every = [one for found in drags.values() for one in found]
    hand = [value for one in drags[min(drags)] for value in one.to_picture_from_hand]
    changed = min(one.changed for one in every)
    wait = f"with the browser's wait for its frame; {changed:.0%} of draws changed a pixel"
    messages = f"{max(one.messages for one in every)} messages and requests, the most of {len(every)} drags"
    return [
        *rows,
        summed_up(GROUP, f"{size}, mouse of {min(drags)} Hz: hand to changed picture", "ms", hand, note=wait),
        summed_up(
            GROUP,
            f"{size}: bytes on the wire while dragging",
            "bytes",
            [max(one.bytes for one in every)],
            target=0,
            note=messages,
        ),
    ]


async def _measure(server: AppServer, chromium: str, fixtures: dict[int, Fixture], repeats: int) -> list[Row]:
    rows = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
        for side, fixture in fixtures.items():
            page, wire = await open_desk(browser, server, fixture.name)
            kernel = await page.locator(".desk").get_attribute("data-kernel") or "unknown"
            await drag(page, wire, SECONDS / 2, MICE[-1])
            drags = {mouse: [await drag(page, wire, SECONDS, mouse) for _ in range(repeats)] for mouse in MICE}
            rows += rows_of(side, fixture, kernel, drags)
            await page.context.close()
        await browser.close()
    return rows


def measure(server: AppServer, chromium: str, fixtures: dict[int, Fixture], repeats: int) -> list[Row]:
    """Drags on a run of each size, `repeats` times two seconds by each mouse, after one to warm up.

    It starts a Chromium of its own.
    """
    return asyncio.run(_measure(server, chromium, fixtures, repeats))
