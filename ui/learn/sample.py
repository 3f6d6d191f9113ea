"""The sample that a lesson is about: one of the data, any of a class, or what a visitor draws or drops."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, guests, samples, state
from ui.learn import progress
from ui.widgets import picture_png
from ui.words import plain
from vae_core.guests import is_guest

if TYPE_CHECKING:
    from vae_core.lessons.card import Lesson
    from vae_core.runs import Run

PICTURE = 48  # pixels on the screen


def chosen(lesson: Lesson) -> int | None:
    """The sample that the lesson is about: the address's where it has a code or is a guest, else the lesson's own.

    Raises RunError where the lesson's first run cannot be read.
    """
    if lesson.sample is None:
        return None
    wanted = state.page_param("sample", lesson.sample, samples.place_in_dataset)
    if is_guest(wanted):
        if lesson.draws and cache.has_guest(lesson.runs[0], wanted):
            return wanted
        st.info("The sample in this link is not kept here any more, so the lesson begins with its own. Draw it again.")
        return lesson.sample
    return wanted if samples.rows_of(cache.get_run(lesson.runs[0]), [wanted]) else lesson.sample


def choose(lesson: Lesson, index: int) -> None:
    """One row: the sample, others, and the pad where one may draw."""
    run = cache.get_run_with(lesson.runs[0], [index] if is_guest(index) else [])
    rows = samples.rows_of(run, [index])
    if not rows:
        return
    pick = partial(progress.choose_sample, lesson)

    _row(run, rows[0], index, pick, lesson)


def _row(run: Run, row: int, index: int, pick: partial[None], lesson: Lesson) -> None:
    info, key = run.config.data, f"latentarium.learn.sample.{lesson.key}"
    label = "your own sample" if is_guest(index) else samples.sample_at(run, row).label

    def take(_: str, number: int) -> None:
        pick(number)
        state.add_to_tray([number])  # so that it can be met on other pages

    def of_class() -> None:
        name = st.session_state[key]
        if name is not None:
            at = samples.random_row(run, info.class_names.index(name))
            pick(int(run.codes.index[at]))
            st.session_state[key] = None  # the same class again is a new sample

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="learn-sample"):
        picture = cache.get_pictures(run.name, (index,)).pixels[0]
        st.image(picture_png(picture, 2 * PICTURE), width=PICTURE, output_format="PNG", alt=label)
        st.markdown(f"**{plain(label)}**", width="content")
        st.button(
            "Another", icon=":material/shuffle:", key=f"{key}.random", help="Any other sample",
            on_click=lambda: pick(int(run.codes.index[samples.random_row(run)])),
        )  # fmt: skip
        if run.codes.y is not None and info.class_names:
            with st.popover("Of a class"):
                st.pills("Any sample of a class", info.class_names, format_func=plain, key=key, on_change=of_class)
        if lesson.draws:
            # one of its own for each sample: it is closed again once something was taken; and it lies over the lesson,
            # which stays where it is
            holder = st.popover("Draw your own", icon=":material/draw:", key=f"{key}.{index}.draw")
            with holder, st.container(key="learn-pad"):
                guests.form(run, {"x": "Take it"}, take, key=f"latentarium.learn.{lesson.key}.{index}")
