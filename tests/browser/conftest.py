"""Fixtures of the browser tests: one Chromium a session, one context a test, one server a session.

A test takes `page` and `server`, and the helpers from tests.browser.harness:

    def test_something(page: Page, server: AppServer) -> None:
        visit(page, server.url("map", run="digits-2d"))

`page` fails its test on a script error in the page and on anything the Content-Security-Policy refused.
`new_page(...)` makes one of another size or colour scheme; `start_server(...)` a server of the test's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.browser.harness import CHROMIUM_ARGS, DESKTOP, AppServer, find_chromium, serve

expect.set_options(timeout=30_000)  # as long as an action waits: the machine may be shared, and 5 seconds be little
NO_BROWSER = "no Chromium on this machine: `make test` looks for one, or set CHROMIUM to its path"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the session; without one tests skip, and fail under CI=true."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER, pytrace=False)
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app with a copy of the shipped runs, shared by the session's tests: leave it as you found it."""
    with serve(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., AppServer]]:
    """Starts servers of the test's own: `start_server(shipped=False, env={...})`."""
    with ExitStack() as stack:

        def start(*, shipped: bool = True, env: Mapping[str, str] | None = None) -> AppServer:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(serve(folder, shipped=shipped, env=env))

        yield start


@contextmanager
def pages(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages, each in a context of its own. Fails at the end where one of them met errors."""
    wrong: list[str] = []

    def make(*, size: tuple[int, int] = DESKTOP, scheme: str = "dark") -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            accept_downloads=True,
        )
        contexts.callback(context.close)
        theme = "Light" if scheme == "light" else "Dark"
        context.add_init_script(f"localStorage.setItem(`stActiveTheme-${{location.pathname}}-v2`, '\"{theme}\"')")
        page = context.new_page()

        def note(what: str) -> None:
            wrong.append(f"{page.url}: {what}")

        def note_error(error: Error) -> None:
            note(str(error))

        page.on("pageerror", note_error)
        page.on("console", lambda line: note(line.text) if "Content Security Policy" in line.text else None)
        return page

    with ExitStack() as contexts:
        yield make
        met = list(wrong)  # a page that is closed while it loads something meets errors, too
    assert not met, "the page met errors:\n" + "\n".join(met)


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`new_page(size=PHONE, scheme="light")`."""
    with pages(browser) as make:
        yield make


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of 1280 x 800 in a fresh context."""
    return new_page()
