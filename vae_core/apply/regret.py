"""Likelihood regret: how much better a sample would be explained if its posterior were its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae_core.apply.density import decoded, log_likelihoods, log_prior
from vae_core.models.base import unit_range
from vae_core.training.posteriors import ascend

if TYPE_CHECKING:
    from vae_core.models import Model
    from vae_core.models.base import Posterior

BATCH = 250
DRAWS = 16
"""Codes that a bound is measured with before and after; the search has others of its own."""


def regret(model: Model, x: Tensor, *, steps: int = 40, seed: int = 0) -> Tensor:
    """max_q ELBO(x; q) - ELBO(x; encoder's q), nats: [n] >= 0 for samples [n, *shape].

    Xiao, Yan, Amit 2020 ("Likelihood Regret", eq. 6). They train the encoder anew for each sample; here the posterior's
    mean and spread are moved themselves, which reaches at least as far and takes a whole batch at once. The model's
    densities must be known (`needs_density`).
    """
    return torch.cat([_batch(model, part, steps, seed) for part in x.split(BATCH)])


def _batch(model: Model, x: Tensor, steps: int, seed: int) -> Tensor:
    numbers = unit_range(x).flatten(1).float()  # [B, P]
    with torch.no_grad():
        start = model.encode(x)
    generator = torch.Generator().manual_seed(seed)

    def bound(posterior: Posterior) -> Tensor:
        # Two codes that lie opposite each other, one standard deviation away in every dimension: their mean and
        # variances are the posterior's own. They are others at each step, or the search would fit these two alone.
        signs = torch.randint(0, 2, start.mean.shape, generator=generator).float() * 2 - 1
        return _bound(model, numbers, posterior, signs[None])

    found = ascend(bound, start, steps=steps)
    noise = torch.randn((DRAWS // 2, *start.mean.shape), generator=generator)
    with torch.no_grad():
        gained = _bound(model, numbers, found, noise) - _bound(model, numbers, start, noise)
    return gained.clamp_min(0)  # the encoder's own posterior is one of those to choose from


def _bound(model: Model, x: Tensor, posterior: Posterior, noise: Tensor) -> Tensor:
    """The ELBO of samples [B, P], but for a constant, from codes at +noise and -noise, [K, B, D] each: [B], nats."""
    both = torch.cat([noise, -noise])  # [2 K, B, D]
    z = posterior.mean + posterior.std * both
    likelihood = log_likelihoods(model, decoded(model, z), x).sum(-1)  # [2 K, B]
    entropy = posterior.std.log().sum(-1)  # [B]
    return (likelihood + log_prior(model, z)).mean(0) + entropy
