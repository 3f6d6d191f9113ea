"""The loss of a batch, as a plain function or as a captured graph; where and in which precision it is computed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.models import Model
from vae_core.objectives import OBJECTIVES, Setting


class Losses(NamedTuple):
    """Of one batch. All but the rate are scalars; means over the batch, nats."""

    model: Tensor
    critic: Tensor | None
    distortion: Tensor
    total_rate: Tensor
    rate: Tensor  # [D]


def loss_function(
    model: Model, plan: Setting, device: torch.device, done: int
) -> Callable[[Tensor, Tensor | None, int], Losses]:
    """(batch, classes, step) -> losses, compiled into captured graphs where the config asks for it."""
    config = plan.config
    objective = OBJECTIVES[config.objective]
    draws = objective.draws(config)
    precision = autocast(config.precision, device)
    # a critic's penalty differentiates twice, importance weights hook into gradients, an LSTM is a kernel already
    plain = objective.critic is None and draws == 1 and model.spec.net != "lstm"
    compiled = config.compile == "on" or (config.compile == "auto" and device.type == "cuda" and plain)
    # captured graphs draw their noise from CUDA's own generator alone
    captured = compiled and device.type == "cuda"
    plan = replace(plan, generator=None if captured else plan.generator)
    if captured:
        torch.cuda.manual_seed(config.seed + done)

    def losses(batch: Tensor, y: Tensor | None, step: Tensor | float) -> Losses:
        with precision:
            terms = model.terms(batch, y, plan.generator, draws)
        now = replace(plan, step=step)
        loss = objective.loss(terms, now).mean()
        second = objective.critic_loss(terms, now).mean() if objective.critic_loss else None
        return Losses(loss, second, terms.distortion.mean(), terms.total_rate.mean(), terms.rate.mean(0))

    if not compiled:
        return losses
    torch.compiler.reset()  # of graphs with other weights of the objective, of which only so many are kept
    graph = torch.compile(losses, mode="reduce-overhead" if captured else "default")
    # the step goes in as a tensor: as a number it would be compiled anew each time
    return lambda batch, y, step: graph(batch, y, torch.tensor(float(step), device=device))


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Half precision where it is asked for, or pays without being asked; else nothing."""
    half = precision == "bf16" or (precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported())
    return torch.autocast(device.type, dtype=torch.bfloat16) if half else nullcontext()


def pick_device(wish: str) -> torch.device:
    """auto: CUDA, else MPS, else the CPU. Raises ValueError where a wished device is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if there[name]))
    if not there[wish]:
        raise ValueError(f"this machine has no {wish} device; choose one of: {', '.join(d for d in there if there[d])}")
    return torch.device(wish)
