"""What encoder and decoder are told besides (conditional VAE; Sohn, Lee, Yan 2015): a class, or part of the picture.

A condition turns what is given into numbers beside the code, [B, width].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from vae_core.config import ModelSpec
from vae_core.models.base import unit_range

QUADRANTS = ("upper left", "upper right", "lower left", "lower right")
USUAL_QUADRANTS = (False, False, True, False)
"""What is seen where nobody says: the lower left, as in Sohn et al. 2015."""
FORGOTTEN = 0.1
"""Part of the classes hidden in training, so that "no class" means something (Ho and Salimans 2021)."""


class Unconditional:
    """Nothing is told."""

    width = 0

    def given(self, x: Tensor | None, y: Tensor | None, n: int, device: torch.device) -> Tensor:
        return torch.zeros(n, 0, device=device)

    def drawn(self, x: Tensor, y: Tensor | None, generator: torch.Generator | None) -> Tensor:
        return self.given(x, y, len(x), x.device)


class ClassCondition:
    """The class, one-hot; all zeros where it is unknown."""

    def __init__(self, classes: int) -> None:
        self.width = classes

    def given(self, x: Tensor | None, y: Tensor | None, n: int, device: torch.device) -> Tensor:
        """y: int64 [n], -1 for unknown; None: all unknown.  -> [n, classes]"""
        if y is None:
            return torch.zeros(n, self.width, device=device)
        return one_hot(y.clamp_min(0), self.width).float() * (y >= 0).float()[:, None]

    def drawn(self, x: Tensor, y: Tensor | None, generator: torch.Generator | None) -> Tensor:
        """As in training: some classes are hidden."""
        told = self.given(x, y, len(x), x.device)
        kept = torch.rand(len(x), 1, generator=generator, device=x.device) >= FORGOTTEN
        return told * kept.float()


class QuadrantCondition:
    """Some of a picture's four quadrants: the picture with the others blanked, and which are seen."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.width = math.prod(shape) + len(QUADRANTS)

    def see(self, x: Tensor, seen: Tensor) -> Tensor:
        """What is told of pictures [n, C, H, W] of which `seen`, bool [n, 4] (QUADRANTS), is shown: [n, width]."""
        _, height, width = self.shape
        rows = torch.arange(height, device=x.device) >= (height + 1) // 2  # [H], lower half
        columns = torch.arange(width, device=x.device) >= (width + 1) // 2  # [W], right half
        quadrant = 2 * rows.long()[:, None] + columns.long()[None]  # [H, W]
        mask = seen.to(x.device)[:, quadrant].float()[:, None]  # [n, 1, H, W]
        return torch.cat([(unit_range(x) * mask).flatten(1), seen.float().to(x.device)], 1)

    def given(self, x: Tensor | None, y: Tensor | None, n: int, device: torch.device) -> Tensor:
        """y: what `see` made; without it the usual quadrants of x, and without x nothing is seen."""
        if y is not None:
            return y.to(device)
        if x is None:
            return torch.zeros(n, self.width, device=device)
        return self.see(x, torch.tensor(USUAL_QUADRANTS).expand(n, -1))

    def drawn(self, x: Tensor, y: Tensor | None, generator: torch.Generator | None) -> Tensor:
        """As in training: each quadrant is shown by the toss of a coin."""
        return self.see(x, torch.rand(len(x), len(QUADRANTS), generator=generator, device=x.device) < 0.5)


Conditioner = Unconditional | ClassCondition | QuadrantCondition


def condition_of(spec: ModelSpec) -> Conditioner:
    if spec.condition == "class":
        return ClassCondition(spec.classes)
    return QuadrantCondition(spec.sample_shape) if spec.condition == "quadrants" else Unconditional()
