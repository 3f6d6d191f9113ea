"""A pair that no framework made, brought through the page, explored on Atlas and Traverse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import helper
from playwright.sync_api import Page, expect
from sklearn.datasets import load_digits

from tests.browser.harness import AppServer, check, settle, visit
from tests.foreign.onnx_files import save


def _pair(folder: Path) -> list[str]:
    """Encoder and decoder of the digits' two strongest directions."""
    x = load_digits().images.reshape(-1, 64) / 16
    axes = np.linalg.svd(x, full_matrices=False)[2][:2].T.astype(np.float32)  # [64, 2]
    encoder = save(
        folder / "encoder.onnx",
        [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("MatMul", ["flat", "W"], ["mean"])],
        {"x": ["n", 1, 8, 8]}, {"mean": ["n", 2]}, {"W": axes},
    )  # fmt: skip
    decoder = save(
        folder / "decoder.onnx", [helper.make_node("MatMul", ["z", "V"], ["picture"])], {"z": ["n", 2]},
        {"picture": ["n", 64]}, {"V": axes.T.copy()},
    )  # fmt: skip
    return [str(encoder), str(decoder)]


def test_a_pair_is_brought_and_explored(page: Page, start_server: Callable[..., AppServer], tmp_path: Path) -> None:
    server = start_server(shipped=False)
    visit(page, server.url("collection", view="models"))
    page.set_input_files("input[type=file]", _pair(tmp_path))
    expect(page.get_by_text("mean squared error")).to_be_visible(timeout=60_000)
    settle(page)
    check(page)
    page.get_by_label("Title").fill("Two directions")
    page.get_by_label("Title").press("Enter")
    settle(page)
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("is among your runs")).to_be_visible(timeout=60_000)
    settle(page)
    assert (server.runs / "digits-onnx" / "decoder.onnx").is_file()

    taken = page.locator(".st-key-library-taken")
    taken.get_by_role("link", name="Atlas").click()
    expect(page.get_by_role("heading", name="Where does every sample live?")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
    settle(page)
    check(page)

    visit(page, server.url("dimensions", run="digits-onnx"))
    picture = page.get_by_alt_text("Decoded sample")
    before = picture.get_attribute("src")
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(12):
        slider.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", str(before))
    settle(page)
    check(page)
