"""The twelve lessons: as cards on the page, as a narrow list in the sidebar of an app with lessons only."""

from __future__ import annotations

import streamlit as st

from ui.learn import progress
from vae_core.lessons.card import Lesson
from vae_core.lessons.course import COURSE


def show() -> None:
    """All lessons as rows, the next one first in sight."""
    told = progress.done()
    following = next((lesson for lesson in COURSE if lesson.key not in told), COURSE[0])
    st.title("How does a variational autoencoder work?", anchor=False)
    st.markdown(
        f"{len(COURSE)} short lessons: one idea, one thing to drag, one question each; five minutes. You say what "
        "you expect, then drag and see. Everything is computed from the models of this app while you look, and beside "
        "each picture stand its formula and the code that ran."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Begin with lesson {following.number}" if not told else f"Go on with lesson {following.number}",
            type="primary", key="latentarium.learn.begin", on_click=progress.go_to, args=(following,),
        )  # fmt: skip
        st.caption(f"{len(told)} of {len(COURSE)} done. The address remembers: copy it to go on elsewhere.")
    with st.container(key="learn-cards"):
        for lesson in COURSE:
            with st.container(border=True, key=f"learn-card-{lesson.key}", gap="xsmall"):
                tick = " :green[:material/check_circle:]" if lesson.key in told else ""
                st.caption(f"Lesson {lesson.number}{tick}")
                st.button(
                    lesson.title, type="tertiary", key=f"latentarium.learn.open.{lesson.key}",
                    on_click=progress.go_to, args=(lesson,),
                )  # fmt: skip


def sidebar() -> None:
    """The lessons with ticks, for an app that has nothing else."""
    told, now = progress.done(), progress.current()
    st.markdown("**Lessons**")
    with st.container(key="learn-list", gap=None):
        for lesson in COURSE:
            mark = ":green[:material/check_circle:]" if lesson.key in told else ":material/radio_button_unchecked:"
            name = f"{lesson.number} · {lesson.title}"
            st.button(
                f"{mark} {f'**{name}**' if lesson == now else name}",
                type="tertiary", key=f"latentarium.learn.list.{lesson.key}", on_click=progress.go_to, args=(lesson,),
            )  # fmt: skip


def turning(lesson: Lesson, *, key: str) -> None:
    """To the lesson before, to all, to the next."""
    place = COURSE.index(lesson)
    before = COURSE[place - 1] if place else None
    after = COURSE[place + 1] if place + 1 < len(COURSE) else None
    with st.container(horizontal=True, gap="small", key=f"learn-turning-{key}"):
        st.button(
            "Previous", icon=":material/arrow_back:", type="tertiary", key=f"latentarium.learn.{key}.before",
            on_click=progress.go_to, args=(before,), disabled=before is None, help=before.title if before else None,
        )  # fmt: skip
        st.button(
            "All lessons", icon=":material/list:", type="tertiary", key=f"latentarium.learn.{key}.all",
            on_click=progress.go_to, args=(None,),
        )  # fmt: skip
        st.button(
            "Next", icon=":material/arrow_forward:", icon_position="right", type="tertiary",
            key=f"latentarium.learn.{key}.after", on_click=progress.go_to, args=(after,), disabled=after is None,
            help=after.title if after else None,
        )  # fmt: skip
