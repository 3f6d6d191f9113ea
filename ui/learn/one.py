"""One lesson as a page: idea, the lesson itself (ui/components/lesson), where to go on, what to read."""

from __future__ import annotations

from functools import partial

import streamlit as st

from ui import cache, guests, samples, state
from ui.components.lesson import lesson as draw
from ui.learn import listing, only, progress
from ui.words import plain
from vae_core.guests import is_guest
from vae_core.lessons.card import Lesson
from vae_core.lessons.course import COURSE


def show(lesson: Lesson) -> None:
    """Draws a lesson.

    Raises RunError, DatasetError, GuestError where what it is computed from is not here.
    """
    listing.turning(lesson, key="top")
    st.title(f"{lesson.number} · {lesson.title}", anchor=False)
    st.markdown(lesson.idea)
    sample = chosen_sample(lesson)
    if lesson.sample is not None:
        choose_sample(lesson, sample)
    scene, (formula, sources) = cache.get_scene(lesson.key, sample), cache.get_beside(lesson.key)
    place = progress.place_of(lesson, scene.drag.start, len(scene.drag.stops))
    draw(
        f"latentarium.learn.lesson.{lesson.key}", lesson, scene, formula, sources, place,
        serial=f"{lesson.key} {sample}", on_place=partial(progress.keep, lesson),
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


# -- the sample --------------------------------------------------------------------------------------------


def chosen_sample(lesson: Lesson) -> int | None:
    """The sample that the lesson is about: the address's where it has a code or is a guest, else the lesson's own."""
    if lesson.sample is None:
        return None
    wanted = state.page_param("sample", lesson.sample, samples.place_in_dataset)
    run = lesson.runs[0]
    if is_guest(wanted):
        if lesson.draws and cache.has_guest(run, wanted):
            return wanted
        st.info("The sample in this link is not kept here any more, so the lesson begins with its own. Draw it again.")
        return lesson.sample
    return wanted if samples.rows_of(cache.get_run(run), [wanted]) else lesson.sample


def choose_sample(lesson: Lesson, sample: int | None) -> None:
    """The picker of the sample, and the pad where one may draw."""
    assert sample is not None
    run = cache.get_run_with(lesson.runs[0], [sample] if is_guest(sample) else [])
    rows = samples.rows_of(run, [sample])
    if not rows:
        return
    picture = cache.get_pictures(run.name, (sample,)).pixels[0]
    pick = partial(progress.choose_sample, lesson)
    samples.picker("x", run, rows[0], picture, pick)
    if lesson.draws:
        guests.bring(run, {"x": "Take it"}, lambda _, number: pick(number), key=f"latentarium.learn.{lesson.key}")
