"""Samples that visitors brought, and a run with them among its codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ui.cache.runs import get_card, get_run, stamp_of
from vae_core.guests import Guest, GuestError, Store, kind_of, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vae_core.config import DataInfo
    from vae_core.runs import Codes, Run


def has_guest(name: str, number: int) -> bool:
    """Whether this guest is kept and the run called `name` has samples of its kind."""
    card = get_card(name)
    return bool(card and card.config and Store.here().has(card.config.data, number))


def get_guest(name: str, number: int) -> Guest:
    """A guest, as the run called `name` has its samples. Raises GuestError where it is not kept."""
    info = get_run(name).config.data
    if not Store.here().has(info, number):
        raise GuestError(f"{name_of(number)} is not kept here any more.")
    return _get_guest(str(Store.here().folder), kind_of(info), number, info)


@st.cache_resource(max_entries=512, show_spinner=False)
def _get_guest(folder: str, kind: str, number: int, _info: DataInfo) -> Guest:
    guest = Store(Path(folder)).get(_info, number)
    if guest is None:
        raise GuestError(f"{name_of(number)} is not kept here any more.")
    return guest


def get_run_with(name: str, numbers: Sequence[int]) -> Run:
    """The run called `name` with these guests behind its codes; those that are gone, or have no code, are left out.

    Raises RunError as `get_run` does.
    """
    run = get_run(name)
    if not numbers or not run.config.model.abilities.encodes:
        return run
    there = tuple(number for number in numbers if has_guest(name, number))
    return _get_run_with(name, there, stamp_of(run.folder)) if there else run


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_run_with(name: str, numbers: tuple[int, ...], stamp: tuple[int, ...]) -> Run:
    from vae_core.guests.codes import Host

    run, found = get_run(name), []
    for number in numbers:
        try:
            found.append(get_guest_code(name, number))
        except GuestError:  # said when it came
            continue
    return Host(run.folder, run.config, run, tuple(found))


def get_guest_code(name: str, number: int) -> Codes:
    """What the model of the run called `name` makes of a guest: codes of one row.

    Raises RunError as `get_run` does, and GuestError where there is no such guest or it has no code.
    """
    return _get_guest_code(name, number, stamp_of(get_run(name).folder))


@st.cache_resource(max_entries=1024, show_spinner=False)
def _get_guest_code(name: str, number: int, stamp: tuple[int, ...]) -> Codes:
    from vae_core.guests.codes import encode

    return encode(get_run(name).model, get_guest(name, number))


@st.cache_resource(show_spinner=False)
def warmed() -> set[tuple[str, tuple[int, ...]]]:
    """Runs, with their stamps, that ui/guests.py has loaded ahead of their first guest."""
    return set()
