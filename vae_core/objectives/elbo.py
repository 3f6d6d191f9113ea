"""The evidence lower bound and its plainest relatives: the rate weighed, freed up to a few bits, or led to a target."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.config import TrainConfig
from vae_core.models import Terms
from vae_core.objectives.objective import Setting
from vae_core.objectives.schedules import Progress, ramp


def free_bits(rate: Tensor, nats: float) -> Tensor:
    """max(nats, mean over the batch of the rate), per dimension.  rate: [B, D] -> [B, D].

    Kingma et al. 2016 (inverse autoregressive flow), eq. 15 with one group a dimension: below `nats` a
    dimension costs a constant, so nothing pushes it to sleep.
    """
    if nats == 0:
        return rate
    awake = rate.mean(0, keepdim=True) > nats  # [1, D]
    return torch.where(awake, rate, torch.full_like(rate, nats))


def beta_elbo(terms: Terms, setting: Setting) -> Tensor:
    """distortion + beta(step) * sum_d rate_d: minus the ELBO when beta = 1.  -> [B], nats.

    Higgins et al. 2017 (beta-VAE), eq. 4; the warm-up of beta as in Bowman et al. 2016, section 3.1. A warm-up
    that comes down from a high beta wakes the dimensions one after the other, as a rising capacity does
    (Burgess et al. 2018, section 5).
    """
    config = setting.config
    return _weighed(terms, config, ramp(setting.step, config.warmup_steps, config.beta, config.warmup_from))


def judge_elbo(terms: Terms, config: TrainConfig) -> Tensor:
    """`beta_elbo` once the warm-up is over. Free bits stay free: else a model that sleeps would be the best. -> [B]."""
    return _weighed(terms, config, config.beta)


def _weighed(terms: Terms, config: TrainConfig, beta: Progress) -> Tensor:
    return terms.distortion + beta * free_bits(terms.rate, config.free_bits).sum(1)


def capacity(terms: Terms, setting: Setting) -> Tensor:
    """distortion + gamma * |E[rate] - C(step)|: the rate is led up to C nats.  -> [B], nats.

    Burgess et al. 2018 (Understanding disentangling in beta-VAE), eq. 8. The rate is averaged over the batch
    inside the bars, since C bounds the channel, not each sample.
    """
    config = setting.config
    return _led(terms, config, ramp(setting.step, config.capacity_steps, config.capacity))


def judge_capacity(terms: Terms, config: TrainConfig) -> Tensor:
    """`capacity` once C has risen.  -> [B], nats."""
    return _led(terms, config, config.capacity)


def _led(terms: Terms, config: TrainConfig, target: Progress) -> Tensor:
    return terms.distortion + config.gamma * (terms.rate.sum(1).mean() - target).abs()
