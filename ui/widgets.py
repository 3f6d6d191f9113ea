"""Pieces that more than one page shows: the model picker, the tray, picture strips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from ui import cache, state

if TYPE_CHECKING:
    from streamlit.navigation.page import Page as StreamlitPage

    from vae_core.runs import Run

_PICKER = "latentarium.picker"
FOLDER = Path(__file__).parent
ICON = str(FOLDER / "icon.svg")
THUMBNAIL = 52  # pixels on the screen: four fit the sidebar
SHOWN_IN_TRAY = 12


def style() -> None:
    """The frame's few rules of CSS; colours and fonts stand in .streamlit/config.toml."""
    st.html(FOLDER / "frame.css")


# -- the run -----------------------------------------------------------------------------------------------


def model_picker() -> None:
    """The sidebar's choice of run. Takes the first run where nothing is chosen yet."""
    cards = {card.name: card for card in cache.list_runs() if card.config is not None}
    if not cards:
        st.caption("No model yet. Train one, and it appears here.")
        return
    # The browser answers with the label, so two runs of one title need two labels.
    titles = Counter(card.title for card in cards.values())
    labels = {
        name: card.title if titles[card.title] == 1 else f"{card.title} ({name})" for name, card in cards.items()
    }
    now = state.selection().run
    if now is None:
        now = next(iter(cards))
        state.select_run(now)
    if now in cards:
        st.session_state[_PICKER] = now  # the picker follows a link or a click on the home page
    else:
        # An unreadable or missing run stays the choice, so that its page can say what is wrong with it.
        st.session_state[_PICKER] = None
    st.selectbox(
        "Model",
        list(cards),
        index=0 if now in cards else None,
        format_func=labels.__getitem__,
        key=_PICKER,
        on_change=_pick,
        placeholder="Choose a model",
    )


def _pick() -> None:
    name = st.session_state[_PICKER]
    if name is not None:
        open_run(name)


def open_run(name: str) -> None:
    """Chooses a run; the tray stays where the new run is of the same dataset. For callbacks."""
    old, new = (_data_of(run) for run in (state.selection().run, name))
    state.select_run(name, keep_tray=old is not None and old == new)


def _data_of(run: str | None) -> str | None:
    card = cache.get_card(run) if run else None
    return card.config.data.name if card and card.config else None


def chosen_run() -> Run:
    """The chosen run; where there is none the page says so and ends.

    Raises:
        RunError: it cannot be read; so may its model and codes when asked for. `show_page` tells the visitor.
    """
    name = state.selection().run
    if name is None:
        st.info("There is no model yet. Training one on the digits takes about a minute.")
        st.page_link("pages/train.py", label="Train a model", icon=":material/model_training:")
        st.stop()
    return cache.get_run(name)


def show_page(page: StreamlitPage) -> None:
    """Runs a page. A broken run or dataset becomes its one sentence, with a way out, and the app goes on."""
    from vae_core.data import DatasetError
    from vae_core.runs import RunError

    try:
        page.run()
    except (RunError, DatasetError) as error:
        st.error(str(error), icon=":material/broken_image:")
        st.page_link("pages/home.py", label="Choose another model", icon=":material/flare:")


# -- pictures ----------------------------------------------------------------------------------------------


def picture_png(pixels: np.ndarray, side: int) -> bytes:
    """One picture, uint8 [H, W] or [H, W, 3], enlarged to at most `side` pixels, as PNG.

    Small pictures are enlarged smoothly: 8 x 8 squares hide the digit that a smooth picture shows.
    """
    picture = Image.fromarray(pixels)
    scale = side / max(picture.size)
    if scale > 1:
        width, height = picture.size
        picture = picture.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def picture_strip(pixels: Sequence[np.ndarray] | np.ndarray, labels: Sequence[str], side: int = 96) -> None:
    """A row of pictures that wraps; each has its caption, and the same words for screen readers.

    Args:
        pixels: uint8 pictures [H, W] or [H, W, 3].
        labels: one text a picture.
        side: pixels on the screen.
    """
    with st.container(horizontal=True, gap="small"):
        for picture, label in zip(pixels, labels, strict=True):
            with st.container(width=side, gap=None):
                st.image(picture_png(picture, 2 * side), width=side, output_format="PNG", alt=label)
                st.caption(label)


# -- the tray ----------------------------------------------------------------------------------------------


def tray() -> None:
    """The samples picked so far, small, each with a button that takes it out; drawn in the sidebar."""
    note = state.take_note()
    if note:
        st.warning(note, icon=":material/info:")
    now = state.selection()
    if now.run is None or not now.tray:
        st.caption("**Tray** · empty. Samples you pick on the map wait here and follow you around.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        count = len(now.tray)
        st.markdown(f"**Tray** · {count} sample{'s' if count > 1 else ''}", width="content")
        st.button("Clear", key="latentarium.tray.clear", type="tertiary", on_click=state.clear_tray)
    shown = now.tray[:SHOWN_IN_TRAY]
    from vae_core.data import DatasetError
    from vae_core.runs import RunError

    try:
        pictures = cache.get_pictures(now.run, shown)
    except (RunError, DatasetError, ValueError) as error:
        st.caption(str(error))
        return
    with st.container(horizontal=True, gap="xsmall", key="latentarium-tray"):
        for index, picture, label in zip(shown, pictures.pixels, pictures.labels, strict=True):
            with st.container(width=THUMBNAIL, gap=None):
                st.image(picture_png(picture, 2 * THUMBNAIL), width=THUMBNAIL, output_format="PNG", alt=label)
                st.button(
                    "",
                    icon=":material/close:",
                    key=f"latentarium.tray.{index}",
                    type="tertiary",
                    width="stretch",
                    help=f"Take {label} out of the tray",
                    on_click=state.remove_from_tray,
                    args=([index],),
                )
    if count > len(shown):
        st.caption(f"and {count - len(shown)} more")
    if pictures.decoded:
        st.caption("Decoded by the model: the originals are not on this machine.")
