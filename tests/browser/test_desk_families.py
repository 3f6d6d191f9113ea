"""The latent desk with other families, and what the server decodes: each in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import AppServer, check, settle, visit
from tests.browser.test_desk import open_desk, param, pixels, wait_for_param
from tests.pages.toy import write_toy
from vae_core.export import decode_pictures
from vae_core.runs import load_run
from vae_core.runs.folder import RunFolder
from vae_core.runs.weights import write_tensors

GREYS = """
canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({length: data.length / 4}, (_, i) => data[4 * i]);
}
"""


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """A server with one untrained run of some families, their decoders turned up so that pictures are not grey."""
    from tests.browser.harness import serve

    with serve(tmp_path_factory.mktemp("families"), shipped=False) as running:
        for family in ("class", "pca", "gan", "ladder", "vq", "text", "table"):
            _turn_up(write_toy(running.runs, family))
        yield running


def _turn_up(folder: Path) -> None:
    model = load_run(folder).model
    weights = {
        name: 4 * value if name.startswith("decoder.") and name.endswith("weight") else value
        for name, value in model.state_dict().items()
    }
    write_tensors(RunFolder(folder).weights, weights)


def greys(picture: Locator) -> np.ndarray:
    return np.array(picture.evaluate(GREYS))


def torchs(server: AppServer, family: str, z: list[float], label: int | None = None) -> np.ndarray:
    run = load_run(server.runs / family)
    y = None if label is None else np.array([label])
    return decode_pictures(run.model, run.config.data, np.array([z]), y).astype(int).ravel()


def test_another_class_draws_another_picture_on_the_same_desk(page: Page, families: AppServer) -> None:
    desk = open_desk(page, families.url("dimensions", run="class", z="0.5_-1_0.25_1.5"))
    desk.get_by_label("Crisp pixels").check()
    picture = desk.locator(".stage .picture")
    picture.evaluate("canvas => { canvas.dataset.kept = 'yes' }")
    z = [0.5, -1, 0.25, 1.5]
    shown = greys(picture)
    assert np.abs(shown - torchs(families, "class", z, 0)).max() <= 1
    film = pixels(desk.locator(".dimension canvas").first)
    page.get_by_test_id("stMain").get_by_role("button", name="7", exact=True).or_(
        page.get_by_test_id("stMain").get_by_role("radio", name="7", exact=True)
    ).click()
    assert wait_for_param(page, "class") == "7"
    expect(desk).to_have_attribute("data-settled", "true")
    now = greys(picture)
    assert np.abs(now - shown).max() > 20, "the class says something"
    assert np.abs(now - torchs(families, "class", z, 7)).max() <= 1
    assert picture.get_attribute("data-kept") == "yes", "the desk stays, only its pictures change"
    assert pixels(desk.locator(".dimension canvas").first) != film
    assert param(page, "z") == "0.5_-1_0.25_1.5"
    page.reload()
    desk = open_desk(page, page.url)
    desk.get_by_label("Crisp pixels").check()
    np.testing.assert_array_equal(greys(desk.locator(".stage .picture")), now)


@pytest.mark.parametrize("family", ["pca", "gan"])
def test_contrasts_draw_torchs_pictures(family: str, page: Page, families: AppServer) -> None:
    desk = open_desk(page, families.url("dimensions", run=family, z="1.5_-1_0.25_2"))
    desk.get_by_label("Crisp pixels").check()
    shown = greys(desk.locator(".stage .picture"))
    assert np.abs(shown - torchs(families, family, [1.5, -1, 0.25, 2])).max() <= 1 and shown.std() > 5


def test_two_dreams_walk_into_each_other(page: Page, families: AppServer) -> None:
    desk = open_desk(page, families.url("between", run="gan", t=0))
    assert page.get_by_text("no encoder").count() and page.locator(".st-key-picker-A").get_by_text("dream").count()
    assert pixels(desk.locator(".end-0 canvas")) == pixels(desk.locator(".walk canvas.picture").first)


def test_a_slider_of_the_server_is_kept_and_changes_the_sentence(page: Page, families: AppServer) -> None:
    visit(page, families.url("dimensions", run="text"))
    slider = page.get_by_test_id("stMain").get_by_role("slider").first
    expect(slider).to_be_visible()
    slider.focus()
    page.keyboard.press("End")
    z = wait_for_param(page, "z")
    assert any(abs(float(value)) >= 3 for value in z.split("_"))
    check(page)


def test_new_fine_details_keep_the_coarse_code(page: Page, families: AppServer) -> None:
    visit(page, families.url("dimensions", run="ladder", z="1_-1_0.5_0.25_0"))
    page.get_by_role("button", name="New fine details").click()
    page.wait_for_url(lambda url: "z=1_-1_0.5_0.25_0" not in url)
    settle(page)
    code = param(page, "z").split("_")
    assert code[:2] == ["1", "-1"] and code[2:] != ["0.5", "0.25", "0"]
    check(page)


def test_another_code_in_a_cell_changes_the_picture(page: Page, families: AppServer) -> None:
    visit(page, families.url("dimensions", run="vq", at=3))
    changed = page.get_by_alt_text("with your codes")
    before = changed.get_attribute("src")
    page.locator(".st-key-cell-6 button").click()
    assert wait_for_param(page, "cell") == "6"
    old = page.locator(".st-key-cell-6").inner_text()
    code = next(code for code in range(8) if str(code) != old)
    page.locator(f".st-key-code-{code} button").click()
    assert wait_for_param(page, "cells") == f"6.{code}"
    expect(page.locator(".st-key-cell-6")).to_have_text(str(code))
    expect(changed).not_to_have_attribute("src", before or "")
    assert page.get_by_alt_text("as it was").get_attribute("src") == before
    page.locator(".st-key-cells-undo button").click()
    page.wait_for_url(lambda url: "cells=" not in url)
    settle(page)
    expect(page.locator(".st-key-cell-6")).to_have_text(old)
    check(page)


@pytest.mark.parametrize("family", ["class", "pca", "gan", "ladder", "vq", "text", "table"])
@pytest.mark.parametrize("where", ["dimensions", "between"])
def test_both_pages_open(where: str, family: str, new_page: Callable[..., Page], families: AppServer) -> None:
    page = new_page(size=(390, 844))
    visit(page, families.url(where, run=family))
    check(page)
    expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_have_text(re.compile("What"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing is wider than a phone"
