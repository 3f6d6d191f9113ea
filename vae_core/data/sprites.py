"""Sprites: a white square, ellipse or heart on black, drawn from five factors; 737,280 pictures, none stored.

The factor grid is that of dSprites (Matthey et al. 2017, github.com/google-deepmind/dsprites-dataset); the
pictures are drawn here, with outlines fitted to the originals (benchmarks/sprites_fidelity.py says how well).

Geometry, in pixels from the upper left corner of the 64 x 64 canvas, pixel p being tested at its centre
p + 1/2: the shape's centre lies at (16 + 32 x, 16 + 32 y) with x, y in 0..1; orientation turns
counter-clockwise as seen on the screen; scale multiplies the outline about the centre. Each outline is
mirror-symmetric and meets every column in one piece, so one rule draws all three: a point (u, v) of the
upright shape is inside where top(|u|) <= v <= bottom(|u|), v pointing down.

Orientation is not always visible: the square has a 4-fold and the ellipse a 2-fold rotational symmetry, so
several orientations of these give (nearly) the same picture; and orientations 0 and 39 are the same angle for
every shape, for the 40 values include both 0 and 2 pi.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vae_core.data.drawn import Grid

SIZE = 64
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
FACTOR_SIZES = (3, 6, 40, 32, 32)
N = math.prod(FACTOR_SIZES)  # 737,280; a sample's number is its factors read as digits, y the fastest

# What each index of a factor stands for: shape 1..3, scale, orientation in radians, positions as in dSprites.
FACTOR_VALUES: dict[str, tuple[float, ...]] = {
    "shape": (1.0, 2.0, 3.0),
    "scale": tuple(0.5 + 0.1 * i for i in range(6)),
    "orientation": tuple(2 * math.pi * i / 39 for i in range(40)),
    "x": tuple(i / 31 for i in range(32)),
    "y": tuple(i / 31 for i in range(32)),
}

_PATCH = 28  # pixels; the farthest any shape reaches from its centre is the square's corner, 9.6 sqrt 2 = 13.58
_REACH = _PATCH / 2
_BINS = 4096  # of |u| in the outline tables, over 0.._REACH pixels: 0.0034 pixels each
_CHUNK = {"cpu": 512}  # samples drawn at a time: small enough for a processor's cache
_CHUNK_ELSEWHERE = 4096  # enough to keep a GPU busy, in about 150 MB

_SQUARE_HALF = 9.6
_ELLIPSE_HALF = (12.8, 7.2)
# The heart's half-width, and its edges as sums over 1, s, s^2, sqrt(s), sqrt(1 - s) with s = |u| / half-width
_HEART_HALF = 9.6
_HEART_TOP = (5.8444, -4.4065, 4.1176, -9.6137, -10.1899)
_HEART_BOTTOM = (-1.0380, 1.7343, 1.3120, -6.1823, 11.0295)


def render(factors: Tensor) -> Tensor:
    """Draw sprites: factors int [N, 5] (shape, scale, orientation, x, y) -> uint8 [N, 1, 64, 64], 0 or 255.

    On the device of `factors`. Square (4-fold symmetric) and ellipse (2-fold) repeat over orientations.
    Raises ValueError where `factors` has another shape, is no integer tensor, or goes beyond FACTOR_SIZES.
    """
    return GRID.render(factors)


def draw(factors: Tensor) -> Tensor:
    """`render` for factors int64 [N, 5] known to be in range: never waits for the device."""
    chunk = _CHUNK.get(factors.device.type, _CHUNK_ELSEWHERE)
    out = torch.zeros(len(factors), SIZE * SIZE, dtype=torch.uint8, device=factors.device)
    for start in range(0, len(factors), chunk):
        _draw(factors[start : start + chunk], out[start : start + chunk])
    return out.view(-1, 1, SIZE, SIZE)


GRID = Grid(FACTOR_NAMES, FACTOR_SIZES, (1, SIZE, SIZE), draw)
factors_of, index_of, all_factors = GRID.factors_of, GRID.index_of, GRID.all_factors


def _draw(factors: Tensor, out: Tensor) -> None:
    """Draw into the zeros `out` uint8 [B, 4096] from checked factors int64 [B, 5].

    Only a patch of 28 x 28 pixels round the centre is looked at; the rest stays black.
    """
    shape, scale, orientation, x, y = factors.unbind(1)  # each [B]
    middle, half, turn = _tables(factors.device)
    size = (0.5 + 0.1 * scale.float())[:, None]  # [B, 1]
    cos, sin = (turn[:, orientation, None] / size).unbind(0)  # each [B, 1]
    first_x, dx = _patch_axis(x)  # [B], [B, P]
    first_y, dy = _patch_axis(y)
    u = (cos * dx)[:, None, :] - (sin * dy)[:, :, None]  # [B, P, P]: rows y, columns x
    v = (sin * dx)[:, None, :] + (cos * dy)[:, :, None]
    bins = u.abs_().mul_(_BINS / _REACH).int().clamp_(max=_BINS - 1).add_((shape.int() * _BINS)[:, None, None])
    inside = v.sub_(middle[bins]).abs_() <= half[bins]
    steps = torch.arange(_PATCH, device=factors.device)
    places = (first_y * SIZE + first_x)[:, None, None] + (steps[:, None] * SIZE + steps)  # [B, P, P]
    out.scatter_(1, places.flatten(1), inside.flatten(1).to(torch.uint8).mul_(255))


def _patch_axis(position: Tensor) -> tuple[Tensor, Tensor]:
    """Where the patch begins on an axis, int64 [B]; its pixels' distances from the centre, float [B, P]."""
    centre = 16 + 32 * position.float() / 31
    first = (centre - (_REACH + 0.5)).ceil()
    steps = torch.arange(_PATCH, device=position.device)
    return first.long(), (first - centre + 0.5)[:, None] + steps


@lru_cache(maxsize=8)
def _tables(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Middle and half height of each outline at each |u|, float [3 * BINS]; cos and sin, float [2, 40]."""
    u = (np.arange(_BINS) + 0.5) * (_REACH / _BINS)
    none = np.full(_BINS, -1.0)  # a half height that nothing is within
    long, short = _ELLIPSE_HALF
    s = np.clip(u / _HEART_HALF, 0, 1)
    basis = np.stack([np.ones_like(s), s, s * s, np.sqrt(s), np.sqrt(1 - s)], axis=1)
    top, bottom = basis @ np.array(_HEART_TOP), basis @ np.array(_HEART_BOTTOM)
    middle = [np.zeros(_BINS), np.zeros(_BINS), (top + bottom) / 2]
    half = [
        np.where(u <= _SQUARE_HALF, _SQUARE_HALF, none),
        np.where(u <= long, short * np.sqrt(np.clip(1 - (u / long) ** 2, 0, None)), none),
        np.where(u <= _HEART_HALF, (bottom - top) / 2, none),
    ]
    angles = np.array(FACTOR_VALUES["orientation"])
    return (
        torch.from_numpy(np.concatenate(middle)).float().to(device),
        torch.from_numpy(np.concatenate(half)).float().to(device),
        torch.from_numpy(np.stack([np.cos(angles), np.sin(angles)])).float().to(device),
    )
