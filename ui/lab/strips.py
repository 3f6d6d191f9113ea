"""What the views of the lab share: the sample looked at, names of dimensions, strips of pictures or sentences."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, downloads, samples, sliders, state
from ui.show import marked, show_film
from ui.widgets import picture_png
from vae_core.render import words

if TYPE_CHECKING:
    from vae_core.runs import Run

LINES = "list-style: none; margin: 0; padding: 0; line-height: 1.35"
BELOW = (
    "display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); text-align: center; font-size: 0.75rem; "
    "opacity: 0.75; overflow-wrap: anywhere"
)
BEFORE = "display: inline-block; min-width: 3.4rem; padding-right: 0.5rem; font-size: 0.8rem; opacity: 0.75"
UNLIKE = 0.5  # from here on a redrawn sample is another one
BETWEEN = 96  # grey of the gaps in a strip: black sprites on black would run together


def row_of(run: Run) -> int:
    """The row of the run's codes of the sample that is looked at; its first sample where the address names none."""
    at = state.page_param("at", -1, samples.place_in_dataset)
    rows = samples.rows_of(run, [at]) if at >= 0 else []
    return rows[0] if rows and rows[0] < len(run.codes) else 0  # a guest has no factors


def pick_sample(run: Run, row: int) -> None:
    """The sample looked at, with the ways to another one; said where it is decoded, for its data is not here."""
    picture = cache.get_pictures(run.name, (int(run.codes.index[row]),)).pixels[0]
    samples.picker("Sample", run, row, picture, lambda index: state.set_page_param("at", index))
    downloads.offer_originals(run.config.data.name)


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


def show_strip(run: Run, shown: np.ndarray, labels: Sequence[str] = (), *, alt: str) -> None:
    """Pictures side by side; sentences one below the other, with what changed from the one above marked.

    Args:
        labels: a few letters for each sample, as the value that it is drawn with.
    """
    if run.config.data.kind != "text":
        width = len(shown) / cache.SWEEP  # few pictures are no larger than many
        with (
            st.columns([width, 1 - width])[0] if width < 1 else st.container(),
            st.container(gap="xsmall"),
        ):
            show_film(run, shown, alt=alt, between=BETWEEN)
            if labels:
                st.html(f'<div style="{BELOW}">{"".join(f"<span>{escape(label)}</span>" for label in labels)}</div>')
        return
    lines = [marked(run.config.data, one, shown[place - 1] if place else None) for place, one in enumerate(shown)]
    if labels:
        told = [f'<span style="{BEFORE}">{escape(label)}</span>' for label in labels]
        lines = [label + line for label, line in zip(told, lines, strict=True)]
    body = "".join(f'<li style="padding: 0.15rem 0">{line}</li>' for line in lines)
    st.html(f'<ol style="{LINES}" aria-label="{escape(alt)}">{body}</ol>')


def show_redrawn(run: Run, row: int) -> None:
    """What the model makes of the sample's code, as a picture to stand beside the sample."""
    from vae_core.export import upright
    from vae_core.render import pictures

    told = cache.get_told_key(run.name, int(run.codes.index[row]))
    made = pictures(run.config.data, cache.get_decoded(run.name, run.codes.mean[row][None], told))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.image(
            picture_png(upright(made)[0], 2 * samples.PICTURE),
            width=samples.PICTURE,
            output_format="PNG",
            alt="The sample as the model redraws it",
        )
        st.caption("as the model redraws it", width="content")


def show_redrawn_sweep(run: Run, sweep: cache.Sweep, row: int) -> None:
    """The true sweep of the sample as the model redraws it: what it cannot draw, no dimension can show."""
    told = cache.get_told_key(run.name, int(run.codes.index[row]))
    if told or run.config.model.abilities.cells:  # what it is told may change with the factor
        return
    made = cache.get_decoded(run.name, sweep.codes, told)
    st.caption("The same, as the model redraws it from its codes:")
    show_strip(run, made, alt=f"The same {len(made)} samples as the model redraws them")
    if unlike(run, sweep.samples, made) > UNLIKE:
        st.caption(
            ":material/warning: **Redrawn, this sample is another one.** What the model cannot draw, no strip of its "
            "dimensions can show."
        )


def unlike(run: Run, shown: np.ndarray, redrawn: np.ndarray) -> float:
    """How much of some samples [n, ...] is not in what the model makes of them: from 0, the same, to 1, nothing alike.

    Of pictures the grey levels that differ, of all that is brighter than black in one or the other; of sentences the
    words. Rows of a table are not compared: 0.
    """
    if run.config.data.kind == "table":
        return 0.0
    if run.config.data.kind == "text":
        info, pairs = run.config.data, zip(shown, redrawn, strict=True)
        alike = [SequenceMatcher(None, words(info, a), words(info, b), autojunk=False).ratio() for a, b in pairs]
        return 1 - float(np.mean(alike))
    one, other = shown.astype(np.float64), redrawn.astype(np.float64)
    whole = np.maximum(one, other).sum()
    return float(np.abs(one - other).sum() / whole) if whole else 0.0
