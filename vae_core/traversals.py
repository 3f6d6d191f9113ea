"""One sample's code in several runs, and what their busiest dimensions do to it: for comparing models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_core.export import decode_pictures
from vae_core.latent.dimensions import describe
from vae_core.redraw import told_of

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.runs import Run

ENDS = (0.02, 0.98)
"""Quantiles of a dimension's codes between which it is moved: never to where no sample has been."""


@dataclass(frozen=True)
class Traversal:
    """A sample with one dimension moved at a time.

    Attributes:
        dims: the k dimensions that tell most of samples, busiest first.
        rate: float [k], nats; 0 where codes cost nothing.
        awake: bool [k], whether they are active (Burda et al. 2016).
        values: float [k, S], where they were moved to.
        pictures: uint8 [k, S, C, H, W].
        own: whether it is the sample's own code; else that of the middle of all codes.
    """

    dims: tuple[int, ...]
    rate: np.ndarray
    awake: np.ndarray
    values: np.ndarray
    pictures: np.ndarray
    own: bool


def moved(codes: np.ndarray, start: np.ndarray, dims: Sequence[int] | np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    """One code with one dimension moved at a time, across where samples have been.

    Args:
        codes: float [n, D], those seen.
        start: float [D], where the other dimensions stay.
        dims: the k dimensions.
        steps: codes of each.

    Returns:
        float [k, S], the values that are gone through, from the lowest to the highest; float32 [k, S, D], the codes.
    """
    low, high = np.quantile(codes[:, dims], ENDS, axis=0)  # [k] each
    values = np.linspace(low, high, steps, axis=1)  # [k, S]
    walks = np.tile(start.astype(np.float32), (len(dims), steps, 1))  # [k, S, D]
    for row, d in enumerate(dims):
        walks[row, :, d] = values[row]
    return values, walks


def traverse(run: Run, sample: int, *, dims: int = 3, steps: int = 7, x: Tensor | None = None) -> Traversal:
    """The busiest dimensions of a run, each moved across its codes while the sample's others stay.

    Args:
        sample: place in the dataset. A run whose codes do not have it (or that has no encoder) takes the middle.
        dims: how many dimensions at most.
        steps: pictures of each.
        x: the sample itself, [1, C, H, W]: a model that is told quadrants sees the usual ones of it, else none.

    Raises:
        ValueError: where codes are a grid of discrete ones, of which no single number means anything.
        RunError: where the run cannot be read.
    """
    codes, spec = run.codes, run.config.model
    if spec.abilities.cells:
        raise ValueError("Its codes are a grid: no single number of them can be moved.")
    row = int(codes.rows([sample])[0]) if spec.abilities.encodes else -1
    start = codes.mean[row] if row >= 0 else np.median(codes.mean, axis=0)  # [D]
    told = None
    if spec.abilities.quadrants:
        seen = told_of(run.model, x, None)  # [1, width]
        told = None if seen is None else seen.expand(dims * steps, -1).numpy()
    elif spec.classes:
        one = int(codes.y[row]) if row >= 0 and codes.y is not None else 0
        told = np.full(dims * steps, one, dtype=np.int64)
    found = describe(codes.mean, codes.rate)
    chosen = found.order[:dims]
    values, walks = moved(codes.mean, start, chosen, steps)
    z = walks.reshape(-1, walks.shape[-1])  # [k * S, D]
    made = decode_pictures(run.model, run.config.data, z, None if told is None else told[: len(z)])
    return Traversal(
        tuple(int(d) for d in chosen),
        found.rate[chosen],
        found.awake[chosen],
        values,
        made.reshape(len(chosen), steps, *made.shape[1:]),
        row >= 0,
    )
