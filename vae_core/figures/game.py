"""The matching game's rounds as curves: how the distance to the target fell."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from vae_core.figures.template import INKS, Theme, literal, template

THIN = 60
"""Single rounds drawn of each model, at most: the first ones."""
LETTERS = 34
"""Of a line in the legend: on a phone more are cut."""
LETTER = 7.2
"""Pixels of a letter in the legend, generously: what Plotly measures before the page's font is there is too narrow."""


@dataclass(frozen=True)
class Rounds:
    """The rounds on one model.

    Attributes:
        label, colour: the model's.
        distance: float [n, T], picture distance at the T times; after a round's end it stays.
    """

    label: str
    colour: str
    distance: np.ndarray


def distance_over_time(
    groups: Sequence[Rounds], seconds: np.ndarray, *, solved_at: float, theme: Theme = "dark"
) -> go.Figure:
    """Picture distance over time: the median round of each model as a thick line, single rounds as thin ones.

    Args:
        seconds: float [T].
        solved_at: the distance at which a round is solved: a dotted line.
    """
    figure = go.Figure()
    for group in groups:
        if not len(group.distance):
            continue
        single = np.concatenate([group.distance[:THIN], np.full((len(group.distance[:THIN]), 1), np.nan)], axis=1)
        figure.add_trace(
            go.Scatter(
                x=np.tile(np.append(seconds, np.nan), len(single)), y=single.ravel(), mode="lines", opacity=0.35,
                line={"color": group.colour, "width": 1, "shape": "hv"}, hoverinfo="skip", showlegend=False,
                meta={"role": "rounds"},
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=seconds, y=np.median(group.distance, axis=0), mode="lines", name=_wrapped(group.label),
                line={"color": group.colour, "width": 3.5, "shape": "hv"},
                hovertemplate="after %{x:.0f} s<br>median distance %{y:.2f}<extra></extra>", meta={"role": "median"},
            )
        )  # fmt: skip
    lines = [line for group in groups for line in textwrap.wrap(group.label, LETTERS)]
    faint = INKS[theme].faint
    figure.add_hline(y=solved_at, line={"color": faint, "dash": "dot", "width": 1.5})
    figure.add_annotation(
        x=1, xref="paper", y=solved_at, text="solved below", showarrow=False, xanchor="right", yanchor="bottom",
        font={"size": 11, "color": faint},
    )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": "seconds since the target was shown"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "picture distance"}, "range": [0, 1.03]},
        legend={
            "orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0,
            "entrywidth": LETTER * max(map(len, lines), default=1), "entrywidthmode": "pixels",
        },
        hovermode="closest",
        margin={"l": 52, "r": 16, "t": 12, "b": 44},
    )  # fmt: skip
    return figure


def _wrapped(label: str) -> str:
    """A name of any length as lines of a legend."""
    return "<br>".join(literal(line) for line in textwrap.wrap(label, LETTERS))
