"""What the scores share: which factors vary, which rows are learnt from, when two arrays fit each other."""

from __future__ import annotations

import numpy as np


def check(codes: np.ndarray, factors: np.ndarray) -> None:
    """Raises ValueError where codes [N, D] and integer factors [N, K] don't fit each other or are no numbers."""
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or len(codes) == 0:
        raise ValueError(
            f"codes [N, D] and factors [N, K] need the same N > 0, not shapes {codes.shape} and {factors.shape}"
        )
    if factors.dtype.kind not in "iu":
        raise ValueError(f"factors are integers, the number of each value, not {factors.dtype}")
    if not np.isfinite(codes).all():
        raise ValueError("codes hold numbers that are not finite; a score needs every code")


def varying(factors: np.ndarray) -> np.ndarray:
    """Which factors vary, bool [K]; one that never does can be carried by no dimension."""
    return (factors != factors[:1]).any(0)


def varying_factors(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The factors that vary, [N, K']. Raises ValueError where shapes don't fit or none does."""
    check(codes, factors)
    kept = varying(factors)
    if not kept.any():
        raise ValueError("no factor varies in these samples; a score of disentanglement needs one that does")
    return factors[:, kept]


def split(total: int, train: int, test: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to test on, drawn with `seed`; two thirds and one third where there are too few."""
    order = np.random.default_rng(seed).permutation(total)
    if train + test > total:
        train = total * 2 // 3
        test = total - train
    return order[:train], order[train : train + test]
