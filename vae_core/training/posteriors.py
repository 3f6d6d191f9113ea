"""A posterior made better for one sample at a time: the encoder's guess, followed by gradient steps of its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vae_core.models.base import Posterior


def ascend(
    value: Callable[[Posterior], Tensor], start: Posterior, *, steps: int = 60, learning_rate: float = 0.05
) -> Posterior:
    """The Gaussian posteriors [B, D] with the largest `value` [B] (each row its own) that Adam finds from `start`.

    Semi-amortised inference (Kim et al. 2018) at its simplest. The best of all steps is kept for each row, so no row
    ends below its start. The model behind `value` is not moved.
    """
    mean = start.mean.detach().clone().requires_grad_()
    log_std = start.std.detach().clamp_min(1e-6).log().requires_grad_()
    optimiser = torch.optim.Adam([mean, log_std], lr=learning_rate)
    best = torch.full((len(mean),), -torch.inf)
    kept = start
    for step in range(steps + 1):
        now = Posterior(mean, log_std.exp())
        with torch.enable_grad():
            reached = value(now)
        better = reached.detach() > best  # [B]
        best = torch.where(better, reached.detach(), best)
        kept = Posterior(
            torch.where(better[:, None], mean.detach(), kept.mean),
            torch.where(better[:, None], now.std.detach(), kept.std),
        )
        if step == steps:
            break
        optimiser.zero_grad()
        (-reached.sum()).backward()
        optimiser.step()
    return kept
