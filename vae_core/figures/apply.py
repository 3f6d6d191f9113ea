"""What a model is good for: merits beside baselines, ROC curves, values of normal and odd samples, errors by labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from vae_core.figures.template import INKS, ORDERED_SCALE, Theme, class_colour, literal, template

if TYPE_CHECKING:
    from vae_core.apply.outcome import Outcome
    from vae_core.apply.roc import Confusion, Roc

LINE = 34  # pixels of a way
ROOM = "\u2003"
"""Behind a name in a legend: Plotly measures it in a font that may be narrower than the page's."""
LETTER = 6.2  # pixels of a letter of its title, about
NORMAL, ODD = 0, 1  # colours of the two kinds of samples
BINS = 40
ASIDE = 1.035  # times the labels, on their axis of powers: about 1% of its width from 1 to 50
FIXED = {"fixedrange": True}


def merits(outcome: Outcome, *, theme: Theme = "dark") -> go.Figure:
    """All ways of an outcome, one a line with its 95 % interval: the model's filled, baselines hollow."""
    ink = INKS[theme]
    figure = go.Figure()
    titles = [_folded(literal(merit.title)) for merit in outcome.merits]
    widest, height = max(len(line) for title in titles for line in title.split("<br>")), 82 + LINE * len(titles)
    for baseline in (False, True):
        rows = [row for row, merit in enumerate(outcome.merits) if merit.baseline is baseline]
        these = [outcome.merits[row] for row in rows]
        colour = ink.faint if baseline else ink.accent
        figure.add_trace(
            go.Scatter(
                x=[merit.value for merit in these], y=rows, mode="markers+text",
                name="baseline" if baseline else "model",
                text=[f"  {merit.value:.3f}" for merit in these], textposition="top center",
                textfont={"size": 11, "color": ink.faint if baseline else ink.text}, cliponaxis=False,
                marker={"size": 11, "color": colour, "symbol": "circle-open" if baseline else "circle",
                        "line": {"width": 2, "color": colour}},
                error_x={
                    "visible": any(merit.low < merit.high for merit in these),
                    "type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
                    "array": [merit.high - merit.value for merit in these],
                    "arrayminus": [merit.value - merit.low for merit in these],
                },
                hovertext=[
                    f"<b>{literal(merit.title)}</b><br>{merit.value:.3f} ({merit.low:.3f} to {merit.high:.3f})"
                    + (f"<br>{literal(merit.note)}" if merit.note else "") for merit in these
                ],
                hoverinfo="text",
            )
        )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={**FIXED, "zeroline": False},
        title={"text": _folded(literal(outcome.measure), 48), "font": {"size": 13, "color": ink.faint},
               "x": 0.5, "xref": "container", "xanchor": "center",  # as wide as the page, not the axis
               "y": 22 / height, "yref": "container", "yanchor": "top"},
        yaxis={**FIXED, "tickvals": list(range(len(titles))), "ticktext": titles,
               "range": [len(titles) - 0.5, -0.7], "tickfont": {"color": ink.text, "size": 12}},
        showlegend=False, hovermode="closest", height=height,
        margin={"l": 16 + LETTER * widest, "r": 24, "t": 8, "b": 56},
    )  # fmt: skip
    return figure


def _folded(title: str, width: int = 26) -> str:
    """A long title on two lines, so that a phone's width has room for the chart."""
    if len(title) <= width:
        return title
    words, lines = title.split(" "), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) >= width and len(lines) < 2:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


# -- odd samples -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """A score's ROC curve. chosen: the one that the threshold is of."""

    title: str
    roc: Roc
    baseline: bool
    chosen: bool


