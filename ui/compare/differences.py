"""The view Differences: what each model makes of the sample, less the sample, and less what the first makes of it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, maps, show
from ui.compare.choose import letter
from ui.limits import NO_ENCODER
from ui.words import plain

if TYPE_CHECKING:
    import numpy as np

    from vae_core.runs import Run

WIDE = 620  # pixels


def show_differences(runs: list[Run], at: int) -> None:
    """Difference pictures; of sentences the words that differ, of a table's rows bars against the sample."""
    able = [(letter(place), run) for place, run in enumerate(runs) if run.config.model.abilities.encodes]
    kind = able[0][1].config.data.kind
    originals = cache.get_originals(able[0][1].name, (at,))
    if originals is None:
        why = cache.why_no_originals(able[0][1].config.data.name)
        st.info(f"The sample itself cannot be subtracted. {plain(why)}", icon=":material/image_not_supported:")
    original = None if originals is None else originals[0]
    {"image": _pictures, "text": _sentences, "table": _rows}[kind](able, at, original)
    for place, run in enumerate(runs):
        if not run.config.model.abilities.encodes:
            st.caption(f"**{letter(place)} ({plain(run.title)})** redraws nothing. {NO_ENCODER.why}")


def _pictures(able: list[tuple[str, Run]], at: int, original: np.ndarray | None) -> None:
    from vae_core.export import upright
    from vae_core.figures.differences import Compared, difference, differences

    made = [cache.get_reconstructions(run.name, (at,))[0] for _, run in able]
    sample = None if original is None else upright(original[None])[0]
    first = able[0][0]
    columns = [f"less {first}"] if sample is None else ["less the sample", f"less {first}"]
    rows = []
    for place, ((name, run), picture) in enumerate(zip(able, made, strict=True)):
        apart = None if place == 0 else difference(picture, made[0])
        parts = (apart,) if sample is None else (difference(picture, sample), apart)
        rows.append(Compared(f"{name} · {_short(run.title)}", picture, parts))
    st.markdown(
        f"What each model draws again from its code, then the same **{'** and **'.join(columns)}**. Blue: darker than "
        "what is subtracted; amber: brighter. All share one scale, in grey levels of 255."
        + (" Of red, green and blue the one that differs most is shown." if made[0].ndim == 3 else "")
    )
    figure = differences(rows, columns, theme=maps.current_theme())
    with st.container(width=WIDE):
        st.plotly_chart(
            figure, key="compare-differences", theme=None, config={"displayModeBar": False, "scrollZoom": False},
            alt="Reconstructions of " + ", ".join(run.title for _, run in able) + " and their differences",
        )  # fmt: skip


def _short(title: str) -> str:
    return title if len(title) <= 26 else f"{title[:25]}…"


def _sentences(able: list[tuple[str, Run]], at: int, original: np.ndarray | None) -> None:
    info = able[0][1].config.data
    st.markdown("What each model writes again from its code; coloured is what differs from the sample.")
    if original is not None:
        _line("the sample", show.marked(info, original))
    for name, run in able:
        _line(f"{name} · {run.title}", show.marked(info, cache.get_redrawn(run.name, (at,))[0], original))


def _line(title: str, marked: str) -> None:
    st.html(
        f"<div style='padding: 0.45rem 0; line-height: 1.4'><small style='opacity: 0.7'>{escape(title)}</small><br>"
        f"<span style='font-size: 1.2rem'>{marked}</span></div>"
    )


def _rows(able: list[tuple[str, Run]], at: int, original: np.ndarray | None) -> None:
    st.markdown("What each model makes of the row; a line across a bar is the sample's own value.")
    for (name, run), column in zip(able, st.columns(len(able), gap="medium"), strict=True):
        with column:
            st.markdown(f"**{name}** · {plain(run.title)}")
            sample = cache.get_redrawn(run.name, (at,))[0]
            show.show_sample(
                run, sample, alt=f"The row as {run.title} makes it", key=f"compare.row.{name}", before=original
            )
