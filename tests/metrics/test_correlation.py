"""The parts of a rate: against Gaussians, for which all three are known."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.metrics.correlation import gaussian_total_correlation, rate_parts

NOISE = 0.2  # variance of each posterior


def posteriors(covariance: np.ndarray, n: int = 6000, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors whose draws together are N(shift, covariance)."""
    rng = np.random.default_rng(0)
    dims = len(covariance)
    mean = rng.multivariate_normal(np.full(dims, shift), covariance - NOISE * np.eye(dims), n)
    return mean.astype(np.float32), np.full((n, dims), NOISE**0.5, np.float32)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.75])
def test_the_parts_of_gaussian_codes_are_the_known_ones(rho: float) -> None:
    covariance = np.array([[1, rho], [rho, 1]])
    mean, std = posteriors(covariance)
    parts = rate_parts(mean, std)
    correlation = -0.5 * np.log(1 - rho**2)
    information = 0.5 * np.log(np.linalg.det(covariance) / NOISE**2)
    for found, known, error in zip(
        (parts.information, parts.total_correlation, parts.dimensionwise), (information, correlation, 0), parts.error,
        strict=True,
    ):  # fmt: skip
        assert abs(found - known) < 4 * error + 0.02
    assert parts.gaussian == pytest.approx(correlation, abs=0.02)


def test_the_parts_add_up_to_the_rate() -> None:
    mean, std = posteriors(np.array([[1.5, 0.6], [0.6, 0.8]]), shift=0.7)
    rate = (0.5 * (mean**2 + std**2 - 1) - np.log(std)).sum(axis=1)
    parts = rate_parts(mean, std)
    total = parts.information + parts.total_correlation + parts.dimensionwise
    assert total == pytest.approx(rate[: parts.drawn].mean(), abs=0.25)
    assert parts.dimensionwise > 0.2, "neither mean nor variance are the prior's"


def test_codes_that_tell_all_samples_apart_are_said_to() -> None:
    rng = np.random.default_rng(0)
    parts = rate_parts(rng.standard_normal((300, 8)).astype(np.float32), np.full((300, 8), 0.01, np.float32))
    assert parts.bound and parts.information == pytest.approx(np.log(300), abs=0.01)
    assert parts.total_correlation > 10 and parts.gaussian < 0.5, "the surplus, and the second opinion"


@pytest.mark.parametrize(("noise", "dense"), [(0.3, True), (0.05, False)])
def test_a_part_of_the_data_tells_less_and_its_total_correlation_is_no_lower(noise: float, dense: bool) -> None:
    rng = np.random.default_rng(0)
    covariance = np.kron(np.eye(3), np.array([[1, 0.6], [0.6, 1]]))
    mean = rng.multivariate_normal(np.zeros(6), covariance - noise * np.eye(6), 5000).astype(np.float32)
    parts = rate_parts(mean, np.full_like(mean, noise**0.5))
    few = rate_parts(mean[:500], np.full_like(mean[:500], noise**0.5))
    known = -1.5 * np.log(1 - 0.6**2), 0.5 * np.log(np.linalg.det(covariance) / noise**6)  # of endless data
    assert few.information < parts.information < known[1] + 3 * parts.error[0]
    assert known[0] - 3 * parts.error[1] < parts.total_correlation < few.total_correlation
    assert (parts.total_correlation < known[0] + 0.1) == dense and parts.information < parts.most == np.log(5000)
    assert parts.gaussian == pytest.approx(known[0], abs=0.05), "the second opinion needs no neighbours"


def test_densities_are_those_of_the_mixture() -> None:
    mean, std = np.array([[0.0, 0], [1, 2], [-3, 1]]), np.array([[0.5, 1], [1, 0.7], [2, 0.4]])
    grid = np.linspace(-14, 14, 1401)
    each = np.exp(-0.5 * ((grid[:, None, None] - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))  # [G, N, D]
    q = np.einsum("an,bn->ab", each[..., 0], each[..., 1]) / 3
    apart = np.outer(each[..., 0].mean(1), each[..., 1].mean(1))
    known = float((q * np.log(np.maximum(q, 1e-300) / np.maximum(apart, 1e-300))).sum() * (grid[1] - grid[0]) ** 2)
    found = [rate_parts(mean, std, seed=seed).total_correlation for seed in range(500)]
    assert np.mean(found) == pytest.approx(known, abs=4 * np.std(found) / np.sqrt(500))


def test_a_doubled_dimension_is_total_correlation_and_turning_it_is_not() -> None:
    rng = np.random.default_rng(0)
    mean = rng.standard_normal((3000, 1)).astype(np.float32)
    std = np.full((3000, 2), 0.3, np.float32)
    doubled = gaussian_total_correlation(np.hstack([mean, mean]), std)
    assert doubled > 0.8
    assert gaussian_total_correlation(np.hstack([mean, -mean]), std) == pytest.approx(doubled)
    assert gaussian_total_correlation(rng.standard_normal((3000, 2)), std) < 0.01


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    mean, std = rng.standard_normal((500, 40)), np.full((500, 40), 0.5)
    parts = rate_parts(mean, std, drawn=64, most=200)
    assert (parts.drawn, parts.samples) == (64, 200)
    monkeypatch.setattr("vae_core.metrics.correlation.PAIRS", 15_000)
    parts = rate_parts(mean, std)
    assert (parts.drawn, parts.samples) == (30, 500), "all are compared, in fewer places"


@pytest.mark.parametrize(
    ("mean", "std"), [(np.zeros((1, 2)), np.ones((1, 2))), (np.zeros((5, 2)), np.zeros((5, 2))),
                      (np.zeros((5, 2)), np.ones((5, 3)))]
)  # fmt: skip
def test_what_is_no_posterior_is_refused(mean: np.ndarray, std: np.ndarray) -> None:
    with pytest.raises(ValueError, match="means and spreads above 0"):
        rate_parts(mean, std)