def roc_figure(curves: Sequence[Curve], at: Confusion, *, theme: Theme = "dark") -> go.Figure:
    """ROC curves, the chosen one in the accent colour; the trace "threshold" stands where its threshold is."""
    ink = INKS[theme]
    figure = go.Figure(
        go.Scatter(
            x=[0, 1], y=[0, 1], mode="lines", line={"color": ink.faint, "dash": "dot", "width": 1}, hoverinfo="skip",
            showlegend=False, name="chance",
        )
    )  # fmt: skip
    for number, curve in enumerate(sorted(curves, key=lambda each: each.chosen)):
        style = {"color": ink.accent if curve.chosen else ink.faint if curve.baseline else class_colour(number)}
        figure.add_trace(
            go.Scatter(
                x=curve.roc.false_alarms, y=curve.roc.hits, mode="lines", name=literal(curve.title),
                line={**style, "width": 3 if curve.chosen else 1.2, "dash": "dash" if curve.baseline else "solid"},
                opacity=1 if curve.chosen else 0.75,
                hovertemplate=f"{literal(curve.title)}: %{{y:.0%}} found at %{{x:.0%}} false alarms<extra></extra>",
            )
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[at.false_alarm_rate], y=[at.recall], mode="markers", name="threshold", showlegend=False,
            marker={"size": 14, "color": ink.accent, "line": {"width": 2, "color": ink.background}},
            hoverinfo="skip",
        )
    )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={**FIXED, "range": [-0.02, 1.02], "title": {"text": "false alarms, share of normal samples"},
               "tickformat": ".0%"},
        yaxis={**FIXED, "range": [-0.02, 1.04], "title": {"text": "odd samples found"}, "tickformat": ".0%"},
        legend={"x": 0.99, "xanchor": "right", "y": 0.02, "yanchor": "bottom", "font": {"size": 10},
                "bgcolor": "rgba(0,0,0,0)", "tracegroupgap": 0, "traceorder": "reversed"},
        showlegend=True, height=330, margin={"l": 52, "r": 8, "t": 8, "b": 44}, hovermode="closest",
    )  # fmt: skip
    return figure


