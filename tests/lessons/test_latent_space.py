"""Lesson 3: two planes, counted in circles."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.lessons.card import Material
from vae_core.lessons.latent_space import (
    ASKED,
    LESSON,
    LIMITS,
    RADII,
    commonest_class,
    prior_within,
    ring,
    share_within,
)
from vae_core.lessons.scene import Curves, Pictures, Scene
from vae_core.runs import load_run


@pytest.fixture(scope="module")
def scene() -> Scene:
    return LESSON.scene(Material(load_run))


def test_the_prior_s_share_is_that_of_its_draws() -> None:
    draws = np.random.default_rng(1).standard_normal((200_000, 2))
    for radius in (0.25, 1.0, 2.0, 3.0):
        assert share_within(draws, radius) == pytest.approx(float(prior_within(np.array(radius))), abs=0.004)
    np.testing.assert_allclose(np.linalg.norm(ring(2.0), axis=1), 2, rtol=1e-6)
    assert RADII[ASKED] == 2


def test_with_the_kl_the_codes_are_spread_like_the_prior_and_without_they_are_not(scene: Scene) -> None:
    curves = next(panel for panel in scene.panels if isinstance(panel, Curves))
    kept, free, prior = (line.y for line in curves.lines)
    assert np.abs(kept - prior).max() < 0.06 and np.abs(free - prior).max() > 0.5
    assert (np.diff(kept) >= 0).all() and kept[-1] == free[-1] == 1  # the last circle holds everybody
    assert scene.answer == int((free[ASKED] >= np.array(LIMITS)).sum())
    assert f"{free[ASKED]:.0%} of the codes without" in scene.because


def test_a_few_kinds_are_met_again_and_again_without_it() -> None:
    _, kept = commonest_class(load_run("digits-2d"))
    kind, free = commonest_class(load_run("digits-2d-autoencoder"))
    assert kept < 0.2 < 0.4 < free and kind in "0123456789"


def test_the_two_runs_differ_in_nothing_but_the_bottleneck() -> None:
    one, other = (load_run(name).config.train for name in LESSON.runs)
    told = {"bottleneck", "title", "about", "weights", "out"}
    assert one.model_dump(exclude=told) == other.model_dump(exclude=told)
    assert (one.bottleneck, other.bottleneck) == ("gaussian", "point")


def test_six_pictures_a_plane_that_change_with_the_radius(scene: Scene) -> None:
    rows = [panel for panel in scene.panels if isinstance(panel, Pictures)]
    assert [row.pixels.shape for row in rows] == [(len(RADII), 6, 8, 8)] * 2
    for row in rows:
        assert np.abs(row.pixels[ASKED].astype(int) - row.pixels[0]).max() > 100
