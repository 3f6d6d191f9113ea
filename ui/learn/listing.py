"""The twelve lessons: as cards on the page, as a narrow list in the sidebar of an app with lessons only."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from ui.learn import only, progress
from vae_core.lessons.card import Lesson
from vae_core.lessons.course import COURSE

FURTHER = (
    ("pages/atlas.py", "Atlas: walk through a latent space", ":material/scatter_plot:"),
    ("pages/apply.py", "Apply: what a model is good for", ":material/handyman:"),
    ("pages/train.py", "Train: make one of your own", ":material/model_training:"),
)


def show() -> None:
    """All lessons as rows, the next one first in sight."""
    told = progress.told()
    open_yet = [lesson for lesson in COURSE if lesson.key not in told]
    st.title("How does a variational autoencoder work?", anchor=False)
    st.markdown(
        f"{len(COURSE)} short lessons of about five minutes each: one idea, one thing to drag, one question. You say "
        "what you expect, then drag and see. Everything is computed from the models of this app while you look, and "
        "with each picture come its formula and the code that ran."
    )
    if not open_yet:
        congratulate()
    with st.container(horizontal=True, vertical_alignment="center"):
        following = (open_yet or COURSE)[0]
        verb = "Go through it again from" if not open_yet else "Go on with" if told else "Begin with"
        st.button(
            f"{verb} lesson {following.number}", type="primary" if open_yet else "secondary",
            key="latentarium.learn.begin", on_click=progress.go_to, args=(following,),
        )  # fmt: skip
        st.caption(f"{len(told)} of {len(COURSE)} done.", width="content")
        link()
    with st.container(key="learn-cards"):
        for lesson in COURSE:
            with st.container(border=True, key=f"learn-card-{lesson.key}", gap="xsmall"):
                tick = " :green[:material/check_circle:]" if lesson.key in told else ""
                st.caption(f"Lesson {lesson.number}{tick}")
                st.button(
                    lesson.title, type="tertiary", key=f"latentarium.learn.open.{lesson.key}",
                    on_click=progress.go_to, args=(lesson,),
                )  # fmt: skip


def following(lesson: Lesson) -> Lesson | None:
    """The lesson after this one; after the last the first that is still open, None where there is none."""
    after = COURSE[COURSE.index(lesson) + 1 :]
    return after[0] if after else next((one for one in COURSE if one.key not in progress.told()), None)


def congratulate() -> None:
    """For whoever has been through all lessons."""
    with st.container(border=True, key="learn-through"):
        st.markdown(f"**You are through all {len(COURSE)} lessons.** Each stays as you left it; open any again.")
        if not only.lessons_only():
            with st.container(horizontal=True, gap="medium"):
                for path, label, icon in FURTHER:
                    st.page_link(path, label=label, icon=icon)


def link() -> None:
    """The address of what is shown, to be copied."""
    with st.popover("Link", icon=":material/link:", type="tertiary"):
        st.caption("It holds this place and all that is done: open it to go on elsewhere, or hand it in.")
        st.code(f"{st.context.url or ''}?{urlencode(st.query_params.to_dict())}", language=None, wrap_lines=True)


def sidebar() -> None:
    """The lessons with ticks, for an app that has nothing else."""
    told, now = progress.told(), progress.current()
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
            on_click=progress.go_to, args=(before,), disabled=before is None,
        )  # fmt: skip
        st.button(
            "All lessons", icon=":material/list:", type="tertiary", key=f"latentarium.learn.{key}.all",
            on_click=progress.go_to, args=(None,),
        )  # fmt: skip
        st.button(
            "Next", icon=":material/arrow_forward:", icon_position="right", type="tertiary",
            key=f"latentarium.learn.{key}.after", on_click=progress.go_to, args=(after,), disabled=after is None,
        )  # fmt: skip
        link()
