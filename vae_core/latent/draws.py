"""Codes drawn from Gaussians, kept apart into their middle and what a temperature multiplies. Arrays in and out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ALONE = 0.25
"""The spread around a single point, in standard deviations of all codes: a point itself says nothing of how far."""


@dataclass(frozen=True)
class Draws:
    """Codes as the temperature moves them: z = middle + temperature * offset.

    middle, offset: float32 [n, D]. Offsets are None where a temperature does more than that (a transformer's); then
    `middle` are the codes at the temperature that was asked for.
    """

    middle: np.ndarray
    offset: np.ndarray | None

    def at(self, temperature: float) -> np.ndarray:
        """The codes at this temperature: float32 [n, D]."""
        if self.offset is None:
            return self.middle
        return (self.middle + np.float32(temperature) * self.offset).astype(np.float32)


@dataclass(frozen=True)
class Around:
    """The Gaussian around some samples' codes: mean m, covariance (between the codes) + (mean of their variances).

    With it the tray's samples are as likely as others of their kind; directions in which they are alike stay so.
    """

    mean: np.ndarray  # float64 [D]
    ways: np.ndarray  # float64 [m, D], (z_i - m) / sqrt(m - 1)
    std: np.ndarray  # float64 [D], root of the posteriors' mean variance

    def draws(self, n: int, seed: int) -> Draws:
        """z = m + t (sum_i w_i ways_i + std * epsilon), w and epsilon ~ N(0, 1)."""
        generator = np.random.default_rng(seed)
        weights = generator.standard_normal((n, len(self.ways)))
        offset = weights @ self.ways + self.std * generator.standard_normal((n, len(self.mean)))  # [n, D]
        return Draws(np.repeat(self.mean[None], n, 0).astype(np.float32), offset.astype(np.float32))


def around(mean: np.ndarray, std: np.ndarray, spread: np.ndarray) -> Around:
    """The Gaussian around samples whose posteriors have these means and standard deviations, [m, D] each.

    Args:
        std: 0 where codes are points.
        spread: of all codes, [D]; a single point gets ALONE of it.

    Raises ValueError where there is no sample.
    """
    if not len(mean):
        raise ValueError("There is nothing to draw around: name at least one sample that has a code.")
    centre = mean.astype(np.float64).mean(0)  # [D]
    ways = (mean - centre) / np.sqrt(max(1, len(mean) - 1))
    width = np.sqrt(np.square(std.astype(np.float64)).mean(0))
    if len(mean) == 1 and not width.any():
        width = ALONE * spread.astype(np.float64)
    return Around(centre, ways, width)
