"""A posterior made better for one sample at a time: the encoder's guess, followed by gradient steps of its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vae_core.models.base import Posterior

CALMER = 0.3
"""Part of the learning rate that is left in the second half, when noise is what is left to follow."""


def ascend(
    value: Callable[[Posterior], Tensor], start: Posterior, *, steps: int = 40, learning_rate: float = 0.05
) -> Posterior:
    """The Gaussian posteriors [B, D] that Adam finds from `start` when it raises `value` [B], each row its own.

    Semi-amortised inference (Kim et al. 2018) at its simplest. `value` may draw new noise each time it is asked, and
    then a row may end below its start: whoever needs the better of both compares them. The model behind `value` is not
    moved.
    """
    mean = start.mean.detach().clone().requires_grad_()
    log_std = start.std.detach().clamp_min(1e-6).log().requires_grad_()
    optimiser = torch.optim.Adam([mean, log_std], lr=learning_rate)
    for step in range(steps):
        if 2 * step >= steps:
            optimiser.param_groups[0]["lr"] = CALMER * learning_rate
        with torch.enable_grad():
            optimiser.zero_grad()
            (-value(Posterior(mean, log_std.exp())).sum()).backward()
        optimiser.step()
    return Posterior(mean.detach(), log_std.detach().exp())
