"""A threshold that is dragged over scores: line, place on the ROC curve and counts follow in the frame of the drag.

What each place of the slider comes to is counted beforehand in Python; the browser looks it up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ui.components.loader import LOADER
from ui.components.said import said, times
from ui.server import asset_url, plotly_url

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from vae_core.apply.roc import Confusion

_component = st.components.v2.component(
    "latentarium_threshold",
    html='<section class="lt-threshold" data-ready="false" aria-label="Threshold"></section>\n',
    css=(Path(__file__).parent / "threshold.css").read_text(encoding="utf-8"),
    js=LOADER,
    isolate_styles=False,  # Plotly styles the document, which a shadow root would not see
)


def threshold(
    values: go.Figure,
    roc: go.Figure,
    counts: Sequence[Confusion],
    shares: Sequence[float],
    at: int,
    *,
    span: tuple[float, float],
    kinds: tuple[str, str],
    guests: Sequence[tuple[str, float]],
    key: str,
    on_move: Callable[[int], None],
) -> None:
    """Draws both figures, the slider and the counts.

    Args:
        values: of vae_core.figures.apply.value_histogram; roc: of roc_figure.
        counts: what each place of the slider comes to. shares: of the normal validation samples that it calls odd.
        at: where the slider stands.
        span: from where to where values are drawn. kinds: what normal and odd samples are called.
        guests: names and values of samples that a visitor brought.
        key: of its own on the page.
        on_move: told the new place when a finger lifted.
    """

    def moved() -> None:
        place = said(key, "view").get("at")
        if type(place) is int and 0 <= place < len(counts):
            on_move(place)

    data = {
        "module": asset_url("threshold/threshold.js"),
        "plotly": plotly_url(),
        "values": values.to_json(),
        "roc": roc.to_json(),
        "counts": [[c.threshold, c.hits, c.misses, c.false_alarms, c.passes] for c in counts],
        "shares": list(shares),
        "at": at,
        "seq": times(key, "view"),
        "span": list(span),
        "kinds": list(kinds),
        "guests": [[name, value] for name, value in guests],
    }
    _component(key=key, data=data, on_view_change=moved)
