"""One test for the whole zoo: shapes, gradients, over-fitting, extremes, saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core.config import ModelSpec, TrainConfig, model_spec
from vae_core.models import GaussianVAE, build
from vae_core.objectives import Setting, beta_elbo
from vae_core.runs.weights import load_model, write_tensors

SHAPES = {"mlp": [(1, 8, 8), (3, 5, 9)], "conv": [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 64, 64)]}
SPECS = [
    model_spec(TrainConfig(net=net, likelihood=likelihood, latent_dim=3, hidden=(32,)), shape)  # type: ignore[arg-type]
    for net, shapes in SHAPES.items()
    for shape in shapes
    for likelihood in ("bernoulli", "gaussian")
]


def _name(spec: ModelSpec) -> str:
    return f"{spec.net}-{'x'.join(map(str, spec.sample_shape))}-{spec.likelihood}"


@pytest.fixture(params=SPECS, ids=_name)
def model(request: pytest.FixtureRequest) -> GaussianVAE:
    torch.manual_seed(0)
    return build(request.param)


def _batch(model: GaussianVAE, n: int = 4) -> torch.Tensor:
    return torch.randint(
        0, 256, (n, *model.sample_shape), generator=torch.Generator().manual_seed(1), dtype=torch.uint8
    )


def test_shapes(model: GaussianVAE) -> None:
    x = _batch(model)
    posterior = model.encode(x)
    assert posterior.mean.shape == posterior.std.shape == posterior.sample().shape == (4, 3)
    assert (posterior.std > 0).all()
    decoded = model.decode(posterior.mean)
    assert decoded.shape == x.shape and decoded.min() >= 0 and decoded.max() <= 1
    assert model.sample_prior(5).shape == (5, 3)
    terms = model.terms(x)
    assert terms.distortion.shape == (4,) and terms.rate.shape == (4, 3) and (terms.rate >= 0).all()


def test_bytes_and_floats_are_the_same_pictures(model: GaussianVAE) -> None:
    x = _batch(model)
    torch.testing.assert_close(model.encode(x).mean, model.encode(x.float() / 255).mean)


def test_every_parameter_gets_a_gradient(model: GaussianVAE) -> None:
    terms = model.terms(_batch(model))
    beta_elbo(terms, Setting(TrainConfig(), 0.0, total=1, samples=4)).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_over_fits_one_batch(model: GaussianVAE) -> None:
    x = (torch.rand(4, *model.sample_shape, generator=torch.Generator().manual_seed(2)) > 0.5).float()
    before = float(model.train().terms(x).distortion.mean())
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(60):
        loss = model.terms(x).distortion.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(model.terms(x).distortion.mean()) < before - 0.1 * abs(before)


def test_saved_and_loaded_it_is_the_same(model: GaussianVAE, tmp_path: Path) -> None:
    model.train().terms(_batch(model))  # moves running statistics, where there are any
    write_tensors(tmp_path / "model.safetensors", model.state_dict())
    again = load_model(tmp_path / "model.safetensors", model.spec)
    z = torch.randn(2, 3)
    torch.testing.assert_close(again.decode(z), model.eval().decode(z), rtol=0, atol=0)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=0, atol=0)


TINY = build(model_spec(TrainConfig(latent_dim=1, hidden=(16,)), (1, 8, 8)))
TINY_GAUSSIAN = build(model_spec(TrainConfig(latent_dim=1, hidden=(16,), likelihood="gaussian"), (1, 8, 8)))


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 3),
    fill=st.sampled_from(["black", "white", "noise", "same"]),
    scale=st.floats(0, 30),
    gaussian=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_terms_are_finite_on_extremes(n: int, fill: str, scale: float, gaussian: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = {"black": np.zeros, "white": np.ones}.get(fill, rng.random)((n, 1, 8, 8))
    x = torch.from_numpy(np.repeat(pixels[:1], n, 0) if fill == "same" else pixels).float()
    model = TINY_GAUSSIAN if gaussian else TINY
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(size=parameter.shape) * scale))
        terms = model.terms(x)
    assert torch.isfinite(terms.distortion).all() and torch.isfinite(terms.rate).all()


@pytest.mark.parametrize("shape", [(1, 10, 12), (1, 31, 31), (1, 6, 6)])
def test_a_conv_net_says_which_pictures_it_takes(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="convolutional net takes square pictures"):
        model_spec(TrainConfig(net="conv"), shape)


def test_auto_takes_an_mlp_for_small_and_odd_pictures() -> None:
    chosen = {
        shape: model_spec(TrainConfig(), shape).net for shape in [(1, 8, 8), (1, 28, 28), (1, 64, 64), (1, 20, 30)]
    }
    assert list(chosen.values()) == ["mlp", "conv", "conv", "mlp"]
