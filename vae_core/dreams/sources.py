"""What a sampler draws from where that is made of a run's codes, and what a conditional model is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from vae_core.dreams.asked import Asked, DreamError

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.latent.draws import Around
    from vae_core.latent.mixture import Mixture
    from vae_core.runs import Codes, Run


BEYOND = 2**31
"""No sample's place, guests' among them, is as large: what the command line is given may be larger than int64."""


def held_out_rows(codes: Codes, data: Dataset | None) -> np.ndarray:
    """Rows of codes whose samples no training has seen, int64 [m]; none where the data is not here (None)."""
    if data is None:
        return np.empty(0, dtype=np.int64)
    rows = codes.rows(data.splits["test"].numpy())
    return rows[rows >= 0]


def mixture_of(codes: Codes, held_out: np.ndarray, components: int, label: int = -1) -> Mixture:
    """A Gaussian mixture fitted to codes, but for those of held-out samples.

    Args:
        held_out: rows of these, [m]. label: the class whose codes alone take part, -1 for all.

    Raises DreamError where too few codes are left.
    """
    from vae_core.latent.mixture import fit

    rows = np.setdiff1d(np.arange(len(codes)), held_out)
    if not len(rows):  # of a large dataset only test samples have codes: every second one
        rows = np.arange(0, len(codes), 2)
    if label >= 0:
        rows = rows[codes.y[rows] == label] if codes.y is not None else rows[:0]
    if len(rows) < 2:
        raise DreamError("A mixture is fitted to at least two codes; choose a class that has samples, or all classes.")
    return fit(codes.mean[rows], codes.std[rows], components)


def around_tray(run: Run, tray: tuple[int, ...]) -> Around:
    """The surroundings of these samples' codes. Raises DreamError where none of them has a code."""
    from vae_core.latent.draws import around

    codes = run.codes
    rows = codes.rows([place for place in tray if 0 <= place < BEYOND])
    rows = rows[rows >= 0]
    if not len(rows):
        raise DreamError(f"Name samples of {run.name} that have a code, for dreams around them (the tray).")
    spreads = run.config.model.abilities.spreads
    mean, std = codes.mean[rows], codes.std[rows] if spreads else np.zeros_like(codes.mean[rows])
    return around(mean, std, codes.mean.std(0))


def source_of(run: Run, asked: Asked, data: Dataset | None) -> Mixture | Around | None:
    """What is asked for draws from, where that is not in the model; None for the model's own."""
    name = asked.named(run.config.model.abilities)
    if name == "tray":
        return around_tray(run, asked.tray)
    if name == "mixture":
        return mixture_of(run.codes, held_out_rows(run.codes, data), asked.components, asked.label)
    return None


def told_by(run: Run, given: str, count: int, data: Dataset | None) -> np.ndarray | None:
    """What a conditional model is told in each of `count` dreams; None for others.

    Args:
        given: "class-3", "class-none", or "seen-57-0010" (the quadrants with a 1 of sample 57). "" for nothing.

    Raises DreamError where that means nothing to this model.
    """
    able, info = run.config.model.abilities, run.config.data
    if able.classes:
        found = re.fullmatch(r"class-(none|\d{1,4})", given)
        label = -1 if found is None or found[1] == "none" else int(found[1])
        if found is None or label >= able.classes or (label < 0 and able.infers_class):
            raise DreamError(f"{run.name} is told a class: --given class-0 to class-{able.classes - 1}, not {given!r}.")
        return np.full(count, label, dtype=np.int64)
    if able.quadrants:
        import torch

        found = re.fullmatch(r"seen-(\d{1,9})-([01]{4})", given)
        if not found or data is None or int(found[1]) >= info.size:
            raise DreamError(f"{run.name} is told part of a picture: --given seen-57-0010, lower left of sample 57.")
        if (always := run.config.model.seen) not in ("", found[2]):
            raise DreamError(f"{run.name} is always told the quadrants {always}: --given seen-{found[1]}-{always}.")
        flags = torch.tensor([[letter == "1" for letter in found[2]]])  # [1, 4]
        see = run.model.condition.see  # type: ignore[union-attr]
        one = see(data.x[int(found[1]) : int(found[1]) + 1], flags)  # type: ignore[operator]
        return np.repeat(one.numpy(), count, axis=0)
    if given:
        raise DreamError(f"{run.name} is told nothing beside its code: leave --given away.")
    return None
