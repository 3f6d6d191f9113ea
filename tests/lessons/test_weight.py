"""Lesson 8: the figures of the sweep are those of its runs, and the verdict follows from them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vae_core import load_run
from vae_core.lessons import weight
from vae_core.lessons.card import Material
from vae_core.lessons.scene import Bars, Pictures, Scene


@pytest.fixture(scope="module")
def made() -> Scene:
    return weight.scene(Material(cache(load_run)))


def values(scene: Scene) -> dict[str, np.ndarray]:
    return {number.term: number.values for number in scene.numbers}


def test_each_run_paid_its_own_beta(made: Scene) -> None:
    told = values(made)
    paid = [load_run(name).config.train.beta for name in weight.RUNS]
    np.testing.assert_array_equal(told["beta"], paid)
    np.testing.assert_allclose(told["loss"], told["distortion"] + told["beta"] * told["rate"])
    np.testing.assert_allclose(told["elbo"], -told["distortion"] - told["rate"])


def test_figures_are_those_of_the_test_split(made: Scene) -> None:
    told = values(made)
    reached = [load_run(name).config.test for name in weight.RUNS]
    np.testing.assert_allclose(told["rate"], [figures.rate for figures in reached if figures], rtol=0.01)
    np.testing.assert_allclose(told["distortion"], [figures.distortion for figures in reached if figures], rtol=0.01)


def test_a_dear_rate_tells_less_and_blurs(made: Scene) -> None:
    told = values(made)
    for name, sign in {"rate": -1, "distortion": 1, "sharpness": -1}.items():
        assert (sign * np.diff(told[name]) > 0).all(), name
    assert told["elbo"].argmax() == 0  # the only one that was asked for it


def test_the_verdict_counts_those_awake(made: Scene) -> None:
    bounds = ((10, 10), (6, 9), (3, 5), (0, 2))
    low, high = bounds[made.answer]
    assert low <= values(made)["awake"][-1] <= high
    (bars,) = [panel for panel in made.panels if isinstance(panel, Bars)]
    np.testing.assert_array_equal((bars.values > (bars.line or (1,))[0]).sum(1), values(made)["awake"])


def test_edges_know_a_blur() -> None:
    board = np.indices((8, 8)).sum(0) % 2 * 255
    assert weight.edges(board) == pytest.approx(2 * 7 * 8) and weight.edges(np.full((8, 8), 90)) == 0
    redrawn = [panel for panel in weight.scene(Material(cache(load_run))).panels if isinstance(panel, Pictures)][1]
    assert weight.edges(redrawn.pixels[-1]) < weight.edges(redrawn.pixels[0])
