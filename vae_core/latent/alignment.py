"""Frames of a film of codes: each flat picture of them turned so that it lies on the one before.

A flat picture by PCA may come out turned or mirrored at any time, since its axes have no direction of their own.
Turning it back takes away what only the axes did, and leaves what the codes did; no distance is changed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def flat(codes: NDArray[np.floating]) -> NDArray[np.float32]:
    """Codes [n, D] on a plane, [n, 2]: themselves where they have one or two dimensions, else by PCA, about (0, 0)."""
    n, dims = codes.shape
    if dims <= 2:
        return np.pad(codes, ((0, 0), (0, 2 - dims))).astype(np.float32)
    return np.pad(principal(codes, 2), ((0, 0), (0, max(0, 2 - n))))[:, :2]


def principal(codes: NDArray[np.floating], kept: int) -> NDArray[np.float32]:
    """Codes [n, D] in the coordinates of their largest variance, [n, min(kept, n, D)], about 0."""
    centred = np.asarray(codes, dtype=np.float64)
    centred = centred - centred.mean(0) if len(codes) else centred
    _, _, axes = np.linalg.svd(centred, full_matrices=False)  # [min(n, D), D]
    return (centred @ axes[:kept].T).astype(np.float32)


def aligned(xy: NDArray[np.floating], before: NDArray[np.floating]) -> NDArray[np.float32]:
    """Places [n, k] moved as one rigid body, mirrored where need be, to where they lie closest to `before` [n, k].

    Least squares over rotations, reflections and shifts (orthogonal Procrustes; Schönemann 1966): distances among
    the places stay as they are. Raises ValueError where the two have different shapes.
    """
    if xy.shape != before.shape:
        raise ValueError(f"Places of shape {xy.shape} cannot be laid on places of shape {before.shape}.")
    here, there = np.asarray(xy, dtype=np.float64), np.asarray(before, dtype=np.float64)
    if len(here) == 0:
        return here.astype(np.float32)
    middle = there.mean(0)
    here = here - here.mean(0)
    left, _, right = np.linalg.svd(here.T @ (there - middle))
    return (here @ (left @ right) + middle).astype(np.float32)
