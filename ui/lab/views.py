"""Which view of the page Disentangle is shown, and one setting of a view; both stand in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from ui import state
from ui.atlas import one_of

FACTORS, UNLABELLED, STUDY, GAME = "factors", "unlabelled", "study", "game"
VIEWS = {
    FACTORS: ":material/grid_on: Factors",
    UNLABELLED: ":material/label_off: Without labels",
    STUDY: ":material/science: A study of β",
    GAME: ":material/joystick: The game",
}
VIEW = "view"
_KEY = "latentarium.lab.view"


def choose_view() -> str:
    """The control of the page's views."""
    return setting("View", VIEW, VIEWS, FACTORS, key=_KEY, label_visibility="collapsed")


def setting(
    label: str, param: str, choices: Mapping[str, str], usual: str, *, key: str, label_visibility: str = "visible",
    help: str | None = None,
) -> str:  # fmt: skip
    """One of some choices, as a segmented control that follows the address; what is usual is left out of that."""
    now = state.page_param(param, usual, one_of(*choices))

    def keep() -> None:
        state.set_page_param(param, None if st.session_state[key] == usual else st.session_state[key])

    st.session_state[key] = now
    st.segmented_control(
        label, list(choices), format_func=choices.__getitem__, key=key, on_change=keep, required=True,
        label_visibility=label_visibility, help=help, wrap=True,  # type: ignore[arg-type]
    )  # fmt: skip
    return now


def menu(
    label: str, now: str, choices: Mapping[str, str], on_change: Callable[[str], None], *, key: str, width: int = 180
) -> None:
    """One of some choices as a menu that shows what stands in the address; `on_change` is to write it there."""
    st.session_state[key] = now
    st.selectbox(
        label, list(choices), format_func=choices.__getitem__, key=key, width=width,
        on_change=lambda: on_change(st.session_state[key]),
    )  # fmt: skip
