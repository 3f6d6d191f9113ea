"""Pictures of samples: originals, what a model makes of them, the classes it infers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.data import get_dataset, why_no_originals
from ui.cache.guests import get_guest, get_run_with
from ui.cache.runs import get_card, get_codes, get_run, stamp_of
from vae_core.guests import Habit, habit_of, is_guest, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vae_core.config import DataInfo
    from vae_core.runs import Run


@dataclass(frozen=True)
class Pictures:
    """Some samples of a run as pictures.

    Attributes:
        pixels: uint8 [n, H, W] (grey) or [n, H, W, 3].
        labels: one short text a picture, for captions and screen readers.
        decoded: why the model's reconstructions stand in for the originals; "" where these are the originals.
    """

    pixels: np.ndarray
    labels: tuple[str, ...]
    decoded: str = ""


def get_pictures(run: str, indices: tuple[int, ...]) -> Pictures:
    """The samples at `indices` (positions in the run's full dataset), the originals where the data is here and sound.

    Raises:
        RunError: the run cannot be read.
        ValueError: an index is neither in the dataset, among the run's codes, nor a guest's.
    """
    if any(map(is_guest, indices)):
        return _with_guests(run, indices)
    card = get_card(run)
    if card is None or card.config is None:
        return _get_pictures(run, indices, (), "")
    return _get_pictures(run, indices, stamp_of(card.folder), why_no_originals(card.config.data.name))


@st.cache_data(max_entries=256, show_spinner=False)
def _get_pictures(run: str, indices: tuple[int, ...], stamp: tuple[int, ...], missing: str) -> Pictures:
    from vae_core import render
    from vae_core.export import decode_pictures, upright

    loaded = get_run(run)
    info = loaded.config.data
    # dreams of a model without an encoder are numbered behind the dataset's samples
    end = info.size if loaded.config.model.abilities.encodes else info.size + len(loaded.codes)
    outside = [index for index in indices if not 0 <= index < end]
    if outside:
        raise ValueError(f"{info.name} has samples 0 to {info.size - 1}, not {outside[0]}.")
    if any(index >= info.size for index in indices):
        missing = "This model has no encoder, and these are its own dreams."
    if not missing:
        part = get_dataset(info.name).take(np.asarray(indices, dtype=np.int64))
        pixels = render.pictures(info, np.asarray(part.x[:].cpu()))  # [n, C, H, W]
        classes = None if part.y is None else np.asarray(part.y.cpu())  # [n]
    else:
        codes = loaded.codes
        rows = codes.rows(indices)
        if (rows < 0).any():
            raise ValueError(f"{missing} Some of these samples have no code either, so they cannot be shown.")
        pixels = decode_pictures(loaded.model, info, codes.mean[rows], _own_classes(loaded, rows))  # [n, C, H, W]
        classes = None if codes.y is None else codes.y[rows]
    labels = tuple(
        sample_label(info, index, None if classes is None else int(classes[row])) for row, index in enumerate(indices)
    )
    return Pictures(upright(pixels), labels, missing)


def _with_guests(run: str, indices: tuple[int, ...]) -> Pictures:
    """Pictures of samples and guests, each at its place."""
    from vae_core.export import upright
    from vae_core.render import pictures

    info = get_run(run).config.data
    own = tuple(index for index in indices if not is_guest(index))
    samples = get_pictures(run, own) if own else Pictures(np.empty(0, np.uint8), ())
    found = dict(zip(own, zip(samples.pixels, samples.labels, strict=True), strict=True))
    for number in filter(is_guest, indices):
        found[number] = upright(pictures(info, get_guest(run, number).x[None]))[0], name_of(number)
    pixels, labels = zip(*(found[index] for index in indices), strict=True)
    return Pictures(np.stack(pixels), labels, samples.decoded)


def get_habit(name: str) -> Habit:
    """What the pictures of the run called `name` are like: of the originals, or of what it decodes where none are here.

    Raises RunError as `get_run` does.
    """
    card = get_card(name)
    info = get_run(name).config.data
    return _get_habit(name, stamp_of(card.folder) if card else (), why_no_originals(info.name))


@st.cache_resource(max_entries=32, show_spinner=False)
def _get_habit(name: str, stamp: tuple[int, ...], missing: str) -> Habit:
    codes = get_codes(name)
    rows = np.unique(np.linspace(0, len(codes) - 1, min(len(codes), 128)).astype(np.int64))
    return habit_of(get_pictures(name, tuple(codes.index[rows].tolist())).pixels)


def sample_label(info: DataInfo, index: int, label: int | None) -> str:
    """What the sample at `index` of a dataset is called: "7, sample 12"; behind its end lie dreams and guests."""
    if is_guest(index):
        return name_of(index)
    if index >= info.size:
        return f"dream {index - info.size}"
    if label is None or label >= len(info.class_names):
        return f"sample {index}"
    return f"{info.class_names[label]}, sample {index}"


def _own_classes(run: Run, rows: Sequence[int] | np.ndarray) -> np.ndarray | None:
    """The samples' own classes, where the model is told one: int64 [n]."""
    y = run.codes.y
    return y[np.asarray(rows, dtype=np.int64)] if run.config.model.abilities.classes and y is not None else None


def get_reconstructions(run: str, indices: tuple[int, ...]) -> np.ndarray:
    """What the model makes of the codes of the samples at `indices` of the dataset: uint8 [n, H, W(, 3)].

    Raises RunError as `get_run` does.
    """
    from vae_core.export import upright
    from vae_core.render import pictures

    return upright(pictures(get_run(run).config.data, get_redrawn(run, indices)))


def get_originals(run: str, indices: tuple[int, ...]) -> np.ndarray | None:
    """Samples at `indices` of the dataset as they are there: [n, *sample_shape]; None where they cannot be shown."""
    info = get_run(run).config.data
    if any(map(is_guest, indices)):
        parts = [get_guest(run, i).x[None] if is_guest(i) else get_originals(run, (i,)) for i in indices]
        there = [part for part in parts if part is not None]
        return np.concatenate(there) if len(there) == len(parts) else None
    if any(index >= info.size for index in indices) or why_no_originals(info.name):
        return None
    return np.asarray(get_dataset(info.name).take(np.asarray(indices, dtype=np.int64)).x[:].cpu())


def get_redrawn(run: str, indices: tuple[int, ...]) -> np.ndarray:
    """What the model makes of the codes of the samples at `indices` of the dataset, as decode_samples returns it.

    A conditional model is told what it was told when the codes were made: a sample's class, or its usual quadrants
    (nothing, where the data is not here); one that infers the class its own inference.
    """
    card = get_card(run)
    return _get_redrawn(run, indices, stamp_of(card.folder) if card else ())


@st.cache_data(max_entries=256, show_spinner=False)
def _get_redrawn(run: str, indices: tuple[int, ...], stamp: tuple[int, ...]) -> np.ndarray:
    import torch

    from vae_core.export import decode_samples
    from vae_core.redraw import told_of

    loaded = get_run_with(run, [index for index in indices if is_guest(index)])
    able, codes = loaded.config.model.abilities, loaded.codes
    rows = codes.rows(indices)
    if (rows < 0).any():
        raise ValueError(f"Sample {indices[int(np.argmin(rows))]} has no code in {run}.")
    originals = get_originals(run, indices) if able.quadrants or able.infers_class else None
    x = None if originals is None else torch.from_numpy(originals)
    told = told_of(loaded.model, x, None if codes.y is None else torch.from_numpy(codes.y[rows]))
    return decode_samples(loaded.model, loaded.config.data, codes.mean[rows], None if told is None else told.numpy())


MOST_INFERRED = 20_000  # samples whose class is inferred so that a map can be coloured by it


def get_inferred(run: str) -> np.ndarray | None:
    """The class that the model infers of each sample that has a code: int64 [n]; None where it cannot be inferred,
    the data is not here, or there are many samples.
    """
    loaded = get_run(run)
    if not loaded.config.model.abilities.infers_class or len(loaded.codes) > MOST_INFERRED:
        return None
    card = get_card(run)
    missing = bool(why_no_originals(loaded.config.data.name))
    return None if missing else _get_inferred(run, stamp_of(card.folder) if card else ())


@st.cache_resource(max_entries=8, show_spinner="Inferring classes")
def _get_inferred(run: str, stamp: tuple[int, ...]) -> np.ndarray | None:
    import torch

    from vae_core.redraw import inferred

    loaded = get_run(run)
    originals = get_originals(run, tuple(loaded.codes.index.tolist()))
    return None if originals is None else inferred(loaded.model, torch.from_numpy(originals)).numpy()
