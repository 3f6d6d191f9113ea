"""Which dimension of one model's codes says the same as which dimension of another's.

Two models order and point their dimensions as chance has it. Codes of the same samples tell which belong together:
each dimension of one gets one of the other, so that the sum of |correlation| over all pairs is the largest there is
(the assignment problem; Kuhn 1955, "The Hungarian method"). Li et al. (2016, "Convergent learning: do different neural
networks learn the same representations?", section 3.2) compare networks in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONSTANT = 1e-6
"""A dimension whose standard deviation is below this has no correlation with anything: it counts as 0."""


@dataclass(frozen=True)
class Pair:
    """A dimension of the first code, the one of the second matched to it, and Pearson's correlation, in [-1, 1]."""

    first: int
    second: int
    correlation: float

    @property
    def sign(self) -> int:
        """-1 where the second runs the other way: moving both in one sense means flipping it."""
        return -1 if self.correlation < 0 else 1


@dataclass(frozen=True)
class Matching:
    """The dimensions of two codes, paired.

    Attributes:
        pairs: min(D1, D2) of them, the strongest correlation first.
        correlations: float64 [D1, D2], every dimension's with every other.
        samples: how many samples they were measured on.
    """

    pairs: tuple[Pair, ...]
    correlations: NDArray[np.float64]
    samples: int

    @property
    def alone(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Dimensions of the first and of the second code without a partner: the longer one has some to spare."""
        taken = {pair.first for pair in self.pairs}, {pair.second for pair in self.pairs}
        first, second = (
            tuple(d for d in range(count) if d not in used)
            for count, used in zip(self.correlations.shape, taken, strict=True)
        )
        return first, second


def correlations(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Pearson's correlation of each dimension of codes [n, D1] with each of codes [n, D2]: [D1, D2].

    A dimension that never moves has 0 with all. Raises ValueError where the two are not codes of the same samples, or
    of fewer than two.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.ndim != 2 or second.ndim != 2 or len(first) != len(second) or len(first) < 2:
        raise ValueError(f"Codes [n, D] of the same two or more samples can be matched, not {first.shape} and "
                         f"{second.shape}.")  # fmt: skip
    left, right = _standardised(first), _standardised(second)
    return np.clip(left.T @ right / len(first), -1.0, 1.0)


def _standardised(codes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean 0 and standard deviation 1 in each dimension; 0 throughout where it is constant."""
    spread = codes.std(axis=0)
    awake = spread > CONSTANT
    return np.where(awake, (codes - codes.mean(axis=0)) / np.where(awake, spread, 1.0), 0.0)


def match(first: NDArray[np.floating], second: NDArray[np.floating]) -> Matching:
    """The dimensions of codes [n, D1] and [n, D2] of the same n samples, in pairs of the largest sum of |correlation|.

    Every dimension of the shorter code gets a partner, however weak: look at the pair's correlation before believing
    it. Raises ValueError as `correlations` does.
    """
    from scipy.optimize import linear_sum_assignment

    found = correlations(first, second)
    rows, columns = linear_sum_assignment(np.abs(found), maximize=True)
    pairs = [Pair(int(row), int(column), float(found[row, column])) for row, column in zip(rows, columns, strict=True)]
    pairs.sort(key=lambda pair: (-abs(pair.correlation), pair.first))
    return Matching(tuple(pairs), found, len(first))
