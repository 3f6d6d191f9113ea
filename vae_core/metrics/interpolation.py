"""How good a walk between two samples is, where the right one is known: it stays among the data and goes evenly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class WalkQuality:
    """Means over walks; 0 is best for both."""

    distance: float
    """Cosine distance of a step's picture to the nearest sample."""
    smoothness: float
    """By how much the largest of a walk's steps is larger than an even one, as a part of the whole way."""


def walk_quality(walks: np.ndarray, samples: np.ndarray, angles: np.ndarray) -> WalkQuality:
    """Berthelot et al. 2018, section 3.4, for samples on a circle.

    Args:
        walks: pictures [W, N, P] of W walks of N steps, flattened; both ends included.
        samples: [M, P], at `angles` [M] in radians.

    Each step is taken for its nearest sample q_n by cosine distance. The smoothness of a walk is
    max_n |q_{n+1} - q_n| / |q_N - q_1| - 1 / (N - 1), angles measured along the walk, so that going through 0 is no
    jump. Walks whose ends have the same nearest sample have no smoothness and are left out.

    Raises ValueError where the shapes do not fit or a walk has fewer than two steps.
    """
    if walks.ndim != 3 or walks.shape[1] < 2 or walks.shape[2:] != samples.shape[1:] or len(angles) != len(samples):
        raise ValueError(
            f"Walks [W, N >= 2, P], samples [M, P] and angles [M] are needed, not {walks.shape}, {samples.shape} and "
            f"{np.shape(angles)}."
        )
    known = samples / np.linalg.norm(samples, axis=1, keepdims=True)  # [M, P]
    far, nearest = [], []
    for walk in walks:
        distances = 1 - (walk / np.linalg.norm(walk, axis=1, keepdims=True)) @ known.T  # [N, M]
        far.append(distances.min(1))
        nearest.append(distances.argmin(1))
    turned = np.unwrap(np.asarray(angles)[np.stack(nearest)], axis=1)  # [W, N]
    steps = np.abs(np.diff(turned, axis=1))
    whole = np.abs(turned[:, -1] - turned[:, 0])
    moved = whole > 0
    uneven = steps[moved].max(1) / whole[moved] - 1 / (walks.shape[1] - 1)
    return WalkQuality(float(np.mean(far)), float(uneven.mean()) if moved.any() else float("nan"))
