"""Pictures of a factor grid that are drawn when they are indexed, and never stored."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Grid:
    """Every combination of some factors. A sample's number is its factors read as digits, the last the fastest."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    sample_shape: tuple[int, int, int]
    draw: Callable[[Tensor], Tensor]
    """Factors int64 [B, K], known to be in range -> uint8 [B, *sample_shape], without waiting for the device."""

    @property
    def n(self) -> int:
        return math.prod(self.sizes)

    def factors_of(self, index: Tensor) -> Tensor:
        """Sample numbers int64 [...] in 0..n-1 -> factors int64 [..., K]."""
        columns = []  # not torch.unravel_index: that copies the sizes to the device at each call
        for size in reversed(self.sizes):
            columns.append(index % size)
            index = index // size
        return torch.stack(columns[::-1], dim=-1)

    def index_of(self, factors: Tensor) -> Tensor:
        """Factors int [..., K] -> sample numbers int64 [...]; the inverse of `factors_of`."""
        strides = [math.prod(self.sizes[k + 1 :]) for k in range(len(self.sizes))]
        return (factors.long() * torch.tensor(strides, device=factors.device)).sum(-1)

    def all_factors(self) -> Tensor:
        """The factors of the whole grid, int64 [n, K]."""
        return self.factors_of(torch.arange(self.n))

    def render(self, factors: Tensor) -> Tensor:
        """Draw any factors int [N, K] -> uint8 [N, *sample_shape], on their device.

        Raises ValueError where `factors` has another shape, is no integer tensor, or leaves its ranges.
        """
        factors = torch.as_tensor(factors)
        if factors.ndim != 2 or factors.shape[1] != len(self.sizes):
            raise ValueError(f"Sprites' factors have the shape [N, {len(self.sizes)}], not {list(factors.shape)}.")
        if factors.is_floating_point() or factors.is_complex() or factors.dtype == torch.bool:
            raise ValueError(f"Sprites' factors are integers, not {str(factors.dtype).removeprefix('torch.')}.")
        factors = factors.long()
        if len(factors):
            low, high = factors.amin(0).tolist(), factors.amax(0).tolist()
            for name, size, least, most in zip(self.names, self.sizes, low, high, strict=True):
                if least < 0 or most >= size:
                    wrong = least if least < 0 else most
                    raise ValueError(f"The factor {name} goes from 0 to {size - 1}, not to {wrong}.")
        return self.draw(factors)


class DrawnImages:
    """The pictures of (a part of) a grid, drawn when asked for; stands where a uint8 tensor would.

    `images[i]` is [C, H, W] for an int, [n, C, H, W] for a slice, a list, an integer or boolean tensor.
    """

    dtype = torch.uint8

    def __init__(self, grid: Grid, index: Tensor | None = None, device: torch.device | str = "cpu") -> None:
        """`index` int64 [n]: sample numbers in the full grid; None for all of them, in order."""
        self._grid = grid
        self._index = (torch.arange(grid.n) if index is None else index.long()).to(device)

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self._index), *self._grid.sample_shape))

    @property
    def device(self) -> torch.device:
        return self._index.device

    def __len__(self) -> int:
        return len(self._index)

    def to(self, device: torch.device | str) -> DrawnImages:
        """The same pictures, drawn on another device."""
        return DrawnImages(self._grid, self._index, device)

    def take(self, positions: Tensor) -> DrawnImages:
        """The pictures at these positions, still undrawn."""
        return DrawnImages(self._grid, self._index[positions.to(self.device)], self.device)

    def __getitem__(self, key: int | slice | Sequence[int] | np.ndarray | Tensor) -> Tensor:
        if isinstance(key, (int, np.integer)):
            return self._grid.draw(self._grid.factors_of(self._index[int(key)].reshape(1)))[0]
        if not isinstance(key, slice):
            key = torch.as_tensor(key, device=self.device)
            if not len(key):
                key = key.long()  # an empty list has no type of its own
        chosen = self._index[key]
        factors = self._grid.factors_of(chosen.reshape(-1))
        return self._grid.draw(factors).view(*chosen.shape, *self._grid.sample_shape)

    def __repr__(self) -> str:
        return f"DrawnImages({len(self)} of {self._grid.n}, device={str(self.device)!r})"
