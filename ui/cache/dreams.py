"""What is drawn from a prior, and how near it comes to held-out samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.data import get_dataset, why_no_originals
from ui.cache.desks import get_taught, told_by
from ui.cache.guests import get_run_with
from ui.cache.runs import get_card, get_codes, get_run, stamp_of
from vae_core.guests import is_guest

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.dreams import Asked, Match
    from vae_core.dreams.neighbours import Nearest, TaughtCodes, Usual
    from vae_core.latent.draws import Around, Draws
    from vae_core.latent.mixture import Mixture


@dataclass(frozen=True)
class Dreams:
    """Samples decoded from codes that no sample has.

    Attributes:
        codes: float32 [n, D].
        samples: as vae_core.export.decode_samples returns them.
        pictures: uint8 [n, H, W] or [n, H, W, 3].
        zones: int [n], see vae_core.latent.geometry.zones; None where there is nothing to compare with.
        draws: the codes at every temperature.
    """

    codes: np.ndarray
    samples: np.ndarray
    pictures: np.ndarray
    zones: np.ndarray | None
    draws: Draws


def get_dreams(name: str, asked: Asked, given: str) -> Dreams:
    """What the run called `name` dreams when it is asked so and told what `given` (a Given.key) stands for.

    Raises RunError as `get_run` does.
    """
    card = get_card(name)
    return _get_dreams(name, asked, given, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=64, show_spinner="Dreaming")
def _get_dreams(name: str, asked: Asked, given: str, stamp: tuple[int, ...]) -> Dreams:
    from vae_core.export import upright
    from vae_core.latent.geometry import zones
    from vae_core.render import pictures

    info = get_run(name).config.data
    draws, codes, samples = _dream(name, asked, given)
    seen = get_taught(name)
    where = None if seen is None else zones(codes[:, seen.dims], seen.codes, seen.typical)
    return Dreams(codes, samples, upright(pictures(info, samples)), where, draws)


def _dream(name: str, asked: Asked, given: str) -> tuple[Draws, np.ndarray, np.ndarray]:
    """The draws, their codes, and what is decoded from these."""
    from vae_core.dreams import decode_dreams, draw

    run, told = get_run(name), told_by(name, given, asked.count)
    draws = draw(run.model, asked, _source(name, asked), told)
    codes = draws.at(asked.temperature)
    return draws, codes, decode_dreams(run.model, run.config.data, codes, asked, told)


def _source(name: str, asked: Asked) -> Mixture | Around | None:
    from vae_core.dreams.sources import around_tray

    sampler = asked.named(get_run(name).config.model.abilities)
    if sampler == "tray":
        return around_tray(get_run_with(name, tuple(filter(is_guest, asked.tray))), asked.tray)
    return get_mixture(name, asked.components, asked.label) if sampler == "mixture" else None


def test_rows(name: str) -> np.ndarray:
    """Rows of a run's codes whose samples it has never been trained on: int64 [m]; none where the data is not here."""
    from vae_core.dreams.sources import held_out_rows

    return held_out_rows(get_run(name).codes, _data_of(name))


def _data_of(name: str) -> Dataset | None:
    """What the run was trained on, None where that is not here."""
    from vae_core.dreams.copies import comparable

    run = get_run(name)
    if why_no_originals(run.config.data.name):
        return None
    data = get_dataset(run.config.data.name)
    return data if comparable(run, data) else None


def get_mixture(name: str, components: int, label: int = -1) -> Mixture:
    """A Gaussian mixture fitted to the codes of the run called `name` (of one class), but for those of the test split.

    Raises DreamError where too few codes are left.
    """
    card = get_card(name)
    return _get_mixture(name, components, label, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=32, show_spinner="Fitting a mixture to the codes")
def _get_mixture(name: str, components: int, label: int, stamp: tuple[int, ...]) -> Mixture:
    from vae_core.dreams.sources import mixture_of

    return mixture_of(get_codes(name), test_rows(name), components, label)


COMPARED = 500  # dreams, held-out and training samples in a comparison


def get_match(name: str, asked: Asked, given: str) -> Match | None:
    """How far such dreams are from held-out samples (of the class that is given); None where that cannot be said:
    the data is not here, the model is told part of a picture, or there are fewer than two such samples.
    """
    if given.startswith("seen") or _data_of(name) is None:
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
    if told is not None and told[0] >= 0 and data.y is not None:
        rows = [part[data.y[part].numpy() == told[0]] for part in rows]
    count = min(COMPARED, *map(len, rows))
    if count < 2:
        return None
    held_out, training = (np.asarray(data.x[part[:count]].cpu()) for part in rows)
    _, _, dreams = _dream(name, replace(asked, count=count), given)  # hundreds: not kept
    return match(run.config.data, dreams, held_out, training)


# -- copies? -----------------------------------------------------------------------------------------------


def get_nearest(name: str, asked: Asked, given: str) -> Nearest | None:
    """The training samples nearest to such dreams; None where the data is not here."""
    if _data_of(name) is None:
        return None
    card = get_card(name)
    return _get_nearest(name, asked, given, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=128, show_spinner="Looking through the training samples")
def _get_nearest(name: str, asked: Asked, given: str, stamp: tuple[int, ...]) -> Nearest:
    from vae_core.dreams.neighbours import nearest

    info = get_run(name).config.data
    return nearest(info, _get_dreams(name, asked, given, stamp).samples, get_dataset(info.name))


def get_class(name: str, asked: Asked, given: str) -> int:
    """The class that all such dreams are to be of, -1 for none."""
    from vae_core.dreams.copies import class_of

    return class_of(get_run_with(name, tuple(filter(is_guest, asked.tray))), asked, given)


def get_usual(name: str, label: int = -1) -> Usual | None:
    """How far held-out samples of the run's data, of a class, are from training samples; None where none are here."""
    from vae_core.dreams.neighbours import held_out

    data = _data_of(name)
    if data is None or not len(held_out(data, label)):
        return None
    card = get_card(name)
    return _get_usual(name, label, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=64, show_spinner="Comparing held-out samples with training samples")
def _get_usual(name: str, label: int, stamp: tuple[int, ...]) -> Usual:
    from vae_core.dreams.copies import usual_of

    run = get_run(name)
    return usual_of(run, get_dataset(run.config.data.name), label)


@dataclass(frozen=True)
class NearCode:
    """The training sample with the nearest code: its place in the dataset, and how far that is.

    times: in parts of how far held-out samples' codes usually are from theirs; None where that is not known.
    """

    place: int
    times: float | None


def get_near_code(name: str, code: np.ndarray) -> NearCode | None:
    """Which training sample's code is nearest to a code [D]; None where none of them has one. Not kept."""
    if not get_run(name).config.model.abilities.encodes or _data_of(name) is None:
        return None
    card = get_card(name)
    taught = _get_taught_codes(name, stamp_of(card.folder) if card else ())
    if taught is None:
        return None
    distance, row = taught.nearest(code)
    return NearCode(int(get_codes(name).index[row]), distance / taught.usual if taught.usual else None)


@st.cache_resource(max_entries=8, show_spinner=False)
def _get_taught_codes(name: str, stamp: tuple[int, ...]) -> TaughtCodes | None:
    from vae_core.dreams.neighbours import taught_codes

    run = get_run(name)
    codes, data = run.codes, get_dataset(run.config.data.name)
    rows = codes.rows(data.splits["train"].numpy())
    std = codes.std if run.config.model.abilities.spreads else np.zeros_like(codes.mean)
    return taught_codes(codes.mean, std, rows[rows >= 0], test_rows(name))
