"""Every shipped family opens on every page, and no page shows an exception."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import AppServer, shipped_kinds, visit
from vae_core.zoo import ZOO

SHIPPED = [folder.name for folder in shipped_kinds()]
PAGES = {
    "map": "Where does every sample live?",
    "dimensions": "What does each dimension do?",
    "between": "What lies between two samples?",
    "dreams": "What does the prior dream?",
}


def test_every_family_is_shipped() -> None:
    assert sorted(ZOO) == sorted(set(ZOO) & set(SHIPPED))


@pytest.mark.parametrize("run", SHIPPED or ["none"])
def test_each_page_opens(run: str, page: Page, server: AppServer) -> None:
    if run == "none":
        pytest.skip("no run is shipped in checkpoints/")
    for path, question in PAGES.items():
        visit(page, server.url(path, run=run), timeout=60_000)
        expect(page.get_by_role("heading", name=re.compile(re.escape(question)))).to_be_visible()
        broken = page.locator("[data-testid=stAlert]").filter(has_text=re.compile("cannot be|broken|lacks", re.I))
        assert broken.count() == 0, f"{page.url}: {broken.first.inner_text()}"
