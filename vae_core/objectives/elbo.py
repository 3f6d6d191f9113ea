"""The evidence lower bound and its plainest relatives: the rate weighed, freed up to a few bits, or led to a target."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.config import TrainConfig
from vae_core.models import Terms
from vae_core.objectives.objective import Setting, with_penalty
from vae_core.objectives.schedules import Progress, ramp, rate_weight


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
    """distortion + beta(step) * (sum_d rate_d + shared): minus the ELBO when beta = 1.  -> [B], nats.

    Higgins et al. 2017 (beta-VAE), eq. 4; the warm-up of beta as in Bowman et al. 2016, section 3.1, in cycles as in
    Fu et al. 2019. A warm-up that comes down from a high beta wakes the dimensions one after the other, as a rising
    capacity does (Burgess et al. 2018, section 5).
    """
    return with_penalty(_weighed(terms, setting.config, rate_weight(setting)), terms)


def judge_elbo(terms: Terms, config: TrainConfig) -> Tensor:
    """`beta_elbo` once all schedules have ended. Free bits stay free: else a sleeping model is the best. -> [B]."""
    return _weighed(terms, config, config.beta)


def _weighed(terms: Terms, config: TrainConfig, beta: Progress) -> Tensor:
    rate = free_bits(terms.rate, config.free_bits).sum(1)  # [B]
    return terms.distortion + beta * (rate if terms.shared is None else rate + terms.shared)


def capacity(terms: Terms, setting: Setting) -> Tensor:
    """distortion + gamma * |E[rate] - C(step)|: the rate is led up to C nats.  -> [B], nats.

    Burgess et al. 2018 (Understanding disentangling in beta-VAE), eq. 8. The rate is averaged over the batch
    inside the bars, since C bounds the channel, not each sample.
    """
    config = setting.config
    return with_penalty(_led(terms, config, ramp(setting.step, config.capacity_steps, config.capacity)), terms)


def judge_capacity(terms: Terms, config: TrainConfig) -> Tensor:
    """`capacity` once C has risen.  -> [B], nats."""
    return _led(terms, config, config.capacity)


def _led(terms: Terms, config: TrainConfig, target: Progress) -> Tensor:
    return terms.distortion + config.gamma * (terms.total_rate.mean() - target).abs()
