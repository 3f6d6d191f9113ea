"""Every shipped family opens on every page, and no page shows an exception."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import pages
from tests.browser.harness import AppServer, follow, shipped_kinds, visit
from vae_core.zoo import ZOO

SHIPPED = [folder.name for folder in shipped_kinds()]
PAGES = {
    "Atlas": "Where does every sample live?",
    "Traverse": "What does each dimension do?",
    "Morph": "What lies between two samples?",
    "Generate": "What does the prior dream?",
}


def test_every_family_is_shipped() -> None:
    assert sorted(ZOO) == sorted(set(ZOO) & set(SHIPPED))


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One for all of them: the app's code is fetched and compiled once."""
    with pages(browser) as make:
        yield make()


@pytest.mark.parametrize("run", SHIPPED or ["none"])
def test_each_page_opens(run: str, tab: Page, server: AppServer) -> None:
    if run == "none":
        pytest.skip("no run is shipped in checkpoints/")
    visit(tab, server.url("map", run=run))
    for name, question in PAGES.items():
        follow(tab, name)
        expect(tab.get_by_role("heading", name=re.compile(re.escape(question)))).to_be_visible()
        assert f"run={run}" in tab.url
        broken = tab.locator("[data-testid=stAlert]").filter(has_text=re.compile("cannot be|broken|lacks", re.I))
        assert broken.count() == 0, f"{tab.url}: {broken.first.inner_text()}"
