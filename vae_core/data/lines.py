"""Lines from the centre of the picture at any angle: one factor, on which a walk between two samples can be judged.

The synthetic task of Berthelot et al. 2018 (Understanding and improving interpolation in autoencoders via an
adversarial regularizer), section 3.4: 32 x 32 pixels, black, a white line that begins in the middle.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.data.drawn import Grid

SIZE = 32
LENGTH = 15.0
"""Pixels from the centre."""
HALF_WIDTH = 1.0
ANGLES = 8_192
"""Counter-clockwise from the right, evenly spread over the circle."""
DIRECTIONS = 8
"""Classes: the nearest of east, north-east, ..."""


def draw(factors: Tensor) -> Tensor:
    """Angle numbers int64 [B, 1] -> uint8 [B, 1, 32, 32], edges shaded by how much of a pixel the line covers."""
    device = factors.device
    centres = torch.arange(SIZE, device=device) + 0.5 - SIZE / 2  # [32]
    right, down = centres[None, None, :], centres[None, :, None]
    angle = factors[:, :1, None] * (2 * math.pi / ANGLES)  # [B, 1, 1]
    along = right * torch.cos(angle) - down * torch.sin(angle)  # [B, 32, 32], from the middle in the line's direction
    across = right * torch.sin(angle) + down * torch.cos(angle)
    beyond = along - along.clamp(0, LENGTH)
    far = torch.hypot(beyond, across)  # to the segment
    return ((HALF_WIDTH + 0.5 - far).clamp(0, 1) * 255).round().to(torch.uint8)[:, None]


GRID = Grid(("angle",), (ANGLES,), (1, SIZE, SIZE), draw)


def direction(factors: Tensor) -> Tensor:
    """The class of angle numbers [B, 1]: int64 [B]."""
    return (factors[:, 0] * DIRECTIONS + ANGLES // 2) // ANGLES % DIRECTIONS
