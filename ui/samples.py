"""Samples of a run by their place in the dataset: their names, their codes, and a picker for one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, state
from ui.components.desk import Sample
from ui.widgets import picture_png
from ui.words import plain

if TYPE_CHECKING:
    from vae_core.runs import Run

PICTURE = 88  # pixels on the screen


def place_in_dataset(text: str) -> int:
    """A sample as in the address: a place in a dataset, or a guest's number. Raises ValueError where it is neither."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError("A sample is a whole number of at most nine digits.")
    return int(text)


def rows_of(run: Run, indices: Sequence[int]) -> list[int]:
    """Rows of run.codes of the samples at `indices` of the dataset; those without a code are left out."""
    rows = run.codes.rows(indices)
    return [int(row) for row in rows if row >= 0]


def sample_at(run: Run, row: int) -> Sample:
    """The sample at a row of run.codes, with its code and its name."""
    codes = run.codes
    label = None if codes.y is None else int(codes.y[row])
    return Sample(cache.sample_label(run.config.data, int(codes.index[row]), label), tuple(codes.mean[row].tolist()))


def tray_rows(run: Run) -> list[int]:
    """Rows of run.codes of the tray's samples, in the order of picking."""
    return rows_of(run, state.selection().tray)


def random_row(run: Run, label: int | None = None) -> int:
    """A row of run.codes drawn at random, of the class `label` where one is given and has samples."""
    rows = np.arange(len(run.codes))
    if label is not None and run.codes.y is not None and (run.codes.y == label).any():
        rows = np.flatnonzero(run.codes.y == label)
    return int(np.random.default_rng().choice(rows))


def picker(letter: str, run: Run, row: int, picture: np.ndarray, on_pick: Callable[[int], None]) -> None:
    """The sample called `letter`: its picture, and a menu with tray, classes and chance.

    Args:
        row: the row of run.codes that is picked.
        picture: uint8 [H, W] or [H, W, 3].
        on_pick: called with the place in the full dataset of the new sample.
    """
    label = sample_at(run, row).label
    key = f"latentarium.picker.{run.name}.{letter}"

    def index_at(place: int) -> int:
        return int(run.codes.index[place])

    def of_class() -> None:
        name = st.session_state[f"{key}.class"]
        if name is not None:
            label = run.config.data.class_names.index(name)
            on_pick(index_at(random_row(run, label)))
            st.session_state[f"{key}.class"] = None  # the same class again is a new sample

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"picker-{letter}"):
        st.image(picture_png(picture, 2 * PICTURE), width=PICTURE, output_format="PNG", alt=f"{letter}: {label}")
        with st.container(gap="xsmall"):
            st.markdown(f"**{letter}** · {plain(label)}")
            with st.container(horizontal=True, gap="xsmall"):
                with st.popover("Choose", icon=":material/swap_horiz:"):
                    waiting = tray_rows(run)
                    for place, other in enumerate(waiting):
                        name = sample_at(run, other).label
                        st.button(
                            f"From the tray: {plain(name)}",
                            key=f"{key}.tray.{place}",
                            on_click=on_pick,
                            args=(index_at(other),),
                        )
                    if not waiting:
                        st.caption("Samples in the tray can be chosen here.")
                    if run.codes.y is not None and run.config.data.class_names:
                        names = run.config.data.class_names
                        st.pills(
                            "Any sample of a class", names, format_func=plain, key=f"{key}.class", on_change=of_class
                        )
                st.button(
                    "",
                    icon=":material/shuffle:",
                    key=f"{key}.random",
                    help=f"A random sample for {letter}",
                    on_click=lambda: on_pick(index_at(random_row(run))),
                )
