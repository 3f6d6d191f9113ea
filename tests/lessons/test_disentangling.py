"""Lesson 10: a turn is a turn, the ELBO cannot see it, the gap can."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from vae_core import load_run
from vae_core.lessons import disentangling
from vae_core.lessons.card import Material
from vae_core.lessons.disentangling import turn, turned_rate
from vae_core.lessons.scene import Pictures, Scene
from vae_core.models import Posterior


@pytest.fixture(scope="module")
def made() -> Scene:
    return disentangling.scene(Material(cache(load_run)))


def values(scene: Scene) -> dict[str, np.ndarray]:
    return {number.term: number.values for number in scene.numbers}


@pytest.mark.parametrize("degrees", [0, 30, 45, 90])
def test_a_turn_keeps_lengths_and_other_dimensions(degrees: float) -> None:
    rotation = turn(5, (1, 3), degrees)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(5), atol=1e-12)
    z = np.arange(5.0)
    np.testing.assert_array_equal((rotation @ z)[[0, 2, 4]], z[[0, 2, 4]])
    assert np.degrees(np.arccos(rotation[1, 1])) == pytest.approx(degrees)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))  # as the formula beside has it
    np.testing.assert_allclose((rotation @ z)[[1, 3]], [cos * z[1] + sin * z[3], -sin * z[1] + cos * z[3]])


def test_the_rate_of_a_turned_posterior_is_that_of_torch() -> None:
    """Against torch.distributions with a full covariance; at no angle it is the rate that the project knows."""
    generator = torch.Generator().manual_seed(0)
    mean, std = torch.randn(4, 3, generator=generator), torch.rand(4, 3, generator=generator) + 0.1
    posterior = Posterior(mean, std)
    rotation = torch.from_numpy(turn(3, (0, 2), 35.0))
    full = torch.distributions.MultivariateNormal(
        mean.double() @ rotation.T, rotation @ torch.diag_embed(std.double().square()) @ rotation.T
    )
    prior = torch.distributions.MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double())
    torch.testing.assert_close(turned_rate(posterior, rotation), torch.distributions.kl_divergence(full, prior))
    torch.testing.assert_close(turned_rate(posterior, torch.eye(3).double()), posterior.rate().sum(1).double())


def test_the_objective_cannot_see_a_turn_and_the_gap_can(made: Scene) -> None:
    told = values(made)
    np.testing.assert_allclose(told["elbo"], told["elbo"][0], atol=1e-2)
    np.testing.assert_allclose(told["elbo"], -told["distortion"] - told["rate"])
    half = len(told["gap"]) // 2
    assert told["gap"].argmin() == half and told["gap"][half] < 0.6 * told["gap"][0]
    for name in ("gap", "gap_one", "gap_two"):  # swapped places are as good
        assert told[name][-1] == pytest.approx(told[name][0], abs=1e-6)
    assert disentangling.LESSON.options[made.answer].startswith("The gap; neither")


def test_the_picture_stays_and_the_sliders_change(made: Scene) -> None:
    redrawn, first, second = (panel.pixels.astype(int) for panel in made.panels if isinstance(panel, Pictures))
    assert np.abs(redrawn - redrawn[0]).max() <= 1
    assert np.abs(first[9] - first[0]).max() > 50
    np.testing.assert_allclose(second[-1], first[0][::-1], atol=1)  # at 90 degrees the second undoes the first
