"""What a study came to: a measure by the weight of an objective, over several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from vae_core.figures.template import INKS, Theme, literal, template


@dataclass(frozen=True)
class Series:
    """One objective: a title, a colour, and what was measured at each weight (above 0), a number a seed."""

    title: str
    colour: str
    measured: Mapping[float, Sequence[float]]


def by_weight(series: Sequence[Series], measure: str, *, theme: Theme = "dark") -> go.Figure:
    """A measure by weight, on a logarithmic axis: every seed a point, a line through the medians."""
    ink = INKS[theme]
    figure = go.Figure()
    weights = sorted({weight for one in series for weight in one.measured})
    for one in series:
        at = sorted(one.measured)
        seeds = [(weight, value) for weight in at for value in one.measured[weight]]
        figure.add_trace(
            go.Scatter(
                x=[weight for weight, _ in seeds], y=[value for _, value in seeds], mode="markers", showlegend=False,
                legendgroup=one.title, marker={"size": 6, "color": one.colour, "opacity": 0.55}, hoverinfo="skip",
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=at, y=[float(np.median(one.measured[weight])) for weight in at], name=literal(one.title),
                legendgroup=one.title, mode="lines+markers", line={"color": one.colour, "width": 2},
                marker={"size": 9, "color": one.colour, "line": {"width": 1, "color": ink.background}},
                hovertext=[
                    f"{literal(one.title)}, weight {weight:g}<br>median {np.median(one.measured[weight]):.3f} of "
                    f"{len(one.measured[weight])}: {min(one.measured[weight]):.3f} to {max(one.measured[weight]):.3f}"
                    for weight in at
                ],
                hoverinfo="text",
            )
        )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={"type": "log", "title": {"text": "weight (β, γ)"}, "tickvals": weights,
               "ticktext": [f"{weight:g}" for weight in weights]},
        yaxis={"title": {"text": literal(measure)}, "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest", uirevision=measure, margin={"l": 56, "r": 16, "t": 36, "b": 44},
    )  # fmt: skip
    return figure
