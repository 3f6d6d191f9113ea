"""One decoded sample on the page, by its kind: a picture, a sentence in words, or a table's row as bars."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from ui import cache, maps
from ui.widgets import picture_png
from vae_core.latent.geometry import FAR, INSIDE, NEAR
from vae_core.render import words as words_of

if TYPE_CHECKING:
    from vae_core.config import DataInfo
    from vae_core.runs import Run

LARGE = 640  # pixels a large picture is drawn with
TILE = 96
GAP = 2
ZONE_WORDS = {INSIDE: "inside the data", NEAR: "near its edge", FAR: "far from any code seen"}
ZONE_COLOURS = {INSIDE: "green", NEAR: "orange", FAR: "red"}
FIGURE = {"displayModeBar": False}


def show_sample(run: Run, sample: np.ndarray, *, alt: str, key: str, before: np.ndarray | None = None) -> None:
    """One sample, large: a picture, a sentence, or bars.

    Args:
        sample: of vae_core.export.decode_samples: uint8 [C, H, W], int64 [T] or float32 [F].
        alt: what it is, for screen readers.
        key: of its own on the page.
        before: a sample to compare with: words that changed are marked, and where bars began.
    """
    info = run.config.data
    if info.kind == "text":
        st.html(f'<p aria-label="{escape(alt)}" style="{SENTENCE}">{marked(info, sample, before)}</p>')
        if before is not None and words_of(info, before) != words_of(info, sample):
            st.caption("Coloured: what is new.")
    elif info.kind == "table":
        from vae_core.figures.rows import row_bars

        figure = row_bars(sample, info.columns, info.centre, info.scale, before=before, theme=maps.current_theme())
        st.plotly_chart(figure, key=key, config=FIGURE, theme=None, alt=alt)
        began = "" if before is None else " A line across a bar: where it began."
        st.caption(f"Right of the middle: more than the data's mean. Shaded: one standard deviation.{began}")
    else:
        from vae_core.export import upright

        st.image(picture_png(upright(sample), LARGE), width="stretch", output_format="PNG", alt=alt)


# -- sentences ---------------------------------------------------------------------------------------------

SENTENCE = "font-size: clamp(1.35rem, 2.6vw, 2rem); line-height: 1.4; margin: 0.4rem 0; text-wrap: balance;"
CHANGED = "background: none; color: light-dark(#87500a, #f0b45f); font-weight: 600;"


def marked(info: DataInfo, tokens: np.ndarray, before: np.ndarray | None = None) -> str:
    """A sentence as HTML; what is not in `before`, in its order, is marked."""
    words = words_of(info, tokens)
    if not words:
        return "<em>an empty sentence</em>"
    old = words if before is None else words_of(info, before)
    parts = []
    for kind, _, _, first, last in SequenceMatcher(None, old, words, autojunk=False).get_opcodes():
        text = escape(info.joiner.join(words[first:last]))
        if text:
            parts.append(text if kind == "equal" else f'<mark style="{CHANGED}">{text}</mark>')
    return escape(info.joiner).join(parts)


# -- films -------------------------------------------------------------------------------------------------


def film_png(run: Run, decoded: np.ndarray, tile: int = TILE, between: int = 0) -> bytes:
    """Samples [n, ...] as pictures side by side, PNG; `between` is the grey level of the gaps."""
    from io import BytesIO

    from vae_core.export import upright
    from vae_core.render import pictures

    made = [Image.fromarray(picture) for picture in upright(pictures(run.config.data, decoded))]
    scale = tile / max(made[0].size)
    width, height = (max(1, round(side * scale)) for side in made[0].size)
    film = Image.new(made[0].mode, (len(made) * (width + GAP) - GAP, height))
    film.paste((between,) * len(made[0].getbands()) if made[0].mode == "RGB" else between, (0, 0, *film.size))
    for place, picture in enumerate(made):
        film.paste(picture.resize((width, height), Image.Resampling.BICUBIC), (place * (width + GAP), 0))
    buffer = BytesIO()
    film.save(buffer, "PNG")
    return buffer.getvalue()


def show_film(run: Run, decoded: np.ndarray, *, alt: str, between: int = 0) -> None:
    """Samples [n, ...] side by side, as wide as there is room for; a table's rows as little bars."""
    st.image(film_png(run, decoded, between=between), width="stretch", output_format="PNG", alt=alt)


# -- how far from the data ---------------------------------------------------------------------------------


def zones_of(run: Run, codes: np.ndarray) -> np.ndarray | None:
    """In which zone each of codes [n, D] lies: int [n]; None where there is nothing to compare with."""
    from vae_core.latent.geometry import zones

    seen = cache.get_seen(run.name) if run.config.model.abilities.encodes else None  # dreams are no data
    return None if seen is None else zones(np.asarray(codes)[:, seen.dims], seen.codes, seen.typical)


def show_cue(run: Run, code: Sequence[float]) -> None:
    """How far a code is from the codes seen, in words and in colour."""
    where = zones_of(run, np.asarray([code]))
    if where is None:
        st.caption("no codes to compare with")
        return
    zone = int(where[0])
    st.badge(ZONE_WORDS[zone], color=ZONE_COLOURS[zone], icon=":material/near_me:")  # type: ignore[arg-type]
