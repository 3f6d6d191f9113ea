"""Made-up samples: so many of each class, as files, and what they are worth to a classifier with few labels."""

from __future__ import annotations

import base64
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import state
from ui.apply import results
from ui.apply.jobs import result, small
from ui.widgets import picture_png
from ui.words import plain
from vae_core.apply.asked import Augment

if TYPE_CHECKING:
    from vae_core.apply.augment import Made
    from vae_core.runs import Run

COUNTS = (10, 30, 100, 300, 1000)
LABELS = (2, 5, 10, 20, 50)
SHOWN = 10  # samples of each class on the page
WARMEST = 2.0


def asked_of(run: Run) -> Augment:
    """What the address asks."""
    able = run.config.model.abilities
    labels = 0 if able.infers_class else state.page_param("labels", 10, partial(_one, LABELS))
    return Augment(
        run.name, per_class=state.page_param("k", 100, partial(_one, COUNTS)), labels=0 if labels == 10 else labels,
        temperature=state.page_param("t", 1.0, _temperature),
    )  # fmt: skip


def _one(choices: tuple[int, ...], text: str) -> int:
    if not text.isdecimal() or int(text) not in choices:
        raise ValueError(f"One of {choices}.")
    return int(text)


def _temperature(text: str) -> float:
    value = round(float(text), 1)
    if not 0.1 <= value <= WARMEST:
        raise ValueError(f"A temperature here is 0.1 to {WARMEST:g}.")
    return value


def show(run: Run) -> None:
    """The whole view."""
    able = run.config.model.abilities
    how = (
        "It is told each class and draws codes from its prior."
        if able.classes
        else "A Gaussian mixture is fitted to the codes of the few labelled samples of each class, and drawn from."
    )
    st.markdown(f"The model makes samples of each class. {how} Do they help a small classifier that has few labels?")
    asked = asked_of(run)
    _choose(run, asked)
    found = result(asked, what="samples and accuracies", unasked=small(run), key="apply-made")
    if found is None:
        results.take_home(asked, None, key="apply-made")
        return
    _sheet(run, found.made)  # type: ignore[union-attr]
    results.take_home(asked, found, _files(run, found.made), key="apply-made")  # type: ignore[union-attr]
    st.subheader("Accuracy with few labels, with and without", anchor=False)
    results.show_outcome(found.outcome, key="apply-made-merits")


def _choose(run: Run, asked: Augment) -> None:
    def keep(name: str, key: str, usual: float) -> None:
        value = st.session_state[key]
        state.set_page_param(name, None if value == usual else value)

    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="apply-made-choices"):
        for title, name, choices, now, usual in (
            ("Samples of each class", "k", COUNTS, asked.per_class, 100),
            ("Labels of each class", "labels", LABELS, asked.labels or 10, 10),
        ):
            if name == "labels" and run.config.model.abilities.infers_class:
                continue  # its own labels are those that it was trained with
            key = f"apply.made.{name}"
            st.session_state[key] = now
            st.select_slider(title, choices, key=key, width=190, on_change=keep, args=(name, key, usual))
        key = "apply.made.t"
        st.session_state[key] = asked.temperature
        st.slider("Temperature", 0.1, WARMEST, step=0.1, key=key, width=190, on_change=keep, args=("t", key, 1.0),
                  help="Times the spread of what is drawn from: below 1 samples are more alike.")  # fmt: skip


def _sheet(run: Run, made: Made) -> None:
    """The first samples of each class, a row a class."""
    from vae_core.export import upright
    from vae_core.render import pictures

    rows = []
    for label in np.unique(made.y).tolist():
        first = upright(pictures(run.config.data, made.x[made.y == label][:SHOWN]))
        name = escape(made.class_names[label])
        images = "".join(
            f'<img src="{_source(picture)}" alt="made-up {name} {place + 1}">' for place, picture in enumerate(first)
        )
        rows.append(f"<b>{name}</b>{images}")
    st.html(f'<div class="dream-grid apply-made" style="--columns: {SHOWN}">{"".join(rows)}</div>')
    st.caption(f"The first {SHOWN} of each class, of {len(made.x):,} in all.")
    if run.config.data.kind == "table":
        columns = ", ".join(run.config.data.columns)
        st.caption(f"Each picture is a row: a bar a column, right of the middle for more than the data's mean, from "
                   f"the top: {plain(columns)}.")  # fmt: skip


def _source(picture: np.ndarray) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture_png(picture, 96)).decode()}"


def _files(run: Run, made: Made) -> list[results.File]:
    from vae_core.apply import shelves

    found = [results.File("Samples", f"{run.name}-made.npz", "application/octet-stream",
                          partial(shelves.as_npz, made))]  # fmt: skip
    if run.config.data.kind == "table":
        found.append(results.File("Samples", f"{run.name}-made.csv", "text/csv",
                                  partial(shelves.made_csv, run.config.data, made)))  # fmt: skip
    if run.config.data.kind == "image" and len(made.x) <= shelves.MOST_FILES:
        found.append(results.File("A folder a class", f"{run.name}-made.zip", "application/zip",
                                  partial(shelves.as_zip, made)))  # fmt: skip
    return found
