"""What the scores share: which factors vary, which rows are learnt from, when two arrays fit each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def arrays(codes: ArrayLike, factors: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Codes [N, D] and integer factors [N, K] as arrays, whatever numpy can make one of: lists, a tensor on the CPU.

    Raises ValueError where they don't fit each other or are no numbers.
    """
    codes, factors = np.asarray(codes), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or len(codes) == 0:
        raise ValueError(
            f"codes [N, D] and factors [N, K] need the same N > 0, not shapes {codes.shape} and {factors.shape}"
        )
    if factors.dtype.kind not in "iu":
        raise ValueError(f"factors are integers, the number of each value, not {factors.dtype}")
    if codes.dtype.kind not in "fiub":
        raise ValueError(f"codes are numbers, not {codes.dtype}")
    if not np.isfinite(codes).all():
        raise ValueError("codes hold numbers that are not finite; a score needs every code")
    return codes, factors


def varying(factors: ArrayLike) -> np.ndarray:
    """Which factors vary, bool [K]; one that never does can be carried by no dimension."""
    factors = np.asarray(factors)
    return (factors != factors[:1]).any(0)


def varying_factors(codes: ArrayLike, factors: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Codes [N, D] and the factors that vary [N, K'], as arrays. Raises ValueError as `arrays`, or where none does."""
    codes, factors = arrays(codes, factors)
    kept = varying(factors)
    if not kept.any():
        raise ValueError("no factor varies in these samples; a score of disentanglement needs one that does")
    return codes, factors[:, kept]


def part_sizes(total: int, train: int, test: int) -> tuple[int, int]:
    """How many rows to learn from and to test on: two thirds and one third where there are too few."""
    return (train, test) if train + test <= total else (total * 2 // 3, total - total * 2 // 3)


def split(total: int, train: int, test: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to test on, drawn with `seed`; two thirds and one third where there are too few."""
    order = np.random.default_rng(seed).permutation(total)
    train, test = part_sizes(total, train, test)
    return order[:train], order[train : train + test]
