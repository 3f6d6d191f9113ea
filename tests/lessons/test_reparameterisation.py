"""Lesson 4: both estimates are right on average, one scatters more, arrows lie where z = mu + sigma epsilon says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from vae_core import load_dataset, load_run
from vae_core.lessons.card import Material
from vae_core.lessons.reparameterisation import LESSON, RUN, STOPS, gradients, spread
from vae_core.lessons.scene import Bars, Plane, Scene
from vae_core.models import Posterior
from vae_core.models.base import unit_range
from vae_core.models.vae import VAE

_loaded = cache(load_run)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return LESSON.scene(Material(_loaded, LESSON.sample))


@pytest.fixture(scope="module")
def posed() -> tuple[VAE, torch.Tensor, Posterior]:
    model = _loaded(RUN).model
    assert isinstance(model, VAE)
    x = load_dataset("digits").x[LESSON.sample : LESSON.sample + 1]
    with torch.no_grad():
        return model, unit_range(x), model.encode(x)


def test_both_estimates_average_to_the_slope_of_the_expected_loss(posed: tuple[VAE, torch.Tensor, Posterior]) -> None:
    """Against a difference quotient of E[f] with the same noise, which knows neither estimate."""
    model, x, posterior = posed
    noise = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(1))
    step = 0.02

    def expected(shift: torch.Tensor) -> float:
        moved = Posterior(posterior.mean + shift, posterior.std)
        return float(gradients(model, x, moved, noise, 0.0).distortion.double().mean())

    slope = np.array([(expected(step * unit) - expected(-step * unit)) / (2 * step) for unit in torch.eye(2)])
    f = gradients(model, x, posterior, noise, 0.0).distortion
    found = gradients(model, x, posterior, noise, float(f.mean()))
    for estimate in (found.path, found.score, found.bare):
        error = 4 * spread(estimate) / np.sqrt(len(noise))
        np.testing.assert_allclose(estimate.mean(0).numpy(), slope, atol=error + 0.05)
    assert spread(found.path) < spread(found.score) < spread(found.bare)


def test_the_answer_follows_from_the_spreads(scene: Scene) -> None:
    assert LESSON.options[scene.answer].startswith("More, up to five")
    told = {number.term: number.values for number in scene.numbers}
    np.testing.assert_allclose(told["z"], told["mu"] + told["sigma"] * told["epsilon"], atol=1e-5)
    expected = (told["loss"] - told["baseline"]) * told["epsilon"] / told["sigma"]
    np.testing.assert_allclose(told["score"], expected, rtol=1e-4, atol=1e-3)
    assert STOPS[scene.drag.start] == 0 and told["score"][scene.drag.start] == 0  # no noise, no news


def test_arrows_begin_at_z_and_lie_on_one_scale(scene: Scene) -> None:
    plane = next(panel for panel in scene.panels if isinstance(panel, Plane))
    z = plane.spots[1].xy
    lengths = []
    told = {number.term: number.values for number in scene.numbers}
    for arrow in plane.arrows:
        np.testing.assert_allclose(arrow.start, z)
        rise = (arrow.end - arrow.start)[:, 0]
        values = told[arrow.term]
        lengths.append(-rise[np.abs(values) > 1] / values[np.abs(values) > 1])  # downhill: against the gradient
    ratio = np.concatenate(lengths)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-2)
    assert ratio[0] > 0


def test_the_scatter_is_seen_once_epsilon_was_far_out(scene: Scene) -> None:
    """No point and no bar at first; at the ends all draws, whose clouds are as wide as the bars say."""
    _, plane = (panel for panel in scene.panels if isinstance(panel, Plane))
    bars = next(panel for panel in scene.panels if isinstance(panel, Bars)).values
    assert np.isnan(bars[scene.drag.start]).all() and np.isfinite(bars[list(scene.see)]).all()
    left, right, _, _ = plane.view or (0, 0, 0, 0)
    for cloud, wide in zip(plane.clouds, (bars[0, 1], bars[0, 0]), strict=True):
        assert cloud.xy[scene.drag.start].min() > right > left
        assert np.sqrt(cloud.xy[-1].var(0).sum()) == pytest.approx(wide, rel=0.25)
        shown = (cloud.xy[..., 0] < right + 1e5).sum(1)
        assert (np.diff(shown[30:]) >= 0).all() and shown[-1] == len(cloud.xy[0])
    assert f"{bars[-1, 2] / bars[-1, 0]:.0f} times as much" in scene.because
