"""Pictures beside each other, and what one has more or less of than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.template import INKS, Theme, literal, template

LEAST = 16
"""Grey levels that the scale spans at least to either side: below it, noise would look like a difference."""
DARKER, BRIGHTER = "#3f90da", "#ffa90e"  # far apart for colour-blind eyes too; between them lies the page's own colour
SIDE = 156  # pixels of a picture on the screen, about
GAP = 46  # above each row, for its title


@dataclass(frozen=True)
class Compared:
    """One model's row.

    Attributes:
        title: what it is called.
        picture: uint8 [H, W] or [H, W, 3].
        differences: one for each column, float [H, W]: grey levels that the picture has more than another; None where
            that is the picture itself. Of colours that of the channel which differs most.
    """

    title: str
    picture: NDArray[np.uint8]
    differences: tuple[NDArray[np.floating] | None, ...]


def difference(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Grey levels that a picture has more than another, [H, W]; of colours those of the channel that differs most.

    A mean over the channels would call a blue square and a green one alike. Raises ValueError where shapes differ.
    """
    if picture.shape != other.shape:
        raise ValueError(f"A picture of {picture.shape} and one of {other.shape} have no difference.")
    apart = picture.astype(np.float64) - other.astype(np.float64)
    if apart.ndim == 2:
        return apart
    most = np.abs(apart).argmax(axis=2)[..., None]
    return np.take_along_axis(apart, most, axis=2)[..., 0]


def reach(rows: Sequence[Compared]) -> float:
    """What the scale spans to either side, grey levels: the largest difference of all, at least LEAST."""
    every = [float(np.abs(part).max()) for row in rows for part in row.differences if part is not None]
    return max([LEAST, *every])


def differences(rows: Sequence[Compared], columns: Sequence[str], *, theme: Theme = "dark") -> go.Figure:
    """A row for each model: its picture, then its differences, all of them in one diverging scale.

    Args:
        columns: what is subtracted in each column after the picture, as a title.
    """
    ink, count = INKS[theme], 1 + len(columns)
    span = reach(rows)
    figure = go.Figure()
    frame = {"showticklabels": False, "showgrid": False, "zeroline": False, "showline": True, "mirror": True}
    gap = 0.04
    width = (1 - gap * (count - 1)) / count
    height = len(rows) * (SIDE + GAP)
    for place, row in enumerate(rows):
        top = 1 - (place * (SIDE + GAP) + GAP) / height
        bottom = max(0.0, top - SIDE / height)  # the last ends at 0, but for rounding
        parts = [None if part is None else _difference(part) for part in row.differences]
        for column, trace in enumerate([_picture(row.picture), *parts]):
            number = place * count + column + 1
            left = column * (width + gap)
            axes = {"x": f"x{number}", "y": f"y{number}"}
            figure.update_layout({
                f"xaxis{number}": {"domain": [left, left + width], "anchor": axes["y"], "visible": trace is not None,
                                   "constrain": "domain", "constraintoward": "left", **frame},
                f"yaxis{number}": {"domain": [bottom, top], "anchor": axes["x"], "visible": trace is not None,
                                   "autorange": "reversed", "scaleanchor": axes["x"], "constrain": "domain",
                                   "constraintoward": "top", **frame},
            })  # fmt: skip
            title = literal(row.title) if column == 0 else literal(columns[column - 1])
            title += "" if trace is not None else ": nothing"
            figure.add_annotation(
                x=left, y=top, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
                text=f"<b>{title}</b>" if column == 0 else title, align="left",
                font={"size": 12, "color": ink.text if column == 0 else ink.faint},
            )  # fmt: skip
            if trace is not None:
                figure.add_trace(trace.update(xaxis=axes["x"], yaxis=axes["y"]))
    figure.update_layout(
        template=template(theme),
        coloraxis={
            "colorscale": [[0, DARKER], [0.5, ink.background], [1, BRIGHTER]],
            "cmin": -span,
            "cmax": span,
            "colorbar": {
                "orientation": "h",
                "thickness": 10,
                "len": 0.62,
                "x": 1,
                "xanchor": "right",
                "y": 0,
                "yanchor": "top",
                "outlinewidth": 1,
                "outlinecolor": ink.grid,
                "tickfont": {"color": ink.faint, "size": 11},
                "title": {
                    "text": "grey levels (of 255)",
                    "side": "bottom",
                    "font": {"size": 11, "color": ink.faint},
                },
            },
        },
        height=height + 72,
        margin={"l": 2, "r": 2, "t": 4, "b": 68},
        showlegend=False,
    )
    return figure


def _picture(pixels: NDArray[np.uint8]) -> go.Image:
    if pixels.ndim == 3:
        return go.Image(z=pixels, hovertemplate="%{x}, %{y}: %{z}<extra></extra>")
    return go.Image(z=np.repeat(pixels[..., None], 3, axis=2), hovertemplate="%{x}, %{y}: %{z[0]}<extra></extra>")


def _difference(part: NDArray[np.floating]) -> go.Heatmap:
    template = "%{x}, %{y}: %{z:+.0f} grey levels<extra></extra>"
    return go.Heatmap(z=part, coloraxis="coloraxis", hovertemplate=template)
