"""Samples that visitors bring: the pad, the line of text or the row of numbers, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, show
from ui.components.pad import Added, Said, pad
from ui.guest_pictures import pad_urls
from ui.widgets import sentences
from ui.words import plain
from vae_core.guests import MOST, UNTOLD, Guest, Store, is_guest, name_of, pixels_of, row, sentence

if TYPE_CHECKING:
    from vae_core.latent.projection import Projection
    from vae_core.runs import Run

TITLES = {
    "image": "Draw or drop your own",
    "text": "Write a line of your own",
    "table": "A row of your own",
}
NO_ENCODER = (
    "This model has no encoder, so a drawing or a photo of yours would get no code and no place here. "
    "Any model of the gallery that encodes takes one."
)
WARM_AFTER = 0.3  # seconds in which the page itself comes first
_SAID = "latentarium.guests.said"
Actions = Mapping[str, str]
OnAdd = Callable[[str, int], None]


def bring(run: Run, actions: Actions, on_add: OnAdd, *, key: str) -> None:
    """The control with which a visitor brings a sample.

    Args:
        actions: what can be done with it: id -> words on a button.
        on_add: told the id and the guest's number, before the page runs again.
        key: of its own on the page.
    """
    with st.expander(TITLES[run.config.data.kind], icon=":material/draw:", key=f"{key}.bring"):
        form(run, actions, on_add, key=key)


def form(run: Run, actions: Actions, on_add: OnAdd, *, key: str) -> None:
    """The control itself, for whatever holds it; arguments as of `bring`."""
    info, able = run.config.data, run.config.model.abilities
    if not able.encodes:
        st.caption(NO_ENCODER)
        return
    {"image": _pad, "text": _line, "table": _row}[info.kind](run, actions, on_add, f"{key}.{run.name}")
    st.caption(
        "It is encoded on this server and takes part like any sample, for every model of the same kind of data. "
        f"The newest {MOST} of all visitors' are kept; whoever has its link sees it."
    )
    _warm(run)


def take(run: Run, x: np.ndarray, label: int = UNTOLD) -> Guest:
    """Keeps a sample and encodes it. Raises GuestError, or RunError where the model cannot be read: one sentence."""
    guest = Store.here().add(run.config.data, x, label)
    cache.get_guest_code(run.name, guest.number)
    return guest


# -- pictures ----------------------------------------------------------------------------------------------


def _pad(run: Run, actions: Actions, on_add: OnAdd, key: str) -> None:
    info, able = run.config.data, run.config.model.abilities
    told = info.class_names if able.classes and not able.infers_class else ()
    pad(
        key, info.sample_shape, urls=pad_urls(run.name), actions=actions, classes=told,
        said=st.session_state.get(_SAID), on_add=partial(_hear, run, on_add),
    )  # fmt: skip


def _hear(run: Run, on_add: OnAdd, added: Added) -> None:
    try:
        guest = take(run, pixels_of(run.config.data, added.pixels), added.label)
    except sentences() as error:
        st.session_state[_SAID] = Said(added.serial, str(error), wrong=True)
        return
    on_add(added.action, guest.number)
    name = name_of(guest.number)
    st.session_state[_SAID] = Said(
        added.serial, f"{name[0].upper()}{name[1:]} is here: a star on the map, in the tray."
    )


# -- sentences and rows ------------------------------------------------------------------------------------


def _line(run: Run, actions: Actions, on_add: OnAdd, key: str) -> None:
    info = run.config.data
    what = "words" if info.joiner else "letters"
    known = ", ".join(info.vocabulary[4:24]) + ("…" if len(info.vocabulary) > 24 else "")
    st.text_input(
        f"Up to {info.sample_shape[0] - 1} {what}",
        key=key,
        max_chars=400,
        help=f"It knows, among others: {plain(known)}",
    )
    _buttons(run, actions, on_add, key, lambda: _read(run, st.session_state[key]))


def _read(run: Run, text: str) -> np.ndarray:
    tokens, unknown = sentence(run.config.data, text)
    if unknown:
        many = ", ".join(unknown[:5])
        st.session_state[f"{_SAID}.unknown"] = f"Unknown to this model, and read as such: {many}."
    return tokens


def _row(run: Run, actions: Actions, on_add: OnAdd, key: str) -> None:
    import pandas as pd

    info = run.config.data
    middle = pd.DataFrame({"value": info.centre}, index=pd.Index([plain(name) for name in info.columns], name="column"))
    st.caption("In real units; it begins with the data's mean.")
    narrow = {
        "_index": st.column_config.Column("column", width=118),
        "value": st.column_config.NumberColumn("value", width=78, format="%.3f"),
    }
    st.data_editor(middle, key=f"{key}.row", height=min(360, 38 + 35 * len(middle)), column_config=narrow)

    def read() -> np.ndarray:
        values = list(info.centre)
        for place, changed in st.session_state[f"{key}.row"]["edited_rows"].items():
            value = changed.get("value", values[place])
            values[place] = float("nan") if value is None else float(value)
        return row(info, values)

    _buttons(run, actions, on_add, key, read)


def _buttons(run: Run, actions: Actions, on_add: OnAdd, key: str, read: Callable[[], np.ndarray]) -> None:
    """The actions as buttons, for what `read` makes of a form, and what came of the last.

    `read` is called at the click and reads the session: what was typed last may be newer than the page.
    """

    def act(action: str) -> None:
        st.session_state.pop(f"{_SAID}.unknown", None)
        try:
            guest = take(run, read())
        except sentences() as error:
            st.session_state[_SAID] = Said(0, str(error), wrong=True)
            return
        on_add(action, guest.number)
        more = st.session_state.pop(f"{_SAID}.unknown", "")
        name = name_of(guest.number)
        st.session_state[_SAID] = Said(0, f"{name[0].upper()}{name[1:]} is on the map and in the tray. {more}".strip())

    with st.container(horizontal=True, gap="small"):
        for action, words in actions.items():
            st.button(words, key=f"{key}.{action}", on_click=act, args=(action,))
    said = st.session_state.pop(_SAID, None)
    if said:
        (st.error if said.wrong else st.success)(plain(said.text))


# -- what is told of a guest -------------------------------------------------------------------------------


def show_distance(run: Run, index: int) -> None:
    """How far a guest is from the codes seen, against how far these are from each other."""
    from vae_core.latent.geometry import nearest_distance

    seen, found = cache.get_seen(run.name), run.codes.rows([index])[0]
    if not is_guest(index) or seen is None or found < 0:
        return
    code = run.codes.mean[found]
    show.show_cue(run, code.tolist())
    far = float(nearest_distance(code[None, seen.dims], seen.codes)[0])
    st.caption(
        f"The nearest of {len(seen.codes):,} codes seen is **{far:.2f}** away; among themselves they are typically "
        f"{seen.typical.median:.2f} apart, and 99.9% of them less than {seen.typical.edge:.2f}."
    )


def show_place(projection: Projection) -> None:
    """How a guest came to its place on the map."""
    if projection.is_linear:
        st.caption("Its place is exact: these axes have a formula.")
    else:
        st.caption(
            "UMAP has no formula for a new sample: the star stands at the mean of its nearest neighbours' places, the "
            "nearer the weightier. The map itself stays as it was."
        )


# -- ready before it is needed -----------------------------------------------------------------------------


def _warm(run: Run) -> None:
    """Loads in the background what the first guest would wait for: the model, and what looks for neighbours."""
    mark = (run.name, cache.run_stamp(run.name))
    if mark in cache.warmed():
        return
    cache.warmed().add(mark)
    timer = Timer(WARM_AFTER, _load, args=mark)
    timer.daemon = True
    timer.start()


def _load(name: str, stamp: tuple[int, ...]) -> None:
    import scipy.spatial  # noqa: F401

    from vae_core.guests.codes import encode

    try:
        run = cache.get_run(name)
        info = run.config.data
        kinds = {"image": np.uint8, "text": np.int64, "table": np.float32}
        blank = Guest(0, np.full(info.sample_shape, 2 if info.kind == "text" else 0, kinds[info.kind]))
        encode(run.model, blank)
        cache.get_reconstructions(name, (int(run.codes.index[0]),))
        cache.get_seen(name)
    except (*sentences(), ValueError, OSError):  # whoever brings something is told
        cache.warmed().discard((name, stamp))
