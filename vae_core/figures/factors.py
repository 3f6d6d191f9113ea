"""Factors against dimensions: the matrix of what carries what, and how one code answers to one factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.template import INKS, ORDERED_SCALE, Theme, class_colour, literal, template

ROW, HEAD = 40, 56  # pixels of a row of the matrix, and of all around it
BARE = 0.005  # what rounds to 0 % has a faint 0 in its cell
ABOVE = 18  # pixels of the word over the dimensions that sleep
NUMBERED = 24  # more dimensions than this leave no room for numbers; then there is a bar of colours
PALE = 0.55  # from here on the scale is too bright for white letters
WORDS = 12  # values of a factor that are shown as words; more are an axis of numbers


def factor_matrix(
    values: NDArray[np.floating],
    *,
    factors: Sequence[str],
    dimensions: Sequence[str],
    chosen: tuple[int, int] | None = None,
    measure: str,
    asleep: int = 0,
    notes: Sequence[str] = (),
    theme: Theme = "dark",
) -> go.Figure:
    """How much each dimension has of each factor, as colours from 0 to 1 with the numbers (percent) upon them.

    The second trace has an invisible mark on every cell, `customdata` = (row, column): Streamlit hears clicks on marks,
    not on the cells of a heat map.

    Args:
        values: [K, D] in 0..1; NaN where nothing is known, as of a factor that never varies.
        factors, dimensions: names of the rows and the columns, in the order they are shown.
        chosen: (row, column) of the cell that is framed.
        measure: what is shown.
        asleep: how many of the last columns sleep: a line stands before them, and their names are grey.
        notes: a sentence on each row for its cells' hovers, as what guessing gets; none where it is empty.
    """
    values = np.asarray(values, dtype=np.float64)
    count, dims = len(factors), len(dimensions)
    if values.shape != (count, dims):
        raise ValueError(f"{count} factors and {dims} dimensions need as many values, not {values.shape}.")
    if notes and len(notes) != count:
        raise ValueError(f"{count} factors need as many notes, not {len(notes)}.")
    ink = INKS[theme]
    down, across = (grid.ravel() for grid in np.mgrid[:count, :dims])
    told = [
        f"{literal(measure)} {value:.1%}" if value == value else "it does not vary here" for value in values.ravel()
    ]
    words = [
        f"<b>{literal(factors[k])}</b> in <b>{literal(dimensions[d])}</b><br>{text}"
        + (f"<br>{literal(notes[k])}" if notes else "")
        + ("<br>It sleeps: its code hardly varies." if d >= dims - asleep else "")
        for k, d, text in zip(down, across, told, strict=True)
    ]
    figure = go.Figure(
        [
            go.Heatmap(
                z=values, zmin=0, zmax=1, colorscale=ORDERED_SCALE, xgap=2, ygap=2, hoverinfo="skip",
                showscale=dims > NUMBERED,
                colorbar={
                    "title": {"text": literal(measure), "side": "right", "font": {"size": 12, "color": ink.faint}},
                    "tickfont": {"color": ink.faint, "size": 11}, "outlinewidth": 0, "thickness": 10,
                    "tickformat": ".0%",
                },
            ),
            go.Scatter(
                x=across, y=down, mode="markers", customdata=np.stack([down, across], axis=1).tolist(),
                marker={"symbol": "square", "size": 20, "color": "rgba(0,0,0,0)"}, hovertext=words, hoverinfo="text",
                selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}}, showlegend=False,
            ),
        ]
    )  # fmt: skip
    if dims <= NUMBERED:  # as annotations: a chart fades the texts of its traces where a mark is selected
        for k, d in zip(down.tolist(), across.tolist(), strict=True):
            if values[k, d] == values[k, d]:
                white = "#ffffff" if values[k, d] >= BARE else "rgba(255,255,255,0.5)"
                figure.add_annotation(
                    x=d, y=k, text=f"{100 * values[k, d]:.0f}", showarrow=False,
                    font={"size": 12, "color": white if values[k, d] < PALE else "#101426"},
                )  # fmt: skip
    if chosen is not None:
        k, d = chosen
        figure.add_shape(
            type="rect", x0=d - 0.5, x1=d + 0.5, y0=k - 0.5, y1=k + 0.5, line={"color": ink.accent, "width": 3},
            name="chosen",
        )  # fmt: skip
    if asleep:
        _part_off(figure, dims - asleep, dims, ink.faint)
    ticks = [
        literal(name) if d < dims - asleep else f'<span style="color: {ink.faint}">{literal(name)}</span>'
        for d, name in enumerate(dimensions)
    ]
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        template=template(theme),
        xaxis={
            **axis, "tickvals": list(range(dims)), "ticktext": ticks, "side": "top",
            "tickfont": {"color": ink.text}, "range": (-0.5, dims - 0.5),
        },
        yaxis={
            **axis, "tickvals": list(range(count)), "ticktext": [literal(name) for name in factors],
            "range": (count - 0.5, -0.5),
        },
        hovermode="closest", hoverdistance=-1, dragmode=False, uirevision="factors",
        height=HEAD + ROW * count + (ABOVE if asleep else 0),
        margin={"l": 8, "r": 8, "t": 36 + (ABOVE if asleep else 0), "b": 8},
    )  # fmt: skip
    return figure


def _part_off(figure: go.Figure, first: int, dims: int, colour: str) -> None:
    """The columns from `first` on as those that sleep: a line before them, and the word above their names."""
    if first:
        figure.add_shape(
            type="line", x0=first - 0.5, x1=first - 0.5, y0=0, y1=1, yref="paper", name="asleep",
            line={"color": colour, "width": 2, "dash": "dot"},
        )  # fmt: skip
    one = dims - first == 1  # the word is wider than a column, and would be cut off at the right
    figure.add_annotation(
        x=dims - 0.5 if one else first - 0.5, xanchor="right" if one else "left",
        y=1, yref="paper", yshift=22, yanchor="bottom", text="asleep", showarrow=False,
        font={"size": 12, "color": colour}, name="asleep",
    )  # fmt: skip


def response_curve(
    values: Sequence[int],
    mean: NDArray[np.floating],
    spread: NDArray[np.floating],
    *,
    names: Sequence[str],
    titles: tuple[str, str],
    own: tuple[Sequence[int], NDArray[np.floating]] | None = None,
    theme: Theme = "dark",
) -> go.Figure:
    """The mean code of the samples that have each value of a factor, and a standard deviation to either side.

    Args:
        values: the V values that occur.
        mean, spread: [V].
        names: what each value of the factor is called, by its number.
        titles: of the factor and of the dimension.
        own: values and codes [S] of one sample in which this factor alone is moved, drawn over the rest.
    """
    ink, colour = INKS[theme], class_colour(0)
    mean, spread = np.asarray(mean, dtype=np.float64), np.asarray(spread, dtype=np.float64)
    few = len(names) <= WORDS
    hover = [f"{literal(names[v])}: mean {m:.2f}, ± {s:.2f}" for v, m, s in zip(values, mean, spread, strict=True)]
    figure = go.Figure()
    if not few:
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_trace(go.Scatter(x=values, y=mean + spread, **edge))
        figure.add_trace(
            go.Scatter(x=values, y=mean - spread, fill="tonexty", fillcolor="rgba(63, 144, 218, 0.22)", **edge)
        )
    figure.add_trace(
        go.Scatter(
            x=values, y=mean, name="all samples", mode="lines+markers",
            line={"color": colour, "width": 2}, marker={"size": 7 if few else 4}, hovertext=hover, hoverinfo="text",
            error_y={"type": "data", "array": spread, "color": colour, "thickness": 1.5} if few else None,
        )
    )  # fmt: skip
    if own is not None:
        figure.add_trace(
            go.Scatter(
                x=own[0], y=own[1], name="this sample", mode="lines+markers", line={"color": ink.accent, "width": 2},
                marker={"size": 8, "symbol": "diamond"}, hovertemplate="this sample: %{y:.2f}<extra></extra>",
            )
        )  # fmt: skip
    ticks = {"tickvals": list(range(len(names))), "ticktext": [literal(name) for name in names]} if few else {}
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": literal(titles[0])}, "fixedrange": True, **ticks},
        yaxis={"title": {"text": f"code of {literal(titles[1])}"}, "fixedrange": True},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision="response", margin={"l": 52, "r": 12, "t": 36, "b": 44},
    )  # fmt: skip
    return figure


@dataclass(frozen=True)
class Standing:
    """One score of a code among what the same estimator gives for codes whose answer is known.

    Attributes:
        interval: (low, high).
        known: name of a code -> its score.
    """

    title: str
    score: float
    interval: tuple[float, float]
    known: Mapping[str, float]


SIGNS = ("circle-open", "x-thin-open", "diamond-open", "square-open")
LINE = 40  # pixels of a score


def score_board(rows: Sequence[Standing], *, theme: Theme = "dark") -> go.Figure:
    """Scores from 0 to 1, one a line, each with its interval and the marks of the known codes around it."""
    ink = INKS[theme]
    titles = [literal(row.title) for row in rows]
    figure = go.Figure()
    known = list(dict.fromkeys(name for row in rows for name in row.known))
    for place, name in enumerate(known):
        figure.add_trace(
            go.Scatter(
                x=[row.known.get(name) for row in rows], y=titles, name=literal(name), mode="markers",
                marker={"symbol": SIGNS[place % len(SIGNS)], "size": 11, "color": class_colour(place + 3),
                        "line": {"width": 2}},
                hovertemplate=f"%{{y}} of a code that is {literal(name)}: %{{x:.2f}}<extra></extra>",
            )
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[row.score for row in rows], y=titles, name="this model", mode="markers",
            marker={"size": 13, "color": ink.accent},
            error_x={
                "type": "data", "symmetric": False, "color": ink.accent, "thickness": 2, "width": 5,
                "array": [row.interval[1] - row.score for row in rows],
                "arrayminus": [row.score - row.interval[0] for row in rows],
            },
            hovertext=[f"{literal(row.title)} {row.score:.3f}, {row.interval[0]:.3f} to {row.interval[1]:.3f}"
                       for row in rows],
            hoverinfo="text",
        )
    )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        xaxis={"range": (-0.03, 1.03), "fixedrange": True, "title": {"text": "score"}},
        yaxis={"autorange": "reversed", "fixedrange": True, "type": "category"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest", uirevision="scores", height=110 + LINE * len(rows),
        margin={"l": 8, "r": 12, "t": 36, "b": 44},
    )  # fmt: skip
    return figure
