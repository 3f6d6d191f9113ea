"""Walks between codes: drawn on the map of a run, and downloaded as films and sheets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import maps
from ui.words import plain
from vae_core import export
from vae_core.figures.maps import Path
from vae_core.figures.template import INKS
from vae_core.latent.geometry import Kind, corner_grid, path
from vae_core.latent.projection import ProjectionError, place_near
from vae_core.render import sentences

if TYPE_CHECKING:
    from ui.given import Given
    from vae_core.runs import Run

KINDS: dict[Kind, str] = {"linear": "straight line", "spherical": "along the sphere"}
ON_MAP, IN_GIF, IN_PNG, CORNERS = 60, 40, 11, 9  # codes along a walk, or along a side of the grid

_TARGET = "latentarium.walks.target"


def show_map(run: Run, a: int, b: int, on_pick: Callable[[str, int], None]) -> None:
    """The map with both walks from A to B on it, and the two ringed.

    Args:
        a, b: rows of run.codes.
        on_pick: called with "A" or "B" and a place in the full dataset when a sample is clicked.
    """
    try:
        projection = maps.ready_map(run)
    except ProjectionError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    codes = run.codes.mean
    ink = INKS[maps.current_theme()].text  # a class may have the accent's colour
    walks = []
    for kind, title in KINDS.items():
        places = place_near(projection, codes, path(codes[a], codes[b], ON_MAP, kind))
        walks.append(Path(places, title, dashed=kind == "linear", colour=ink))
    st.segmented_control("A click on the map chooses", ["A", "B"], default="B", required=True, key=_TARGET)
    maps.show_map(
        run,
        projection,
        key=f"latentarium.walks.{run.name}",
        paths=walks,
        tray=run.codes.index[[a, b]].tolist(),
        small=True,
        # Read when a sample is clicked: A may have been chosen since this map was drawn.
        on_pick=lambda index: on_pick(st.session_state.get(_TARGET) or "B", index),
    )
    note = "Dashed: the straight line. Solid: along the sphere. "
    if not projection.is_linear:
        note += "A UMAP has no formula for new codes: a walk passes through the mean of its nearest neighbours. "
    st.caption(f"{note}Trustworthiness of this map: {projection.trustworthiness:.2f}.")


def _gif(run: Run, told: Given, a: np.ndarray, b: np.ndarray, kind: Kind) -> bytes:
    walk = path(a, b, IN_GIF, kind)
    return export.gif(export.decode_pictures(run.model, run.config.data, walk, told.told(len(walk))))


def _sheet(run: Run, told: Given, grid: np.ndarray) -> bytes:
    """A PNG of codes [R, n, D]."""
    codes = grid.reshape(-1, grid.shape[-1])
    pictures = export.decode_pictures(run.model, run.config.data, codes, told.told(len(codes)))
    return export.png_sheet(pictures.reshape(*grid.shape[:2], *pictures.shape[1:]))


def _lines(run: Run, told: Given, grid: np.ndarray) -> bytes:
    """Sentences of codes [R, n, D], a line each, an empty one between walks."""
    parts = []
    for walk in grid:
        tokens = export.decode_samples(run.model, run.config.data, walk, told.told(len(walk)))
        parts.append("\n".join(sentences(run.config.data, tokens)))
    return "\n\n".join(parts).encode()


def show_downloads(run: Run, told: Given, a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> None:
    """GIFs and PNGs of what the desk shows, decoded when one is asked for."""
    strips = np.stack([path(a, b, IN_PNG, kind) for kind in KINDS])  # [2, n, D]
    files: tuple[tuple[str, str, Callable[[], bytes]], ...] = (
        ("Straight line, GIF", "straight.gif", partial(_gif, run, told, a, b, "linear")),
        ("Along the sphere, GIF", "sphere.gif", partial(_gif, run, told, a, b, "spherical")),
        ("Both strips, PNG", "strips.png", partial(_sheet, run, told, strips)),
        ("Four corners, PNG", "corners.png", partial(_sheet, run, told, corner_grid(a, b, c, d, CORNERS))),
    )
    if run.config.model.abilities.cells:  # no sphere among discrete codes
        files = (files[0], files[3])
    if run.config.data.kind == "text":
        files = (*files[:2], ("Both walks, text", "walks.txt", partial(_lines, run, told, strips)))
    with st.container(horizontal=True, gap="small"):
        for label, file, make in files:
            st.download_button(
                label,
                make,
                f"{run.name}-{file}",
                mime="text/plain" if file.endswith("txt") else f"image/{file[-3:]}",
                on_click="ignore",
                icon=":material/download:",
                key=f"latentarium.walks.{file}",
            )
