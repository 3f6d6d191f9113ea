"""Maps of codes, made and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.guests import get_guest_code
from ui.cache.runs import get_card, get_codes, get_run, stamp_of

if TYPE_CHECKING:
    from ui.components.map import MapData
    from vae_core.figures.template import Theme
    from vae_core.latent.projection import MapSettings, Projection


def get_map(name: str, settings: MapSettings) -> Projection | None:
    """A map of the run called `name`: PCA and the raw plane are computed, UMAP is read where it has been made.

    Returns:
        None where a UMAP with these settings is yet to be made (ui/map_jobs.py starts that).

    Raises:
        RunError: the run cannot be read. ProjectionError: the settings do not fit its codes.
    """
    from vae_core.runs.maps import map_path

    card = get_card(name)
    stamp = stamp_of(card.folder) if card else ()
    if settings.method != "umap":
        return _make_map(name, settings, stamp)
    file = map_path(get_run(name).folder, settings)
    return _read_map(name, settings, stamp, file.stat().st_mtime_ns) if file.exists() else None


def get_map_data(name: str, settings: MapSettings, colour: str, theme: Theme, axes: tuple[str, str]) -> MapData:
    """The points of a map that `get_map` has, coloured and ready for the browser: made once for all visitors.

    Plotly takes a tenth of a second to check 70,000 points, which no click should wait for.
    """
    from vae_core.runs.maps import map_path

    card = get_card(name)
    file = map_path(get_run(name).folder, settings)
    changed = file.stat().st_mtime_ns if settings.method == "umap" and file.exists() else 0
    return _get_map_data(name, settings, colour, theme, axes, stamp_of(card.folder) if card else (), changed)


@st.cache_resource(max_entries=24, show_spinner=False)
def _get_map_data(
    name: str,
    settings: MapSettings,
    colour: str,
    theme: Theme,
    axes: tuple[str, str],
    stamp: tuple[int, ...],
    changed: int,
) -> MapData:
    from ui.maps import map_data

    projection = get_map(name, settings)
    if projection is None:
        raise ValueError(f"The map {settings.key} of {name} is yet to be made.")
    return map_data(get_run(name), projection, colour, theme, axes)


@st.cache_resource(max_entries=24, show_spinner="Drawing the map")
def _make_map(name: str, settings: MapSettings, stamp: tuple[int, ...]) -> Projection:
    from vae_core.latent.projection import project

    return project(get_codes(name).mean, settings)


@st.cache_resource(max_entries=24, show_spinner=False)
def _read_map(name: str, settings: MapSettings, stamp: tuple[int, ...], changed: int) -> Projection | None:
    from vae_core.runs import RunError
    from vae_core.runs.maps import map_path, read_map

    run = get_run(name)
    codes = run.codes.mean
    try:
        return read_map(map_path(run.folder, settings), codes)
    except RunError:  # broken, or of older codes: it is made anew, over the file
        return None


def get_guest_places(name: str, settings: MapSettings, numbers: tuple[int, ...]) -> np.ndarray:
    """Where guests of the run called `name` lie on a map that `get_map` has, which stays as it is: float32 [m, 2]."""
    projection = get_map(name, settings)
    if projection is None:
        raise ValueError(f"The map {settings.key} of {name} is yet to be made.")
    return _get_guest_places(name, settings, numbers, projection.codes_mark, projection)


@st.cache_resource(max_entries=64, show_spinner=False)
def _get_guest_places(
    name: str, settings: MapSettings, numbers: tuple[int, ...], mark: str, _projection: Projection
) -> np.ndarray:
    from vae_core.latent.projection import place_near

    new = np.concatenate([get_guest_code(name, number).mean for number in numbers])  # [m, D]
    return place_near(_projection, get_codes(name).mean, new)
