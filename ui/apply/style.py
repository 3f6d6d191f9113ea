"""Style: a sample's own code, told one class after the other; its hand stays while the class changes."""

from __future__ import annotations

import base64
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, samples, state
from ui.apply import results, views
from ui.apply.jobs import result, small
from ui.widgets import picture_png
from ui.words import plain
from vae_core.apply.asked import Arithmetic

if TYPE_CHECKING:
    from vae_core.apply.style import Restyled
    from vae_core.runs import Run

ROWS = 5  # samples that are drawn as every class, the first of which can be chosen
MOST_CLASSES = 12


def show(run: Run) -> None:
    """The view for a model that is told the class."""
    st.markdown(
        "This model is **told the class**, so its code keeps the rest: the hand. Each row is one sample, then "
        "what is made of its own code when every class is told in turn."
    )
    _sheet(run)
    views.name_models(run, views.WAYS, "The class is not in the code here, so no vector leads to another. Models "
                      "where one does:", lambda config: not config.model.abilities.classes)  # fmt: skip
    st.subheader("On held-out samples", anchor=False)
    st.caption("Each held-out sample as another class with the same code. How much of its slant and thickness is kept, "
               "and is it read as the class?")  # fmt: skip
    asked = Arithmetic(run.name)
    found = result(asked, what="what is kept of the hand", unasked=small(run), key="apply-style")
    if found is not None:
        _kept(found)  # type: ignore[arg-type]
    results.take_home(asked, found, key="apply-style")


def _kept(found: Restyled) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### The hand is kept")
        results.show_outcome(found.outcome, key="apply-style-kept")
    with right:
        st.markdown("##### The class is read")
        results.show_outcome(found.read, key="apply-style-read")


def _sheet(run: Run) -> None:
    tests = cache.test_rows(run.name)[:ROWS] if len(cache.test_rows(run.name)) else np.arange(ROWS)
    start = (samples.tray_rows(run) or tests.tolist())[0]

    def known(text: str) -> int:
        index = samples.place_in_dataset(text)
        if not samples.rows_of(run, [index]):
            raise ValueError("There is no such sample.")
        return index

    index = state.page_param("at", int(run.codes.index[start]), known)
    own = samples.rows_of(run, [index])[0]
    picture = cache.get_pictures(run.name, (index,)).pixels[0]
    samples.picker("Sample", run, own, picture, partial(state.set_page_param, "at"))
    rows = [own, *(int(row) for row in tests if row != own)][:ROWS]
    names = run.config.data.class_names[:MOST_CLASSES]
    from vae_core.export import upright

    made = [upright(cache.get_decoded(run.name, run.codes.mean[rows], f"class-{label}")) for label in range(len(names))]
    originals = cache.get_pictures(run.name, tuple(run.codes.index[rows].tolist()))
    y = run.codes.y
    own_names = ["" if y is None else run.config.data.class_names[int(y[row])] for row in rows]
    cells = ["<b></b>", "<b>sample</b>", *(f"<b>{escape(name)}</b>" for name in names)]
    for place, label in enumerate(originals.labels):
        cells += [f"<b>{escape(own_names[place])}</b>", _image(originals.pixels[place], label)]
        cells += [_image(sheet[place], f"{label}, told {names[told]}") for told, sheet in enumerate(made)]
    st.html(f'<div class="dream-grid apply-style" style="--columns: {len(names) + 1}">{"".join(cells)}</div>')
    if len(run.config.data.class_names) > MOST_CLASSES:
        st.caption(plain(f"The first {MOST_CLASSES} classes."))


def _image(picture: np.ndarray, label: str) -> str:
    content = base64.b64encode(picture_png(picture, 96)).decode()
    return f'<img src="data:image/png;base64,{content}" alt="{escape(label, quote=True)}">'
