"""The look of every figure: one Plotly template in a dark and a light dress, and what the colours stand for.

Backgrounds are transparent, so that a figure lies on the page's own colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

import plotly.graph_objects as go

Theme = Literal["dark", "light"]

# Ten colours that stay apart for colour-blind eyes (smallest CIELAB distance 17 under deuteranopia,
# protanopia and tritanopia alike) and show on both backgrounds. Source: Petroff, "Accessible color sequences
# for data visualization", arXiv:2107.02270, ten-colour cycle.
CLASS_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
ORDERED_SCALE = "Viridis"  # factors, distortion, rate


@dataclass(frozen=True)
class Ink:
    """The few colours of a theme that figures draw with; the page's own are in .streamlit/config.toml."""

    text: str
    faint: str
    grid: str
    accent: str
    background: str


INKS: dict[Theme, Ink] = {
    "dark": Ink("#e6e9f4", "#97a0bb", "rgba(151, 160, 187, 0.16)", "#f0b45f", "#0a0f1f"),
    "light": Ink("#1a2038", "#5c647c", "rgba(92, 100, 124, 0.18)", "#9a5b0a", "#fbfaf6"),
}


def class_colour(number: int) -> str:
    """The colour of class `number` on every page; the cycle repeats after ten."""
    return CLASS_COLOURS[number % len(CLASS_COLOURS)]


def template(theme: Theme = "dark") -> go.layout.Template:
    """The Plotly template of the theme."""
    ink = INKS[theme]
    axis = {
        "gridcolor": ink.grid,
        "zerolinecolor": ink.grid,
        "zerolinewidth": 1,
        "linecolor": ink.grid,
        "ticks": "",
        "tickfont": {"color": ink.faint, "size": 11},
        "title": {"font": {"color": ink.faint, "size": 12}, "standoff": 8},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(CLASS_COLOURS),
            "font": {"family": "Source Sans, Source Sans 3, sans-serif", "color": ink.text, "size": 13},
            "title": {"font": {"size": 15}, "x": 0, "xanchor": "left"},
            "xaxis": axis,
            "yaxis": axis,
            "legend": {
                "font": {"color": ink.text, "size": 12},
                "bgcolor": "rgba(0,0,0,0)",
                "itemsizing": "constant",
            },
            "hoverlabel": {"bgcolor": ink.background, "bordercolor": ink.faint, "font": {"color": ink.text}},
            "coloraxis": {"colorbar": {"outlinewidth": 0, "thickness": 12, "tickfont": {"color": ink.faint}}},
            "margin": {"l": 48, "r": 16, "t": 32, "b": 44},
        }
    )


def literal(text: str) -> str:
    """A name as Plotly shows it letter by letter: it takes tags in any text for markup, links among them."""
    return escape(text, quote=False)
