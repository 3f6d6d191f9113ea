"""Linked sliders: which dimensions of several models one slider moves, and in which sense.

The first model whose codes can be moved leads: each of its dimensions gets a slider, and moves with it the dimension
of every other model that is matched to it. What is matched to nothing has a slider of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vae_core.latent.dimensions import Dimensions
    from vae_core.latent.matching import Matching

LINKED = 0.4
"""|correlation| from which two dimensions are moved together; below, they share less than a sixth of their variance."""
WEAK = 0.7
"""|correlation| below which a link is called weak: less than half of the variance is shared."""


@dataclass(frozen=True)
class Link:
    """A model's dimension that a slider moves. correlation: with the leading model's, None for that one's own."""

    model: int
    dim: int
    sign: int = 1
    correlation: float | None = None


@dataclass(frozen=True)
class Row:
    """A slider. links: what it moves, the leading model's first. apart: what it does not move: (model, best |r|)."""

    links: tuple[Link, ...]
    apart: tuple[tuple[int, float], ...] = ()


def leader(models: Sequence[Dimensions | None]) -> int | None:
    """The first model whose codes can be moved; None where there is none."""
    return next((place for place, one in enumerate(models) if one is not None and one.awake.any()), None)


def rows_of(models: Sequence[Dimensions | None], matchings: Sequence[Matching | None]) -> list[Row]:
    """The sliders: the leading model's dimensions by how much they tell, then what is left of the others.

    Args:
        models: the dimensions of each; None where its codes cannot be moved.
        matchings: of the leading model's dimensions with each other's; None for itself and where there is none.
    """
    first = leader(models)
    if first is None:
        return []
    rows = []
    taken: set[tuple[int, int]] = set()
    for d in _awake(models[first]):
        links, apart = [Link(first, d)], []
        for place, matching in enumerate(matchings):
            if matching is None or place == first or models[place] is None:
                continue
            pair = next((pair for pair in matching.pairs if pair.first == d), None)
            if pair is not None and abs(pair.correlation) >= LINKED:
                links.append(Link(place, pair.second, pair.sign, pair.correlation))
                taken.add((place, pair.second))
            else:
                apart.append((place, float(np.abs(matching.correlations[d]).max())))
        rows.append(Row(tuple(links), tuple(apart)))
    for place, one in enumerate(models):
        if one is not None and place != first:
            rows += [Row((Link(place, d),)) for d in _awake(one) if (place, d) not in taken]
    return rows


def _awake(model: Dimensions | None) -> list[int]:
    return [] if model is None else [int(d) for d in model.order if model.awake[d]]


def moved(
    code: Sequence[float], model: int, rows: Sequence[Row], offsets: Sequence[float], spread: np.ndarray
) -> np.ndarray:
    """A model's code with its dimensions moved: float32 [D].

    Args:
        code: the sample's own, [D].
        offsets: where each slider stands, in standard deviations of the codes; 0 is the sample's own place.
        spread: those standard deviations, [D].
    """
    z = np.array(code, dtype=np.float32)
    for row, offset in zip(rows, offsets, strict=True):
        for link in row.links:
            if link.model == model:
                z[link.dim] += link.sign * offset * spread[link.dim]
    return z
