"""Laws of the objectives that look at the whole cloud of codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from vae_core.config import TrainConfig
from vae_core.models import Posterior, Terms
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.objectives.moments import aggregate_covariance, code_covariance, inverse_multiquadric, mmd

At = Callable[..., Setting]


def test_the_codes_covariance_is_torchs(terms: Terms) -> None:
    torch.testing.assert_close(code_covariance(terms.posterior), torch.cov(terms.posterior.mean.T, correction=0))


def test_the_aggregate_covariance_is_that_of_many_samples() -> None:
    g = torch.Generator().manual_seed(0)
    posterior = Posterior(torch.randn(20, 3, generator=g), torch.rand(20, 3, generator=g) + 0.2)
    many = Posterior(posterior.mean.repeat(20_000, 1), posterior.std.repeat(20_000, 1)).sample(g)
    torch.testing.assert_close(aggregate_covariance(posterior), torch.cov(many.T), atol=0.02, rtol=0)


@pytest.mark.parametrize("variant", ["i", "ii"])
def test_dip_is_the_papers_double_sum(terms: Terms, at: At, variant: str) -> None:
    config = TrainConfig(objective="dip", dip=variant, lambda_od=3, lambda_d=5)  # type: ignore[arg-type]
    c = (code_covariance if variant == "i" else aggregate_covariance)(terms.posterior)
    cost = sum(5 * (c[d, e] - 1) ** 2 if d == e else 3 * c[d, e] ** 2 for d in range(3) for e in range(3))
    torch.testing.assert_close(OBJECTIVES["dip"].loss(terms, at(config)), cost - terms.elbo)


@pytest.mark.parametrize("variant", ["i", "ii"])
def test_dip_costs_nothing_where_the_cloud_has_the_priors_covariance(terms: Terms, at: At, variant: str) -> None:
    spread = torch.full((8, 3), 0.6)
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3)  # covariance I
    posterior = Posterior(corners if variant == "i" else 0.8 * corners, spread)  # 0.64 + 0.36 = 1
    white = replace(terms, posterior=posterior, rate=posterior.rate(), distortion=torch.zeros(8))
    config = TrainConfig(objective="dip", dip=variant)  # type: ignore[arg-type]
    torch.testing.assert_close(OBJECTIVES["dip"].loss(white, at(config)), -white.elbo, atol=1e-4, rtol=0)


def test_the_kernel_and_mmd_are_a_double_loop() -> None:
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(6, 3, generator=g).double(), torch.randn(6, 3, generator=g).double() + 1

    def k(p: torch.Tensor, q: torch.Tensor) -> float:
        return float(6 / (6 + ((p - q) ** 2).sum()))

    pairs = [(i, j) for i in range(6) for j in range(6)]
    for i, j in pairs:
        assert float(inverse_multiquadric(a, b)[i, j]) == pytest.approx(k(a[i], b[j]))
    apart = [(i, j) for i, j in pairs if i != j]
    expected = sum(k(a[i], a[j]) + k(b[i], b[j]) for i, j in apart) / 30 - 2 * sum(k(a[i], b[j]) for i, j in pairs) / 36
    assert float(mmd(a, b)) == pytest.approx(expected)


def test_mmd_of_one_distribution_is_zero_on_average_and_grows_with_the_distance() -> None:
    g = torch.Generator().manual_seed(0)
    values = torch.stack([mmd(torch.randn(20, 2, generator=g), torch.randn(20, 2, generator=g)) for _ in range(2000)])
    error = values.std() / len(values) ** 0.5
    assert values.mean().abs() < 4 * error and error < 1e-3, "a biased estimate would be above by 0.05"
    cloud = torch.randn(500, 2, generator=g)
    prior = torch.randn(500, 2, generator=g)
    far = [float(mmd(cloud + shift, prior)) for shift in (0.0, 0.5, 1.0, 3.0)]
    assert abs(far[0]) < 0.01 < far[1] < far[2] < far[3]
    assert float(mmd(0.1 * cloud, prior)) > 0.05, "a cloud that is too narrow is seen as well"


def test_info_alpha_zero_lambda_one_is_minus_the_elbo(terms: Terms, at: At) -> None:
    config = TrainConfig(objective="mmd", mmd_alpha=0, mmd_lambda=1)
    torch.testing.assert_close(OBJECTIVES["mmd"].loss(terms, at(config)), -terms.elbo)


def test_info_weighs_rate_and_discrepancy(terms: Terms, at: At) -> None:
    config = TrainConfig(objective="mmd", mmd_alpha=0.25, mmd_lambda=10)
    prior = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))  # what `at` draws from
    expected = terms.distortion + 0.75 * terms.total_rate + 9.25 * mmd(terms.z, prior)
    torch.testing.assert_close(OBJECTIVES["mmd"].loss(terms, at(config)), expected)


def test_info_alpha_one_takes_codes_that_are_points(terms: Terms, at: At) -> None:
    point = replace(terms, rate=torch.full((7, 3), torch.inf))
    config = TrainConfig(objective="mmd", mmd_alpha=1, mmd_lambda=10)
    assert torch.isfinite(OBJECTIVES["mmd"].loss(point, at(config))).all()
