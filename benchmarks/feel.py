"""What the app feels like: drags, clicks, reruns and starts, in a real headless Chromium against the real app.

    python -m benchmarks.feel            everything, about ten minutes; writes benchmarks/results and docs/feel.md
    python -m benchmarks.feel --quick    few repeats, about three minutes; writes nothing
    python -m benchmarks.feel --only drag map
    python -m benchmarks.feel --render   docs/feel.md anew from the figures in benchmarks/results

A missed target is printed as missed; the exit status is 0 unless something is broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks import decoders, drags, machine, maps, reruns, starts
from benchmarks.fixtures import PROJECT, Fixture, copy_shipped, decoder_of, write_run
from benchmarks.table import Row, from_csv, tally, to_csv, to_markdown, to_text
from tests.browser.harness import CHROMIUM_ARGS, AppServer, find_chromium, serve

RESULTS = PROJECT / "benchmarks" / "results"
PAGE = PROJECT / "docs" / "feel.md"
SIDES = (8, 28, 64)
POINTS = (1_797, 20_000, 70_000)
PARTS = ("drag", "decoder", "map", "rerun", "plain", "start", "bytes")
INTRO = (
    "Written by `make bench-feel` from `benchmarks/results/feel.csv`; not typed by hand. A headless Chromium without a "
    "GPU visits the app as `make app` starts it; the mouse is Playwright's, moving 60 or 125 times a second without "
    "waiting for the page. Times are the page's own clock: from the event's time stamp to the end of the drawing that "
    "changed the pixels (their checksum is compared; the screen shows them with the next frame). Each kind of "
    "measurement is warmed up first. *Made-up* runs have random weights and codes in ten clouds, for sizes that no "
    "shipped run has. Streamlit's settings are `runner.postScriptGC` on and no TCP_NODELAY."
)


@dataclass(frozen=True)
class Repeats:
    drags: int
    clicks: int
    reruns: int
    starts: int


FULL = Repeats(drags=5, clicks=30, reruns=30, starts=5)
QUICK = Repeats(drags=1, clicks=5, reruns=5, starts=1)


@dataclass(frozen=True)
class Bench:
    """What every part needs: a server with the runs, a browser, a folder for more servers."""

    browser: Browser
    chromium: str
    server: AppServer
    folder: Path
    decoders: dict[int, Fixture]
    maps: dict[int, Fixture]
    repeats: Repeats

    def run(self, part: str) -> list[Row]:
        """The rows of one part."""
        small = self.decoders[SIDES[0]]
        larger = {side: self.decoders[side] for side in SIDES[1:]}
        parts: dict[str, Callable[[], list[Row]]] = {
            "decoder": lambda: decoders.measure(self.browser),
            "map": lambda: maps.measure(self.browser, self.server, self.maps, self.repeats.clicks),
            "rerun": lambda: reruns.measure(
                self.browser, self.server, self.folder / "untuned", small, self.repeats.reruns
            ),
            "plain": lambda: reruns.measure_plain(
                self.browser, self.server, self.folder / "plain", larger, self.repeats.reruns
            ),
            "start": lambda: starts.measure(self.browser, self.folder / "starts", self.repeats.starts),
            "bytes": lambda: starts.measure_bytes(self.browser, self.server, small),
        }
        return parts[part]()


def measure(parts: Sequence[str], repeats: Repeats, chromium: str) -> tuple[list[Row], dict[str, str]]:
    """The rows of the parts asked for, and the machine they were taken on."""
    rows: list[Row] = []
    loads = []

    def told(part: str, take: Callable[[], list[Row]]) -> None:
        loads.append(machine.load())
        began = time.monotonic()
        try:
            rows.extend(take())
        except Exception:
            print(f"{part} broke; the server's last words:\n{server.log[-4000:]}", file=sys.stderr)
            raise
        print(f"{part}: {time.monotonic() - began:.0f} s, load {loads[-1]}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="feel-") as name:
        folder = Path(name)
        main = folder / "main"
        (main / "checkpoints").mkdir(parents=True)
        (main / "runs").mkdir()
        copy_shipped(main / "checkpoints")
        sizes = {side: decoder_of(side, main / "checkpoints", main / "runs") for side in SIDES}
        clouds = {points: write_run(main / "runs", f"made-up-map-{points}", 28, 2, points) for points in POINTS}
        with serve(main, shipped=False) as server:
            if "drag" in parts:  # first and alone: it starts a browser of its own
                told("drag", lambda: drags.measure(server, chromium, sizes, repeats.drags))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
                about = machine.describe(browser)
                bench = Bench(browser, chromium, server, folder, sizes, clouds, repeats)
                for part in PARTS[1:]:
                    if part in parts:
                        told(part, lambda part=part: bench.run(part))  # type: ignore[misc]
                browser.close()
    loads.append(machine.load())
    cores = machine.usable_cores()
    about["Load"] = f"{' '.join(loads)} (before each part and at the end; {cores} cores are busy at {cores})"
    return rows, about


def write(rows: Sequence[Row], about: dict[str, str]) -> None:
    """The figures, the machine, and the page made from them."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "feel.csv").write_text(to_csv(rows), encoding="utf-8")
    (RESULTS / "machine.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    render()


def render() -> None:
    """docs/feel.md from the files in benchmarks/results."""
    rows = from_csv((RESULTS / "feel.csv").read_text(encoding="utf-8"))
    about = json.loads((RESULTS / "machine.json").read_text(encoding="utf-8"))
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(to_markdown(rows, about, INTRO), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feel", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few repeats; the figures are rough")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="only these parts")
    parser.add_argument("--write", action="store_true", help="keep the figures of a quick or partial run too")
    parser.add_argument("--render", action="store_true", help="only make docs/feel.md from the kept figures")
    options = parser.parse_args(arguments)
    if options.render:
        render()
        return 0
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium on this machine: `make bench-feel` looks for one, or set CHROMIUM to its path.")
        return 1
    rows, about = measure(options.only, QUICK if options.quick else FULL, chromium)
    print(to_text(rows))
    print("\n".join(f"{name}: {value}" for name, value in about.items()))
    print(tally(rows))
    if options.write or not (options.quick or tuple(options.only) != PARTS):
        write(rows, about)
        print(f"Written: {RESULTS.relative_to(PROJECT)}/feel.csv, {PAGE.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
