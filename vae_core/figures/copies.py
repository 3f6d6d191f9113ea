"""How far samples are from their nearest training sample: dreams beside held-out samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from vae_core.figures.template import INKS, Theme, class_colour, literal, template

ROW = 46  # pixels
JITTER = 0.26


def distances(
    held_out: ArrayLike,
    decoded: ArrayLike,
    dreams: Sequence[tuple[str, ArrayLike]],
    picked: tuple[int, int],
    unit: str,
    *,
    theme: Theme = "dark",
) -> go.Figure:
    """A row of dots for held-out samples, for them as they are decoded, and for each sheet of dreams.

    Args:
        held_out, decoded: distances [m] each; decoded may be empty, and has no row then.
        dreams: the sheets' names and distances [n].
        picked: (sheet, number) of the dream that is marked.
        unit: the axis's title.

    Raises ValueError where there is no held-out sample.
    """
    real = np.asarray(held_out, dtype=np.float64)
    if not len(real):
        raise ValueError("Distances are compared with those of held-out samples, and there are none.")
    ink = INKS[theme]
    rows = [(name, np.asarray(values, dtype=np.float64), class_colour(1), 7) for name, values in dreams]
    if len(np.asarray(decoded)):
        rows.append(("held out, decoded", np.asarray(decoded, dtype=np.float64), class_colour(3), 4))
    rows.append(("held out", real, class_colour(0), 4))
    figure = go.Figure()
    middle = float(np.median(real))
    figure.add_vline(x=middle, line={"color": ink.faint, "width": 1, "dash": "dot"})
    for place, (name, values, colour, size) in enumerate(reversed(rows)):
        height = place + JITTER * np.random.default_rng(place).uniform(-1, 1, len(values))
        figure.add_scatter(
            x=values, y=height, mode="markers", name=literal(name),
            marker={"color": colour, "size": size, "opacity": 0.75},
            cliponaxis=False,  # copies lie at 0
            hovertemplate=f"{literal(name)}<br>%{{x:.3f}}<extra></extra>",
        )  # fmt: skip
        if len(rows) - 1 - place == picked[0] and picked[1] < len(values):
            figure.add_scatter(
                x=[values[picked[1]]], y=[height[picked[1]]], mode="markers", hoverinfo="skip",
                cliponaxis=False,
                marker={"color": "rgba(0,0,0,0)", "size": 14, "line": {"color": ink.accent, "width": 3}},
            )  # fmt: skip
    figure.update_layout(
        template=template(theme),
        height=ROW * len(rows) + 58,
        margin={"l": 4, "r": 8, "t": 6, "b": 40},
        showlegend=False,
        xaxis={"title": {"text": literal(unit)}, "rangemode": "tozero", "fixedrange": True},
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": [literal(name) for name, *_ in reversed(rows)],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    return figure
