"""What several runs of the same data come to, side by side: samples in common, matched dimensions, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.data import get_dataset, why_no_originals
from ui.cache.desks import get_dimensions
from ui.cache.pictures import get_originals, get_redrawn
from ui.cache.runs import get_codes, get_run, run_stamp

if TYPE_CHECKING:
    from vae_core.latent.matching import Matching

MATCHED = 10_000  # samples that dimensions are matched on, at most
FEWEST = 50
MEASURED = 200  # samples whose error is measured, at most


def get_common(names: tuple[str, ...]) -> np.ndarray:
    """Places in the dataset of the samples that have a code in each of these runs, ascending: int64 [m]."""
    return _get_common(names, tuple(map(run_stamp, names)))


@st.cache_resource(max_entries=64, show_spinner=False)
def _get_common(names: tuple[str, ...], stamps: tuple[tuple[int, ...], ...]) -> np.ndarray:
    common = np.unique(get_codes(names[0]).index)
    for name in names[1:]:
        common = np.intersect1d(common, get_codes(name).index)
    return common


def _some(indices: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly drawn."""
    return indices[np.unique(np.linspace(0, len(indices) - 1, min(most, len(indices))).astype(np.int64))]


def get_matching(first: str, second: str) -> Matching | None:
    """The dimensions of two runs, matched on samples that both have a code of; None where these are few.

    A sleeping dimension has correlation 0 with every other.
    """
    return _get_matching(first, second, run_stamp(first), run_stamp(second))


@st.cache_resource(max_entries=64, show_spinner="Matching dimensions")
def _get_matching(first: str, second: str, one: tuple[int, ...], other: tuple[int, ...]) -> Matching | None:
    from vae_core.latent.matching import match

    common = _some(get_common((first, second)), MATCHED)
    if len(common) < FEWEST:
        return None
    # a sleeping dimension held still correlates with nothing, however its last decimals vary
    codes = (
        np.where(get_dimensions(name).awake, get_codes(name).mean[get_codes(name).rows(common)], 0.0)
        for name in (first, second)
    )
    return match(*codes)


def get_told_key(name: str, index: int) -> str:
    """What a conditional model is told when it draws the sample at `index` again, as a Given.key; "" for most models.

    Its class (of a model that infers one: what it infers), or its usual quadrants.
    """
    run = get_run(name)
    able = run.config.model.abilities
    if able.classes:
        return f"class-{label}" if (label := _label(name, index)) >= 0 else "class-none"
    if able.quadrants:
        return f"seen-{index}-{run.config.model.usual_seen}"
    return ""


def _label(name: str, index: int) -> int:
    run = get_run(name)
    if run.config.model.abilities.infers_class and (x := get_originals(name, (index,))) is not None:
        import torch

        from vae_core.redraw import inferred

        return int(inferred(run.model, torch.from_numpy(x))[0])
    row = int(run.codes.rows([index])[0])
    if run.codes.y is not None and row >= 0:
        return int(run.codes.y[row])
    return 0 if run.config.model.abilities.infers_class else -1  # one that infers a class is never told of none


def get_parameters(name: str) -> int | None:
    """How many numbers the model has learnt; None where they lie in files that came from elsewhere."""
    return _get_parameters(name, run_stamp(name))


@st.cache_resource(max_entries=256, show_spinner=False)
def _get_parameters(name: str, stamp: tuple[int, ...]) -> int | None:
    run = get_run(name)
    return None if run.config.model.wiring is not None else sum(part.numel() for part in run.model.parameters())


def get_compared(names: tuple[str, ...]) -> np.ndarray:
    """Samples of the dataset whose errors are compared: held-out ones where they are known, int64 [m]."""
    common = get_common(names)
    info = get_run(names[0]).config.data
    if not why_no_originals(info.name):
        held_out = np.intersect1d(common, get_dataset(info.name).splits["test"].numpy())
        common = held_out if len(held_out) else common
    return _some(common, MEASURED)


def get_errors(names: tuple[str, ...]) -> tuple[float, ...] | None:
    """How far each run's reconstructions are from the same samples; None where the originals are not here.

    Of pictures the root of the mean squared error of a pixel, in grey levels; of tables the same of a column, in
    standard deviations; of text the part of the tokens that are not what they were.
    """
    if not names or why_no_originals(get_run(names[0]).config.data.name):
        return None
    return _get_errors(names, tuple(map(run_stamp, names)))


@st.cache_data(max_entries=64, show_spinner="Drawing samples again")
def _get_errors(names: tuple[str, ...], stamps: tuple[tuple[int, ...], ...]) -> tuple[float, ...] | None:
    chosen = tuple(get_compared(names).tolist())
    originals = get_originals(names[0], chosen)
    if originals is None or not chosen:
        return None
    kind = get_run(names[0]).config.data.kind
    return tuple(_error(kind, originals, get_redrawn(name, chosen)) for name in names)


def _error(kind: str, originals: np.ndarray, redrawn: np.ndarray) -> float:
    if kind != "text":
        return float(np.sqrt(np.mean((redrawn.astype(np.float64) - originals.astype(np.float64)) ** 2)))
    from vae_core.tokens import PADDING

    length = min(originals.shape[1], redrawn.shape[1])
    there = originals[:, :length] != PADDING
    return float((originals[:, :length] != redrawn[:, :length])[there].mean())
