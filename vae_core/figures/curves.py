"""How trainings went: distortion and rate over the steps, several runs in one chart, the rate of each dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from vae_core.figures.template import (
    CLASS_COLOURS,
    INKS,
    ORDERED_SCALE,
    Theme,
    class_colour,
    literal,
    template,
)

COLOURS = {"distortion": 0, "rate": 1}  # the same thing has the same colour on every page
FAINT_RATE = 0.01  # nats; a dimension under it tells next to nothing of a sample, and its bar is faint


def curves(
    history: pd.DataFrame, *, theme: Theme = "dark", columns: Sequence[str] = ("distortion", "rate")
) -> go.Figure:
    """Distortion and rate (nats per sample) over the steps, validation dotted beside them where it is there.

    Args:
        history: columns `step` and those asked for; `validation_<column>` beside them where measured.
            Rows in which a value is missing are left out of its curve.

    Raises:
        ValueError: where there is no column `step`.
    """
    if "step" not in history:
        raise ValueError("A history needs a column called step.")
    figure = go.Figure()
    for column in columns:
        for name, dash, label in (
            (column, "solid", column),
            (f"validation_{column}", "dot", f"{column}, validation"),
        ):
            if name not in history:
                continue
            rows = history[["step", name]].dropna()
            figure.add_trace(
                go.Scatter(
                    x=rows["step"].to_numpy(),
                    y=rows[name].to_numpy(),
                    name=label,
                    mode="lines" if len(rows) > 1 else "markers",
                    line={"color": class_colour(COLOURS.get(column, 3)), "width": 2, "dash": dash},
                    hovertemplate="step %{x:,}<br>%{y:.2f} nats<extra>" + label + "</extra>",
                )
            )
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": "step"}},
        yaxis={"title": {"text": "nats per sample"}, "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        uirevision="curves",
        margin={"l": 56, "r": 12, "t": 36, "b": 44},
    )
    return figure


def mark_changes(figure: go.Figure, changes: Sequence[tuple[int, str]], *, theme: Theme = "dark") -> None:
    """Marks in curves what was changed while a run trained: a line at each step, and along it what it says.

    Args:
        changes: (step, words), in the order of steps; those of the same step share a line. Where lines stand close
            together, only the newest of them has words.
    """
    words: dict[int, list[str]] = {}
    for step, said in changes:
        words.setdefault(step, []).append(said)
    seen = [float(value) for trace in figure.data for value in (trace.x if trace.x is not None else ())]
    apart = (max([*seen, *words], default=0.0) - min([*seen, *words], default=0.0)) * 0.07
    ink, newer = INKS[theme], float("inf")
    for step, parts in reversed(words.items()):
        line = {"color": ink.text, "width": 1, "dash": "dot"}
        figure.add_shape(
            type="line", x0=step, x1=step, y0=0, y1=1, yref="paper", line=line, opacity=0.7, layer="below"
        )  # fmt: skip
        if newer - step >= apart:
            figure.add_annotation(
                x=step, y=1, yref="paper", text=literal(", ".join(parts)), textangle=-90, showarrow=False,
                xanchor="right", yanchor="top", font={"size": 11, "color": ink.text}, borderpad=1,
            )  # fmt: skip
            newer = step


def rate_bars(
    rate: NDArray[np.floating],
    *,
    names: Mapping[int, str] | None = None,
    theme: Theme = "dark",
    ordered: bool = True,
) -> go.Figure:
    """The mean rate of each dimension (nats), as bars; those under 0.01 nats are faint.

    Args:
        rate: [D].
        names: what visitors called the dimensions.
        ordered: largest first; else in the order of the dimensions, which stays put while training goes on.
    """
    rate = np.asarray(rate, dtype=np.float64)
    order = np.argsort(-rate, kind="stable") if ordered else np.arange(len(rate))
    ink = INKS[theme]
    labels = [literal((names or {}).get(int(d), f"z{d}")) for d in order]
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(rate)),
            y=rate[order],
            customdata=order,
            text=labels,
            textposition="none",
            marker={"color": [class_colour(COLOURS["rate"]) if rate[d] > FAINT_RATE else ink.faint for d in order]},
            hovertemplate="%{text}: %{y:.2f} nats<extra></extra>",
        )
    )
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": "dimension"}, "tickvals": list(range(len(rate))), "ticktext": labels},
        yaxis={"title": {"text": "rate (nats per sample)"}, "rangemode": "tozero"},
        bargap=0.25,
        showlegend=False,
        uirevision="rate",
        margin={"l": 56, "r": 12, "t": 12, "b": 44},
    )
    return figure


def run_colours(count: int) -> tuple[str, ...]:
    """A colour of its own for each of so many runs: the class colours, and a scale where these do not suffice."""
    if count <= len(CLASS_COLOURS):
        return CLASS_COLOURS[:count]
    places = np.linspace(0.08, 1.0, count)  # the scale begins too dark for the dark page
    return tuple(sample_colorscale(ORDERED_SCALE, list(places)))


@dataclass(frozen=True)
class Course:
    """One run's curve: a title, a colour, its history as `curves` takes it, and what was changed while it trained.

    changes: (step, words), in the order of steps.
    """

    title: str
    colour: str
    history: pd.DataFrame
    changes: tuple[tuple[int, str], ...] = ()


def overlay(courses: Sequence[Course], column: str, *, along: str = "step", theme: Theme = "dark") -> go.Figure:
    """The same curve of several runs, one colour a run, in the order given; a diamond on it where it was steered.

    Args:
        column: distortion, rate, elbo, or one of them with `validation_` before it. The ELBO is minus their sum.
        along: step or epoch.
    """
    figure = go.Figure()
    for number, course in enumerate(courses):
        rows = _column(course.history, column, along)
        figure.add_trace(
            go.Scatter(
                # a trace without any place would be missing from the legend too
                x=rows[along].to_numpy() if len(rows) else [None],
                y=rows[column].to_numpy() if len(rows) else [None],
                name=literal(course.title),
                mode="lines" if len(rows) > 1 else "markers",
                line={"color": course.colour, "width": 2},
                hovertemplate="%{y:.2f}",
                showlegend=True,
                legendgroup=str(number),
            )
        )
        _mark_turns(figure, course, rows, along, group=str(number), ink=INKS[theme].text)
    figure.update_layout(
        template=template(theme),
        xaxis={"title": {"text": along}, "hoverformat": ",.4~g"},
        yaxis={"title": {"text": "nats per sample"}, "rangemode": "tozero" if column.endswith("rate") else "normal"},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
        hovermode="x unified",
        uirevision=f"{column} {along}",
        margin={"l": 56, "r": 12, "t": 12, "b": 44},
    )
    return figure


def _mark_turns(figure: go.Figure, course: Course, rows: pd.DataFrame, along: str, *, group: str, ink: str) -> None:
    """A diamond on a run's curve at each place where a setting was changed, and beside it what it became."""
    if not course.changes or rows.empty or not {"step", along} <= set(course.history):
        return
    words: dict[int, list[str]] = {}
    for step, said in course.changes:
        words.setdefault(step, []).append(literal(said))
    known = course.history[list({"step", along})].dropna().sort_values("step")
    places = np.interp(list(words), known["step"], known[along])  # [changes], in steps or epochs
    heights = np.interp(places, rows[along], rows[rows.columns[-1]])
    figure.add_trace(
        go.Scatter(
            x=places, y=heights, mode="markers+text", text=[", ".join(parts) for parts in words.values()],
            textposition="top right", textfont={"size": 11, "color": ink}, cliponaxis=False, name="steered",
            marker={"symbol": "diamond", "size": 10, "color": course.colour, "line": {"width": 1.5, "color": ink}},
            hovertemplate="%{text}<extra></extra>", showlegend=False, legendgroup=group, meta={"role": "turns"},
        )
    )  # fmt: skip


def _column(history: pd.DataFrame, column: str, along: str) -> pd.DataFrame:
    """Columns `along` and `column` of a history, where both are known; none at all where it never had them."""
    _, held_out, what = column.rpartition("validation_")
    if what == "elbo" and {f"{held_out}distortion", f"{held_out}rate"} <= set(history):
        history = history.assign(**{column: -(history[f"{held_out}distortion"] + history[f"{held_out}rate"])})
    if not {column, along} <= set(history):
        return pd.DataFrame({along: [], column: []}, dtype=float)
    return history[[along, column]].dropna()
