"""How a code answers to the factors that made the data: response curves, and samples in which one factor alone moves.

Plain arrays in; a factor is a column of integers, a dimension a column of codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vae_core.config import DataInfo


@dataclass(frozen=True)
class Response:
    """What each dimension's code does as one factor goes through its values.

    Attributes:
        values: int [V], the factor's values that occur, rising.
        count: int [V], samples of each.
        mean: float [V, D], the mean code of the samples that have this value.
        spread: float [V, D], their standard deviation: what the other factors do to the code.
        explained: float [D] in 0..1, the part of a dimension's variance that the value alone accounts for (the
            correlation ratio, Pearson 1905: variance of the means over variance of all); 0 where a code never varies.
    """

    values: np.ndarray
    count: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    explained: np.ndarray

    def rises(self, dimension: int) -> bool:
        """Whether this dimension's code goes up rather than down with the factor, by the line of least squares."""
        x, y = self.values - np.average(self.values, weights=self.count), self.mean[:, dimension]
        return bool((self.count * x * y).sum() >= 0)


def response(codes: np.ndarray, factors: np.ndarray, factor: int) -> Response:
    """The response of every dimension to one factor.

    Args:
        codes: float [N, D].
        factors: int [N, K].
        factor: which column of `factors`.

    Raises:
        ValueError: where shapes don't fit, or there is no such factor.
    """
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or not len(codes):
        raise ValueError(
            f"Codes [N, D] and factors [N, K] need the same N > 0, not shapes {codes.shape} and {factors.shape}."
        )
    if not 0 <= factor < factors.shape[1]:
        raise ValueError(f"There are factors 0 to {factors.shape[1] - 1}, not {factor}.")
    codes = codes.astype(np.float64)
    values, place = np.unique(factors[:, factor], return_inverse=True)  # [V], [N]
    count = np.bincount(place, minlength=len(values))
    mean = _sums(codes, place, len(values)) / count[:, None]  # [V, D]
    spread = np.sqrt(_sums((codes - mean[place]) ** 2, place, len(values)) / count[:, None])
    total = codes.var(axis=0)  # [D]
    between = (count[:, None] * (mean - codes.mean(axis=0)) ** 2).sum(axis=0) / len(codes)
    explained = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
    return Response(values, count, mean, spread, explained.clip(0, 1))


def _sums(values: np.ndarray, place: np.ndarray, groups: int) -> np.ndarray:
    """Sums of rows [N, D] by group: [groups, D]."""
    sums = np.zeros((groups, values.shape[1]))
    np.add.at(sums, place, values)
    return sums


def true_sweep(factors: np.ndarray, base: np.ndarray, factor: int, steps: int) -> np.ndarray:
    """Samples that are like `base` in every factor but one, which goes through its values.

    Args:
        factors: int [N, K], of all samples.
        base: int [K], where the others stay.
        factor: the one that moves.
        steps: how many samples at most, evenly drawn from the factor's values that there are.

    Returns:
        int [S], rows of `factors`, by rising value; one for each value where several samples have the same.
    """
    others = np.arange(factors.shape[1]) != factor
    rows = np.flatnonzero((factors[:, others] == base[others]).all(axis=1))
    values, first = np.unique(factors[rows, factor], return_index=True)
    chosen = np.unique(np.linspace(0, len(values) - 1, min(steps, len(values))).round().astype(np.int64))
    return rows[first[chosen]]


def diagonal_order(share: np.ndarray, awake: np.ndarray) -> np.ndarray:
    """Dimensions in the order that makes a disentangled code's matrix a diagonal: int [D].

    By the factor that each tells most of, the most telling first; those that sleep come last.

    Args:
        share: float [K, D], how much each dimension tells of each factor.
        awake: bool [D].
    """
    return np.lexsort((-share.max(axis=0), share.argmax(axis=0), ~awake))


def values_in_words(info: DataInfo, factor: int) -> tuple[str, ...]:
    """What a factor's values are called: words where the data has them, else their numbers."""
    from vae_core.data.grammar import FACTORS

    name, size = info.factor_names[factor], info.factor_sizes[factor]
    if info.name == "grammar" and len(FACTORS.get(name, ())) == size:
        return FACTORS[name]
    if name == "shape" and len(info.class_names) == size:  # of the sprites, the shape is the class
        return info.class_names
    return tuple(map(str, range(size)))
