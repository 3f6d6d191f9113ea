"""Pieces that more than one page shows: the model picker, the tray, picture strips, sentences on what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

import numpy as np
import streamlit as st
from PIL import Image

from ui import cache, state
from ui.words import plain
from vae_core.guests import MOST, is_guest, name_of

if TYPE_CHECKING:
    from streamlit.navigation.page import Page as StreamlitPage

    from vae_core.runs import Run, RunCard

P = ParamSpec("P")

START_HERE = "digits-2d"
"""Two dimensions: the whole latent space fits in one picture."""
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
    """The sidebar's choice among the runs that can be looked at. Begins with the one to start with, else the first."""
    cards = {card.name: card for card in cache.list_runs() if card.ready}
    if not cards:
        st.caption("No model yet. Train one, and it appears here.")
        return
    # The browser answers with the label, so two runs of one title need two labels.
    titles = Counter(card.title for card in cards.values())
    labels = {name: card.title if titles[card.title] == 1 else f"{card.title} ({name})" for name, card in cards.items()}
    now = state.selection().run
    if now is None:
        now = START_HERE if START_HERE in cards else next(iter(cards))
        state.select_run(now)
    if now in cards:
        st.session_state[_PICKER] = now  # the picker follows a link or a click on the home page
    else:
        # An unreadable, missing or unfinished run stays the choice, so that its page can say what is wrong with it.
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
    watched = cache.get_card(st.query_params.get("watch", ""))  # on the page Train alone
    if watched is not None and watched.name != now:
        st.caption(f"This page shows how **{plain(watched.title)}** came about; the other pages show the model above.")


def _pick() -> None:
    name = st.session_state[_PICKER]
    if name is not None:
        open_run(name)


def open_run(name: str) -> None:
    """Chooses a run. For callbacks."""
    state.select_run(name)


def chosen_run() -> Run:
    """The chosen run; where there is none, or its training has not ended yet, the page says so and ends.

    Raises:
        RunError: it cannot be read; so may its model and codes when asked for. `show_page` tells the visitor.
    """
    name = state.selection().run
    if name is None:
        st.info("There is no model yet. Training one on the digits takes about a minute.")
        st.page_link("pages/train.py", label="Train a model", icon=":material/model_training:")
        st.stop()
    card = cache.get_card(name)
    why = why_unready(card) if card else None
    if card and why:
        st.info(f"**{plain(card.title)}** {why.sentence}", icon=":material/hourglass_empty:")
        train_link(card, why.link)
        st.stop()
    return _with_guests(name)


def _with_guests(name: str) -> Run:
    """The run with the guests that the tray and the address name; says which are not there any more."""
    named = state.named_guests()
    gone = [number for number in named if not cache.has_guest(name, number)]
    if gone:
        state.forget_guests(gone)
        names, be = " and ".join(map(name_of, gone)).capitalize(), "are" if len(gone) > 1 else "is"
        st.info(
            f"{names} {be} not here: only the newest {MOST} guests are kept, each for models of one kind of sample. "
            "Draw or drop it again.",
            icon=":material/person_off:",
        )
    return cache.get_run_with(name, [number for number in named if number not in gone])


@dataclass(frozen=True)
class Unready:
    """Why a run cannot be looked at yet. sentence: goes on after its name. link: what to do about it."""

    sentence: str
    link: str


def why_unready(card: RunCard) -> Unready | None:
    """Why there is nothing to look at; None where there is, or where only reading the run can tell."""
    from vae_core.launch import standing
    from vae_core.runs import RunError

    if card.ready or card.config is None:
        return None
    try:
        now = standing(card.name)
    except RunError as error:
        return Unready(f"has nothing to look at yet. {plain(str(error))}", "See its training")
    if now.state == "queued":
        return Unready("waits for its turn to be trained.", "Waiting for its turn: watch it")
    if now.state == "running":
        return Unready("is still being trained; it opens here once that has ended.", "Still training: watch it")
    if now.paused:
        return Unready("is paused in its training; it opens here once that has ended.", "Paused: watch it")
    if now.state == "interrupted":
        return Unready("was interrupted before its training had ended.", "Interrupted: see what can be done")
    if now.state == "failed":
        return Unready(f"could not be trained to its end. {plain(now.message)}", "Failed: see why")
    if now.state == "stopped":
        return Unready("was stopped before it had learnt anything.", "Stopped early: see why")
    return None


def train_link(card: RunCard, label: str) -> None:
    """The way to the training of a run."""
    where = {"run": card.name, "watch": card.name}
    st.page_link("pages/train.py", label=label, icon=":material/model_training:", query_params=where)


# -- what is wrong -----------------------------------------------------------------------------------------


def sentences() -> tuple[type[Exception], ...]:
    """The errors that are one sentence for the visitor."""
    from vae_core.apply.outcome import ApplyError
    from vae_core.data import DatasetError
    from vae_core.dreams import DreamError
    from vae_core.export import ExportError
    from vae_core.foreign.process import ForeignError
    from vae_core.guests import GuestError
    from vae_core.latent.projection import ProjectionError
    from vae_core.runs import RunError

    return (RunError, DatasetError, DreamError, ProjectionError, ExportError, ForeignError, GuestError, ApplyError)


@contextmanager
def told() -> Iterator[None]:
    """A broken run or dataset becomes its one sentence, and the app goes on."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, sentences()):
            raise
        st.error(plain(str(error)), icon=":material/broken_image:")


def fragment(*, run_every: float | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """st.fragment for functions that may meet a broken run or dataset.

    What a fragment raises when it runs alone never reaches the page around it, so it must say itself what is wrong.
    """

    def wrap(function: Callable[P, None]) -> Callable[P, None]:
        @wraps(function)
        def shown(*args: P.args, **kwargs: P.kwargs) -> None:
            with told():
                function(*args, **kwargs)

        return st.fragment(shown, run_every=run_every)

    return wrap


def show_page(page: StreamlitPage, *, way_out: bool = True) -> None:
    """Runs a page. A broken run or dataset becomes its one sentence, and the app goes on.

    way_out: whether there is a home page to lead to from there.
    """
    ended = False
    with told():
        page.run()
        ended = True
    if not ended and way_out:
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
                st.caption(plain(label))


# -- the tray ----------------------------------------------------------------------------------------------


def tray() -> None:
    """The samples picked so far, small, each with a button that takes it out; drawn in the sidebar."""
    note = state.take_note()
    if note:
        st.warning(plain(note), icon=":material/info:")
    now = state.selection()
    held = tuple(i for i in now.tray if not is_guest(i) or cache.has_guest(now.run or "", i))
    if now.run is None or not held:
        st.caption("**Tray** · empty. Samples you pick on the map wait here and follow you around.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        count = len(held)
        st.markdown(f"**Tray** · {count} sample{'s' if count > 1 else ''}", width="content")
        st.button("Clear", key="latentarium.tray.clear", type="tertiary", on_click=state.clear_tray)
    shown = held[:SHOWN_IN_TRAY]
    try:
        pictures = cache.get_pictures(now.run, shown)
    except ValueError as error:  # a broken run is one too
        st.caption(plain(str(error)))
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
                    help=f"Take {plain(label)} out of the tray",
                    on_click=state.remove_from_tray,
                    args=([index],),
                )
    if count > len(shown):
        st.caption(f"and {count - len(shown)} more")
    if pictures.decoded:
        st.caption(f"Decoded by the model. {plain(pictures.decoded)}")
