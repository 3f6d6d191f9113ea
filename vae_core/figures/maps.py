"""The map of latent space as a figure: points coloured by something, and what is drawn over them.

Points are scattergl traces with `meta={"role": "points"}` whose customdata says which row of the map each
point is; ellipses, paths and rings are ordinary scatter traces with `meta={"role": "overlay"}`. The map
component draws both; any other viewer of Plotly figures shows the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.template import INKS, ORDERED_SCALE, Theme, class_colour, literal, template

# Beyond this many values of an integer a legend is a list nobody reads; it becomes an ordered scale.
LEGEND_LIMIT = 20


@dataclass(frozen=True)
class Colouring:
    """What the points' colours mean.

    title: "class", a factor's name, "distortion" or "rate".
    values: [n], whole numbers where `names` is given, else any numbers.
    names: what each whole number is called; None for an ordered quantity.
    unit: "nats", or nothing.
    """

    title: str
    values: NDArray[np.generic]
    names: tuple[str, ...] | None = None
    unit: str = ""


@dataclass(frozen=True)
class Ellipse:
    """A Gaussian on the map: centre [2], covariance [2, 2] in axes' units, how many standard deviations."""

    centre: NDArray[np.floating]
    covariance: NDArray[np.floating]
    deviations: float = 2.0
    label: str = ""


@dataclass(frozen=True)
class Path:
    """A walk on the map: places [m, 2] in order."""

    xy: NDArray[np.floating]
    label: str = ""
    dashed: bool = False
    colour: str | None = None


def point_size(n: int) -> float:
    """Diameter of a point in pixels: large on a small map, small on a crowded one."""
    return float(np.clip(11.0 - 2.0 * np.log10(max(n, 1)), 2.0, 8.0))


def ellipse_outline(ellipse: Ellipse, points: int = 96) -> NDArray[np.float64]:
    """The outline [points, 2], closed: centre + deviations * A u, A A^T = covariance, u on the unit circle.

    Drawn in the axes' own units, so it is to scale in both directions whatever the shape of the screen.
    """
    eigenvalues, vectors = np.linalg.eigh(np.asarray(ellipse.covariance, dtype=np.float64))
    half_axes = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))  # [2, 2], columns
    angle = np.linspace(0.0, 2.0 * np.pi, points)
    circle = np.stack([np.cos(angle), np.sin(angle)])  # [2, points]
    return np.asarray(ellipse.centre, dtype=np.float64) + ellipse.deviations * (half_axes @ circle).T


def map_figure(
    xy: NDArray[np.floating],
    colouring: Colouring | None,
    axes: tuple[str, str],
    *,
    theme: Theme = "dark",
    tray: Sequence[int] = (),
    picked: int | None = None,
    ellipses: Sequence[Ellipse] = (),
    paths: Sequence[Path] = (),
    revision: str = "",
) -> go.Figure:
    """The map of n samples.

    Args:
        xy: [n, 2], where each sample lies.
        colouring: what colours them; None for one colour.
        axes: the titles of the axes.
        tray: rows of samples in the tray, ringed.
        picked: row of the sample looked at.
        ellipses, paths: drawn over the points, in the units of the axes.
        revision: while this stays, the viewer keeps the visitor's zoom.

    Raises:
        ValueError: where the values to colour by are not one a sample.
    """
    xy = np.asarray(xy, dtype=np.float32)
    over = overlays(xy, theme=theme, tray=tray, picked=picked, ellipses=ellipses, paths=paths)
    figure = go.Figure([*_points(xy, colouring, theme), *over])
    is_ordered = colouring is not None and colouring.names is None
    # UMAP's axes have no unit, so numbers and grid lines would say nothing.
    measured = not axes[0].startswith("UMAP")
    axis = {"zeroline": False, "showticklabels": measured, "showgrid": measured}
    figure.update_layout(
        template=template(theme),
        uirevision=revision or "map",
        xaxis={**axis, "title": {"text": literal(axes[0])}},
        # One unit is as long to the right as it is upwards: distances on the map are what they look.
        yaxis={**axis, "title": {"text": literal(axes[1])}, "scaleanchor": "x", "scaleratio": 1},
        showlegend=colouring is not None and not is_ordered,
        legend={"title": {"text": literal(colouring.title) if colouring else ""}, "itemclick": "toggle"},
        margin={"l": 44, "r": 8, "t": 8, "b": 40},
        hovermode=False,
        dragmode="pan",
    )
    return figure


