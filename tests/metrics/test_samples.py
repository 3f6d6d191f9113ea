"""Laws of the energy distance and of Fréchet's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch

from vae_core.metrics.samples import distances, energy_distance, energy_margin, frechet_distance


def _sets(n: int = 7, m: int = 5) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(n, 1, 2, 3)), generator.normal(0.5, 2, size=(m, 1, 2, 3))


def _brute_force(a: np.ndarray, b: np.ndarray) -> float:
    def mean(first: np.ndarray, second: np.ndarray) -> float:
        return sum(float(np.linalg.norm(p - q)) for p in first for q in second) / len(first) / len(second)

    return 2 * mean(a, b) - mean(a, a) - mean(b, b)


def test_it_is_the_double_loop() -> None:
    a, b = _sets()
    assert energy_distance(a, b) == pytest.approx(_brute_force(a, b))
    assert energy_distance(b, a) == pytest.approx(energy_distance(a, b))


def test_equal_sets_are_at_no_distance_in_any_order() -> None:
    a, _ = _sets(40)
    assert energy_distance(a, a[::-1].copy()) == pytest.approx(0, abs=1e-12)
    assert energy_distance(a, np.repeat(a, 3, 0)) == pytest.approx(0, abs=1e-12)


def test_it_grows_with_a_shift() -> None:
    a, _ = _sets()
    found = [energy_distance(a, a + shift) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert found == sorted(found) and found[1] > 0


def test_points_have_twice_their_distance() -> None:
    assert energy_distance(np.zeros((1, 2)), np.array([[3.0, 4.0]])) == pytest.approx(10)


def test_bytes_floats_and_tensors_are_taken() -> None:
    a = np.random.default_rng(0).integers(0, 256, (6, 1, 4, 4), dtype=np.uint8)
    b = np.random.default_rng(1).integers(0, 256, (8, 1, 4, 4), dtype=np.uint8)
    expected = energy_distance(a.astype(np.float64), b.astype(np.float64))
    assert energy_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected) and expected > 0
    assert energy_distance(a.astype(np.float32), torch.from_numpy(b)) == pytest.approx(expected)


def test_a_sample_is_at_no_distance_from_itself_among_many() -> None:
    a = 100 + torch.randn(60, 9)
    assert (distances(a, a).diagonal() == 0).all()


@pytest.mark.parametrize(("a", "b"), [((0, 3), (4, 3)), ((4, 3), (4, 2))])
def test_sets_that_cannot_be_compared_are_refused(a: tuple[int, int], b: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="two sets of samples of one size"):
        energy_distance(np.zeros(a), np.zeros(b))


def test_the_margin_is_as_wide_as_fresh_samples_scatter() -> None:
    """95 % of fresh pairs of sets lie within it, of two distributions that differ; four times the samples halve it."""
    generator = np.random.default_rng(0)

    def fresh(n: int) -> tuple[np.ndarray, np.ndarray]:
        return generator.normal(size=(n, 3)), generator.normal(0.8, 1, size=(n, 3))

    found = np.array([(energy_distance(*pair), energy_margin(*pair)) for pair in (fresh(80) for _ in range(200))])
    within = np.abs(found[:, 0] - found[:, 0].mean()) < found[:, 1]
    assert 0.88 < within.mean() < 0.99
    larger = np.mean([energy_margin(*fresh(320)) for _ in range(20)])
    assert larger == pytest.approx(found[:, 1].mean() / 2, rel=0.2)


@pytest.mark.parametrize(("a", "b"), [((1, 3), (1, 3)), ((4, 3), (5, 3)), ((4, 3), (4, 2))])
def test_the_margin_of_unequal_or_single_sets_is_refused(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="as many samples"):
        energy_margin(np.zeros(a), np.zeros(b))


def _exact(mean: np.ndarray, covariance: np.ndarray, n: int = 50, seed: int = 0) -> np.ndarray:
    """Features [n, d] whose mean and covariance are just these."""
    raw = np.random.default_rng(seed).normal(size=(n, len(mean)))
    raw -= raw.mean(0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False))).T
    return mean + white @ np.linalg.cholesky(covariance).T


def test_frechets_distance_of_gaussians_that_commute_has_a_closed_form() -> None:
    """sum of (mu_a - mu_b)^2 + (sigma_a - sigma_b)^2, in any rotation."""
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    shift, a, b = np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 0.1]), np.array([3.0, 0.5, 0.1])
    one = _exact(np.zeros(3), turn @ np.diag(a**2) @ turn.T)
    other = _exact(shift, turn @ np.diag(b**2) @ turn.T, 70, seed=1)
    expected = np.square(shift).sum() + np.square(a - b).sum()
    assert frechet_distance(one, other) == pytest.approx(expected)
    assert frechet_distance(other, one) == pytest.approx(expected)


def test_frechets_distance_is_that_of_the_general_root() -> None:
    """Covariances that do not commute, against scipy's root of the product."""
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(40, 4)), generator.normal(size=(60, 4)) @ generator.normal(size=(4, 4))
    one, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(one @ other).real
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(one + other - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_equal_features_are_at_no_frechet_distance() -> None:
    a = np.random.default_rng(0).normal(size=(40, 5))
    assert frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-9)
    dead = np.concatenate([a, np.zeros((40, 2))], 1)  # features that never answer
    assert frechet_distance(dead, dead) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a, a + 2) == pytest.approx(20)


@pytest.mark.parametrize(
    ("a", "b", "said"), [((9, 3), (9, 2), "features"), ((9,), (9,), "features"), ((3, 3), (9, 3), "more rows")]
)
def test_features_without_a_covariance_are_refused(a: tuple[int, ...], b: tuple[int, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        frechet_distance(np.zeros(a), np.zeros(b))
