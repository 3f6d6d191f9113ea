"""Scores that count: mutual information between binned codes and factors. MIG and modularity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from vae_core.metrics.disentanglement.rows import arrays, varying_factors


@dataclass(frozen=True)
class MigResult:
    """The mutual information gap, its parts and the settings it was estimated with."""

    score: float
    gaps: np.ndarray = field(repr=False)  # [K], per factor, in 0..1
    information: np.ndarray = field(repr=False)  # [K, D], I(factor; code dimension), nats
    entropies: np.ndarray = field(repr=False)  # [K], H(factor), nats
    samples: int
    bins: int
    drawn: bool = False
    """Whether codes were drawn from the posteriors; else they are the posteriors' means."""

    @property
    def share(self) -> np.ndarray:
        """I(factor; dimension) / H(factor): how much of a factor one dimension tells, [K, D] in 0..1."""
        return self.information / np.maximum(self.entropies, 1e-12)[:, None]


def mig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    seed: int = 0,
    samples: int | None = 10_000,
    bins: int = 20,
    std: ArrayLike | None = None,
) -> MigResult:
    """Mutual information gap: (I of the best dimension - I of the second best) / H(factor), mean over factors.

    Chen, Li, Grosse, Duvenaud 2018 (beta-TCVAE), eq. 6, in disentanglement_lib's estimate: codes' means in `bins`
    equal-width bins each, plug-in mutual information, 10,000 samples drawn with `seed` (None takes all).

    Args:
        codes: float [N, D]. factors: integers [N, K]; one that never varies is left out of the mean (its gap is nan).
        bins: 20 is disentanglement_lib's; other papers take 10.
        std: the posteriors' standard deviations [N, D]: codes are then drawn, one a sample, as Chen et al. define it.

    Raises ValueError where shapes don't fit or no factor varies.
    """
    codes, factors = arrays(codes, factors)
    varying_factors(codes, factors)  # one at least
    std = None if std is None else np.asarray(std)
    if std is not None and std.shape != codes.shape:
        raise ValueError(f"std needs the codes' shape {codes.shape}, not {std.shape}")
    rng = np.random.default_rng(seed)
    if samples is not None and samples < len(codes):
        chosen = rng.choice(len(codes), samples, replace=False)
        codes, factors, std = codes[chosen], factors[chosen], None if std is None else std[chosen]
    if std is not None:
        codes = codes + std * rng.normal(size=codes.shape)
    information, entropies = information_table(equal_width_bins(codes, bins), factors)
    gaps = gaps_of(information, entropies)
    score = float(gaps[entropies > 0].mean())
    return MigResult(score, gaps, information, entropies, len(codes), bins, std is not None)


def gaps_of(information: np.ndarray, entropies: np.ndarray) -> np.ndarray:
    """What the best dimension tells of a factor less what the second best tells, in parts of its entropy: [K].

    information: I(factor; dimension), [K, D], nats. entropies: [K], nats; where a factor never varies its gap is nan.
    """
    ranked = np.sort(np.pad(information, ((0, 0), (1, 0))), axis=1)  # a lone dimension competes with 0
    return (ranked[:, -1] - ranked[:, -2]) / np.where(entropies > 0, entropies, np.nan)


@dataclass(frozen=True)
class ModularityResult:
    score: float
    parts: np.ndarray = field(repr=False)  # [D], per dimension; 0 where a dimension tells nothing
    information: np.ndarray = field(repr=False)  # [K, D], nats
    samples: int
    bins: int


def modularity(
    codes: ArrayLike, factors: ArrayLike, *, seed: int = 0, samples: int | None = 10_000, bins: int = 20
) -> ModularityResult:
    """1 - (squared information about the other factors) / (K - 1 times that about the main one), mean over dimensions.

    Ridgeway and Mozer 2018, section 3 (with its template of the best factor alone); the information is MIG's. A
    dimension that carries nothing counts like any other: its estimate is noise, and scores between 0 and 1.

    codes: float [N, D]; factors: integers [N, K], K >= 2. Raises ValueError where shapes don't fit.
    """
    found = mig(*varying_factors(codes, factors), seed=seed, samples=samples, bins=bins)
    information = found.information
    if len(information) < 2:
        raise ValueError("modularity compares: it needs at least two factors that vary")
    squares = information.T**2  # [D, K]
    top = squares.max(1)
    spread = (squares.sum(1) - top) / (np.maximum(top, 1e-300) * (squares.shape[1] - 1))
    parts = np.where(top > 0, 1 - spread, 0.0)
    return ModularityResult(float(parts.mean()), parts, information, found.samples, bins)


# -- parts -------------------------------------------------------------------------------------------------


def equal_width_bins(codes: ArrayLike, bins: int) -> np.ndarray:
    """Each dimension cut into `bins` equally wide parts between its extremes: [N, D] -> integers 0..bins-1."""
    codes = np.asarray(codes)
    low, high = codes.min(0), codes.max(0)
    width = np.where(high > low, high - low, 1.0)
    return np.minimum(((codes - low) / width * bins).astype(np.int64), bins - 1)


def information_table(binned: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """I(factor; dimension) [K, D] = H(a) + H(b) - H(a, b), and H(factor) [K]; plug-in estimates, nats.

    binned: integers 0..B-1 [N, D]; factors: integers [N, K]. One pass over the rows counts all dimensions of a factor.
    """
    dims, bins = binned.shape[1], int(binned.max()) + 1
    places = binned + np.arange(dims) * bins  # each dimension counts in a range of its own
    own = _entropies(np.bincount(places.ravel(), minlength=dims * bins).reshape(dims, bins))  # [D]
    information, entropies = [], []
    for factor in factors.T:
        values = np.unique(factor, return_inverse=True)[1]
        joint = np.bincount(
            (values[:, None] * (dims * bins) + places).ravel(), minlength=(values.max() + 1) * dims * bins
        )
        joint = joint.reshape(-1, dims, bins).transpose(1, 0, 2).reshape(dims, -1)  # [D, values * B]
        entropies.append(_entropies(np.bincount(values)[None])[0])
        information.append(entropies[-1] + own - _entropies(joint))
    return np.array(information), np.array(entropies)


def _entropies(counts: np.ndarray) -> np.ndarray:
    """Of each row of counts [R, V], nats: [R]."""
    p = counts / counts.sum(1, keepdims=True)
    return -(p * np.log(np.where(p > 0, p, 1.0))).sum(1)