def overlays(
    xy: NDArray[np.floating],
    *,
    theme: Theme = "dark",
    tray: Sequence[int] = (),
    picked: int | None = None,
    ellipses: Sequence[Ellipse] = (),
    paths: Sequence[Path] = (),
) -> list[go.Scatter]:
    """What is drawn over the points of a map, as `map_figure` takes it."""
    ink = INKS[theme]
    traces = [_line(ellipse_outline(ellipse), ink.accent, ellipse.label, fill=True) for ellipse in ellipses]
    for path in paths:
        traces.append(_line(path.xy, path.colour or ink.accent, path.label, dashed=path.dashed, ends=True))
    if len(tray):
        size = 12 if len(tray) <= 20 else 8
        traces.append(_rings(xy[np.asarray(tray, dtype=np.int64)], ink.text, size, "in the tray"))
    if picked is not None:
        traces.append(_rings(xy[[picked]], ink.accent, 18, "picked"))
    return traces


def _points(xy: NDArray[np.float32], colouring: Colouring | None, theme: Theme) -> list[go.Scattergl]:
    n = len(xy)
    rows = np.arange(n, dtype=np.int32)
    size, opacity = point_size(n), 0.85 if n < 20_000 else 0.7

    def trace(chosen: NDArray[np.int32], name: str, marker: dict[str, object]) -> go.Scattergl:
        return go.Scattergl(
            x=xy[chosen, 0],
            y=xy[chosen, 1],
            customdata=chosen,
            mode="markers",
            name=literal(name),
            meta={"role": "points"},
            hoverinfo="skip",
            marker={"size": size, "opacity": opacity, "line": {"width": 0}, **marker},
            unselected={"marker": {"opacity": 0.12}},
        )

    if colouring is None:
        return [trace(rows, "samples", {"color": class_colour(0)})]
    values = np.asarray(colouring.values)
    if values.shape != (n,):
        raise ValueError(f"{colouring.title} has shape {values.shape}, and the map has {n} samples.")
    if colouring.names is None:
        # The largest values lie on top: on a map coloured by distortion these are what one looks for.
        order = np.argsort(values, kind="stable").astype(np.int32)
        shown = values[order].astype(np.float32)
        low, high = (float(v) for v in np.quantile(shown, [0.005, 0.995])) if n else (0.0, 1.0)
        title = f"{colouring.title} ({colouring.unit})" if colouring.unit else colouring.title
        bar = {
            "title": {
                "text": literal(title),
                "side": "right",
                "font": {"size": 12},
            },
            "thickness": 12,
            "outlinewidth": 0,
            "len": 0.8,
        }
        high = high if high > low else low + 1.0
        marker = {"color": shown, "colorscale": ORDERED_SCALE, "cmin": low, "cmax": high, "colorbar": bar}
        return [trace(order, colouring.title, marker)]
    return [
        trace(chosen, name, {"color": class_colour(number)})
        for number, name in enumerate(colouring.names)
        if len(chosen := rows[values == number])
    ]


def _line(
    xy: NDArray[np.floating],
    colour: str,
    label: str,
    *,
    dashed: bool = False,
    fill: bool = False,
    ends: bool = False,
) -> go.Scatter:
    xy = np.asarray(xy, dtype=np.float64)
    symbols = ["circle"] + ["circle"] * max(0, len(xy) - 2) + ["diamond"]
    sizes = [10] + [0] * max(0, len(xy) - 2) + [10]
    return go.Scatter(
        x=xy[:, 0],
        y=xy[:, 1],
        mode="lines+markers" if ends else "lines",
        name=literal(label),
        meta={"role": "overlay"},
        hoverinfo="skip",
        showlegend=False,
        line={"color": colour, "width": 2, "dash": "dash" if dashed else "solid"},
        marker={"color": colour, "symbol": symbols[: len(xy)], "size": sizes[: len(xy)]},
        fill="toself" if fill else None,
        fillcolor=_faint(colour) if fill else None,
    )


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.16)"


def _rings(xy: NDArray[np.floating], colour: str, size: int, label: str) -> go.Scatter:
    return go.Scatter(
        x=xy[:, 0],
        y=xy[:, 1],
        mode="markers",
        name=label,
        meta={"role": "overlay"},
        hoverinfo="skip",
        showlegend=False,
        marker={
            "symbol": "circle-open",
            "size": size,
            "color": colour,
            "line": {"width": 1.5, "color": colour},
        },
    )


def factor_colouring(name: str, values: NDArray[np.integer], size: int, names: tuple[str, ...] = ()) -> Colouring:
    """A ground-truth factor: a legend where its values have names or are kinds, a scale for amounts.

    Up to three values are taken for kinds (dSprites' shapes); more are an amount in steps.
    """
    if names and len(names) == size <= LEGEND_LIMIT:
        return Colouring(name, values, names)
    if size <= 3:
        return Colouring(name, values, tuple(str(value) for value in range(size)))
    return Colouring(name, values)
