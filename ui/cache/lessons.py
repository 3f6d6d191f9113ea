"""Lessons, computed: their scenes, once for all visitors of the same runs and sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from ui.cache.data import data_stamp
from ui.cache.runs import get_card, get_run, stamp_of

if TYPE_CHECKING:
    from vae_core.lessons.card import Lesson
    from vae_core.lessons.scene import Scene
    from vae_core.lessons.source import Source

Stamp = tuple[tuple[str, tuple[int, ...], tuple[tuple[str, int], ...]], ...]


def get_scene(key: str, sample: int | None) -> Scene:
    """The scene of the lesson called `key`, about the sample at that place of its data (or a guest).

    Raises:
        RunError, DatasetError, GuestError: what it is computed from is not here; one sentence.
    """
    return _get_scene(key, sample, _stamps(key))


def _lesson(key: str) -> Lesson:
    from vae_core.lessons.course import by_key

    lesson = by_key(key)
    if lesson is None:
        raise KeyError(key)
    return lesson


def _stamps(key: str) -> Stamp:
    """Changes when a run that the lesson is computed from does, or the data of one."""
    found = []
    for name in _lesson(key).runs:
        card = get_card(name)
        if card is not None and card.config is not None:
            found.append((name, stamp_of(card.folder), data_stamp(card.config.data.name)))
        else:
            found.append((name, (), ()))
    return tuple(found)


@st.cache_resource(max_entries=64, show_spinner=False)  # the page says so itself
def _get_scene(key: str, sample: int | None, stamps: Stamp) -> Scene:
    from vae_core.lessons.card import Material

    with _one_thread():
        return _lesson(key).scene(Material(get_run, sample))


@contextmanager
def _one_thread() -> Iterator[None]:
    """The nets of lessons are so small that threads only wait for each other: for a minute, on a machine that has other
    work, in place of two seconds."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@st.cache_resource(max_entries=32, show_spinner=False)
def get_beside(key: str) -> tuple[tuple[str, ...], tuple[Source, ...]]:
    """What stands beside the lesson called `key`: its formula as MathML, a line each, and its functions' sources."""
    from vae_core.lessons.formula import mathml
    from vae_core.lessons.source import source_of

    lesson = _lesson(key)
    return mathml(lesson.formula, tuple(lesson.terms)), tuple(map(source_of, lesson.code))
