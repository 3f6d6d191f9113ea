"""What a sweep came to: runs on the plane of rate and distortion, and a table of two settings as colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.template import INKS, ORDERED_SCALE, Theme, literal, template

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
DIAGONALS = 5
"""Lines of equal ELBO, about so many."""


@dataclass(frozen=True)
class Point:
    """One run on the plane of rate and distortion.

    Attributes:
        rate, distortion: nats per sample.
        label: beside its point: the setting that changes along its line.
        hover: what it is, in full; lines are parted by a line break.
        line: which line joins it with others, in the order given; "" is none.
        colour: its own.
    """

    rate: float
    distortion: float
    label: str
    hover: str
    line: str
    colour: str


def rate_distortion(points: Sequence[Point], *, theme: Theme = "dark") -> go.Figure:
    """Runs as points, rate across and distortion up (nats per sample); lines join the runs of one setting.

    Dotted diagonals join places of equal ELBO = -(distortion + rate): further down on the left is better. Along one
    of them, a model tells the less of a sample the more it loses (Alemi et al. 2018, "Fixing a broken ELBO").
    """
    figure = go.Figure()
    ink = INKS[theme]
    known = [point for point in points if np.isfinite(point.rate) and np.isfinite(point.distortion)]
    if known:
        x = _room([point.rate for point in known])
        y = _room([point.distortion for point in known])
        _diagonals(figure, x, y, theme)
        figure.update_xaxes(range=x)
        figure.update_yaxes(range=y)
    for line in dict.fromkeys(point.line for point in known):
        part = [point for point in known if point.line == line]
        figure.add_trace(
            go.Scatter(
                x=[point.rate for point in part],
                y=[point.distortion for point in part],
                name=literal(line),
                mode="lines+markers+text" if line else "markers+text",
                line={"color": part[0].colour, "width": 2},
                marker={"size": 11, "color": [point.colour for point in part],
                        "line": {"width": 1, "color": ink.background}},
                text=[literal(point.label) for point in part],
                textposition="top right",
                textfont={"size": 11, "color": ink.faint},
                hovertext=[
                    literal(point.hover).replace("\n", "<br>")
                    + f"<br>distortion {point.distortion:.2f}, rate {point.rate:.2f}"
                    + f"<br>ELBO {-(point.distortion + point.rate):.2f} nats"
                    for point in part
                ],
                hoverinfo="text",
                showlegend=bool(line),
                cliponaxis=False,
            )
        )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": "rate (nats per sample)"}},
        yaxis={"title": {"text": "distortion (nats per sample)"}},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
        hovermode="closest",
        uirevision="rate-distortion",
        margin={"l": 56, "r": 20, "t": 12, "b": 44},
    )
    return figure


def _room(values: list[float]) -> tuple[float, float]:
    """The axis that shows these values with a margin."""
    low, high = min(values), max(values)
    margin = 0.14 * (high - low) or max(1.0, 0.05 * abs(high))
    return low - margin, high + margin


def _diagonals(figure: go.Figure, x: tuple[float, float], y: tuple[float, float], theme: Theme) -> None:
    """Lines of equal distortion + rate across the box, each labelled with its ELBO where it leaves it on the right."""
    low, high = x[0] + y[0], x[1] + y[1]
    wanted = (high - low) / (DIAGONALS + 1)
    power = 10.0 ** np.floor(np.log10(wanted))
    step = next(part * power for part in STEPS if part * power >= wanted)
    for total in np.arange(np.ceil(low / step) * step, high, step):
        ends = max(x[0], total - y[1]), min(x[1], total - y[0])
        if ends[1] - ends[0] < 0.05 * (x[1] - x[0]):
            continue  # a corner's scrap has no room for its label
        figure.add_trace(
            go.Scatter(
                x=ends, y=[total - end for end in ends], mode="lines", hoverinfo="skip", showlegend=False,
                line={"color": INKS[theme].faint, "width": 1, "dash": "dot"}, opacity=0.6, meta={"role": "elbo"},
            )
        )  # fmt: skip
        figure.add_annotation(
            x=ends[1], y=total - ends[1], text=f"ELBO {-total:,.10g}", showarrow=False, xanchor="right",
            yanchor="bottom", font={"size": 10, "color": INKS[theme].faint},
        )  # fmt: skip


def heat_map(
    values: NDArray[np.floating],
    *,
    across: Sequence[str],
    down: Sequence[str],
    titles: tuple[str, str, str],
    theme: Theme = "dark",
) -> go.Figure:
    """A figure of each run of a sweep over two settings, as colours with the numbers upon them.

    Args:
        values: [len(down), len(across)]; NaN where a run has not come so far.
        across, down: what the settings are, as one writes them.
        titles: of the setting across, of the one down, and of what is shown.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(down), len(across)):
        raise ValueError(f"{len(down)} rows and {len(across)} columns need as many values, not {values.shape}.")
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[literal(text) for text in across],
            y=[literal(text) for text in down],
            texttemplate="%{z:.4~g}",
            textfont={"size": 13},
            colorscale=ORDERED_SCALE,
            colorbar={
                "title": {"text": titles[2], "side": "right", "font": {"size": 12, "color": INKS[theme].faint}},
                "tickfont": {"color": INKS[theme].faint, "size": 11},
                "outlinewidth": 0,
                "thickness": 12,
            },
            hovertemplate=f"{literal(titles[0])} %{{x}}<br>{literal(titles[1])} %{{y}}<br>"
            f"{literal(titles[2])} %{{z:.3f}}<extra></extra>",
            hoverongaps=False,
            xgap=3,
            ygap=3,
        )
    )
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": literal(titles[0])}, "type": "category", "showgrid": False},
        yaxis={"title": {"text": literal(titles[1])}, "type": "category", "autorange": "reversed", "showgrid": False},
        margin={"l": 56, "r": 12, "t": 12, "b": 44},
    )
    return figure
