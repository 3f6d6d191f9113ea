"""Dynamic binarisation and the activations of MLPs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.metrics.likelihood import importance_bound
from vae_core.models import VAE, build

INFO = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60)


def _vae(**settings: object) -> VAE:
    torch.manual_seed(0)
    config = TrainConfig(latent_dim=3, hidden=(16,)).model_copy(update=settings)
    model = build(model_spec(config, INFO))
    assert isinstance(model, VAE)
    return model.eval()


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_black_and_white_pictures_are_left_alone() -> None:
    x = torch.where(torch.rand(20, 1, 8, 8, generator=_seeded(0)) < 0.3, 255, 0).to(torch.uint8)
    plain, drawn = _vae(), _vae(binarise=True)
    torch.testing.assert_close(
        plain.encode(x).rate().sum(1), drawn.terms(x, generator=_seeded(1)).total_rate, rtol=1e-5, atol=1e-5
    )


def test_grey_pixels_are_drawn_anew_with_their_grey_as_chance() -> None:
    seen: list[torch.Tensor] = []
    model = _vae(binarise=True)
    model.encoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = torch.full((2000, 1, 8, 8), 64, dtype=torch.uint8)
    model.terms(x, generator=_seeded(0))
    model.terms(x, generator=_seeded(1))
    assert all(part.unique().tolist() == [0, 1] for part in seen)
    assert seen[0].mean().item() == pytest.approx(64 / 255, abs=0.01)
    assert (seen[0] != seen[1]).any()


def test_a_bound_is_of_the_pictures_that_the_seed_draws() -> None:
    x = torch.randint(0, 256, (10, 1, 8, 8), generator=_seeded(0), dtype=torch.uint8)
    model, rows = _vae(binarise=True), torch.arange(10)
    first, again, other = (importance_bound(model, x, rows, 5, seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("bottleneck", ["class", "stacked"])
@torch.no_grad()
def test_models_that_infer_a_class_draw_their_pixels_anew(bottleneck: str) -> None:
    """Pixels that are black or white already are drawn as they are; grey ones are not what is looked at."""
    settings = TrainConfig(latent_dim=3, hidden=(16,), first_dim=4, bottleneck=bottleneck, binarise=True)
    info = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60, class_names=("round", "straight"))
    torch.manual_seed(0)
    drawn = build(model_spec(settings, info)).eval()
    plain = build(model_spec(settings.model_copy(update={"binarise": False}), info)).eval()
    plain.load_state_dict(drawn.state_dict())
    grey = torch.full((4, 1, 8, 8), 128, dtype=torch.uint8)
    sure = torch.bernoulli(grey / 255, generator=_seeded(5))
    state = _seeded(5)
    torch.bernoulli(grey / 255, generator=state)
    told = drawn.terms(grey, None, _seeded(5))
    torch.testing.assert_close(told.distortion, plain.terms(sure, None, state).distortion)


@pytest.mark.parametrize("settings", [{"likelihood": "gaussian"}, {"condition": "quadrants"}, {"bottleneck": "ladder"}])
def test_only_what_can_be_binarised_is(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="binarised"):
        _vae(binarise=True, **settings)


def test_tanh_and_gates_stand_between_the_layers() -> None:
    assert [type(layer) for layer in _vae(activation="tanh").decoder][:2] == [nn.Linear, nn.Tanh]
    gated = _vae(activation="gated")
    wide, gate, _, _ = gated.decoder
    assert isinstance(wide, nn.Linear) and isinstance(gate, nn.GLU)
    z = torch.randn(5, 3, generator=_seeded(0))
    half = wide(z)
    torch.testing.assert_close(gate(half), half[:, :16] * torch.sigmoid(half[:, 16:]))
    assert gated.decode(z).shape == (5, 1, 8, 8)


def test_a_browser_decodes_tanh_and_is_not_asked_for_gates() -> None:
    assert _vae(activation="tanh").spec.abilities.in_browser
    assert not _vae(activation="gated").spec.abilities.in_browser


def test_convolutions_take_relu() -> None:
    with pytest.raises(ValueError, match="gated layers belong to an MLP"):
        _vae(activation="gated", net="conv")
