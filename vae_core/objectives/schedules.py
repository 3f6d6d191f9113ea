"""Weights that change as training goes on. They know the step alone, never the loss."""

from __future__ import annotations

from torch import Tensor

Progress = Tensor | float
"""The step number; a tensor inside a captured graph, so that schedules move without recompiling."""


def ramp(step: Progress, steps: int, end: float, start: float = 0.0) -> Progress:
    """The straight line from `start` at step 0 to `end` at step `steps`, then flat. With steps = 0, `end` at once."""
    if steps == 0:
        return end
    part = (step / steps).clamp(max=1.0) if isinstance(step, Tensor) else min(1.0, step / steps)
    return start + (end - start) * part
