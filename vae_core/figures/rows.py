"""A table's row as bars against the data's spread, and how often a codebook's entries are used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from vae_core.figures.template import INKS, Theme, class_colour, literal, template

REACH = 3.0  # standard deviations that the axis shows at least
ROW = 26  # pixels a column of the table
LONGEST = 24  # letters of a column's name beside its bar


def row_bars(
    row: ArrayLike,
    columns: Sequence[str],
    centre: ArrayLike,
    scale: ArrayLike,
    *,
    before: ArrayLike | None = None,
    theme: Theme = "dark",
) -> go.Figure:
    """One bar a column, from the data's mean to the value, in the data's standard deviations; one to each side shaded.

    Args:
        row: standardised values [F]; hovering tells the real ones, centre + scale * row.
        columns: F names, the first on top.
        centre, scale: the data's mean and standard deviation of each column, [F].
        before: another row [F], marked by a line across each bar.

    Raises:
        ValueError: where these are not of one length.
    """
    values, centres, scales = (np.asarray(part, dtype=np.float64) for part in (row, centre, scale))
    if not len(values) == len(columns) == len(centres) == len(scales):
        raise ValueError(f"A row of {len(values)} values needs as many names, centres and scales.")
    ink = INKS[theme]
    names = [literal(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…") for name in columns]
    real = centres + scales * values
    places = np.arange(len(values))  # two columns may have one name
    full = [literal(name) for name in columns]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=places,
            orientation="h",
            marker={"color": [class_colour(0 if value >= 0 else 1) for value in values]},
            customdata=np.stack([real, centres, scales], 1),
            hovertext=full,
            hovertemplate="<b>%{hovertext}</b><br>%{customdata[0]:.4g}<br>of the data: %{customdata[1]:.4g} "
            "± %{customdata[2]:.3g}<extra></extra>",
            text=[f"{value:.4g}" for value in real],
            textposition="outside",
            textfont={"color": ink.faint, "size": 11},
            cliponaxis=False,
            name="value",
        )
    )
    if before is not None:
        start = np.asarray(before, dtype=np.float64)
        figure.add_trace(
            go.Scatter(
                x=start,
                y=places,
                mode="markers",
                marker={"symbol": "line-ns", "size": 15, "line": {"width": 2.5, "color": ink.accent}},
                customdata=centres + scales * start,
                hovertext=full,
                hovertemplate="<b>%{hovertext}</b><br>at the start: %{customdata:.4g}<extra></extra>",
                name="at the start",
            )
        )
    far = float(np.abs(values).max(initial=0))
    if before is not None:
        far = max(far, float(np.abs(np.asarray(before)).max(initial=0)))
    reach = 1.2 * max(REACH, far)
    figure.add_vrect(x0=-1, x1=1, fillcolor=ink.faint, opacity=0.16, line_width=0, layer="below")
    figure.update_layout(
        template=template(theme),
        height=70 + ROW * len(values),
        bargap=0.35,
        showlegend=False,
        xaxis={"range": [-reach, reach], "title": {"text": "standard deviations from the mean"}, "zeroline": True},
        yaxis={
            "autorange": "reversed",
            "showgrid": False,
            "zeroline": False,
            "tickvals": places,
            "ticktext": names,
        },
        margin={"l": 8, "r": 8, "t": 8, "b": 44},
        uirevision="row",
    )
    return figure


def usage_bars(counts: ArrayLike, *, theme: Theme = "dark") -> go.Figure:
    """How often each entry of a codebook is used, the busiest first; a dashed line where all would be used alike.

    Args:
        counts: int [K].
    """
    each = np.asarray(counts, dtype=np.float64)
    total = max(float(each.sum()), 1.0)
    order = np.argsort(-each, kind="stable")
    ink = INKS[theme]
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(each)),
            y=each[order] / total,
            customdata=order,
            marker={"color": class_colour(0)},
            hovertemplate="code %{customdata}: %{y:.1%} of all cells<extra></extra>",
        )
    )
    figure.add_hline(y=1 / max(len(each), 1), line={"color": ink.accent, "dash": "dot", "width": 1.5})
    figure.update_layout(
        template=template(theme),
        height=190,
        bargap=0.15,
        xaxis={"title": {"text": "codes, the busiest first"}, "showticklabels": False, "showgrid": False},
        yaxis={"tickformat": ".0%", "rangemode": "tozero"},
        margin={"l": 48, "r": 8, "t": 8, "b": 32},
    )
    return figure
