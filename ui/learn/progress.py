"""Which lesson is shown and how each that is done was left: in the address, and in the session from page to page.

`?lesson=encoder&sample=12&at=17&said=1&done=why-0-9.encoder-1-17-12`: `said=x` for a visitor who did not guess; `done`
has for each lesson what was said, where the slider stood, and the sample where it was another than the lesson's own.
All of it changes in one step of the browser's history, so that Back leads to a lesson as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import streamlit as st

from ui import cache, state
from ui.components.lesson import UNSAID, Place
from vae_core.guests import is_guest
from vae_core.lessons.card import Lesson
from vae_core.lessons.course import COURSE, by_key

_SEATS, _DRAWN = "latentarium.learn.seats", "latentarium.learn.drawn"
_SEAT = re.compile(r"([a-z_]+)(?:-(x|[0-9])-([0-9]{1,6})(?:-([0-9]{1,9}))?)?", re.ASCII)


@dataclass(frozen=True)
class Seat:
    """A lesson as it was left, each as in the address: "" for none.

    Attributes:
        said, at, sample: the option that was said, the slider's stop, the sample where it is not the lesson's own.
        told: whether the answer has been told.
    """

    said: str = ""
    at: str = ""
    sample: str = ""
    told: bool = False


def current() -> Lesson | None:
    """The lesson that is shown; None for the list of all."""
    return by_key(state.page_param("lesson", "", str))


def go_to(lesson: Lesson | None) -> None:
    """Shows a lesson as it was left, None the list; what a visitor drew goes along. For callbacks."""
    _remember()
    seat = _seats().get(lesson.key, Seat()) if lesson else Seat()
    sample = seat.sample
    drawn = st.session_state.get(_DRAWN)
    if lesson and lesson.draws and not seat.said and drawn and cache.has_guest(lesson.runs[0], drawn):
        sample = str(drawn)
    _write({"lesson": lesson.key if lesson else None, "said": seat.said, "at": seat.at, "sample": sample})


def _remember() -> None:
    """Keeps how the lesson that is shown stands in the address: a link may have opened it so."""
    now, here = current(), st.query_params
    if now is not None and "said" in here:
        seat = Seat(here["said"], here.get("at", "0"), here.get("sample", ""), now.key in told())
        if _SEAT.fullmatch(_word(now.key, seat)):
            _seats()[now.key] = seat


def _seats() -> dict[str, Seat]:
    """How lessons were left, by their keys: in this session, else according to the link that was opened."""
    seats: dict[str, Seat] = st.session_state.setdefault(_SEATS, {})
    for word in state.page_param("done", "", str).split("."):
        found = _SEAT.fullmatch(word)
        if found and by_key(found[1]) and not seats.get(found[1], Seat()).told:
            key, said, at, sample = (part or "" for part in found.groups())
            seats[key] = Seat(said, at, sample, told=True)
    return seats


def _write(values: dict[str, str | None]) -> None:
    """Writes a place and all that is done into the address, at once."""
    seats = _seats()
    done = [_word(lesson.key, seats[lesson.key]) for lesson in COURSE if lesson.key in told()]
    state.set_page_params({**{name: value or None for name, value in values.items()}, "done": ".".join(done) or None})


def _word(key: str, seat: Seat) -> str:
    return "-".join(filter(None, (key, seat.said, seat.at, seat.sample) if seat.said else (key,)))


# -- what is done ------------------------------------------------------------------------------------------


def told() -> frozenset[str]:
    """Keys of the lessons whose answer was told, in this session or according to the link that was opened."""
    return frozenset(key for key, seat in _seats().items() if seat.told)


def write_done() -> None:
    """Writes what is done into the address, in the order of the course."""
    _write({})


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
    return Place(state.page_param("at", start, parse_stop), said, lesson.key in told())


def keep(lesson: Lesson, place: Place) -> None:
    """Writes a place into the address. For callbacks."""
    said, at = (place.said, str(place.at)) if place.said else ("", "")
    _leave(lesson, Seat(said, at, st.query_params.get("sample", ""), place.told or lesson.key in told()))


def choose_sample(lesson: Lesson, sample: int) -> None:
    """The lesson is about this sample from now on; what was said stays said. For callbacks."""
    if lesson.draws:
        st.session_state[_DRAWN] = sample if is_guest(sample) else None
    said, at = (st.query_params.get(name, "") for name in ("said", "at"))
    named = str(sample) if sample != lesson.sample else ""
    _leave(lesson, Seat(said, at, named, lesson.key in told()))


def _leave(lesson: Lesson, seat: Seat) -> None:
    _seats()[lesson.key] = seat
    _write({"said": seat.said, "at": seat.at, "sample": seat.sample})
