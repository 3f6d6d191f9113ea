"""How far a set of dreams is from sets of samples: the energy distance, in the numbers of each kind of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vae_core.config import DataInfo

MOST_NUMBERS = 20_000
"""Of one sample, in a comparison: beyond it (long texts of many words) none is made."""


def as_numbers(info: DataInfo, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Two sets of samples as float32 [n, P] and [m, P], in which they can be compared; None where P would be too large.

    Pixels lie in [0, 1], a table's columns in standard deviations. A sentence becomes a 1 for the token at each place:
    the squared distance of two sentences is twice the number of places in which they differ.
    """
    if info.kind != "text":
        scale = 255 if info.kind == "image" else 1
        return tuple((part.reshape(len(part), -1) / scale).astype(np.float32) for part in (first, second))  # type: ignore[return-value]
    used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    tokens = places.reshape(len(first) + len(second), -1)  # [n + m, T]
    if tokens.shape[1] * len(used) > MOST_NUMBERS:
        return None
    flat = np.eye(len(used), dtype=np.float32)[tokens].reshape(len(tokens), -1)
    return flat[: len(first)], flat[len(first) :]


@dataclass(frozen=True)
class Match:
    """How far dreams are from samples that the model was never trained on.

    Attributes:
        distance: energy distance between `count` dreams and as many held-out samples.
        real: the same between as many training samples and those: what sets of real samples have.
        margin, real_margin: half the widths of their 95 % intervals.
    """

    distance: float
    real: float
    count: int
    margin: float
    real_margin: float


def match(info: DataInfo, dreams: np.ndarray, held_out: np.ndarray, training: np.ndarray) -> Match | None:
    """Three equally large sets of samples compared; None where sentences are too long for it."""
    from vae_core.metrics.samples import energy_distance, energy_margin

    dreamt, real = as_numbers(info, dreams, held_out), as_numbers(info, training, held_out)
    if dreamt is None or real is None:
        return None
    return Match(
        energy_distance(*dreamt), energy_distance(*real), len(dreams), energy_margin(*dreamt), energy_margin(*real)
    )
