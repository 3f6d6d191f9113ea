"""Geometry of codes: straight and spherical walks, grids, and how far codes are from each other. Arrays in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["linear", "spherical"]

PARALLEL = 1e-6  # sine of the angle below which two directions count as the same or as opposite


def lerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """The straight line (1 - t) a + t b.

    Args:
        a, b: codes [D].
        t: a number, or [n]; 0 is a, 1 is b.

    Returns:
        [D], or [n, D] for t [n].
    """
    t = np.asarray(t, dtype=np.float64)[..., None]
    return (1 - t) * np.asarray(a, dtype=np.float64) + t * np.asarray(b, dtype=np.float64)


def slerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """A walk along the sphere: directions on the great circle at constant speed, lengths on the straight line.

    The directions follow Shoemake 1985 ("Animating Rotation with Quaternion Curves", section 3.3),
    sin((1-t)w)/sin(w) u + sin(tw)/sin(w) v with w the angle between them. Shoemake's two points are of
    length one; codes are not, so the length is interpolated on its own: |a| to |b|, evenly. In many dimensions the
    prior's codes lie near a shell of radius sqrt(D), and this walk stays on it where the straight one cuts through.

    Degenerate cases: the same direction gives the straight line (which it is); a code of length 0 has no
    direction and gives the straight line as well; opposite directions have no one great circle between them, so the
    circle through the coordinate axis farthest from both is taken, the same one for (a, b) and (b, a).

    Args and result: as `lerp`.
    """
    a = np.asarray(a, dtype=np.float64)
    b = np.asarray(b, dtype=np.float64)
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    if length_a == 0 or length_b == 0:
        return lerp(a, b, t)
    u, v = a / length_a, b / length_b  # [D]
    # atan2 keeps its precision where arccos of a dot product near 1 or -1 does not.
    angle = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    if angle < PARALLEL or (np.pi - angle < PARALLEL and a.size == 1):
        return lerp(a, b, t)
    t = np.asarray(t, dtype=np.float64)[..., None]
    if np.pi - angle < PARALLEL:
        axis = np.zeros_like(u)
        axis[np.argmin(np.abs(u))] = 1.0
        side = axis - (axis @ u) * u
        side /= np.linalg.norm(side)
        direction = np.cos(np.pi * t) * u + np.sin(np.pi * t) * side
    else:
        direction = (np.sin((1 - t) * angle) * u + np.sin(t * angle) * v) / np.sin(angle)
    return ((1 - t) * length_a + t * length_b) * direction


def path(a: np.ndarray, b: np.ndarray, n: int, kind: Kind) -> np.ndarray:
    """n >= 2 codes from a to b, both included, evenly spaced in t. Returns float32 [n, D]."""
    if n < 2:
        raise ValueError(f"A path has at least its two ends; {n} codes were asked for.")
    walks = {"linear": lerp, "spherical": slerp}
    if kind not in walks:
        raise ValueError(f"A path is 'linear' or 'spherical', not {kind!r}.")
    codes = walks[kind](a, b, np.linspace(0.0, 1.0, n))
    codes[0], codes[-1] = a, b  # exactly, in spite of rounding
    return codes.astype(np.float32)


def corner_grid(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, n: int) -> np.ndarray:
    """The bilinear grid between four codes, float32 [n, n, D]: a, b at the top left and right, c, d at the bottom."""
    if n < 2:
        raise ValueError(f"A grid has at least its four corners; {n} x {n} codes were asked for.")
    t = np.linspace(0.0, 1.0, n)
    return np.stack([lerp(left, right, t) for left, right in zip(lerp(a, c, t), lerp(b, d, t), strict=True)]).astype(
        np.float32
    )


# -- how far from the codes seen ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Typical:
    """How far the codes seen are from each other.

    Attributes:
        median: median distance of a code to its nearest neighbour.
        inside: 90% of the codes are no farther than this from theirs.
        edge: 99.9% are not: beyond it a code is farther from all codes than nearly any of these is.
    """

    median: float
    inside: float
    edge: float


def typical_distance(codes: np.ndarray) -> Typical:
    """Nearest-neighbour distances among codes [n, D], summed up. Quadratic in n: hand over a few thousand at most.

    Raises:
        ValueError: fewer than two codes, or all of them at one place.
    """
    if len(codes) < 2:
        raise ValueError(f"A typical distance needs at least two codes, not {len(codes)}.")
    from scipy.spatial import cKDTree

    points = np.asarray(codes, dtype=np.float64)
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]  # [n]; the first neighbour is the code itself
    median, inside, edge = (float(value) for value in np.quantile(nearest, (0.5, 0.9, 0.999)))
    if edge == 0:
        raise ValueError("All codes lie at one place, so no distance is typical of them.")
    return Typical(median or edge, inside or edge, edge)


INSIDE, NEAR, FAR = range(3)
"""Zones of a code: among the codes seen, near their edge, farther from all of them than they are from each other."""


def zones(codes: np.ndarray, seen: np.ndarray, typical: Typical) -> np.ndarray:
    """In which zone each of codes [n, D] is, by its distance to the nearest of seen [m, D]: int64 [n]."""
    return np.searchsorted([typical.inside, typical.edge], nearest_distance(codes, seen), side="left")


def nearest_distance(codes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How far each of codes [n, D] is from the nearest of seen [m, D]: float64 [n]."""
    from scipy.spatial import cKDTree

    return cKDTree(np.asarray(seen, dtype=np.float64)).query(np.asarray(codes, dtype=np.float64))[0]
