"""What the page Disentangle shows of a run: what tells what, responses, true sweeps, scores, parts of the rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.data import data_stamp, get_dataset, why_no_originals
from ui.cache.runs import changed_at, get_card, get_codes, get_run, list_runs, stamp_of

if TYPE_CHECKING:
    from vae_core.metrics.correlation import RateParts
    from vae_core.metrics.disentanglement import MigResult, UdrResult
    from vae_core.response import Response
    from vae_core.runs.scores import Scores

SWEEP = 9
"""Samples of a true sweep, and codes of a traversal beside it, at most."""


def _stamp(name: str) -> tuple[int, ...]:
    card = get_card(name)
    return stamp_of(card.folder) if card else ()


@dataclass(frozen=True)
class Information:
    """Mutual information of factors and dimensions.

    Attributes:
        mig: its gap, settings and matrix.
        order: int [D], the order of dimensions that makes a disentangled code a diagonal.
        awake: bool [D], by dimension.
        of_test: whether the samples are all of the test split, as those that `evaluate` measures.
    """

    mig: MigResult
    order: np.ndarray
    awake: np.ndarray
    of_test: bool


def get_information(name: str) -> Information | None:
    """What each dimension of the run called `name` tells of each factor; None where none is known, or none varies.

    Raises RunError as `get_run` does, and where its codes are such that nothing can be told of them.
    """
    data = get_run(name).config.data.name
    return _get_information(name, _stamp(name), data_stamp(data))


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_information(name: str, stamp: tuple[int, ...], data: tuple[tuple[str, int], ...]) -> Information | None:
    from vae_core.metrics.activity import active_units
    from vae_core.metrics.disentanglement import mig, varying
    from vae_core.response import diagonal_order
    from vae_core.runs import RunError

    codes = get_codes(name)
    if codes.factors is None or not get_run(name).config.data.factor_names or not varying(codes.factors).any():
        return None
    at, of_test = _counted_rows(name)
    try:
        found = mig(codes.mean[at], codes.factors[at])
    except ValueError as error:
        raise RunError(f"What the codes of {name} tell of factors cannot be counted: {error}.") from error
    awake = active_units(codes.mean)
    return Information(found, diagonal_order(found.share, awake), awake, of_test)


def _counted_rows(name: str) -> tuple[np.ndarray | slice, bool]:
    """Rows of a run's codes on which information is counted, and whether they are the test split's.

    All rows where that is not known, or where no factor varies in it.
    """
    from vae_core.metrics.disentanglement import varying

    rows, factors = _test_rows(name), get_codes(name).factors
    if rows is None or factors is None or not varying(factors[rows]).any():
        return slice(None), False
    return rows, True


def _test_rows(name: str) -> np.ndarray | None:
    """Rows of a run's codes that are samples of the test split; None where its data is not here to say which."""
    codes, info = get_codes(name), get_run(name).config.data
    if len(codes) < info.size:  # of large data codes are kept of the test split alone
        return np.arange(len(codes))
    if why_no_originals(info.name):
        return None
    test = get_dataset(info.name).splits["test"].numpy()
    return np.flatnonzero(np.isin(codes.index, test))


@dataclass(frozen=True)
class Gap:
    """The mutual information gap of the codes that are kept with a run.

    Attributes:
        low, high: its 95 % interval.
        way: how and on which samples it was measured: gaps of the same way can be ranked.
    """

    score: float
    low: float
    high: float
    way: str


GAP_REPEATS = 40  # halves of the samples that the interval is made of: about a second


def get_gap(name: str) -> Gap | None:
    """The mutual information gap of the run called `name`; None where no factor is known, or none varies.

    Raises RunError as `get_information` does.
    """
    if get_information(name) is None:
        return None
    return _get_gap(name, _stamp(name), data_stamp(get_run(name).config.data.name))


@st.cache_resource(max_entries=64, show_spinner="Counting what codes tell of factors")
def _get_gap(name: str, stamp: tuple[int, ...], data: tuple[tuple[str, int], ...]) -> Gap:
    import hashlib

    from vae_core.metrics.disentanglement import measure

    codes = get_codes(name)
    assert codes.factors is not None  # get_information has looked
    at, _ = _counted_rows(name)  # those that Disentangle counts: one model has one gap
    found = measure(codes.mean[at], codes.factors[at], ["mig"], repeats=GAP_REPEATS)["mig"]
    samples = hashlib.sha256(codes.index[at].tobytes()).hexdigest()
    return Gap(found.score, found.low, found.high, f"codes {samples} {found.settings}")


def get_response(name: str, factor: int) -> Response:
    """How the dimensions of the run called `name` answer to a factor. Raises RunError as `get_run` does."""
    return _get_response(name, factor, _stamp(name))


@st.cache_resource(max_entries=128, show_spinner=False)
def _get_response(name: str, factor: int, stamp: tuple[int, ...]) -> Response:
    from vae_core.response import response

    codes = get_codes(name)
    if codes.factors is None:
        raise ValueError(f"No factors are known for the samples of {name}.")
    return response(codes.mean, codes.factors, factor)


