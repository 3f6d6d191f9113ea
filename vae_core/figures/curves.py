"""How a training went: distortion and rate over the steps, and the rate of each dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.template import INKS, Theme, class_colour, literal, template

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
