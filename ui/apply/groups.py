"""Two groups of samples: classes, or samples of the tray; and the settings that find the vector between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import samples, state
from ui.atlas import one_of
from ui.lab.views import menu, setting
from vae_core.apply.asked import Arithmetic

if TYPE_CHECKING:
    from vae_core.runs import Run

CLASSES, TRAY = "classes", "tray"
WAYS = {CLASSES: "Two classes", TRAY: "Two groups in the tray"}
MOST = 200  # samples of a class whose codes make the vector


@dataclass(frozen=True)
class Picked:
    """Groups A and B.

    Attributes:
        names: of A and of B. rows: of run.codes, [n] each.
        between: settings that find the vector from B to A. asked: what is measured of it: of classes on held-out
            samples, else the same.
    """

    names: tuple[str, str]
    rows: tuple[np.ndarray, np.ndarray]
    between: Arithmetic
    asked: Arithmetic


def choose(run: Run) -> Picked | None:
    """The control, and what it says; None where there are no two groups yet, which the page shows."""
    classes = run.codes.y is not None and len(run.config.data.class_names) > 1
    usual = CLASSES if classes else TRAY
    way = setting("Groups", "groups", WAYS, usual, key="apply.groups") if classes else TRAY
    return _classes(run) if way == CLASSES else _tray(run)


def _picked(
    run: Run, names: tuple[str, str], first: np.ndarray, second: np.ndarray, asked: Arithmetic | None
) -> Picked:
    places = [tuple(run.codes.index[rows].tolist()) for rows in (first, second)]
    between = Arithmetic(run.name, first=places[1], second=places[0])
    return Picked(names, (first, second), between, asked or between)


def _classes(run: Run) -> Picked | None:
    names, y = run.config.data.class_names, run.codes.y
    assert y is not None  # choose has looked
    there = [name for place, name in enumerate(names) if (y[: len(run.codes)] == place).sum() > 1]
    if len(there) < 2:
        st.info("Only one class has codes here, so there is no way to another.", icon=":material/do_not_disturb_on:")
        return None
    b = state.page_param("from", there[0], one_of(*there))
    a = state.page_param("to", next(name for name in there if name != b), one_of(*there))
    choices = {name: name for name in there}
    with st.container(horizontal=True, gap="medium", key="apply-groups"):
        menu("From B", b, choices, partial(state.set_page_param, "from"), key="apply.groups.from")
        menu("To A", a, choices, partial(state.set_page_param, "to"), key="apply.groups.to")
    if a == b:
        st.info("B and A are the same class: choose another, so that there is a way between them.")
        return None
    rows = [np.flatnonzero(y[: len(run.codes)] == names.index(name))[:MOST] for name in (a, b)]
    return _picked(run, (a, b), rows[0], rows[1], Arithmetic(run.name, source=b, target=a))


def _tray(run: Run) -> Picked | None:
    """The tray in two halves, each of which can be changed."""
    waiting = [i for i in state.selection().tray if samples.rows_of(run, [i])]
    if len(waiting) < 4:
        st.info("Each group needs at least two samples: put four or more into the tray, on the Atlas for instance.",
                icon=":material/add_photo_alternate:")  # fmt: skip
        st.page_link("pages/atlas.py", label="To the Atlas", icon=":material/scatter_plot:")
        return None
    half = len(waiting) // 2
    chosen = {}
    with st.container(key="apply-groups"):
        for letter, param, usual in (("A", "in_a", waiting[:half]), ("B", "in_b", waiting[half:])):
            now = state.page_param(param, tuple(usual), state.parse_tray)
            now = tuple(i for i in now if i in waiting)
            key = f"apply.groups.{param}"

            def keep(param: str = param, key: str = key) -> None:
                state.set_page_param(param, state.format_tray(tuple(st.session_state[key])))

            st.session_state[key] = list(now)
            st.multiselect(f"Group {letter}", waiting, key=key, on_change=keep, format_func=partial(_label, run))
            chosen[letter] = now
    if min(map(len, chosen.values())) < 2:
        st.info("Each group needs at least two samples.", icon=":material/do_not_disturb_on:")
        return None
    first, second = (np.array(samples.rows_of(run, chosen[letter])) for letter in "AB")
    return _picked(run, ("group A", "group B"), first, second, None)


def _label(run: Run, index: int) -> str:
    return samples.sample_at(run, samples.rows_of(run, [index])[0]).label
