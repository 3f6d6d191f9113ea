"""How far apart two codes and two pictures are."""

from __future__ import annotations

import numpy as np


def code_distance(a: np.ndarray, b: np.ndarray) -> float:
    """How far slider values [k] are apart: their root mean square, in standard deviations of the codes.

    About 1 for the start and a sample; a rotation of the axes does not change it.
    """
    return float(np.sqrt(np.mean((np.asarray(a) - np.asarray(b)) ** 2)))


def picture_distance(picture: np.ndarray, target: np.ndarray) -> float:
    """How much of what is in two pictures, uint8 [C, H, W], is not in the other: 0 for equal ones, 1 for disjoint.

    sum |p - t| / sum (|p - b| + |t - b|), b the usual level of the target's border in each channel. On a black ground
    this is the paper's distance for dSprites, sum |p - t| / sum (p + t); agreement is 1 minus it.
    """
    p, t = picture.astype(np.float64), target.astype(np.float64)
    border = np.concatenate([t[:, 0, :], t[:, -1, :], t[:, 1:-1, 0], t[:, 1:-1, -1]], axis=1)  # [C, border]
    ground = np.sort(border, axis=1)[:, border.shape[1] // 2][:, None, None]  # the browser sorts alike
    there = (np.abs(p - ground) + np.abs(t - ground)).sum()
    return float(np.abs(p - t).sum() / there) if there else 0.0
