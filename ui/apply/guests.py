"""Samples that a visitor brings to the view Odd samples: where they stand among the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, state
from ui.guests import bring
from ui.widgets import picture_strip
from ui.words import plain
from vae_core.apply.outcome import ApplyError
from vae_core.guests import is_guest, name_of

if TYPE_CHECKING:
    from vae_core.apply.anomaly import Detection
    from vae_core.runs import Run

SHOWN = 12
UNUSUAL = 3  # columns that are named
ACTIONS = {"score": "How odd is it?"}
_TAKEN = "latentarium.apply.taken"


def numbers_in_tray(run: Run) -> list[int]:
    """The guests in the tray that this run can encode, the newest of them."""
    return [i for i in state.selection().tray if is_guest(i) and cache.has_guest(run.name, i)][-SHOWN:]


def values(run: Run, found: Detection, name: str) -> list[tuple[str, float]]:
    """Names and scores of the guests in the tray."""
    import torch

    from vae_core.apply.anomaly import values_of

    numbers = numbers_in_tray(run)
    if not numbers:
        return []
    x = torch.from_numpy(np.stack([cache.get_guest(run.name, number).x for number in numbers]))
    try:
        scored = values_of(run, found, name, x)
    except ApplyError:  # then none of the samples has this score
        return []
    return [(name_of(number), float(value)) for number, value in zip(numbers, scored, strict=True)]


def show(run: Run, brought: list[tuple[str, float]]) -> None:
    """The pictures of those that are there, and the way to bring more."""
    numbers = numbers_in_tray(run)
    if brought and len(brought) == len(numbers):
        if run.config.data.kind == "table":
            for (name, value), number in zip(brought, numbers, strict=True):
                st.caption(f"★ {name}, a row that a visitor brought: {value:.2f}. {_unusual(run, number)}")
        pictures = cache.get_pictures(run.name, tuple(numbers))
        picture_strip(pictures.pixels, [f"{name}: {value:.2f}" for name, value in brought], side=72)
    bring(run, ACTIONS, _take, key="apply-odd")


def _unusual(run: Run, number: int) -> str:
    """The columns of a guest that lie farthest from the data's mean, a sentence."""
    x = cache.get_guest(run.name, number).x.ravel()
    far = [place for place in np.argsort(-np.abs(x)).tolist()[:UNUSUAL] if abs(x[place]) >= 0.05]
    if not far:
        return "All its columns are the data's mean, so its picture is empty."
    columns = run.config.data.columns
    named = ", ".join(f"{plain(columns[place])} ({x[place]:+.1f} sd)" for place in far)
    return f"Farthest from the data's mean: {named}."


def _take(action: str, number: int) -> None:
    state.add_to_tray([number])
    st.session_state[_TAKEN] = True


def follow() -> None:
    """Has the whole page run again where a fragment of it has put something into the tray, which the frame shows."""
    if st.session_state.pop(_TAKEN, False):
        st.rerun(scope="app")
