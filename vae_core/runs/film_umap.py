"""film-umap.npz: the frames of a film by UMAP, each arranged from where the frame before had its samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from vae_core.latent.alignment import aligned
from vae_core.latent.projection import MapSettings, Progress, ProjectionError, umap_layout
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_arrays, write_arrays
from vae_core.runs.film import LIMIT, Film, read_film
from vae_core.runs.making import being_made, the_place

FILE = "film-umap.npz"
SETTINGS = MapSettings(epochs=200)
"""Of the first frame."""
GOING_ON = 30
"""Epochs of every later one, which begins at the frame before: enough to follow the codes, too few to jump."""
FEWEST = 8


def can_have_umap(film: Film) -> bool:
    """Whether a UMAP says more of this film than its plane: there are samples, in more than two dimensions."""
    return film.codes.shape[1] >= FEWEST and film.codes.shape[2] > 2


def read_umap(folder: Path, film: Film) -> np.ndarray | None:
    """Places float32 [F, n, 2]; None where they were not made, or for other frames. Raises RunError on other bytes."""
    path = folder / FILE
    if not path.exists():
        return None
    arrays = read_arrays(path, LIMIT)
    xy, steps = arrays.get("xy"), arrays.get("steps")
    fits = set(arrays) == {"xy", "steps"} and xy is not None and xy.dtype == np.float32 and np.isfinite(xy).all()
    if not fits or xy is None or steps is None:
        raise RunError(f"{folder.name}/{FILE} is not a film by UMAP: delete it to have it made anew.")
    return xy if np.array_equal(steps, film.steps) and xy.shape == film.xy.shape else None


def make_umap(folder: Path, progress: Progress | None = None) -> np.ndarray:
    """Arrange every frame of the run's film by UMAP and keep it beside the film; one that is there is only read.

    Repeatable: one seed, one thread. One map is made at a time on this machine. Raises RunError, ProjectionError.
    """
    tell: Progress = progress or (lambda part, text: None)
    film = read_film(folder)
    if film is None:
        raise RunError(f"{folder.name} has no film: only trainings that the app watches are filmed.")
    if not can_have_umap(film):
        raise ProjectionError(f"A UMAP needs {FEWEST} samples in more than two dimensions; this film is flat already.")
    with being_made(folder / FILE), the_place(tell):
        try:
            found = read_umap(folder, film)
        except RunError:
            found = None
        if found is None:
            found = arranged(film.codes.astype(np.float32), tell)
            write_arrays(folder / FILE, {"xy": found, "steps": film.steps})
    tell(1.0, "Done")
    return found


def arranged(codes: np.ndarray, tell: Progress) -> np.ndarray:
    """Places [F, n, 2] of codes [F, n, D]."""
    frames: list[np.ndarray] = []
    for at, frame in enumerate(codes):
        tell(at / len(codes), f"Arranging frame {at + 1} of {len(codes)}")
        before = frames[-1] if frames else None
        settings = SETTINGS if before is None else replace(SETTINGS, epochs=GOING_ON)
        xy = umap_layout(np.ascontiguousarray(frame), settings, lambda part, text: None, before)
        if not np.isfinite(xy).all():
            raise ProjectionError(f"UMAP found no place for some samples of frame {at + 1}.")
        frames.append(xy if before is None else aligned(xy, before))
    return np.stack(frames)
