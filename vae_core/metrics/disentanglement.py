"""Which dimension carries which factor: scores of a code against known factors. Plain arrays in, no model needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MigResult:
    """The mutual information gap, its parts and the settings it was estimated with."""

    score: float
    gaps: np.ndarray  # [K], per factor, in 0..1
    information: np.ndarray  # [K, D], I(factor; code dimension), nats
    entropies: np.ndarray  # [K], H(factor), nats
    samples: int
    bins: int

    @property
    def share(self) -> np.ndarray:
        """I(factor; dimension) / H(factor): how much of a factor one dimension tells, [K, D] in 0..1."""
        return self.information / np.maximum(self.entropies, 1e-12)[:, None]


def mig(
    codes: np.ndarray, factors: np.ndarray, *, seed: int = 0, samples: int | None = 10_000, bins: int = 20
) -> MigResult:
    """Mutual information gap: (I of the best dimension - I of the second best) / H(factor), mean over factors.

    Chen, Li, Grosse, Duvenaud 2018 (beta-TCVAE), eq. 6, in disentanglement_lib's estimate: codes' means in `bins`
    equal-width bins each, plug-in mutual information, 10,000 samples drawn with `seed` (None takes all).

    codes: float [N, D]; factors: integers [N, K]. A factor that never varies is left out of the mean (its gap is
    nan). Raises ValueError where shapes don't fit or no factor varies.
    """
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or len(codes) == 0:
        raise ValueError(
            f"codes [N, D] and factors [N, K] need the same N > 0, not shapes {codes.shape} and {factors.shape}"
        )
    if samples is not None and samples < len(codes):
        chosen = np.random.default_rng(seed).choice(len(codes), samples, replace=False)
        codes, factors = codes[chosen], factors[chosen]
    binned = equal_width_bins(codes, bins)
    values = [np.unique(factors[:, k], return_inverse=True)[1] for k in range(factors.shape[1])]
    information = np.array([[_information(v, binned[:, d]) for d in range(codes.shape[1])] for v in values])
    entropies = np.array([_entropy(np.bincount(v)) for v in values])
    ranked = np.sort(np.pad(information, ((0, 0), (1, 0))), axis=1)  # a lone dimension competes with 0
    varies = entropies > 0
    if not varies.any():
        raise ValueError("no factor varies in these samples; the mutual information gap needs one that does")
    gaps = np.full(len(values), np.nan)
    gaps[varies] = (ranked[varies, -1] - ranked[varies, -2]) / entropies[varies]
    return MigResult(float(gaps[varies].mean()), gaps, information, entropies, len(codes), bins)


def equal_width_bins(codes: np.ndarray, bins: int) -> np.ndarray:
    """Each dimension cut into `bins` equally wide parts between its extremes: [N, D] -> integers 0..bins-1."""
    low, high = codes.min(0), codes.max(0)
    width = np.where(high > low, high - low, 1.0)
    return np.minimum(((codes - low) / width * bins).astype(np.int64), bins - 1)


def _entropy(counts: np.ndarray) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _information(a: np.ndarray, b: np.ndarray) -> float:
    """I(a; b) = H(a) + H(b) - H(a, b) of non-negative integers [N], plug-in estimate, nats."""
    joint = np.bincount(a * (b.max() + 1) + b)
    return _entropy(np.bincount(a)) + _entropy(np.bincount(b)) - _entropy(joint)
