"""Laws of the objectives that look at the whole cloud of codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from vae_core.config import TrainConfig
from vae_core.models import Posterior, Terms
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.objectives.moments import WIDTHS, aggregate_covariance, code_covariance, mmd_to_normal

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


def test_mmd_is_a_double_loop_over_codes_and_draws_of_the_prior() -> None:
    g = torch.Generator().manual_seed(0)
    codes, prior = torch.randn(6, 3, generator=g).double() + 1, torch.randn(2000, 3, generator=g).double()

    def k(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Averaged over its Gaussians; two draws of the prior are 2 D apart, squared."""
        squares = (a - b).square().sum(-1)
        return torch.stack([torch.exp(-squares / (2 * w * 2 * 3)) for w in WIDTHS]).mean(0)

    among = sum(float(k(codes[i], codes[j])) for i in range(6) for j in range(6) if i != j) / 30
    to_prior = [k(code, prior) for code in codes]  # [2000] each
    in_prior = torch.cat([k(prior[i], prior[i + 1 :]) for i in range(500)])
    expected = among - 2 * sum(float(each.mean()) for each in to_prior) / 6 + float(in_prior.mean())
    assert float(mmd_to_normal(codes)) == pytest.approx(expected, abs=0.01)
    assert float(mmd_to_normal(codes)) > 0.05, "this test was meant to see more than its error"


def test_mmd_of_draws_of_the_prior_is_zero_on_average_and_grows_with_the_distance() -> None:
    g = torch.Generator().manual_seed(0)
    values = torch.stack([mmd_to_normal(torch.randn(20, 2, generator=g)) for _ in range(2000)])
    error = values.std() / len(values) ** 0.5
    assert values.mean().abs() < 4 * error and error < 1e-3, "a biased estimate would be above by 0.02"
    cloud = torch.randn(500, 2, generator=g)
    far = [float(mmd_to_normal(cloud + shift)) for shift in (0.0, 0.5, 1.0, 3.0)]
    assert abs(far[0]) < 0.005 < far[1] < far[2] < far[3]
    assert float(mmd_to_normal(0.1 * cloud)) > 0.03, "a cloud that is too narrow is seen as well"


def test_mmd_pulls_a_cloud_that_is_far_out() -> None:
    z = (torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) + 20).requires_grad_()
    (slope,) = torch.autograd.grad(mmd_to_normal(z), z)
    pull = slope.sum(0)  # of the cloud as a whole: how codes push each other cancels
    assert (pull > 1e-5).all(), "a Gaussian of one width would have a slope of e^-50"


def test_info_alpha_zero_lambda_one_is_minus_the_elbo(terms: Terms, at: At) -> None:
    config = TrainConfig(objective="mmd", mmd_alpha=0, mmd_lambda=1)
    torch.testing.assert_close(OBJECTIVES["mmd"].loss(terms, at(config)), -terms.elbo)


def test_info_weighs_rate_and_discrepancy(terms: Terms, at: At) -> None:
    config = TrainConfig(objective="mmd", mmd_alpha=0.25, mmd_lambda=10)
    expected = terms.distortion + 0.75 * terms.total_rate + 9.25 * mmd_to_normal(terms.z)
    torch.testing.assert_close(OBJECTIVES["mmd"].loss(terms, at(config)), expected)


def test_info_alpha_one_takes_codes_that_are_points(terms: Terms, at: At) -> None:
    point = replace(terms, rate=torch.full((7, 3), torch.inf))
    config = TrainConfig(objective="mmd", mmd_alpha=1, mmd_lambda=10)
    assert torch.isfinite(OBJECTIVES["mmd"].loss(point, at(config))).all()
