"""What would be taken of data of one's own: how much, some of it, and what is left out and why."""

from __future__ import annotations

import numpy as np
import streamlit as st

from ui.words import plain
from vae_core.data.own.choices import MAX_NAMED, Preview

WHAT = {"image": "pictures", "text": "lines", "table": "rows"}
CLASSES_NAMED = 40
PICTURES_SHOWN = 16
SIDE = 68  # pixels on the screen


def size_words(kind: str, shape: tuple[int, ...]) -> str:
    """The size of a sample, after "pictures" or the like."""
    if kind == "image":
        return f" of {shape[2]} × {shape[1]} in {'grey' if shape[0] == 1 else 'colour'}"
    return f" of {shape[0]} columns" if kind == "table" else ""


def show(preview: Preview) -> None:
    """Counts, classes, samples, and what is left out."""
    what = WHAT[preview.kind]
    st.markdown(
        f"**{preview.n:,} {what}**{size_words(preview.kind, preview.sample_shape)} would be taken "
        f"({_megabytes(preview.bytes)})."
    )
    st.caption(plain(f"It holds {preview.seen}."))
    if preview.unread:
        st.caption(
            f"{preview.n - preview.unread:,} were tried in the time of a preview; the others are counted by name."
        )
    for note in preview.notes:
        st.info(plain(note), icon=":material/info:")
    _classes(preview)
    _samples(preview)
    _skipped(preview)


def _megabytes(size: int) -> str:
    if size < 1e6:
        return f"{size / 1e3:,.0f} KB"
    return f"{size / 1e6:,.1f} MB" if size < 100e6 else f"{size / 1e6:,.0f} MB"


def _classes(preview: Preview) -> None:
    if not preview.classes:
        return
    named = " · ".join(f"{plain(name)} **{count:,}**" for name, count in preview.classes[:CLASSES_NAMED])
    more = len(preview.classes) - CLASSES_NAMED
    st.markdown(f"{len(preview.classes)} classes: {named}{f' and {more} more' if more > 0 else ''}")


def _samples(preview: Preview) -> None:
    if preview.pictures is not None:
        from ui.widgets import picture_strip
        from vae_core.export import upright

        # they stand class by class: the first alone would be of one class
        places = np.unique(np.linspace(0, len(preview.pictures) - 1, PICTURES_SHOWN).round().astype(int))
        captions = [preview.captions[place] for place in places]
        picture_strip(upright(preview.pictures[places]), captions, SIDE)
    elif preview.lines:
        st.dataframe({"The first lines": preview.lines}, hide_index=True, height="content")
    else:
        columns = {name: [row[place] for row in preview.rows] for place, name in enumerate(preview.columns_taken)}
        st.dataframe(columns, hide_index=True, height="content")


def _skipped(preview: Preview) -> None:
    left = preview.skipped
    if not left.total:
        return
    reasons = "; ".join(f"{count:,} × {plain(reason)}" for reason, count in left.reasons)
    st.markdown(f":material/filter_alt: **Left out:** {reasons}.")
    if left.first:
        first = f" (the first {MAX_NAMED})" if len(left.first) == MAX_NAMED else ""
        with st.expander(f"What, one by one{first}"):
            what, why = zip(*left.first, strict=True)
            st.dataframe({"What": what, "Why": why}, hide_index=True)
