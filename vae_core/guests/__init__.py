"""Guests: samples that a visitor brings. What is drawn, photographed or written takes part like any sample of the data.

A guest is kept in the shape that a run's samples have, so every run of that shape can encode it. Its number is made of
its content and lies beyond every dataset's, so trays and links hold it like any other: the same drawing is the same
guest, and two visitors cannot overwrite each other. No torch before something is encoded.
"""

from __future__ import annotations

from vae_core.guests.bringing import picture, pixels_of, row, sentence
from vae_core.guests.guest import FIRST, UNTOLD, Guest, GuestError, is_guest, kind_of, name_of
from vae_core.guests.habits import Habit, habit_of
from vae_core.guests.store import MOST, Store

__all__ = [
    "FIRST",
    "MOST",
    "UNTOLD",
    "Guest",
    "GuestError",
    "Habit",
    "Store",
    "habit_of",
    "is_guest",
    "kind_of",
    "name_of",
    "picture",
    "pixels_of",
    "row",
    "sentence",
]
