"""Weights that change as training goes on. They know the step alone, never the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from vae_core.objectives.objective import Setting

Progress = Tensor | float
"""The step number; a tensor inside a captured graph, so that schedules move without recompiling."""


def ramp(step: Progress, steps: int, end: float, start: float = 0.0) -> Progress:
    """The straight line from `start` at step 0 to `end` at step `steps`, then flat. With steps = 0, `end` at once."""
    if steps == 0:
        return end
    part = (step / steps).clamp(max=1.0) if isinstance(step, Tensor) else min(1.0, step / steps)
    return start + (end - start) * part


def cyclical(step: Progress, total: int, cycles: int, rise: float, end: float, start: float = 0.0) -> Progress:
    """`cycles` times from `start` in a straight line to `end` and flat there, over `total` steps in all.

    Fu et al. 2019 (Cyclical annealing schedule), eq. 6 and 7: `rise` is the part of each cycle that rises (their R).
    Each new cycle begins with a decoder that has learnt to use the code, and lets it tell more.
    """
    within = step * cycles % total / total  # 0 .. 1: how far the cycle has got
    part = (within / rise).clamp(max=1.0) if isinstance(within, Tensor) else min(1.0, within / rise)
    return start + (end - start) * part


def rate_weight(setting: Setting) -> Progress:
    """beta at this step: free while the encoder is trained alone, then along the cycles or the warm-up.

    Pre-training is Li et al. 2019 (A surprisingly effective fix for deep latent variable modeling of text), section 3:
    schedules begin when it has ended.
    """
    config = setting.config
    step = setting.step - config.pretrain_steps
    if config.cycles:
        total = max(1, setting.total - config.pretrain_steps)
        weight = cyclical(step, total, config.cycles, config.cycle_rise, config.beta, config.warmup_from)
    else:
        weight = ramp(step, config.warmup_steps, config.beta, config.warmup_from)
    if config.pretrain_steps == 0:
        return weight
    if isinstance(step, Tensor):
        return torch.where(step < 0, 0.0, weight)
    return 0.0 if step < 0 else weight
