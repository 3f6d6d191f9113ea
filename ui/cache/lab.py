"""What the page Disentangle shows of a run: what tells what, responses, true sweeps, scores, parts of the rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.data import get_dataset
from ui.cache.runs import get_card, get_codes, get_run, stamp_of

if TYPE_CHECKING:
    from vae_core.metrics.disentanglement import MigResult
    from vae_core.response import Response

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
    """

    mig: MigResult
    order: np.ndarray


def get_information(name: str) -> Information | None:
    """What each dimension of the run called `name` tells of each factor; None where no factors are known.

    Raises RunError as `get_run` does.
    """
    return _get_information(name, _stamp(name))


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_information(name: str, stamp: tuple[int, ...]) -> Information | None:
    from vae_core.metrics.activity import active_units
    from vae_core.metrics.disentanglement import mig
    from vae_core.response import diagonal_order

    codes = get_codes(name)
    if codes.factors is None or not get_run(name).config.data.factor_names:
        return None
    try:
        found = mig(codes.mean, codes.factors)
    except ValueError:  # of these samples' factors none varies
        return None
    return Information(found, diagonal_order(found.share, active_units(codes.mean)))


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
