"""One lesson as a page: idea, the lesson itself (ui/components/lesson), where to go on, what to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import streamlit as st

from ui import cache
from ui.components.lesson import lesson as draw
from ui.learn import listing, only, progress, sample
from ui.words import plain
from vae_core.lessons.card import Lesson

_SHOWN = "latentarium.learn.shown"


def show(lesson: Lesson) -> None:
    """Draws a lesson.

    Raises RunError, DatasetError, GuestError where what it is computed from is not here.
    """
    listing.turning(lesson, key="top")
    st.title(f"{lesson.number} · {lesson.title}", anchor=False)
    st.markdown(lesson.idea)
    with _waiting(lesson):
        chosen = sample.chosen(lesson)
        if chosen is not None:
            sample.choose(lesson, chosen)
        scene, (formula, sources) = cache.get_scene(lesson.key, chosen), cache.get_beside(lesson.key)
        place = progress.place_of(lesson, scene.drag.start, len(scene.drag.stops))
        draw(
            f"latentarium.learn.lesson.{lesson.key}", lesson, scene, formula, sources, place,
            serial=f"{lesson.key} {chosen}", on_place=partial(progress.keep, lesson),
        )  # fmt: skip
        st.caption(plain(scene.made_of))
        if place.told:
            show_onward(lesson)
        papers = " · ".join(f"[{paper.label}]({paper.url})" for paper in lesson.papers)
        st.markdown(f"**Read on:** {papers}")


@contextmanager
def _waiting(lesson: Lesson) -> Iterator[None]:
    """Says at once that something is computed. Meanwhile frame.css hides what is left of the page before, and dims the
    same lesson about another sample."""
    now = (lesson.key, st.query_params.get("sample"))
    before, slot = st.session_state.get(_SHOWN), st.empty()
    if now != before:
        same = "same" if before is not None and before[0] == lesson.key else "other"
        slot.html(f'<p class="learn-waiting {same}" role="status">Computing the lesson …</p>')
    try:
        yield
    except Exception:  # what is wrong is said in its place
        slot.empty()
        raise
    slot.empty()
    st.session_state[_SHOWN] = now


def leave() -> None:
    """No lesson is shown; the next one is another, whichever it is."""
    st.session_state.pop(_SHOWN, None)


def show_onward(lesson: Lesson) -> None:
    """What was seen, and where to go on."""
    with st.container(border=True, key="learn-then"):
        st.markdown(lesson.then)
        following = listing.following(lesson)
        if following is None:
            listing.congratulate()
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            if following is not None:
                st.button(
                    f"Next lesson: {following.title}", type="primary", key="latentarium.learn.next",
                    on_click=progress.go_to, args=(following,),
                )  # fmt: skip
            if not only.lessons_only():
                for path, label in lesson.onward:
                    st.page_link(path, label=label, icon=":material/north_east:")
