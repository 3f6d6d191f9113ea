"""What is drawn from a prior, and how near it comes to held-out samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.data import get_dataset, why_no_originals
from ui.cache.desks import get_taught, told_by
from ui.cache.runs import get_card, get_codes, get_run, stamp_of

if TYPE_CHECKING:
    from vae_core.dreams import Asked, Match
    from vae_core.latent.mixture import Mixture


@dataclass(frozen=True)
class Dreams:
    """Samples decoded from codes that no sample has.

    Attributes:
        codes: float32 [n, D].
        samples: as vae_core.export.decode_samples returns them.
        pictures: uint8 [n, H, W] or [n, H, W, 3].
        zones: int [n], see vae_core.latent.geometry.zones; None where there is nothing to compare with.
    """

    codes: np.ndarray
    samples: np.ndarray
    pictures: np.ndarray
    zones: np.ndarray | None


def get_dreams(name: str, asked: Asked, given: str) -> Dreams:
    """What the run called `name` dreams when it is asked so and told what `given` (a Given.key) stands for.

    Raises RunError as `get_run` does.
    """
    card = get_card(name)
    return _get_dreams(name, asked, given, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=64, show_spinner="Dreaming")
def _get_dreams(name: str, asked: Asked, given: str, stamp: tuple[int, ...]) -> Dreams:
    from vae_core.dreams import draw_codes

    run = get_run(name)
    mixture = get_mixture(name, asked.components) if asked.components else None
    codes = draw_codes(run.model, asked, mixture, told_by(name, given, asked.count))
    return decode_dreams(name, codes, given, asked)


def decode_dreams(name: str, codes: np.ndarray, given: str, asked: Asked) -> Dreams:
    """These codes [n, D] decoded by the run called `name`, and how far each is from the codes seen. Not kept."""
    from vae_core.dreams import decode_dreams as decode
    from vae_core.export import upright
    from vae_core.latent.geometry import zones
    from vae_core.render import pictures

    run = get_run(name)
    info = run.config.data
    samples = decode(run.model, info, codes, asked, told_by(name, given, len(codes)))
    seen = get_taught(name)
    where = None if seen is None else zones(codes[:, seen.dims], seen.codes, seen.typical)
    return Dreams(codes, samples, upright(pictures(info, samples)), where)


def test_rows(name: str) -> np.ndarray:
    """Rows of a run's codes whose samples it has never been trained on: int64 [m]; none where the data is not here."""
    run = get_run(name)
    if why_no_originals(run.config.data.name):
        return np.empty(0, dtype=np.int64)
    rows = run.codes.rows(get_dataset(run.config.data.name).splits["test"].numpy())
    return rows[rows >= 0]


def get_mixture(name: str, components: int) -> Mixture:
    """A Gaussian mixture fitted to the codes of the run called `name`, but for those of the test split."""
    card = get_card(name)
    return _get_mixture(name, components, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=32, show_spinner="Fitting a mixture to the codes")
def _get_mixture(name: str, components: int, stamp: tuple[int, ...]) -> Mixture:
    from vae_core.latent.mixture import fit

    codes = get_codes(name)
    rows = np.setdiff1d(np.arange(len(codes)), test_rows(name))
    if not len(rows):  # of a large dataset only test samples have codes: every second one
        rows = np.arange(0, len(codes), 2)
    return fit(codes.mean[rows], codes.std[rows], components)


COMPARED = 500  # dreams, held-out and training samples in a comparison


def get_match(name: str, asked: Asked, given: str) -> Match | None:
    """How far such dreams are from held-out samples (of the class that is given); None where that cannot be said:
    the data is not here, the model is told part of a picture, or there are fewer than two such samples.
    """
    if given.startswith("seen") or why_no_originals(get_run(name).config.data.name):
        return None
    card = get_card(name)
    return _get_match(name, asked, given, stamp_of(card.folder) if card else ())


@st.cache_data(max_entries=256, show_spinner="Comparing with held-out samples")
def _get_match(name: str, asked: Asked, given: str, stamp: tuple[int, ...]) -> Match | None:
    from dataclasses import replace

    from vae_core.dreams import match

    run = get_run(name)
    data, told = get_dataset(run.config.data.name), told_by(name, given, 1)
    rows = [data.splits[split].numpy() for split in ("test", "train")]
    if told is not None and told[0] >= 0:
        if data.y is None:  # what is here is other data of this name
            return None
        rows = [part[data.y[part].numpy() == told[0]] for part in rows]
    count = min(COMPARED, *map(len, rows))
    if count < 2:
        return None
    held_out, training = (np.asarray(data.x[part[:count]].cpu()) for part in rows)
    dreams = _get_dreams(name, replace(asked, count=count), given, stamp).samples
    return match(run.config.data, dreams, held_out, training)
