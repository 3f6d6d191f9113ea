"""Codes of a ladder of levels: keep what is coarse, dream what is fine. Arrays in and out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def resample(
    codes: np.ndarray,
    levels: Sequence[tuple[int, int]],
    keep: int,
    count: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Codes with their first `keep` levels as they are, and the rest drawn from N(0, temperature^2).

    A ladder's codes are whitened (`vae_core.models.ladder`): a priori all dimensions are independent, N(0, 1), so
    drawing the finer ones anew is drawing from p(fine | coarse). All codes get the same draws, so that a column of the
    answer shares its fine part as a row shares its coarse one.

    Args:
        codes: [..., D], coarse levels first.
        levels: (first, last + 1) of each level's dimensions, as `Abilities.levels`.
        keep: how many levels stay: 0 keeps nothing, all of them draws nothing.
        count: how many draws.
        temperature: spread of what is drawn; 0 takes the prior's mean.

    Returns:
        [..., count, D], of the codes' type.

    Raises:
        ValueError: levels that are not the codes' dimensions, or counts and temperatures that are none.
    """
    codes = np.asarray(codes)
    dims = codes.shape[-1]
    edges = [0, *(last for _, last in levels)]
    if not levels or [first for first, _ in levels] != edges[:-1] or edges[-1] != dims:
        raise ValueError(f"Levels {tuple(levels)} do not divide {dims} dimensions.")
    if not 0 <= keep <= len(levels):
        raise ValueError(f"Of {len(levels)} levels 0 to {len(levels)} can be kept, not {keep}.")
    if count < 1 or temperature < 0:
        raise ValueError(f"{count} draws at temperature {temperature} cannot be made: take at least 1, and at least 0.")
    # whatever is kept, a dimension's draws are the same: one sees what a level more or less settles
    drawn = temperature * np.random.default_rng(seed).standard_normal((count, dims))  # [count, D]
    first = edges[keep]
    answer = np.repeat(codes[..., None, :], count, axis=-2)  # [..., count, D]
    answer[..., first:] = drawn[:, first:]
    return answer
