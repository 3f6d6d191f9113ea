"""The bounds on log p(x): known where the model is linear, tighter with more samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.likelihoods import FixedGaussian
from vae_core.metrics.activity import active_units
from vae_core.metrics.likelihood import best_variance, held_out_terms, importance_bound
from vae_core.models import Model, build


def _model() -> tuple[Model, torch.Tensor]:
    torch.manual_seed(0)
    data = DataInfo(name="squares", sample_shape=(1, 4, 4), size=64)
    model = build(model_spec(TrainConfig(latent_dim=2, hidden=(8,)), data)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # posteriors that are far from the true ones
    return model, torch.rand(64, 1, 4, 4)


def test_the_bound_tightens_with_more_samples() -> None:
    model, x = _model()
    rows = torch.arange(64)
    bounds = [float(importance_bound(model, x, rows, k).mean()) for k in (1, 10, 100, 1000)]
    assert all(a < b for a, b in pairwise(bounds)), bounds


def test_one_sample_is_the_elbo() -> None:
    model, x = _model()
    rows = torch.arange(64).repeat(400)  # each sample 400 times, with noise of its own
    one = importance_bound(model, x, rows, 1, seed=0).mean()
    elbo = held_out_terms(model, x, rows, seed=1).elbo.mean()
    torch.testing.assert_close(one, elbo, atol=0.15, rtol=0)


def test_where_the_decoder_ignores_the_code_the_bound_is_exact() -> None:
    model, x = _model()
    last = [layer for layer in model.decoder if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.mul_(0.3)  # posteriors near enough to the prior for 4,000 samples
    bound = importance_bound(model, x, torch.arange(64), 4000)
    torch.testing.assert_close(bound, torch.full((64,), -16 * float(np.log(2))), atol=0.25, rtol=0)


def test_active_units_are_those_that_vary() -> None:
    rng = np.random.default_rng(0)
    means = np.stack([rng.normal(size=500), rng.normal(size=500) * 0.05, np.full(500, 7.0)], 1)
    assert active_units(means).tolist() == [True, False, False]


def test_no_sigma_explains_held_out_samples_better_than_the_best_one() -> None:
    torch.manual_seed(0)
    data = DataInfo(name="squares", sample_shape=(1, 4, 4), size=64)
    model = build(model_spec(TrainConfig(latent_dim=2, hidden=(8,), likelihood="gaussian", sigma=1.0), data)).eval()
    x, rows = torch.rand(64, 1, 4, 4), torch.arange(64)
    variance = best_variance(model, x, rows, seed=3)
    terms = held_out_terms(model, x, rows, seed=3)
    error = 2 * terms.distortion.double() - 16 * np.log(2 * np.pi)  # with sigma = 1
    assert variance == pytest.approx(float(error.mean()) / 16, rel=1e-4)
    nats = {}
    for factor in (0.9, 1.0, 1.1):
        model.set_submodule("likelihood", FixedGaussian(factor * variance**0.5))
        nats[factor] = float(held_out_terms(model, x, rows, seed=3).distortion.mean())
    assert min(nats, key=lambda factor: nats[factor]) == 1.0
