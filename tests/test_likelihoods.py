"""Laws of the likelihoods: they are the distributions they say they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import distributions as D

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.data import load_dataset
from vae_core.likelihoods import Bernoulli, FixedGaussian, OptimalGaussian, likelihood_of
from vae_core.metrics.likelihood import held_out_terms
from vae_core.runs import load_run
from vae_core.training import train


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


def test_a_given_sigma_is_torchs_normal_and_training_leaves_it() -> None:
    out, x = _pictures()
    likelihood = FixedGaussian(0.3).train()
    expected = -D.Normal(torch.sigmoid(out), 0.3).log_prob(x).sum((1, 2, 3))
    for _ in range(3):
        torch.testing.assert_close(likelihood.nll(out, x), expected)
    assert float(likelihood.variance) == pytest.approx(0.09)
    assert not likelihood.state_dict(), "the spec tells it"


@pytest.mark.parametrize("sigma", [0.05, 1.0, 3.0])
def test_a_given_sigma_is_a_beta_vae_on_the_squared_error(sigma: float) -> None:
    """2 sigma^2 times the slope of minus the ELBO is that of |x - mean|^2 + 2 sigma^2 * rate."""
    out, x = _pictures()
    out = out.requires_grad_()
    rate = out.square().flatten(1).sum(1)  # anything else that has to do with the same weights
    (slope,) = torch.autograd.grad((FixedGaussian(sigma).nll(out, x) + rate).sum(), out, retain_graph=True)
    beta = 2 * sigma**2
    weighed = (x - torch.sigmoid(out)).square().flatten(1).sum(1) + beta * rate
    (expected,) = torch.autograd.grad(weighed.sum(), out)
    torch.testing.assert_close(beta * slope, expected, rtol=1e-4, atol=1e-4)


def test_the_found_sigma_is_given_to_nothing_else() -> None:
    out, x = _pictures()
    found = OptimalGaussian().train()
    nll = found.nll(out, x)
    torch.testing.assert_close(FixedGaussian(float(found.variance.sqrt())).nll(out, x), nll)
    with pytest.raises(ValueError, match="above 0"):
        FixedGaussian(0.0)


def test_a_spec_with_a_sigma_means_that_one() -> None:
    info = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60)
    given = likelihood_of(model_spec(TrainConfig(likelihood="gaussian", sigma=0.2), info))
    assert isinstance(given, FixedGaussian) and given.sigma == 0.2 and given.unit
    assert isinstance(likelihood_of(model_spec(TrainConfig(likelihood="gaussian"), info)), OptimalGaussian)
    for other in ({"likelihood": "bernoulli"}, {"bottleneck": "linear"}):
        with pytest.raises(ValueError, match="a sigma is given to"):
            model_spec(TrainConfig(sigma=0.2, **other), info)
    with pytest.raises(ValueError, match="is too small: give one from"):
        model_spec(TrainConfig(likelihood="gaussian", sigma=1e-30), info)


def test_samples_have_the_likelihoods_mean() -> None:
    out = torch.randn(1, 1, 2, 2).expand(20_000, 1, 2, 2)
    g = torch.Generator().manual_seed(0)
    drawn = Bernoulli().sample(out, g)
    assert set(drawn.unique().tolist()) <= {0.0, 1.0}
    torch.testing.assert_close(drawn.mean(0), torch.sigmoid(out[0]), atol=0.02, rtol=0)


def test_a_run_keeps_the_sigma_that_it_was_given(tmp_path: Path) -> None:
    settings = {"likelihood": "gaussian", "sigma": 0.25, "latent_dim": 2, "hidden": (8,), "steps": 3, "evaluations": 1}
    config = TrainConfig(**settings, out=tmp_path / "given")
    (*_, last) = train(config)
    run = load_run(tmp_path / "given")
    assert float(run.model.likelihood.variance) == pytest.approx(0.0625)
    x = load_dataset("digits").x[:5]
    torch.testing.assert_close(
        held_out_terms(run.model, x, torch.arange(5)).distortion,
        held_out_terms(last.model.eval(), x, torch.arange(5)).distortion,
    )
