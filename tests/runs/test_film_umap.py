"""A film's second map, and the film as a GIF."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.runs.test_film import SMALL, TINY, filmed, made_up
from vae_core.latent.projection import ProjectionError
from vae_core.runs import film as f
from vae_core.runs import film_umap as u
from vae_core.runs.errors import RunError
from vae_core.runs.files import write_arrays
from vae_core.runs.film_gif import MOST_FRAMES, film_gif, film_pictures


def film_in(folder: Path, **settings: object) -> f.Film:
    config = TINY.model_copy(update={"steps": 6, "batch_size": 16, "data": SMALL.name, **settings})
    filmed(folder, config, made_up(SMALL))
    film = f.read_film(folder)
    assert film is not None
    return film


def test_a_umap_film_is_kept_repeatable_and_drifts(tmp_path: Path, no_runs: Path) -> None:
    film = film_in(tmp_path / "run")
    told: list[float] = []
    made = u.make_umap(tmp_path / "run", lambda part, text: told.append(part))
    assert made.shape == film.xy.shape and told == sorted(told) and told[-1] == 1.0
    np.testing.assert_array_equal(u.read_umap(tmp_path / "run", film), made)
    np.testing.assert_array_equal(u.arranged(film.codes.astype(np.float32), lambda part, text: None), made)
    size = made.std()
    jumps = np.linalg.norm(np.diff(made, axis=0), axis=-1).mean(1)
    strangers = np.linalg.norm(made[0] - np.random.default_rng(0).permutation(made[0]), axis=-1).mean()
    assert jumps.max() < strangers, "samples drift, and do not change places"
    assert size > 0


def test_a_umap_film_of_other_frames_is_none_and_a_damaged_one_a_sentence(tmp_path: Path) -> None:
    film = film_in(tmp_path / "run")
    assert u.read_umap(tmp_path / "run", film) is None
    write_arrays(tmp_path / "run" / u.FILE, {"xy": film.xy[1:], "steps": film.steps[1:]})
    assert u.read_umap(tmp_path / "run", film) is None
    write_arrays(tmp_path / "run" / u.FILE, {"xy": film.xy * np.nan, "steps": film.steps})
    with pytest.raises(RunError, match="delete it"):
        u.read_umap(tmp_path / "run", film)


def test_a_flat_film_has_no_umap(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no film"):
        u.make_umap(tmp_path)
    film_in(tmp_path / "run", latent_dim=2)
    with pytest.raises(ProjectionError, match="flat already"):
        u.make_umap(tmp_path / "run")


def test_a_film_is_a_gif_of_bounded_length(tmp_path: Path) -> None:
    film = film_in(tmp_path / "run")
    image = Image.open(BytesIO(film_gif(film, "run")))
    assert image.n_frames == len(film) and image.size[0] > 300
    long = f.joined([f.frames_of(film)[0]] * 90 + f.frames_of(film)[-1:], film.positions, film.y, film.originals)
    pictures = film_pictures(long)
    assert len(pictures) <= MOST_FRAMES
    assert (pictures[-1] != pictures[0]).any(), "the last frame is there"
