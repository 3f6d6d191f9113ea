"""What a sweep came to: runs on the plane of rate and distortion, and a table of two settings as colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from vae_core.figures.template import INKS, ORDERED_SCALE, Theme, literal, template

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
DIAGONALS = 5
"""Lines of equal ELBO, about so many."""
SIDES = ("top right", "bottom left", "top left", "bottom right", "middle right", "middle left", "top center",
         "bottom center")  # fmt: skip
"""Of a point, where its label may stand, the best first."""
ALONG = (0.85, 0.7, 0.55, 0.4, 0.25, 0.12)
"""Of a diagonal's length, where its label may stand, the best first."""
SMALLEST, MARK, LETTER, LINE = (270.0, 270.0), 6.0, 7.0, 12.0
"""Pixels: the box of axes on a phone; half a point; a letter's width and height."""


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
    beside: list[str] = []
    if known:
        x = _room([point.rate for point in known])
        y = _room([point.distortion for point in known])
        _diagonals(figure, known, x, y, theme)
        figure.update_xaxes(range=x)
        figure.update_yaxes(range=y)
        beside = label_places(known, x, y)
    for line in dict.fromkeys(point.line for point in known):
        places = [place for place, point in enumerate(known) if point.line == line]
        part = [known[place] for place in places]
        figure.add_trace(
            go.Scatter(
                x=[point.rate for point in part],
                y=[point.distortion for point in part],
                name=literal(line),
                mode="lines+markers+text" if line else "markers+text",
                line={"color": part[0].colour, "width": 2},
                marker={"size": 11, "color": [point.colour for point in part],
                        "line": {"width": 1, "color": ink.background}},
                text=[literal(known[place].label) if beside[place] else "" for place in places],
                textposition=[beside[place] or SIDES[0] for place in places],
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


def label_places(points: Sequence[Point], x: tuple[float, float], y: tuple[float, float]) -> list[str]:
    """On which side of each point its label has room, so that none lies on another or on a point; "" where none has.

    x, y: the axes' ranges. Reckoned for a box of SMALLEST pixels: a larger one has more room.
    """
    at = _pixels([(point.rate, point.distortion) for point in points], x, y)
    taken = _marks(at)
    found = []
    for number, (point, (across, down)) in enumerate(zip(points, at, strict=True)):
        wide, side = LETTER * len(point.label), ""
        for one in SIDES:
            top, _, along = one.partition(" ")
            left = across + {"left": -MARK - wide, "center": -wide / 2, "right": MARK}[along]
            over = down + {"top": -MARK - LINE, "middle": -LINE / 2, "bottom": MARK}[top]
            box = (left, over, left + wide, over + LINE)
            if not any(_overlap(box, other) for place, other in enumerate(taken) if place != number):
                side = one
                taken.append(box)
                break
        found.append(side)
    return found


def _pixels(
    places: Sequence[tuple[float, float]], x: tuple[float, float], y: tuple[float, float]
) -> NDArray[np.floating]:
    """Places of the plane in pixels of the smallest box, from its upper left corner: [n, 2]."""
    scale = np.array([SMALLEST[0] / (x[1] - x[0]), SMALLEST[1] / (y[1] - y[0])])
    return (np.array(places) - (x[0], y[1])) * (1, -1) * scale


def _marks(at: NDArray[np.floating]) -> list[tuple[float, ...]]:
    """Left, top, right, bottom of each point."""
    return [(*(place - MARK), *(place + MARK)) for place in at]


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _room(values: list[float]) -> tuple[float, float]:
    """The axis that shows these values with a margin."""
    low, high = min(values), max(values)
    margin = 0.14 * (high - low) or max(1.0, 0.05 * abs(high))
    return low - margin, high + margin


def _diagonals(
    figure: go.Figure, points: Sequence[Point], x: tuple[float, float], y: tuple[float, float], theme: Theme
) -> None:
    """Lines of equal distortion + rate across the box, each with its ELBO where no point lies, rather on its right."""
    low, high = x[0] + y[0], x[1] + y[1]
    wanted = (high - low) / (DIAGONALS + 1)
    power = 10.0 ** np.floor(np.log10(wanted))
    step = next(part * power for part in STEPS if part * power >= wanted)
    marks = _marks(_pixels([(point.rate, point.distortion) for point in points], x, y))
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
        text = f"ELBO {-total:,.10g}"
        inside = _free_place(ends, total, len(text) * LETTER, marks, x, y)
        figure.add_annotation(  # the line is broken by its label
            x=inside, y=total - inside, text=text, showarrow=False, borderpad=1,
            bgcolor=INKS[theme].background, font={"size": 10, "color": INKS[theme].faint},
        )  # fmt: skip


def _free_place(
    ends: tuple[float, float],
    total: float,
    wide: float,
    marks: Sequence[Sequence[float]],
    x: tuple[float, float],
    y: tuple[float, float],
) -> float:
    """The rate at which a label of this width hides no point, on the diagonal between two rates."""
    places = [ends[0] + part * (ends[1] - ends[0]) for part in ALONG]
    for place in places:
        ((across, down),) = _pixels([(place, total - place)], x, y)
        box = (across - wide / 2, down - LINE, across + wide / 2, down + LINE)
        if box[0] >= 0 and box[2] <= SMALLEST[0] and not any(_overlap(box, mark) for mark in marks):
            return place
    return places[0]


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
            colorscale=ORDERED_SCALE,
            showscale=False,  # the numbers stand upon the colours
            hovertemplate=f"{literal(titles[0])} %{{x}}<br>{literal(titles[1])} %{{y}}<br>"
            f"{literal(titles[2])} %{{z:.3f}}<extra></extra>",
            hoverongaps=False,
            xgap=3,
            ygap=3,
        )
    )
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    digits = decimals(values)
    for row, column in np.argwhere(np.isfinite(values)):
        value = values[row, column]
        figure.add_annotation(
            x=int(column), y=int(row), text=f"{value:.{digits}f}", showarrow=False,
            font={"size": 13, "color": ink_upon(0.5 if high == low else (value - low) / (high - low))},
        )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": literal(titles[0])}, "type": "category", "showgrid": False},
        yaxis={"title": {"text": literal(titles[1])}, "type": "category", "autorange": "reversed", "showgrid": False,
               "ticksuffix": " "},
        margin={"l": 56, "r": 12, "t": 12, "b": 44},
    )  # fmt: skip
    return figure


def decimals(values: NDArray[np.floating]) -> int:
    """Digits after the point that tell these values from each other; none for whole numbers."""
    known = values[np.isfinite(values)]
    if (known == known.round()).all():
        return 0
    span = float(np.ptp(known)) or abs(float(known[0]))
    return int(np.clip(2 - np.floor(np.log10(span)), 1, 4))


def ink_upon(place: float) -> str:
    """Black or white, whichever is read better upon the colour at this place (0 to 1) of ORDERED_SCALE."""
    (colour,) = sample_colorscale(ORDERED_SCALE, [place], colortype="tuple")
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    light = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))  # relative luminance, WCAG 2.2
    return "#000000" if light > 0.179 else "#ffffff"
