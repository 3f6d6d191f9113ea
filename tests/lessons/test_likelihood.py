"""Lesson 5: three prices of the same error."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.lessons.card import Material
from vae_core.lessons.likelihood import (
    GRID,
    LESSON,
    SQUARED,
    bernoulli_nll,
    gaussian_nll,
    optimal_sigma,
    stops_with,
)
from vae_core.lessons.scene import Curves, Pictures, Scene
from vae_core.likelihoods import Bernoulli, OptimalGaussian
from vae_core.runs import load_run


def made(sample: int) -> Scene:
    return LESSON.scene(Material(load_run, sample))


def test_the_gaussian_is_torch_s_and_its_best_sigma_the_root_mean_square_error() -> None:
    generator = torch.Generator().manual_seed(0)
    x, out = torch.rand(1, 1, 8, 8, generator=generator), torch.randn(1, 1, 8, 8, generator=generator)
    redrawn, trained = torch.sigmoid(out), OptimalGaussian().eval()
    best = optimal_sigma(redrawn, x)
    for sigma in (0.1, best, 1.0):
        expected = -torch.distributions.Normal(redrawn, sigma).log_prob(x).sum()
        assert float(gaussian_nll(redrawn, x, sigma)) == pytest.approx(float(expected), rel=1e-5)
        trained.set_variance(torch.tensor(sigma**2))  # and what models are trained with
        torch.testing.assert_close(gaussian_nll(redrawn, x, sigma), trained.nll(out, x))
    torch.testing.assert_close(bernoulli_nll(redrawn, x).flatten(1).sum(1), Bernoulli().nll(out, x))
    around = [float(gaussian_nll(redrawn, x, best * factor)) for factor in (0.97, 1, 1.03)]
    assert around[1] == min(around)


def test_the_plain_squared_error_is_sigma_squared_one_half() -> None:
    x, redrawn = torch.rand(3, 1, 8, 8), torch.rand(3, 1, 8, 8)
    apart = gaussian_nll(redrawn, x, SQUARED)
    squared = (x - redrawn).square().flatten(1).sum(1)
    rest = apart - squared
    assert float(rest.max() - rest.min()) < 1e-4 and float(rest[0]) == pytest.approx(32 * np.log(np.pi), rel=1e-5)


@pytest.mark.parametrize("sample", [24, 1418])
def test_the_lowest_place_of_the_curve_is_the_answer(sample: int) -> None:
    scene = made(sample)
    curves = next(panel for panel in scene.panels if isinstance(panel, Curves))
    gaussian, fit, width, squared, _ = (line.y for line in curves.lines)
    np.testing.assert_allclose(fit + width, gaussian, atol=1e-9)
    place = int(gaussian.argmin())
    assert place in scene.see and 0 < place < len(gaussian) - 1
    assert LESSON.options[scene.answer].startswith("One as large as")
    assert gaussian[scene.drag.start] == squared[0] and curves.x[scene.drag.start] == pytest.approx(SQUARED)
    # at the best sigma the typical pixel costs half a nat: 64 of them 32
    assert fit[place] == pytest.approx(32, abs=0.1)


def test_figures_add_up_to_the_last_digit_that_is_shown() -> None:
    scene = made(24)
    nll, fit, width = (next(n for n in scene.numbers if n.term == term) for term in ("nll", "fit", "width"))
    shown = [np.array([float(f"{value:.{n.digits}f}") for value in n.values]) for n in (nll, fit, width)]
    np.testing.assert_allclose(shown[0], shown[1] + shown[2], atol=1e-9)
    told = {n.term: f"{n.values[0]:.{n.digits}f}" for n in scene.numbers}
    assert float(told["bernoulli"]) == pytest.approx(float(told["wrong"]) + float(told["perfect"]))
    assert float(told["perfect"]) > 5  # of grey pixels


def test_pixels_cost_more_the_smaller_sigma_and_the_other_prices_stand_still() -> None:
    pictures = next(panel for panel in made(24).panels if isinstance(panel, Pictures))
    charged = pictures.pixels[:, 4].astype(int)
    assert (np.diff(charged.sum((1, 2))) <= 0).all() and charged[0].max() == 255 and charged[-1].max() < 60
    assert (pictures.pixels[:, :4] == pictures.pixels[:1, :4]).all()


def test_stops_are_told_apart_and_hold_what_is_exact() -> None:
    stops = stops_with(0.1, SQUARED)
    assert {0.1, SQUARED} <= set(stops) and len(stops) <= 41 and len({f"{stop:.3f}" for stop in stops}) == len(stops)
    assert stops[0] == GRID[0] and stops[-1] == GRID[-1]
    near = stops_with(0.7, SQUARED)
    assert 0.7 in near and SQUARED not in near
