"""What training minimises: a model's terms in, a per-sample loss out. No optimiser, step counter or logger here.

`OBJECTIVES` is the dict of them; each takes (terms, config, step) where the step only drives schedules.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vae_core.config import TrainConfig
from vae_core.models import Terms

Progress = Tensor | float
"""The step number; a tensor inside a captured graph, so that schedules move without recompiling."""


def ramp(step: Progress, steps: int, end: float, start: float = 0.0) -> Tensor | float:
    """The straight line from `start` at step 0 to `end` at step `steps`, then flat. With steps = 0, `end` at once."""
    if steps == 0:
        return end
    part = (step / steps).clamp(max=1.0) if isinstance(step, Tensor) else min(1.0, step / steps)
    return start + (end - start) * part


def free_bits(rate: Tensor, nats: float) -> Tensor:
    """max(nats, mean over the batch of the rate), per dimension.  rate: [B, D] -> [B, D].

    Kingma et al. 2016 (inverse autoregressive flow), eq. 15 with one group a dimension: below `nats` a
    dimension costs a constant, so nothing pushes it to sleep.
    """
    if nats == 0:
        return rate
    awake = rate.mean(0, keepdim=True) > nats  # [1, D]
    return torch.where(awake, rate, torch.full_like(rate, nats))


def beta_elbo(terms: Terms, config: TrainConfig, step: Progress) -> Tensor:
    """distortion + beta(step) * sum_d rate_d: minus the ELBO when beta = 1.  -> [B], nats.

    Higgins et al. 2017 (beta-VAE), eq. 4; the warm-up of beta as in Bowman et al. 2016, section 3.1. A warm-up
    that comes down from a high beta wakes the dimensions one after the other, as a rising capacity does
    (Burgess et al. 2018, section 5).
    """
    beta = ramp(step, config.warmup_steps, config.beta, config.warmup_from)
    return terms.distortion + beta * free_bits(terms.rate, config.free_bits).sum(1)


def capacity(terms: Terms, config: TrainConfig, step: Progress) -> Tensor:
    """distortion + gamma * |E[rate] - C(step)|: the rate is led up to C nats.  -> [B], nats.

    Burgess et al. 2018 (Understanding disentangling in beta-VAE), eq. 8. The rate is averaged over the batch
    inside the bars, since C bounds the channel, not each sample.
    """
    target = ramp(step, config.capacity_steps, config.capacity)
    return terms.distortion + config.gamma * (terms.rate.sum(1).mean() - target).abs()


Objective = Callable[[Terms, TrainConfig, Progress], Tensor]

OBJECTIVES: dict[str, Objective] = {"elbo": beta_elbo, "capacity": capacity}
