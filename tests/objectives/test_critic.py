"""Laws of the objectives with a critic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from vae_core.config import ModelSpec, TrainConfig
from vae_core.models import Posterior, Terms
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.objectives.critic import shuffle_dimensions

At = Callable[..., Setting]
FACTOR, GAN = OBJECTIVES["factor"], OBJECTIVES["adversarial"]


def _codes(z: torch.Tensor) -> Terms:
    zeros = torch.zeros(len(z))
    return Terms(zeros, torch.zeros_like(z), Posterior(z, torch.zeros_like(z)), z)


def _pictures(made: torch.Tensor, real: torch.Tensor) -> Terms:
    return replace(_codes(torch.zeros(len(made), 1)), made=made, real=real)


def test_shuffling_moves_each_column_on_its_own_and_by_the_generator_alone() -> None:
    z = torch.arange(300.0).view(100, 3)
    shuffled = shuffle_dimensions(z, torch.Generator().manual_seed(0))
    assert torch.equal(shuffled.sort(0).values, z) and not torch.equal(shuffled, z)
    rows = shuffled.div(3, rounding_mode="floor")  # where each number came from
    assert (rows[:, 0] != rows[:, 1]).float().mean() > 0.9 and (rows[:, 1] != rows[:, 2]).float().mean() > 0.9
    assert torch.equal(shuffled, shuffle_dimensions(z, torch.Generator().manual_seed(0)))
    assert not torch.equal(shuffled, shuffle_dimensions(z, torch.Generator().manual_seed(1)))


def test_factor_is_the_elbo_and_gamma_times_the_logit(terms: Terms, at: At) -> None:
    critic = nn.Linear(3, 1)
    config = TrainConfig(objective="factor", factor_gamma=7)
    loss = FACTOR.loss(terms, replace(at(config), critic=critic))
    torch.testing.assert_close(loss, -terms.elbo + 7 * critic(terms.z)[:, 0])


def test_factors_critic_comes_to_know_the_total_correlation(at: At) -> None:
    """Of a Gaussian with correlation rho that is -log(1 - rho^2) / 2; of an independent one 0."""
    config = TrainConfig(objective="factor", critic_hidden=(32, 32))
    spec = ModelSpec(net="mlp", sample_shape=(1, 8, 8), latent_dim=2)
    for rho in (0.8, 0.0):
        g = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        critic = FACTOR.critic(spec, config)
        setting = replace(at(config), critic=critic, generator=g)
        optimiser = torch.optim.Adam(critic.parameters(), lr=3e-3)
        mix = torch.linalg.cholesky(torch.tensor([[1.0, rho], [rho, 1.0]]))
        for _ in range(500):
            loss = FACTOR.critic_loss(_codes(torch.randn(500, 2, generator=g) @ mix.T), setting).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        codes = _codes(torch.randn(5000, 2, generator=g) @ mix.T)
        found = FACTOR.loss(codes, setting).mean().item() / config.factor_gamma
        assert found == pytest.approx(-0.5 * math.log(1 - rho**2), abs=0.08)


def test_a_critic_that_is_missing_is_said(terms: Terms, at: At) -> None:
    with pytest.raises(ValueError, match="needs its critic"):
        FACTOR.loss(terms, at(TrainConfig(objective="factor")))


def test_samples_that_are_missing_are_said(terms: Terms, at: At) -> None:
    with pytest.raises(ValueError, match="bottleneck none"):
        GAN.loss(terms, at(TrainConfig(objective="adversarial")))


def test_r1_is_the_squared_slope_at_each_real_sample(at: At) -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    made, real = torch.rand(5, 1, 2, 2), torch.rand(5, 1, 2, 2)
    losses = [
        GAN.critic_loss(_pictures(made, real), replace(at(TrainConfig(objective="adversarial", r1=r1)), critic=critic))
        for r1 in (0.0, 6.0)
    ]
    told_apart = softplus(-critic(real)) + softplus(critic(made))
    torch.testing.assert_close(losses[0], told_apart[:, 0])
    for i in range(5):
        slope = torch.func.jacrev(lambda x: critic(x[None])[0, 0])(real[i])
        torch.testing.assert_close((losses[1] - losses[0])[i], 3 * slope.square().sum())
    losses[1].mean().backward()
    assert all(parameter.grad is not None for parameter in critic[1].parameters())


def test_the_non_saturating_loss_has_a_slope_where_the_critic_is_sure(at: At) -> None:
    made = torch.full((2, 1, 1, 1), 0.0, requires_grad=True)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(1, 1))
    nn.init.constant_(critic[1].weight, 1.0)
    nn.init.constant_(critic[1].bias, -10.0)  # log(1 - D) would have a slope of 5e-5 here
    setting = replace(at(TrainConfig(objective="adversarial")), critic=critic)
    loss = GAN.loss(_pictures(made, torch.ones_like(made)), setting)
    (slope,) = torch.autograd.grad(loss.sum(), made)
    torch.testing.assert_close(slope, torch.full_like(slope, -1.0), atol=1e-3, rtol=0)


def test_two_nets_trained_on_each_other_come_to_rest_at_the_data(at: At) -> None:
    """A shift and a scale of noise, to look like N(0.7, 0.1^2). Without R1 they circle around it."""
    torch.manual_seed(0)
    spec = ModelSpec(net="mlp", sample_shape=(1, 1, 1), latent_dim=1, hidden=(32,))
    config = TrainConfig(objective="adversarial")
    critic = GAN.critic(spec, config)
    shift, scale = nn.Parameter(torch.tensor(0.2)), nn.Parameter(torch.tensor(0.5))
    model_steps = torch.optim.Adam([shift, scale], lr=2e-3, betas=(0.5, 0.9))
    critic_steps = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
    setting = replace(at(config), critic=critic)
    for _ in range(1500):
        made = shift + scale * torch.randn(128, 1, 1, 1)
        terms = _pictures(made, 0.7 + 0.1 * torch.randn(128, 1, 1, 1))
        loss, second = GAN.loss(terms, setting).mean(), GAN.critic_loss(terms, setting).mean()
        model_steps.zero_grad()
        critic_steps.zero_grad()
        loss.backward(inputs=[shift, scale])
        second.backward(inputs=list(critic.parameters()))
        model_steps.step()
        critic_steps.step()
    assert shift.item() == pytest.approx(0.7, abs=0.05) and abs(scale.item()) == pytest.approx(0.1, abs=0.06)


def test_a_gan_is_judged_by_its_models_distortion(terms: Terms) -> None:
    assert torch.equal(GAN.judge(terms, TrainConfig()), terms.distortion)
