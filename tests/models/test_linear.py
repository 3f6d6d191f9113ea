"""Laws of probabilistic PCA: scikit-learn's components and likelihood, an exact bound, no trouble with poor data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA as Reference
from torch import distributions as D

from vae_core.config import DataInfo, ModelSpec, TrainConfig, model_spec
from vae_core.metrics.likelihood import importance_bound
from vae_core.models import PCA, build

INFO = DataInfo(
    name="made up", kind="table", sample_shape=(6,), size=200, columns=tuple("abcdef"), centre=(0.0,) * 6,
    scale=(1.0,) * 6,
)  # fmt: skip


def _spec(dims: int, shape: tuple[int, ...] = (6,)) -> ModelSpec:
    if len(shape) == 3:
        info = DataInfo(name="made up", sample_shape=shape, size=200)  # type: ignore[arg-type]
        return model_spec(TrainConfig(bottleneck="linear", latent_dim=dims), info)
    return model_spec(TrainConfig(bottleneck="linear", latent_dim=dims), INFO)


def _rows(n: int = 200, size: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(size, size, generator=generator)
    return torch.randn(n, size, generator=generator) @ mixing + torch.arange(float(size))


def _fitted(dims: int, x: torch.Tensor) -> PCA:
    model = build(_spec(dims, tuple(x.shape[1:])))
    assert isinstance(model, PCA)
    model.begin(x)
    return model


def _model_density(model: PCA) -> D.MultivariateNormal:
    """N(mu, W W' + sigma^2 I) (Tipping and Bishop 1999, section 3.1)."""
    weight, centre = model.decoder[0].weight.double(), model.decoder[0].bias.double()  # type: ignore[union-attr, operator]
    covariance = weight @ weight.T + model.likelihood.variance.double() * torch.eye(len(centre))
    return D.MultivariateNormal(centre, covariance)


@pytest.mark.parametrize("dims", [1, 3, 5])
def test_reconstructions_are_those_of_scikit_learns_subspace(dims: int) -> None:
    x = _rows()
    model = _fitted(dims, x)
    reference = Reference(dims).fit(x.numpy().astype(np.float64))
    weight = model.decoder[0].weight.double()  # type: ignore[union-attr, operator]
    directions = (weight / weight.norm(dim=0)).T.numpy()
    # the same up to sign
    np.testing.assert_allclose(np.abs(directions @ reference.components_.T), np.eye(dims), atol=1e-4)
    # scikit-learn counts n - 1, maximum likelihood n
    assert float(model.likelihood.variance) == pytest.approx(reference.noise_variance_ * 199 / 200, rel=1e-4)


@pytest.mark.parametrize("dims", [2, 4])
def test_the_elbo_is_the_log_likelihood(dims: int) -> None:
    x = _rows()
    model = _fitted(dims, x)
    expected = _model_density(model).log_prob(x.double())
    for mode in (True, False):
        torch.testing.assert_close(model.train(mode).terms(x).elbo.double(), expected, atol=1e-3, rtol=1e-4)
    bound = importance_bound(model, x, torch.arange(200), 3)
    torch.testing.assert_close(bound.double(), expected, atol=1e-3, rtol=1e-4)


def test_its_distortion_is_the_mean_over_its_posterior() -> None:
    x = _rows(20)
    model = _fitted(2, x)
    terms = model.terms(x, generator=torch.Generator().manual_seed(0), draws=4000)
    assert terms.draws is not None
    torch.testing.assert_close(terms.draws.distortion.mean(0), terms.distortion, atol=0.1, rtol=0.02)


def test_no_other_weights_are_likelier() -> None:
    x = _rows()
    model = _fitted(2, x)
    best = float(model.terms(x).elbo.mean())
    found, generator = model.decoder[0].weight.clone(), torch.Generator().manual_seed(0)  # type: ignore[union-attr, operator]
    for _ in range(10):
        model.decoder[0].weight.copy_(found + 0.1 * torch.randn(found.shape, generator=generator))  # type: ignore[union-attr, operator]
        assert float(_model_density(model).log_prob(x.double()).mean()) < best
    model.decoder[0].weight.copy_(found)  # type: ignore[union-attr, operator]
    for factor in (0.8, 1.2):
        model.likelihood.set_variance(factor * model.likelihood.variance)
        assert float(_model_density(model).log_prob(x.double()).mean()) < best
        model.likelihood.set_variance(model.likelihood.variance / factor)


def test_pictures_may_be_bytes() -> None:
    x = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    one, other = _fitted(3, x), _fitted(3, x.float() / 255)
    torch.testing.assert_close(one.decode(one.encode(x).mean), other.decode(other.encode(x).mean))


def test_a_large_matrix_is_decomposed_as_well_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    x = _rows(300, 6)
    exact = _fitted(2, x).terms(x).elbo
    monkeypatch.setattr("vae_core.models.linear.EXACT_SIDE", 1)
    model = build(_spec(2))
    before = torch.random.get_rng_state()
    model.begin(x)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.testing.assert_close(model.terms(x).elbo, exact)


@pytest.mark.parametrize("dims", [1, 3, 6, 9])
@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(20, 6),
        torch.ones(1, 6),
        _rows(2),
        _rows(200) * torch.tensor([1.0, 0, 0, 0, 0, 0]),
        torch.arange(20.0)[:, None].expand(20, 6),
        1e4 * _rows(20),
    ],
    ids=["black", "one sample", "two samples", "one column", "a line", "large"],
)
def test_poor_data_gives_numbers(x: torch.Tensor, dims: int) -> None:
    model = _fitted(dims, x)
    terms = model.terms(x)
    assert torch.isfinite(terms.distortion).all() and torch.isfinite(terms.rate).all() and (terms.rate >= 0).all()
    assert ((terms.posterior.std > 0) & (terms.posterior.std <= 1)).all()
    assert float(model.likelihood.variance) > 0


def test_a_dimension_that_the_data_cannot_fill_is_the_priors() -> None:
    x = torch.arange(20.0)[:, None].expand(20, 6)  # a line: one dimension, no more
    terms = _fitted(3, x).terms(x)
    assert terms.rate[:, 0].mean() > 1
    torch.testing.assert_close(terms.rate[:, 1:], torch.zeros(20, 2), atol=1e-4, rtol=0)


def test_another_likelihood_is_refused() -> None:
    with pytest.raises(ValueError, match="PCA has the real likelihood"):
        model_spec(TrainConfig(bottleneck="linear", likelihood="columns"), INFO)