def value_histogram(
    values: NDArray[np.floating],
    odd: NDArray[np.bool_],
    threshold: float,
    *,
    title: str,
    kinds: tuple[str, str],
    guests: Sequence[tuple[str, float]] = (),
    theme: Theme = "dark",
) -> go.Figure:
    """How many samples of both kinds have a value; the shape "threshold" is where the odd begin, guests are stars.

    Args:
        values: [n]. odd: bool [n]. kinds: what normal and odd samples are called.
        guests: names and values of samples that a visitor brought.
    """
    ink = INKS[theme]
    low, high = span_of(values)
    edges = np.linspace(low, high, BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    for kind, rows, colour in ((0, ~odd, NORMAL), (1, odd, ODD)):
        counts, _ = np.histogram(np.clip(values[rows], low, high), edges)
        figure.add_trace(
            go.Bar(
                x=middles, y=counts, width=(high - low) / BINS, name=literal(kinds[kind]) + ROOM, opacity=0.7,
                marker={"color": class_colour(colour), "line": {"width": 0}},
                hovertemplate=f"{literal(kinds[kind])}: %{{y}} around %{{x:.2f}}<extra></extra>",
            )
        )  # fmt: skip
    if guests:
        figure.add_trace(
            go.Scatter(
                x=[float(np.clip(value, low, high)) for _, value in guests], y=[0] * len(guests), mode="markers",
                name="yours", marker={"symbol": "star", "size": 15, "color": ink.accent,
                                      "line": {"width": 1.5, "color": ink.background}},
                hovertext=[f"{literal(name)}: {value:.2f}" for name, value in guests], hoverinfo="text",
                cliponaxis=False,
            )
        )  # fmt: skip
    place = float(np.clip(threshold, low, high))
    figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, yref="paper", name="threshold",
                     line={"color": ink.accent, "width": 2.5})  # fmt: skip
    figure.update_layout(
        template=template(theme), barmode="overlay", bargap=0,
        xaxis={**FIXED, "range": [low, high], "title": {"text": f"{literal(title)} (the ends hold what lies beyond)"}},
        yaxis={**FIXED, "title": {"text": "samples"}, "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 11}},
        height=330, margin={"l": 52, "r": 8, "t": 32, "b": 44},
    )  # fmt: skip
    return figure


def span_of(values: NDArray[np.floating]) -> tuple[float, float]:
    """From where to where values are drawn: all but the least one in 200 and the largest one in 50 (a long tail)."""
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, (0.005, 0.98)) if len(finite) else (0.0, 1.0)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def heat(errors: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Errors [n, H, W] as colours [n, H, W, 3], each picture's largest error brightest."""
    most = np.maximum(errors.max((1, 2), keepdims=True), 1e-12)
    scale = sample_colorscale(ORDERED_SCALE, list(np.linspace(0, 1, 256)), colortype="tuple")
    colours = (np.array(scale) * 255).round().astype(np.uint8)  # [256, 3]
    return colours[(errors / most * 255).round().astype(np.uint8)]


# -- curves ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One way's errors by labels: labels, errors, low and high ends of the intervals, as long as each other.

    place: its colour, and how far it is moved aside so that intervals at the same labels do not cover each other.
    """

    title: str
    labels: Sequence[int]
    errors: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    baseline: bool
    place: int = 0


def error_by_labels(lines: Sequence[Line], *, theme: Theme = "dark") -> go.Figure:
    """Error against labels of each class: models solid, baselines dashed; a single point is a mark."""
    ink = INKS[theme]
    figure = go.Figure()
    middle = float(np.mean([line.place for line in lines])) if lines else 0.0
    for line in lines:
        colour = class_colour(line.place)
        figure.add_trace(
            go.Scatter(
                x=np.array(line.labels) * ASIDE ** (line.place - middle), y=line.errors,
                customdata=line.labels, name=literal(line.title) + ROOM,
                mode="lines+markers" if len(line.labels) > 1 else "markers",
                line={"color": colour, "width": 1.5 if line.baseline else 2.5,
                      "dash": "dash" if line.baseline else "solid"},
                marker={"size": 7 if len(line.labels) > 1 else 14, "color": colour,
                        "symbol": "circle" if line.baseline else "diamond"},
                error_y={
                    "type": "data", "symmetric": False, "color": colour, "thickness": 1, "width": 3,
                    "array": np.subtract(line.high, line.errors), "arrayminus": np.subtract(line.errors, line.low),
                },
                hovertemplate=f"{literal(line.title)}<br>%{{customdata}} labels a class: %{{y:.1%}} wrong"
                              "<extra></extra>",
            )
        )  # fmt: skip
    ticks = sorted({label for line in lines for label in line.labels})
    figure.update_layout(
        template=template(theme),
        xaxis={**FIXED, "type": "log", "title": {"text": "labels of each class"}, "tickvals": ticks,
               "ticktext": [f"{tick:,}" for tick in ticks]},
        yaxis={**FIXED, "tickformat": ".0%", "rangemode": "tozero",
               "title": {"text": "wrong on held-out samples", "font": {"color": ink.faint}}},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        height=440, margin={"l": 52, "r": 8, "t": 8, "b": 44}, hovermode="closest",
    )  # fmt: skip
    return figure


def read_by_strength(
    strengths: NDArray[np.floating], read: NDArray[np.floating], *, theme: Theme = "dark"
) -> go.Figure:
    """The share of moved samples that are read as the target, by how far they are moved."""
    ink = INKS[theme]
    figure = go.Figure(
        go.Scatter(
            x=strengths, y=read, mode="lines+markers", line={"color": ink.accent, "width": 2.5},
            hovertemplate="moved by %{x:g}: %{y:.0%} read as the target<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={**FIXED, "title": {"text": "strength: times the vector"}},
        yaxis={**FIXED, "title": {"text": "read as the target"}, "tickformat": ".0%", "range": [-0.03, 1.05]},
        height=260, margin={"l": 52, "r": 8, "t": 8, "b": 44},
    )  # fmt: skip
    return figure


def groups_plane(
    places: NDArray[np.floating], labels: NDArray[np.integer], titles: tuple[str, str], names: Sequence[str],
    *, theme: Theme = "dark",
) -> go.Figure:  # fmt: skip
    """Samples on a plane, coloured by groups; label -1 is what a method calls noise.

    Args:
        places: [n, 2]. labels: [n]. titles: of the two axes. names: of the labels from 0 on.
    """
    ink = INKS[theme]
    figure = go.Figure()
    for label in np.unique(labels).tolist():
        rows = labels == label
        figure.add_trace(
            go.Scattergl(
                x=places[rows, 0], y=places[rows, 1], mode="markers", hoverinfo="name",
                name="noise" if label < 0 else literal(names[label]),
                marker={"size": 5, "color": ink.faint if label < 0 else class_colour(label), "opacity": 0.8},
            )
        )  # fmt: skip
    axis = {**FIXED, "zeroline": False}
    figure.update_layout(
        template=template(theme),
        xaxis={**axis, "title": {"text": literal(titles[0])}},
        yaxis={**axis, "title": {"text": literal(titles[1])}},
        legend={"orientation": "h", "y": -0.16, "yanchor": "top", "x": 0, "font": {"size": 11}},
        height=400, margin={"l": 44, "r": 8, "t": 8, "b": 44}, hovermode="closest",
    )  # fmt: skip
    return figure
