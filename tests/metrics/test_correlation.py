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
    parts = rate_parts(mean, std, len(mean))
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
    parts = rate_parts(mean, std, len(mean))
    total = parts.information + parts.total_correlation + parts.dimensionwise
    assert total == pytest.approx(rate[: parts.drawn].mean(), abs=0.25)
    assert parts.dimensionwise > 0.2, "neither mean nor variance are the prior's"


def test_codes_that_tell_all_samples_apart_are_said_to() -> None:
    rng = np.random.default_rng(0)
    parts = rate_parts(rng.standard_normal((300, 8)).astype(np.float32), np.full((300, 8), 0.01, np.float32), 300)
    assert parts.bound and parts.information == pytest.approx(np.log(300), abs=0.01)
    assert parts.total_correlation > 10 and parts.gaussian < 0.5, "the surplus, and the second opinion"


@pytest.mark.parametrize(("noise", "few"), [(0.3, False), (0.05, True)])
def test_too_few_to_compare_a_code_with_are_said_to_be(noise: float, few: bool) -> None:
    rng = np.random.default_rng(0)
    covariance = np.kron(np.eye(3), np.array([[1, 0.6], [0.6, 1]]))
    mean = rng.multivariate_normal(np.zeros(6), covariance - noise * np.eye(6), 5000).astype(np.float32)
    parts = rate_parts(mean, np.full_like(mean, noise**0.5), 700_000)
    known = -1.5 * np.log(1 - 0.6**2)
    assert parts.few is few and not parts.bound
    assert (parts.total_correlation < known - 5 * parts.error[1]) == few
    assert parts.gaussian == pytest.approx(known, abs=0.05), "the second opinion needs no neighbours"


def test_a_doubled_dimension_is_total_correlation_and_turning_it_is_not() -> None:
    rng = np.random.default_rng(0)
    mean = rng.standard_normal((3000, 1)).astype(np.float32)
    std = np.full((3000, 2), 0.3, np.float32)
    doubled = gaussian_total_correlation(np.hstack([mean, mean]), std)
    assert doubled > 0.8
    assert gaussian_total_correlation(np.hstack([mean, -mean]), std) == pytest.approx(doubled)
    assert gaussian_total_correlation(rng.standard_normal((3000, 2)), std) < 0.01


def test_work_is_bounded_by_what_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    parts = rate_parts(rng.standard_normal((500, 40)), np.full((500, 40), 0.5), 9_000, drawn=64, compared=200)
    assert (parts.drawn, parts.compared, parts.samples) == (64, 200, 9_000)


@pytest.mark.parametrize(
    ("mean", "std"), [(np.zeros((1, 2)), np.ones((1, 2))), (np.zeros((5, 2)), np.zeros((5, 2))),
                      (np.zeros((5, 2)), np.ones((5, 3)))]
)  # fmt: skip
def test_what_is_no_posterior_is_refused(mean: np.ndarray, std: np.ndarray) -> None:
    with pytest.raises(ValueError, match="means and spreads above 0"):
        rate_parts(mean, std, 10)
