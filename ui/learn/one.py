"""One lesson as a page: idea, the lesson itself (ui/components/lesson), where to go on, what to read."""

from __future__ import annotations

from functools import partial

import streamlit as st

from ui import cache
from ui.components.lesson import lesson as draw
from ui.learn import listing, only, progress, sample
from ui.words import plain
from vae_core.lessons.card import Lesson
from vae_core.lessons.course import COURSE


def show(lesson: Lesson) -> None:
    """Draws a lesson.

    Raises RunError, DatasetError, GuestError where what it is computed from is not here.
    """
    listing.turning(lesson, key="top")
    st.title(f"{lesson.number} · {lesson.title}", anchor=False)
    st.markdown(lesson.idea)
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


def show_onward(lesson: Lesson) -> None:
    """What was seen, and where to go on."""
    with st.container(border=True, key="learn-then"):
        st.markdown(lesson.then)
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            place = COURSE.index(lesson) + 1
            if place < len(COURSE):
                following = COURSE[place]
                st.button(
                    f"Next lesson: {following.title}", type="primary", key="latentarium.learn.next",
                    on_click=progress.go_to, args=(following,),
                )  # fmt: skip
            else:
                st.button("All lessons", key="latentarium.learn.end", on_click=progress.go_to, args=(None,))
            if not only.lessons_only():
                for path, label in lesson.onward:
                    st.page_link(path, label=label, icon=":material/north_east:")
