"""Laws of the ladder: whitened codes cost what the levels cost, and coarse levels are above fine ones."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.metrics.likelihood import importance_bound
from vae_core.models import build
from vae_core.models.ladder import Descent, Ladder
from vae_core.objectives import OBJECTIVES, Setting

LEVELS = (2, 3, 4)


def _ladder(
    levels: tuple[int, ...] = LEVELS, side: int = 4, net: str = "mlp", scale: float = 2.0, hidden: int = 16
) -> Ladder:
    """Random weights, large enough that every level has something to say."""
    torch.manual_seed(0)
    config = TrainConfig.model_validate({"bottleneck": "ladder", "levels": levels, "hidden": (hidden,), "net": net})
    model = build(model_spec(config, DataInfo(name="made up", sample_shape=(1, side, side), size=64))).eval()
    assert isinstance(model, Ladder)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def _way_down(model: Ladder, x: torch.Tensor, noise: torch.Tensor) -> Descent:
    with torch.no_grad():
        down: Descent = model.ladder(model._features(x), noise=noise)
    return down


@settings(max_examples=20, deadline=None)
@given(
    scale=st.floats(0, 6),
    seed=st.integers(0, 1000),
    levels=st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple),
)
def test_each_level_costs_what_its_gaussians_cost(scale: float, seed: int, levels: tuple[int, ...]) -> None:
    """The rate of whitened codes = the KL between posterior and prior where they live, level by level."""
    model = _ladder(levels, scale=scale)
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(5, 1, 4, 4, generator=generator)
    down = _way_down(model, x, torch.randn(5, sum(levels), generator=generator))
    assert down.posterior is not None
    m, s = down.prior.mean, down.prior.std
    posterior = Normal(m + s * down.posterior.mean, s * down.posterior.std)
    cost = kl_divergence(posterior, Normal(m, s))  # [B, D]
    rate = down.posterior.rate()
    for part, expected in zip(rate.split(levels, 1), cost.split(levels, 1), strict=True):
        torch.testing.assert_close(part.sum(1), expected.sum(1), atol=1e-3, rtol=1e-3)
        assert (part.sum(1) >= 0).all()
    torch.testing.assert_close(down.z, m + s * down.codes)


def test_terms_tell_the_rate_of_the_sampled_way() -> None:
    model, x = _ladder(), torch.rand(6, 1, 4, 4)
    with torch.no_grad():
        terms = model.terms(x, generator=torch.Generator().manual_seed(3))
    noise = torch.randn(6, sum(LEVELS), generator=torch.Generator().manual_seed(3))
    down = _way_down(model, x, noise)
    torch.testing.assert_close(terms.z, down.codes)
    assert (terms.rate >= 0).all()
    torch.testing.assert_close(
        terms.rate, kl_divergence(Normal(terms.posterior.mean, terms.posterior.std), Normal(0, 1))
    )
    torch.testing.assert_close((terms.z - terms.posterior.mean) / terms.posterior.std, noise, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("net", "side"), [("mlp", 4), ("conv", 8), ("conv", 28)])
def test_without_noise_the_way_down_is_the_decoder(net: str, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = _ladder(net=net, side=side, scale=1.0), torch.rand(3, 1, side, side)
    monkeypatch.setattr(torch, "randn", lambda *shape, **options: torch.zeros(*shape))
    with torch.no_grad():
        terms = model.terms(x)
        code = model.encode(x).mean
        picture = model.decode(code).clamp(1e-6, 1 - 1e-6)
    torch.testing.assert_close(terms.z, code)
    torch.testing.assert_close(terms.posterior.mean, code)
    nll = torch.nn.functional.binary_cross_entropy(picture, x, reduction="none").flatten(1).sum(1)
    torch.testing.assert_close(terms.distortion, nll, rtol=1e-3, atol=1e-2)


def test_what_is_fine_hangs_on_what_is_coarse_and_never_the_other_way() -> None:
    model = _ladder()
    codes = torch.randn(8, sum(LEVELS))
    bounds = model.spec.abilities.levels
    with torch.no_grad():
        before = model.ladder(codes=codes)
        for first, last in bounds:
            other = codes.clone()
            other[:, first:last] += 1
            after = model.ladder(codes=other)
            torch.testing.assert_close(after.z[:, :first], before.z[:, :first], rtol=0, atol=0)
            torch.testing.assert_close(after.prior.mean[:, :last], before.prior.mean[:, :last], rtol=0, atol=0)
            torch.testing.assert_close(after.prior.std[:, :last], before.prior.std[:, :last], rtol=0, atol=0)
            for finer, end in bounds:
                if finer >= last:
                    assert ((after.prior.mean - before.prior.mean)[:, finer:end].abs() > 1e-4).any(1).all()
            assert ((model.decode(other) - model.decode(codes)).abs().flatten(1).amax(1) > 1e-4).all()
    assert (before.prior.mean[:, : LEVELS[0]] == 0).all() and (before.prior.std[:, : LEVELS[0]] == 1).all()


@pytest.mark.parametrize(
    ("levels", "side", "sides"), [((2, 3, 4), 64, [4, 8, 16]), ((1, 1, 1, 1), 28, [7, 14, 14, 14]), ((1, 1), 8, [4, 4])]
)
def test_finer_levels_enter_larger_maps(levels: tuple[int, ...], side: int, sides: list[int]) -> None:
    decoder = _ladder(levels, side=side, net="conv").decoder
    maps = [enter(torch.zeros(1, dims)) for enter, dims in zip([decoder.begin, *decoder.enter], levels, strict=True)]
    assert [entered.shape[-1] for entered in maps] == sides


def test_the_bound_tightens_with_more_samples() -> None:
    model, x = _ladder(scale=2.5), torch.rand(64, 1, 4, 4)
    bounds = [float(importance_bound(model, x, torch.arange(64), k).mean()) for k in (1, 10, 100, 1000)]
    assert all(a < b for a, b in pairwise(bounds)), bounds


def test_densities_of_the_draws_are_those_of_their_gaussians() -> None:
    model, x = _ladder(scale=1.2), torch.rand(3, 1, 4, 4)
    with torch.no_grad():
        draws = model.terms(x, generator=torch.Generator().manual_seed(1), draws=4).draws
    assert draws is not None
    noise = torch.randn(12, sum(LEVELS), generator=torch.Generator().manual_seed(1))
    down = _way_down(model, x.repeat(4, 1, 1, 1), noise)
    assert down.posterior is not None
    expected = Normal(down.posterior.mean, down.posterior.std).log_prob(down.codes).sum(1).view(4, 3)
    torch.testing.assert_close(draws.log_posterior, expected, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(draws.log_prior, Normal(0, 1).log_prob(draws.z).sum(-1))
    with torch.no_grad():
        picture = model.decode(draws.z[2]).clamp(1e-6, 1 - 1e-6)
    nll = torch.nn.functional.binary_cross_entropy(picture, x, reduction="none").flatten(1).sum(1)
    torch.testing.assert_close(draws.distortion[2], nll, rtol=1e-3, atol=1e-2)


def test_the_doubly_reparameterised_gradient_is_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the mean over noise (Tucker et al. 2019): that finer posteriors move with coarser codes is a part of it."""
    # beside narrow posteriors the plain gradient drowns in noise, and a wrong one would not stand out
    monkeypatch.setattr("vae_core.models.ladder.FIRST_LOG_STD", 0.0)
    model = _ladder((1, 1), side=2, scale=1.5, hidden=4)
    config = TrainConfig(objective="iwae", importance_samples=3, bottleneck="ladder", levels=(1, 1))
    x = torch.rand(1, 1, 2, 2).repeat(30_000, 1, 1, 1)
    setting = Setting(config, 0.0, 1, 1)
    names, parameters = zip(*model.named_parameters(), strict=True)

    def gradient(doubly: bool, seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        if doubly:
            loss = OBJECTIVES["iwae"].loss(model.terms(x, generator=generator, draws=3), setting).mean()
        else:  # the bound as it is written
            noise = torch.randn(3 * len(x), 2, generator=generator)
            down = model.ladder([feature.repeat(3, 1) for feature in model._features(x)], noise=noise)
            nll = model.likelihood.nll(model.decoder(down.z), x.repeat(3, 1, 1, 1))
            ratio = Normal(0, 1).log_prob(down.codes) - Normal(down.posterior.mean, down.posterior.std).log_prob(
                down.codes
            )
            loss = -torch.logsumexp((ratio.sum(1) - nll).view(3, -1), 0).mean()
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])

    ours = torch.stack([gradient(True, seed) for seed in range(4)])
    plain = torch.stack([gradient(False, 10 + seed) for seed in range(4)])
    difference = (ours.mean(0) - plain.mean(0)).norm()
    error = (ours.var(0).sum() / 4 + plain.var(0).sum() / 4).sqrt()  # of that difference, were they the same
    assert difference < 2.5 * error and error < 0.02 * plain.mean(0).norm(), (difference, error, names)


def test_a_ladder_has_features() -> None:
    with pytest.raises(ValueError, match="hidden width"):
        build(_ladder().spec.model_copy(update={"hidden": ()}))
