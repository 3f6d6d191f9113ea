"""What an objective is: a loss of a model's terms, and what training must know to minimise it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vae_core.config import ModelSpec, TrainConfig
from vae_core.models import Terms
from vae_core.objectives.schedules import Progress


@dataclass(frozen=True)
class Setting:
    """What a loss knows beside the terms of its batch."""

    config: TrainConfig
    step: Progress
    total: int
    """Steps of the whole training."""
    samples: int
    """Samples in the training split, N."""
    critic: nn.Module | None = None
    """The net that `Objective.critic` made, where there is one."""
    generator: torch.Generator | None = None
    """The training's own noise, so that a resumed run draws what an uninterrupted one would have."""


def one_draw(config: TrainConfig) -> int:
    """Most losses look at a single sample of each posterior."""
    return 1


@dataclass(frozen=True)
class Objective:
    """What training minimises, and what it takes to do so."""

    loss: Callable[[Terms, Setting], Tensor]
    """-> [B], nats per sample."""
    judge: Callable[[Terms, TrainConfig], Tensor] | None = None
    """-> [B] on held-out terms, the schedules at their end: the weights of the lowest mean are kept. None: the last."""
    draws: Callable[[TrainConfig], int] = one_draw
    """How many samples of each posterior the loss needs."""
    critic: Callable[[ModelSpec, TrainConfig], nn.Module] | None = None
    """Makes the second net, which is trained beside the model on `critic_loss`."""
    critic_loss: Callable[[Terms, Setting], Tensor] | None = None
    """-> [B], from tensors detached from the model."""


def with_penalty(loss: Tensor, terms: Terms) -> Tensor:
    """The loss and what the model itself asks to be paid in training (commitment, classification).  [B] -> [B]."""
    return loss if terms.penalty is None else loss + terms.penalty


def critic_of(setting: Setting) -> nn.Module:
    """The critic, which `Objective.critic` promised. Raises ValueError where training passed none."""
    if setting.critic is None:
        raise ValueError(f"the {setting.config.objective} objective needs its critic in the setting")
    return setting.critic
