"""Starts the app as a visitor would and drives it in a real Chromium, for browser tests and benchmarks."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from playwright.sync_api import FloatRect, Locator, Page, expect

from vae_core.studies import STUDIED

PROJECT = Path(__file__).resolve().parents[2]
SETTLED = (
    "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
    ":has([data-testid=stMain] [data-testid=stElementContainer]):not(:has([data-testid=stSkeleton]))"
)
"""Connected, and a script run has ended that drew something, which is there: true of no page before its first run.

The code of an element's kind is fetched when the first of its kind is drawn, which may be after the script's end; a
skeleton stands in its place until then.
"""
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
STILL = """async (element) => {
  const place = () => {
    const { x, y, width, height } = element.getBoundingClientRect()
    return [x, y, width, height].join()
  }
  for (let frame = 0, calm = 0, before = place(); calm < 10; frame++) {
    if (frame === 1000) throw new Error("It does not stand still.")
    await new Promise(requestAnimationFrame)
    const now = place()
    calm = now === before ? calm + 1 : 0
    before = now
  }
}"""
"""Ends once an element has stood where it is for ten frames: what opens or arrives above it moves it."""
DESKTOP = (1280, 800)
PHONE = (390, 844)


def shipped_kinds() -> list[Path]:
    """The folders of the shipped runs; of the study, whose models differ in their weights alone, one."""
    folders = (path.parent for path in (PROJECT / "checkpoints").glob("*/config.json"))
    return sorted(folder for folder in folders if folder.name not in STUDIED[1:])


def find_chromium() -> str | None:
    """The path of a Chromium as `make test` finds it, None where there is none."""
    script = (sys.executable, str(PROJECT / "scripts" / "find_chromium.py"))
    found = subprocess.run(script, capture_output=True, text=True, check=True, timeout=60)
    return found.stdout.strip() or None


def free_port() -> int:
    """A port that was free a moment ago; another may take it before we do, so callers retry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class AppServer:
    """A running app.

    Attributes:
        origin: e.g. "http://127.0.0.1:40123".
        runs, checkpoints: its run roots, a test's own to write to.
        log_file: what it printed.
        started: time.monotonic() when the process was started; `up` when it first answered.
    """

    origin: str
    runs: Path
    checkpoints: Path
    log_file: Path
    process: subprocess.Popen[bytes]
    started: float
    up: float

    def url(self, path: str = "", **params: str | int) -> str:
        """The address of a page ("" home, "map", "dimensions", "between", "studio") with its parameters."""
        return f"{self.origin}/{path}" + (f"?{urlencode(params)}" if params else "")

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")


def _answers(origin: str) -> bool:
    try:
        with urlopen(f"{origin}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _start(
    folder: Path, runs: Path, checkpoints: Path, env: Mapping[str, str], patience: float, app: str
) -> AppServer:
    port, log_file = free_port(), folder / "server.log"
    origin = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "LATENTARIUM_RUNS": str(runs),
        "LATENTARIUM_CHECKPOINTS": str(checkpoints),
        "OMP_NUM_THREADS": "1",
        **env,
    }
    command = (sys.executable, "-m", "streamlit", "run", app, "--server.port", str(port))
    started = time.monotonic()
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
    while not _answers(origin):
        if process.poll() is not None or time.monotonic() - started > patience:
            _stop(process)
            printed = log_file.read_text(errors="replace")
            raise RuntimeError(f"The app did not start on port {port}:\n{printed}")
        time.sleep(0.02)  # a health poll: there is no event of another process to await
    return AppServer(origin, runs, checkpoints, log_file, process, started, time.monotonic())


@contextmanager
def serve(
    folder: Path,
    *,
    shipped: bool = True,
    env: Mapping[str, str] | None = None,
    patience: float = 60,
    app: str = "app.py",
) -> Iterator[AppServer]:
    """The app on a free port, with run roots of its own in `folder`; stopped at the end.

    Args:
        folder: an empty folder for run roots and log.
        shipped: whether the shipped runs are there (a copy, which tests may write to).
        env: more environment variables.
        patience: seconds until the server has to answer.
        app: another script of the project to run in place of the app, for benchmarks.
    """
    runs, checkpoints = folder / "runs", folder / "checkpoints"
    runs.mkdir(parents=True, exist_ok=True)
    if shipped and (PROJECT / "checkpoints").is_dir():
        shutil.copytree(PROJECT / "checkpoints", checkpoints, dirs_exist_ok=True)
    checkpoints.mkdir(exist_ok=True)
    for attempt in range(3):
        try:
            server = _start(folder, runs, checkpoints, env or {}, patience, app)
            break
        except RuntimeError as error:
            if attempt == 2 or "already in use" not in str(error):
                raise
    try:
        yield server
    finally:
        _stop(server.process)


def settle(page: Page, timeout: float = 60_000) -> None:
    """Waits until the script has run to its end, the first time at least. It knows nothing of a run yet to begin."""
    page.wait_for_selector(SETTLED, state="attached", timeout=timeout)


def still(one: Locator) -> FloatRect:
    """Scrolls to an element and waits until it stands still.  -> where, in CSS pixels of the window."""
    one.scroll_into_view_if_needed()
    one.evaluate(STILL)
    box = one.bounding_box()
    assert box is not None
    return box


def click_twice(button: Locator) -> None:
    """Leaves the field that was typed in, clicks at once, and once more, whatever the first click has led to.

    What was typed and the first click reach the server before it can have answered.
    """
    button.evaluate(
        "button => { document.activeElement?.blur(); button.click(); setTimeout(() => button.click(), 100) }"
    )


def crowd() -> float:
    """How many programs wait for each core, at least 1: what a limit on seconds is stretched by."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def check(page: Page) -> None:
    """Fails where the page shows an exception."""
    boxes = page.locator("[data-testid=stException]")
    if boxes.count():
        raise AssertionError(f"{page.url} shows an exception:\n{boxes.first.inner_text()}")


def visit(page: Page, url: str, timeout: float = 60_000) -> None:
    """Opens an address, waits for the page to settle, fails on an exception."""
    page.goto(url)
    settle(page, timeout)
    check(page)


def follow(page: Page, name: str) -> None:
    """Clicks a link of the navigation and waits for the page of that title to settle."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
    expect(page).to_have_title(re.compile(re.escape(name)))
    settle(page)
    check(page)
