"""What the dimensions of a latent space look like from the data's side: how much each says, and where its codes lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vae_core.metrics.activity import active_units

REACH = 3.0  # a slider goes at least so far: three standard deviations of the prior


@dataclass(frozen=True)
class Dimensions:
    """One entry per dimension, in the model's order.

    Attributes:
        order: int [D], dimensions from the most informative to the least: by rate, where all are alike by spread.
        rate: float [D], mean rate over the samples, nats.
        mean: float [D], mean of the codes.
        spread: float [D], standard deviation of the codes.
        reach: float [D], how far a slider should go to either side: 3, or as far as the farthest code.
        awake: bool [D], active (Burda et al. 2016).
    """

    order: np.ndarray
    rate: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    reach: np.ndarray
    awake: np.ndarray

    @property
    def has_rate(self) -> bool:
        """Whether codes cost anything: a point's have no rate, and dimensions are told apart by their spread."""
        return bool((self.rate != 0).any())


def describe(mean: np.ndarray, rate: np.ndarray) -> Dimensions:
    """Sums up codes [n, D] and their rates [n, D] (nats) by dimension. Needs at least one sample."""
    if mean.shape != rate.shape or mean.ndim != 2 or len(mean) == 0:
        raise ValueError(f"Codes and rates are arrays [n, D] of the same shape, not {mean.shape} and {rate.shape}.")
    rates = rate.mean(axis=0, dtype=np.float64)
    far = np.abs(mean.astype(np.float64)).max(axis=0)
    spread = mean.std(axis=0, dtype=np.float64)
    return Dimensions(
        order=np.lexsort((-spread, -rates)),
        rate=rates,
        mean=mean.mean(axis=0, dtype=np.float64),
        spread=spread,
        reach=np.maximum(REACH, np.ceil(2 * far) / 2),
        awake=active_units(mean),
    )
