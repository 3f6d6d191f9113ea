"""Which lesson is shown and how far the visitor has come: in the address, and in the session from page to page.

`?lesson=encoder&sample=12&at=17&said=1&done=why.encoder`; `said=x` for a visitor who did not guess.
"""

from __future__ import annotations

import streamlit as st

from ui import state
from ui.components.lesson import UNSAID, Place
from vae_core.lessons.card import Lesson
from vae_core.lessons.course import COURSE, by_key

_DONE, _SEATS = "latentarium.learn.done", "latentarium.learn.seats"


def current() -> Lesson | None:
    """The lesson that is shown; None for the list of all."""
    return by_key(state.page_param("lesson", "", str))


def go_to(lesson: Lesson | None) -> None:
    """Shows a lesson as it was left, None the list. For callbacks."""
    seat = _seats().get(lesson.key, {}) if lesson else {}
    state.set_page_param("lesson", lesson.key if lesson else None)
    for name in ("sample", "at", "said"):
        state.set_page_param(name, seat.get(name))


def _seats() -> dict[str, dict[str, str]]:
    """The parameters of each lesson as it was left, by its key."""
    return st.session_state.setdefault(_SEATS, {})


# -- what is done ------------------------------------------------------------------------------------------


def done() -> frozenset[str]:
    """Keys of the lessons whose answer was told, in this session or according to the link that was opened."""
    linked = state.page_param("done", "", str).split(".")
    known = st.session_state.get(_DONE, frozenset()) | {lesson.key for lesson in COURSE if lesson.key in linked}
    st.session_state[_DONE] = known
    return known


def write_done() -> None:
    """Writes what is done into the address, in the order of the course."""
    told = done()
    state.set_page_param("done", ".".join(lesson.key for lesson in COURSE if lesson.key in told) or None)


# -- the place in a lesson ---------------------------------------------------------------------------------


def place_of(lesson: Lesson, start: int, stops: int) -> Place:
    """Where the visitor is in a lesson, by the address. The slider stays at its start until something is said."""

    def parse_said(text: str) -> str:
        if text not in (UNSAID, *map(str, range(len(lesson.options)))):
            raise ValueError("What was said is the number of an option, or x.")
        return text

    def parse_stop(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) < stops):
            raise ValueError("A stop is a whole number below their count.")
        return int(text)

    said = state.page_param("said", "", parse_said)
    if not said:
        return Place(start)
    return Place(state.page_param("at", start, parse_stop), said, lesson.key in done())


def keep(lesson: Lesson, place: Place) -> None:
    """Writes a place into the address. For callbacks."""
    state.set_page_param("said", place.said or None)
    state.set_page_param("at", place.at if place.said else None)
    if place.told:
        st.session_state[_DONE] = done() | {lesson.key}
    _remember(lesson)


def choose_sample(lesson: Lesson, sample: int) -> None:
    """The lesson is about this sample from now on. A guess was about another one: it is asked again, unless the lesson
    is done. For callbacks."""
    state.set_page_param("sample", sample if sample != lesson.sample else None)
    state.set_page_param("said", UNSAID if lesson.key in done() else None)
    state.set_page_param("at", None)
    _remember(lesson)


def _remember(lesson: Lesson) -> None:
    kept = {name: st.query_params[name] for name in ("sample", "at", "said") if name in st.query_params}
    _seats()[lesson.key] = kept
