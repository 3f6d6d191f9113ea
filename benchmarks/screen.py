"""Pages to measure on, through Playwright's sync API: with the probe in them and their traffic counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.wire import Wire
from tests.browser.harness import DESKTOP

PROBE = Path(__file__).with_name("probe.js")


@contextmanager
def opened(browser: Browser) -> Iterator[tuple[Page, Wire]]:
    """An empty page in a context of its own, so that nothing is cached; a script error in it fails the benchmark."""
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    context.add_init_script(path=PROBE)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    session = context.new_cdp_session(page)
    wire = Wire(session)
    session.send("Network.enable")
    try:
        yield page, wire
    finally:
        context.close()
    if wrong:
        raise RuntimeError("The page met errors: " + "; ".join(wrong))


def quiet(page: Page) -> None:
    """Waits until no script has run and no message has come for a while: pictures and prefetching done too."""
    page.wait_for_load_state("networkidle", timeout=180_000)  # a large map fetches hundreds of sheets
