"""Lesson 6: the identity holds on the grid to numerical precision, and the grid agrees with what is known otherwise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data import load_dataset
from vae_core.lessons.card import Material
from vae_core.lessons.elbo import LESSON, SHIFTS, Parts, adding_up, cells, gaussian_cells, log_likelihood, parts_on_grid
from vae_core.lessons.scene import Bars, Curves, Plane, Scene
from vae_core.metrics.likelihood import importance_bound
from vae_core.runs import load_run

MIDDLE = len(SHIFTS) // 2


@pytest.fixture(scope="module")
def scene() -> Scene:
    return LESSON.scene(Material(load_run, LESSON.sample))


def lines(scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log p(x), ELBO, and the bars [S, 3]."""
    curves = next(panel for panel in scene.panels if isinstance(panel, Curves))
    bars = next(panel for panel in scene.panels if isinstance(panel, Bars))
    return curves.lines[0].y, curves.lines[1].y, bars.values


def test_log_p_is_the_elbo_and_the_gap_to_numerical_precision() -> None:
    model, x, z = load_run("digits-2d").model, load_dataset("digits").x[1642:1643].float() / 255, cells()
    places, wide = torch.tensor([[0.3, -1.0], [2.0, 1.0]]).double(), torch.tensor([[0.2, 0.3], [0.1, 0.5]]).double()
    prior = gaussian_cells(z, torch.zeros(2).double(), torch.ones(2).double())
    parts = parts_on_grid(log_likelihood(model, x, z), prior, gaussian_cells(z, places, wide))  # type: ignore[arg-type]
    torch.testing.assert_close(parts.elbo + parts.gap, parts.log_px, rtol=0, atol=1e-10)
    torch.testing.assert_close(-parts.distortion - parts.rate, parts.elbo, rtol=0, atol=1e-10)


def test_log_p_is_the_elbo_and_the_gap_wherever_q_is(scene: Scene) -> None:
    log_px, elbo, bars = lines(scene)
    distortion, rate, gap = bars.T
    np.testing.assert_allclose(elbo + gap, log_px, rtol=0, atol=1e-10)
    np.testing.assert_allclose(-distortion - rate, elbo, rtol=0, atol=1e-10)
    np.testing.assert_allclose(distortion + rate - gap, -log_px, rtol=0, atol=1e-10)  # as the bars' title says
    assert np.ptp(log_px) == 0 and (gap > 0).all() and (rate > 0).all()
    assert gap[0] > gap[MIDDLE] + 1 and gap[-1] > gap[MIDDLE] + 1
    assert scene.answer == 2 and scene.drag.start == MIDDLE not in scene.see


def test_parts_of_a_small_world_by_hand() -> None:
    """Two codes, fair prior, likelihoods 1/2 and 1/8: p(x) = 5/16, posterior (4/5, 1/5)."""
    log = torch.tensor([0.5, 0.125], dtype=torch.float64).log()
    prior = torch.tensor([0.5, 0.5], dtype=torch.float64).log()
    true = torch.tensor([[0.8, 0.2]], dtype=torch.float64).log()
    parts = parts_on_grid(log, prior, true)
    assert float(parts.log_px) == pytest.approx(np.log(5 / 16)) and abs(float(parts.gap)) < 1e-12
    even = parts_on_grid(log, prior, prior[None])
    assert float(even.rate) == 0 and float(even.distortion) == pytest.approx(-(np.log(0.5) + np.log(0.125)) / 2)


def test_the_grid_agrees_with_the_closed_form_and_with_sampling(scene: Scene) -> None:
    model = load_run("digits-2d").model
    x = load_dataset("digits").x[LESSON.sample : LESSON.sample + 1]
    log_px, _, bars = lines(scene)
    with torch.no_grad():
        posterior = model.encode(x)
    assert bars[MIDDLE, 1] == pytest.approx(float(posterior.rate().sum()), abs=0.006)
    bound = float(importance_bound(model, x, torch.zeros(1, dtype=torch.int64), samples=20_000)[0])
    assert log_px[0] == pytest.approx(bound, abs=0.02)


def test_the_grid_is_fine_and_wide_enough() -> None:
    z = cells()
    mean, std = torch.tensor([[1.2, -0.7], [3.2, 2.9]]).double(), torch.tensor([[0.07, 0.4], [0.3, 0.07]]).double()
    q = gaussian_cells(z, mean, std).exp()  # [2, G]
    np.testing.assert_allclose(q.sum(1), 1)
    found = q @ z
    np.testing.assert_allclose(found, mean, atol=1e-9)
    np.testing.assert_allclose((q @ z.square() - found.square()).sqrt(), std, rtol=1e-6)


def test_rounding_moves_no_part_by_more_than_a_hundredth_and_a_half() -> None:
    steps = torch.linspace(-3, 3, 50).double()
    gap, rate = steps.square() + 0.1234, steps.abs() + 0.777
    parts = Parts(torch.full_like(gap, -20.8716), -20.8716 - gap, gap, 20.8716 + gap - rate, rate)
    for name, values in adding_up(parts).items():
        assert np.abs(values - getattr(parts, name).numpy()).max() < 0.0151


def test_draws_lie_where_the_true_posterior_is(scene: Scene) -> None:
    run = load_run("digits-2d")
    plane = next(panel for panel in scene.panels if isinstance(panel, Plane))
    drawn = next(cloud for cloud in plane.clouds if cloud.term == "posterior").xy
    x, z = load_dataset("digits").x[LESSON.sample : LESSON.sample + 1].float() / 255, cells()
    origin, wide = torch.zeros(2).double(), torch.ones(2).double()
    true = (gaussian_cells(z, origin, wide) + log_likelihood(run.model, x, z)).softmax(-1)  # type: ignore[arg-type]
    middle = (true @ z).numpy()
    assert np.abs(drawn.mean(0) - middle).max() < 4 * drawn.std(0).max() / np.sqrt(len(drawn))


def test_figures_add_up_to_the_last_digit_that_is_shown(scene: Scene) -> None:
    shown = {n.term: np.array([float(f"{value:.{n.digits}f}") for value in n.values]) for n in scene.numbers}
    np.testing.assert_allclose(shown["log_px"], shown["elbo"] + shown["gap"], atol=1e-9)
    np.testing.assert_allclose(shown["elbo"], -shown["distortion"] - shown["rate"], atol=1e-9)
    log_px, elbo, bars = lines(scene)
    drawn = {"log_px": log_px, "elbo": elbo, **dict(zip(("distortion", "rate", "gap"), bars.T, strict=True))}
    for term, values in drawn.items():  # the same number everywhere
        np.testing.assert_allclose(values, shown[term], atol=1e-9)
