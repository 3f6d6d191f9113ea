"""Samples that a visitor brings to the view Odd samples: where they stand among the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, state
from ui.guests import bring
from ui.widgets import picture_strip
from vae_core.apply.outcome import ApplyError
from vae_core.guests import is_guest, name_of

if TYPE_CHECKING:
    from vae_core.apply.anomaly import Detection
    from vae_core.runs import Run

SHOWN = 12
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
        pictures = cache.get_pictures(run.name, tuple(numbers))
        picture_strip(pictures.pixels, [f"{name}: {value:.2f}" for name, value in brought], side=72)
    bring(run, ACTIONS, _take, key="apply-odd")


def _take(action: str, number: int) -> None:
    state.add_to_tray([number])
    st.session_state[_TAKEN] = True


def follow() -> None:
    """Has the whole page run again where a fragment of it has put something into the tray, which the frame shows."""
    if st.session_state.pop(_TAKEN, False):
        st.rerun(scope="app")
