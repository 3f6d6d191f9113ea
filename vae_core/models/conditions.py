"""What encoder and decoder are told besides (conditional VAE; Sohn, Lee, Yan 2015): a class, or part of the picture.

A condition turns what is given into numbers beside the code, [B, width].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from vae_core.config import QUADRANTS, USUAL_SEEN, ModelSpec
from vae_core.models.base import unit_range

SURE = -100.0
"""A logit whose pixel is black as far as fp32 can tell."""
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
    """Some of a picture's four quadrants: the picture with the others blanked, and which are seen.

    always: those that are seen, as four of 0 and 1, in training too; "" for any.
    """

    def __init__(self, shape: tuple[int, ...], always: str = "") -> None:
        self.shape = shape
        self.width = math.prod(shape) + len(QUADRANTS)
        self.always = always
        self.usual = [letter == "1" for letter in always or USUAL_SEEN]

    def see(self, x: Tensor, seen: Tensor) -> Tensor:
        """What is told of pictures [n, C, H, W] of which `seen`, bool [n, 4] (QUADRANTS), is shown: [n, width]."""
        seen = seen.to(x.device)
        return torch.cat([(unit_range(x) * self._pixels(seen).float()).flatten(1), seen.float()], 1)

    def mask(self, told: Tensor) -> Tensor:
        """Which pixels are seen, by what `see` made: bool [n, 1, H, W]."""
        return self._pixels(told[:, -len(QUADRANTS) :] > 0.5)

    def laid_over(self, picture: Tensor, told: Tensor) -> Tensor:
        """Pictures [n, C, H, W] with the seen pixels as they were told."""
        return torch.where(self.mask(told), told[:, : -len(QUADRANTS)].view(-1, *self.shape), picture)

    def unpaid(self, logits: Tensor, x: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """Bernoulli logits and pixels [n, C, H, W] of which those that are seen cost nothing, and have no slope."""
        seen = self.mask(told)
        return logits.masked_fill(seen, SURE), x.masked_fill(seen, 0.0)

    def _pixels(self, seen: Tensor) -> Tensor:
        """Quadrants, bool [n, 4], as pixels: bool [n, 1, H, W]."""
        _, height, width = self.shape
        rows = torch.arange(height, device=seen.device) >= (height + 1) // 2  # [H], lower half
        columns = torch.arange(width, device=seen.device) >= (width + 1) // 2  # [W], right half
        return seen[:, 2 * rows.long()[:, None] + columns.long()[None]][:, None]

    def given(self, x: Tensor | None, y: Tensor | None, n: int, device: torch.device) -> Tensor:
        """y: what `see` made; without it the usual quadrants of x. Without x too nothing is seen; black, where a model
        is always told some.
        """
        if y is not None:
            return y.to(device)
        if x is None and self.always:
            x = torch.zeros(n, *self.shape, device=device)
        if x is None:
            return torch.zeros(n, self.width, device=device)
        return self.see(x, torch.tensor(self.usual).expand(n, -1))

    def drawn(self, x: Tensor, y: Tensor | None, generator: torch.Generator | None) -> Tensor:
        """As in training: those that are always seen, else each by the toss of a coin."""
        if self.always:
            return self.given(x, None, len(x), x.device)
        return self.see(x, torch.rand(len(x), len(QUADRANTS), generator=generator, device=x.device) < 0.5)


Conditioner = Unconditional | ClassCondition | QuadrantCondition


def condition_of(spec: ModelSpec) -> Conditioner:
    if spec.condition == "class":
        return ClassCondition(spec.classes)
    return QuadrantCondition(spec.sample_shape, spec.seen) if spec.condition == "quadrants" else Unconditional()