@dataclass(frozen=True)
class Sweep:
    """A sample with one factor moved in the data itself.

    Attributes:
        values: int [S], the factor's.
        samples: [S, ...] as the dataset has them: uint8 pictures, int64 tokens, float32 rows.
        codes: float32 [S, D], what the encoder makes of them.
    """

    values: np.ndarray
    samples: np.ndarray
    codes: np.ndarray


def get_sweep(name: str, index: int, factor: int) -> Sweep:
    """The sample at `index` of the dataset with a factor moved, encoded by the run called `name`.

    Raises:
        RunError: the run cannot be read. DatasetError: its data is not here, or damaged.
    """
    return _get_sweep(name, index, factor, _stamp(name))


@st.cache_resource(max_entries=64, show_spinner=False)
def _get_sweep(name: str, index: int, factor: int, stamp: tuple[int, ...]) -> Sweep:
    import torch

    from vae_core.data import DatasetError
    from vae_core.metrics.likelihood import encoded, told_classes
    from vae_core.response import true_sweep

    run = get_run(name)
    data = get_dataset(run.config.data.name)
    if data.factors is None or not 0 <= index < len(data):
        raise DatasetError(
            f"{data.name} has changed since this model was trained: it has no such sample or no factors."
        )
    factors = data.factors.numpy()
    rows = torch.from_numpy(true_sweep(factors, factors[index], factor, SWEEP))
    posterior = encoded(run.model, data.x, rows, told_classes(run.config.model, data.y))
    return Sweep(factors[rows.numpy(), factor], np.asarray(data.x[rows].cpu()), posterior.mean.numpy())


def get_scores(name: str) -> Scores | None:
    """The scores that were measured of the run called `name`; None where there are none of its present weights.

    Raises RunError where the run or its scores cannot be read.
    """
    from vae_core.runs.scores import FILE

    run = get_run(name)
    changed = changed_at(run.folder / FILE)
    return _get_scores(name, _stamp(name), changed) if changed else None


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_scores(name: str, stamp: tuple[int, ...], changed: int) -> Scores | None:
    from vae_core.runs.scores import read_scores

    return read_scores(get_run(name).folder)


# -- without labels ----------------------------------------------------------------------------------------


def get_rate_parts(name: str) -> RateParts | None:
    """What the rate of the run called `name` is spent on; None without spread, or with a prior of its own.

    Raises RunError as `get_run` does.
    """
    return _get_rate_parts(name, _stamp(name))


@st.cache_resource(max_entries=32, show_spinner="Comparing codes with each other")
def _get_rate_parts(name: str, stamp: tuple[int, ...]) -> RateParts | None:
    from vae_core.metrics.correlation import rate_parts

    run = get_run(name)
    codes = run.codes
    if not run.config.model.abilities.closed_rate or len(codes) < 2:
        return None
    return rate_parts(codes.mean, codes.std)


OF_NO_MATTER = {"seed", "out", "title", "about", "device", "devices", "nodes", "precision", "weights", "compile"}
"""Settings in which two trainings may differ and still be the same but for their seed."""
MOST_SEEDS = 10


def get_siblings(name: str) -> tuple[str, ...]:
    """Runs of the same data and settings as the run called `name`, from other seeds, at most MOST_SEEDS - 1."""
    card = get_card(name)
    if card is None or card.config is None:
        return ()
    mine, found = card.config, {}
    settings = mine.train.model_dump(exclude=OF_NO_MATTER)
    for other in list_runs():
        one = other.config
        if (
            other.ready and one is not None and one.train.seed not in (mine.train.seed, *found)
            and one.model == mine.model and one.data == mine.data
            and one.train.model_dump(exclude=OF_NO_MATTER) == settings
        ):  # fmt: skip
            found[one.train.seed] = other.name
    return tuple(found.values())[: MOST_SEEDS - 1]


def get_udr(names: tuple[str, ...]) -> UdrResult:
    """The UDR of runs that differ in their seed alone, on the samples that all have codes of; the first run's first.

    Raises:
        RunError: one of them cannot be read. ValueError: they have no samples in common.
    """
    return _get_udr(names, tuple(_stamp(name) for name in names))


@st.cache_resource(max_entries=16, show_spinner="Comparing seeds")
def _get_udr(names: tuple[str, ...], stamps: tuple[tuple[int, ...], ...]) -> UdrResult:
    from functools import reduce

    from vae_core.metrics.disentanglement import udr
    from vae_core.runs import find_run, load_run

    codes = [load_run(find_run(name)).codes for name in names]
    common = reduce(np.intersect1d, [one.index for one in codes])
    rated = all(one.rate.any() for one in codes)
    rows = [one.rows(common) for one in codes]
    return udr(
        [one.mean[at] for one, at in zip(codes, rows, strict=True)],
        rates=[one.rate_at(at).mean(axis=0) for one, at in zip(codes, rows, strict=True)] if rated else None,
    )
