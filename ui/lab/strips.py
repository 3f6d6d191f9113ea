"""What the views of the lab share: the sample looked at, names of dimensions, strips of pictures or sentences."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, samples, sliders, state
from ui.show import marked, show_film

if TYPE_CHECKING:
    from vae_core.runs import Run

LINES = "list-style: none; margin: 0; padding: 0; line-height: 1.35"
BETWEEN = 96  # grey of the gaps in a strip: black sprites on black would run together


def row_of(run: Run) -> int:
    """The row of the run's codes of the sample that is looked at; its first sample where the address names none."""
    at = state.page_param("at", -1, samples.place_in_dataset)
    rows = samples.rows_of(run, [at]) if at >= 0 else []
    return rows[0] if rows and rows[0] < len(run.codes) else 0  # a guest has no factors


def pick_sample(run: Run, row: int) -> None:
    """The sample looked at, with the ways to another one."""
    picture = cache.get_pictures(run.name, (int(run.codes.index[row]),)).pixels[0]
    samples.picker("Sample", run, row, picture, lambda index: state.set_page_param("at", index))


def dimension_name(run: Run, dimension: int) -> str:
    """What visitors call it, else z3."""
    return run.names.get(dimension, f"z{dimension}")


def name_field(run: Run, dimension: int) -> None:
    """The field in which a visitor names the dimension."""
    field = f"latentarium.lab.name.{run.name}.{dimension}"
    st.text_input(
        f"What do you call z{dimension}?", run.names.get(dimension, ""), max_chars=40, key=field, width=260,
        placeholder="for example tilt, or width",
        on_change=lambda: sliders.keep_name(run, dimension, st.session_state[field].strip()),
    )  # fmt: skip


def way(run: Run) -> str:
    """In which direction a strip is read."""
    return "From the top" if run.config.data.kind == "text" else "Left to right"


def show_strip(run: Run, shown: np.ndarray, *, alt: str) -> None:
    """Pictures side by side; sentences one below the other, with what changed from the one above marked."""
    if run.config.data.kind != "text":
        width = len(shown) / cache.SWEEP  # few pictures are no larger than many
        with st.columns([width, 1 - width])[0] if width < 1 else st.container():
            show_film(run, shown, alt=alt, between=BETWEEN)
        return
    lines = [marked(run.config.data, one, shown[place - 1] if place else None) for place, one in enumerate(shown)]
    body = "".join(f'<li style="padding: 0.15rem 0">{line}</li>' for line in lines)
    st.html(f'<ol style="{LINES}" aria-label="{escape(alt)}">{body}</ol>')
