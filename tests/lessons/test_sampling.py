"""Lesson 9: walks begin and end where they say, distances are true ones, and the verdict follows from them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from vae_core import load_run
from vae_core.lessons import sampling
from vae_core.lessons.card import Material
from vae_core.lessons.scene import Pictures, Plane, Scene


@pytest.fixture(scope="module")
def made() -> Scene:
    return sampling.scene(Material(cache(load_run)))


def values(scene: Scene) -> dict[str, np.ndarray]:
    return {number.term: number.values for number in scene.numbers}


def test_nearest_against_every_pair() -> None:
    generator = torch.Generator().manual_seed(1)
    training = torch.randint(0, 256, (20, 1, 4, 4), generator=generator, dtype=torch.uint8)
    made = torch.rand(5, 1, 4, 4, generator=generator)
    every = (made[:, None] - training[None].float() / 255).square().flatten(2).sum(2).sqrt().min(1).values
    torch.testing.assert_close(sampling.nearest_pixels(made, training), every)
    assert sampling.nearest_pixels(training[:1].float() / 255, training) < 1e-3


def test_both_models_walk_to_the_same_draw(made: Scene) -> None:
    vae, plain = (panel for panel in made.panels if isinstance(panel, Plane))
    assert vae.spots[0].xy.shape == (2 * sampling.HALF + 1, 2)
    for plane in (vae, plain):
        middle = plane.spots[0].xy[sampling.HALF // 2]
        np.testing.assert_allclose(middle, plane.spots[0].xy[[0, sampling.HALF]].mean(0), rtol=1e-4, atol=1e-5)
    assert np.abs(plain.spots[0].xy[-1]).max() < 4  # a draw from N(0, I), in the units of the codes


def test_the_verdict_is_that_of_the_distances(made: Scene) -> None:
    told = values(made)
    near = [told[name][-1] <= sampling.NEAR * told["real"][0] for name in ("vae", "plain")]
    assert (
        made.answer == {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}[tuple(map(bool, near))]
    )


def test_an_autoencoder_leaves_its_codes(made: Scene) -> None:
    told = values(made)
    assert told["plain"][-1] > 1.5 * told["vae"][-1]
    assert told["plain_off"][-1] > told["vae_off"][-1] > told["vae_off"][0]
    first, second = (panel.pixels for panel in made.panels if isinstance(panel, Pictures))
    assert first.shape == second.shape and (first[0] != first[-1]).any()
