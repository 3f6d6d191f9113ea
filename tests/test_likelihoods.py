"""Laws of the likelihoods: they are the distributions they say they are."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import distributions as D

from vae_core.likelihoods import Bernoulli, OptimalGaussian


def _pictures(seed: int = 0, batch: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 2, 5, 5, generator=g) * 3, torch.rand(batch, 2, 5, 5, generator=g)


def test_bernoulli_is_torchs_on_black_and_white() -> None:
    out, x = _pictures()
    x = x.round()
    expected = -D.Bernoulli(logits=out).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(Bernoulli().nll(out, x), expected)


def test_bernoulli_of_a_grey_picture_is_the_mean_over_its_binarisations() -> None:
    out, x = _pictures()
    white, black = Bernoulli().nll(out, torch.ones_like(x)), Bernoulli().nll(out, torch.zeros_like(x))
    uniform = 0.5 * torch.ones_like(x)
    torch.testing.assert_close(Bernoulli().nll(out, uniform), 0.5 * (white + black))


@pytest.mark.parametrize("pixels", [1, 5, 64, 784, 12_288])
def test_bernoulli_and_its_slope_are_those_of_the_formula_in_double_precision(pixels: int) -> None:
    g = torch.Generator().manual_seed(pixels)
    out = (torch.randn(3, pixels, generator=g) * 8).requires_grad_()
    x = torch.rand(3, pixels, generator=g)
    weights = torch.tensor([1.0, -2.0, 0.5])
    got = Bernoulli().nll(out, x)
    (slope,) = torch.autograd.grad((got * weights).sum(), out)
    exact = out.detach().double().requires_grad_()
    expected = (F.softplus(exact, threshold=50) - x.double() * exact).sum(1)
    (expected_slope,) = torch.autograd.grad((expected * weights.double()).sum(), exact)
    torch.testing.assert_close(got.double(), expected, rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(slope.double(), expected_slope, rtol=1e-5, atol=1e-6)


def test_bernoulli_stays_finite_at_extreme_logits() -> None:
    out = torch.tensor([-1e4, 1e4]).view(1, 1, 1, 2)
    assert torch.isfinite(Bernoulli().nll(out, torch.ones(1, 1, 1, 2))).all()


def test_optimal_gaussian_is_torchs_normal_at_the_closed_form_sigma() -> None:
    out, x = _pictures()
    sigma = (x - torch.sigmoid(out)).square().mean().sqrt()
    expected = -D.Normal(torch.sigmoid(out), sigma).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(OptimalGaussian().train().nll(out, x), expected)


def test_no_other_sigma_is_better() -> None:
    out, x = _pictures()
    best = OptimalGaussian().train().nll(out, x).sum()
    sigma = (x - torch.sigmoid(out)).square().mean().sqrt()
    for factor in (0.8, 0.95, 1.05, 1.2):
        other = -D.Normal(torch.sigmoid(out), sigma * factor).log_prob(x).sum()
        assert other > best


def test_running_sigma_is_unbiased_from_the_first_batch() -> None:
    likelihood = OptimalGaussian().train()
    out, x = _pictures()
    likelihood.nll(out, x)
    torch.testing.assert_close(likelihood.variance, (x - torch.sigmoid(out)).square().mean())
    trained = likelihood.nll(out, x)
    torch.testing.assert_close(likelihood.eval().nll(out, x), trained)


def test_a_perfect_fit_is_not_infinitely_likely() -> None:
    out = torch.zeros(2, 1, 3, 3)
    assert torch.isfinite(OptimalGaussian().train().nll(out, torch.sigmoid(out))).all()


def test_samples_have_the_likelihoods_mean() -> None:
    out = torch.randn(1, 1, 2, 2).expand(20_000, 1, 2, 2)
    g = torch.Generator().manual_seed(0)
    drawn = Bernoulli().sample(out, g)
    assert set(drawn.unique().tolist()) <= {0.0, 1.0}
    torch.testing.assert_close(drawn.mean(0), torch.sigmoid(out[0]), atol=0.02, rtol=0)
