"""What a model is told beside a sample's own code when it makes the sample again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from vae_core.models.conditions import QuadrantCondition

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from vae_core.models import Model

BATCH = 500


@torch.no_grad()
def inferred(model: Model, x: Tensor) -> Tensor:
    """The class that a model which infers one finds in each of samples [n, ...]: int64 [n], on the CPU."""
    classify: Callable[[Tensor], Tensor] = getattr(model, "classify")  # noqa: B009  (no other model has it)
    return torch.cat([classify(part.to(model.device)).argmax(1).cpu() for part in x.split(BATCH)])


@torch.no_grad()
def told_of(model: Model, x: Tensor | None, y: Tensor | None) -> Tensor | None:
    """The class that it infers, or was told; or the usual quadrants; None for a model that is told nothing.

    x, y: samples [n, ...] and their classes, int64 [n], where they are known. Without the samples an inferring model
    takes the classes, and one that is told quadrants is told nothing.
    """
    able = model.spec.abilities
    if able.infers_class and x is not None:
        return inferred(model, x)
    if able.classes:
        return y
    if able.quadrants and x is not None:
        condition = getattr(model, "condition", None)
        if isinstance(condition, QuadrantCondition):
            return condition.given(x, None, len(x), x.device)
    return None
