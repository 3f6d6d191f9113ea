"""Sprites in colour: the sprites on a coarser grid, 32 x 32 pixels with soft edges, in one of eight hues.

Each picture is a sprite of 64 x 64 pixels (`vae_core.data.sprites`), every 2 x 2 of them averaged, times a fully
saturated colour: red, then round the wheel. So hue changes nothing but the colour, and the largest of a pixel's
three channels is the same for every hue.
"""

from __future__ import annotations

import colorsys
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from vae_core.data import sprites
from vae_core.data.drawn import Grid

SIZE = 32
HUES = 8
FACTOR_NAMES = (*sprites.FACTOR_NAMES, "hue")
FACTOR_SIZES = (3, 3, 8, 16, 16, HUES)
# The sprites' factor that factor k stands for: FIRST[k] + STEP[k] times its value.
FIRST = (0, 1, 0, 0, 0)
STEP = (1, 2, 5, 2, 2)

_CHUNK = 4096  # samples at a time: about 200 MB of floats


def draw(factors: Tensor) -> Tensor:
    """Factors int64 [B, 6], known to be in range -> uint8 [B, 3, 32, 32]."""
    return torch.cat([_draw(part) for part in factors.split(_CHUNK)]) if len(factors) else _draw(factors)


def _draw(factors: Tensor) -> Tensor:
    place, hue = factors[:, :5], factors[:, 5]
    first, step, wheel = _tables(factors.device)
    fine = sprites.draw(first + step * place)  # [B, 1, 64, 64]
    cover = avg_pool2d(fine.float(), 2)  # [B, 1, 32, 32], 0..255
    return (cover * wheel[hue][:, :, None, None]).round_().to(torch.uint8)


@lru_cache(maxsize=8)
def _tables(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """First and step int64 [5] of the sprites' grid; red, green and blue of each hue, float [8, 3] in 0..1."""
    wheel = [colorsys.hsv_to_rgb(hue / HUES, 1.0, 1.0) for hue in range(HUES)]
    return torch.tensor(FIRST, device=device), torch.tensor(STEP, device=device), torch.tensor(wheel, device=device)


GRID = Grid(FACTOR_NAMES, FACTOR_SIZES, (3, SIZE, SIZE), draw)
