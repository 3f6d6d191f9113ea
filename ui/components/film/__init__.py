"""The film component: a map whose points drift, pictures, walks and curves at one place in time.

Each frame goes to the browser by an address of its own, once; what is sent again and again while a training runs is
the list of addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from ui import server
from ui.components.loader import LOADER

_FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "latentarium_film",
    html='<section class="film" data-ready="false" aria-label="Film of the training"></section>\n',
    css=(_FOLDER / "film.css").read_text(encoding="utf-8"),
    js=LOADER,
)


def draw(key: str, data: Mapping[str, Any]) -> None:
    """Draws the film; `data` as film.js says at its top. A frame that the browser misses makes the script run again."""
    _component(
        key=key, data={**data, "module": server.asset_url("film/film.js")}, on_missing_change=lambda: None,
    )  # fmt: skip
