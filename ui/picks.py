"""Which runs are picked on the page of runs, and the colour that each has there as long as it is picked."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from ui import state
from vae_core.figures.curves import run_colours

PARAM = "picked"
MOST = 64
_SLOTS = "latentarium.logbook.slots"
_CHANGED = "latentarium.logbook.changed"


def picked() -> dict[str, int]:
    """The keys of the runs that are picked, each with the number of its colour. At first those in the address."""
    if _SLOTS not in st.session_state:
        keys = state.page_param(PARAM, [], lambda text: text.split(",")[:MOST])
        st.session_state[_SLOTS] = {key: slot for slot, key in enumerate(dict.fromkeys(keys))}
    return dict(st.session_state[_SLOTS])


def pick(keys: Iterable[str]) -> None:
    """Pick these runs and no others; those that were picked before keep their colours."""
    before, wanted = picked(), list(dict.fromkeys(keys))[:MOST]
    slots = {key: before[key] for key in wanted if key in before}
    free = iter(slot for slot in range(2 * MOST) if slot not in slots.values())
    st.session_state[_SLOTS] = slots | {key: next(free) for key in wanted if key not in slots}


def keep_in_address() -> None:
    """Write the picked runs into the address, so that a copied link shows the same chart."""
    state.set_page_param(PARAM, ",".join(picked()) or None)


def colours() -> dict[str, str]:
    """The colour of each picked run."""
    slots = picked()
    palette = run_colours(max(slots.values(), default=-1) + 1)
    return {key: palette[slot] for key, slot in slots.items()}


def note_change() -> None:
    """What the frame shows has changed (a title, a deleted run): the whole page is drawn again. For callbacks."""
    st.session_state[_CHANGED] = True


def follow_change() -> None:
    """Draw the whole page again where something was changed in this fragment alone."""
    if st.session_state.pop(_CHANGED, False):
        st.rerun(scope="app")
