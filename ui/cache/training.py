"""What a training looks like, live or as a film, and what runs of a sweep make of one sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.cache.pictures import get_pictures
from ui.cache.runs import changed_at, stamp_of

if TYPE_CHECKING:
    from ui.film import Reel
    from ui.live_view import Look
    from vae_core.config import TrainConfig
    from vae_core.figures.template import Theme


def get_look(folder: Path, config: TrainConfig, theme: Theme) -> Look:
    """What the training in this folder looks like just now; drawn once for all who watch. Raises RunError."""
    files = (folder / name for name in ("live.npz", "history.csv", "names.json"))
    stamp = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    stamp = (*stamp, hash(config.turns))  # a change is marked at once, paused or not
    return _get_look(str(folder), config.bottleneck, theme, stamp, config)


@st.cache_resource(max_entries=16, show_spinner=False)
def _get_look(folder: str, bottleneck: str, theme: Theme, stamp: tuple[int, ...], _config: TrainConfig) -> Look:
    from ui.live_view import look_at

    return look_at(Path(folder), _config, theme)


def get_film(folder: Path, config: TrainConfig) -> Reel | None:
    """The film of the run in this folder, ready for the browser; None where there is none. Raises RunError."""
    files = (folder / name for name in ("film.npz", "film-umap.npz", "names.json"))
    return _get_film(str(folder), tuple(changed_at(file) for file in files), config)


@st.cache_resource(max_entries=4, show_spinner=False)
def _get_film(folder: str, stamp: tuple[int, ...], _config: TrainConfig) -> Reel | None:
    from ui.film import reel_of
    from vae_core.runs import RunError, RunFolder, dimension_names
    from vae_core.runs.film import read_film
    from vae_core.runs.film_umap import read_umap

    film = read_film(Path(folder))
    if film is None:
        return None
    try:
        umap = read_umap(Path(folder), film)
    except RunError:  # the page offers to make it anew
        umap = None
    info = RunFolder(Path(folder)).read_config().data
    return reel_of(film, _config, info, dimension_names(Path(folder), film.rate.shape[1]), umap)


@dataclass(frozen=True)
class Strips:
    """A run's traversals of a sample, ready for the browser.

    Attributes:
        dims, rate: the k busiest dimensions and what each tells, nats.
        strips: k pictures as addresses that hold them.
        own: whether the run has a code of this sample; else the middle of its codes was taken.
    """

    dims: tuple[int, ...]
    rate: tuple[float, ...]
    strips: tuple[str, ...]
    own: bool


def get_traversal(name: str, sample: int, dims: int) -> Strips:
    """What the busiest dimensions of the run called `name` do to the sample. Raises as vae_core.traversals does."""
    from vae_core.runs import find_run

    return _get_traversal(name, sample, dims, stamp_of(find_run(name)))


@st.cache_resource(max_entries=512, show_spinner="Decoding")
def _get_traversal(name: str, sample: int, dims: int, stamp: tuple[int, ...]) -> Strips:
    from ui.sweeps import strip_source
    from vae_core.export import upright
    from vae_core.runs import find_run, load_run
    from vae_core.traversals import traverse

    run = load_run(find_run(name))  # not kept: a sweep has many runs, and each is asked for its pictures alone
    x = None
    if run.config.model.abilities.quadrants:  # it is told part of the sample
        import torch

        pixels = get_pictures(name, (sample,)).pixels  # uint8 [1, H, W] or [1, H, W, 3]
        x = torch.from_numpy(pixels[:, None] if pixels.ndim == 3 else np.moveaxis(pixels, -1, 1).copy())
    found = traverse(run, sample, dims=dims, x=x)
    strips = tuple(strip_source(upright(row)) for row in found.pictures)
    return Strips(found.dims, tuple(map(float, found.rate)), strips, found.own)
