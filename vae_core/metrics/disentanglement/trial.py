"""What an estimator gives for codes whose answer is known: perfect, noise, rotated, doubled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vae_core.metrics.disentanglement.cards import Setting
from vae_core.metrics.disentanglement.estimates import Settings, estimate, full_settings

DEAD = 0.01
"""Standard deviation of a dimension that carries nothing, as collapsed ones have."""


@dataclass(frozen=True)
class SelfTest:
    """Scores of codes with a known answer, by the same estimator with the same settings."""

    perfect: float
    """Each factor in a dimension of its own, the other dimensions dead."""
    noise: float
    """Every dimension independent of every factor."""
    rotated: float
    """The perfect code's dimensions turned into each other."""
    doubled: float
    """The perfect code and a copy of its first dimension."""


def self_test(
    name: str, samples: int, dims: int, sizes: tuple[int, ...], *, settings: Settings | None = None, seed: int = 0
) -> SelfTest:
    """What this score gives for four known codes of this size.

    Depends on nothing but its arguments, and is kept in memory for them.

    Args:
        samples: N. dims: D; where it is below the number of factors, so many dimensions as factors.
        sizes: how many values each factor has.
        settings: what differs from the card's.

    Raises ValueError for an unknown score or setting.
    """
    chosen = full_settings(name, settings)
    return _trial(name, samples, dims, tuple(sizes), tuple(sorted(chosen.items())), seed)


@lru_cache(maxsize=256)
def _trial(
    name: str, samples: int, dims: int, sizes: tuple[int, ...], settings: tuple[tuple[str, Setting], ...], seed: int
) -> SelfTest:
    factors, codes = known_codes(samples, dims, sizes, seed)
    scores = {kind: estimate(name, code, factors, dict(settings), seed=seed).score for kind, code in codes.items()}
    return SelfTest(**scores)


def known_codes(
    samples: int, dims: int, sizes: tuple[int, ...], seed: int = 0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Factors int [N, K], drawn evenly, and codes float [N, D] of which it is known how they carry them.

    Their names are the fields of `SelfTest`. Raises ValueError where fewer than two factors have more than one value.
    """
    sizes = tuple(size for size in sizes if size > 1)
    if len(sizes) < 2 or samples < 2:
        raise ValueError("a self-test needs at least two factors of more than one value, and samples")
    rng = np.random.default_rng((seed, 1))
    factors = np.stack([rng.integers(0, size, samples) for size in sizes], 1)
    factors[:2] = [[0] * len(sizes), [size - 1 for size in sizes]]  # each of them varies, however few samples there are
    count = len(sizes)
    spread = np.sqrt((np.square(sizes) - 1) / 12)  # of a uniform integer
    carried = (factors - (np.array(sizes) - 1) / 2) / spread  # [N, K]
    dead = rng.normal(size=(samples, max(0, dims - count))) * DEAD
    turn = np.linalg.qr(rng.normal(size=(count, count)))[0]
    perfect = np.concatenate([carried, dead], 1)
    return factors, {
        "perfect": perfect,
        "noise": rng.normal(size=perfect.shape),
        "rotated": np.concatenate([carried @ turn, dead], 1),
        "doubled": np.concatenate([perfect, perfect[:, :1]], 1),
    }
