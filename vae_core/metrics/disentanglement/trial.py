"""What an estimator gives for codes whose answer is known: perfect, noise, rotated, doubled."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.metrics.disentanglement.estimates import Settings


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
    raise NotImplementedError
