"""Lesson 1: leaving numbers out costs what it must."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data import load_dataset
from vae_core.lessons.card import Material
from vae_core.lessons.scene import Bars, Curves, Pictures, Scene
from vae_core.lessons.why_compress import LESSON, LIMITS, PART, keep_first, mean_error, straight_errors
from vae_core.runs import load_run


@pytest.fixture(scope="module")
def scene() -> Scene:
    return LESSON.scene(Material(load_run, LESSON.sample))


def test_what_is_kept_are_the_busiest_numbers_and_the_rest_is_the_prior_s_mean() -> None:
    z = torch.arange(1.0, 9.0).view(2, 4)
    kept = keep_first(z, np.array([2, 0, 3, 1]), 2)
    assert kept.tolist() == [[1, 0, 3, 0], [5, 0, 7, 0]] and z[0, 1] == 2
    assert not keep_first(z, np.arange(4), 0).any() and torch.equal(keep_first(z, np.arange(4), 4), z)


def test_all_ten_numbers_are_the_plain_reconstruction(scene: Scene) -> None:
    """Counted the long way: the last stop's error is that of encode and decode."""
    data, model = load_dataset("digits"), load_run("digits-10d").model
    x = data.x[data.splits["test"]].float() / 255
    with torch.no_grad():
        error = mean_error(x, model.decode(model.encode(x).mean))
    curves = next(panel for panel in scene.panels if isinstance(panel, Curves))
    assert curves.lines[0].y[-1] == pytest.approx(error, rel=1e-5)
    assert (np.diff(curves.lines[0].y) < 0.01).all()  # a number more does no harm


def test_pca_s_numbers_are_the_data_s_principal_components(scene: Scene) -> None:
    """The run's errors are those of projecting on as many components, but for its shrinking posterior mean."""
    curves = next(panel for panel in scene.panels if isinstance(panel, Curves))
    straight = straight_errors(load_dataset("digits"))
    assert len(straight) == 65 and straight[-1] < 1e-9 and (np.diff(straight) < 1e-12).all()
    assert np.abs(curves.lines[1].y - straight[:11]).max() < 0.05 * straight[0]


def test_the_answer_follows_from_the_curve(scene: Scene) -> None:
    curved = next(panel for panel in scene.panels if isinstance(panel, Curves)).lines[0].y
    enough = next(k for k in range(11) if curved[0] - curved[k] >= PART * (curved[0] - curved[-1]))
    assert scene.answer == sum(enough >= limit for limit in LIMITS)
    assert f"{enough} numbers bring" in scene.because and enough in scene.see


def test_the_picture_changes_with_every_number_that_says_something(scene: Scene) -> None:
    pictures = next(panel for panel in scene.panels if isinstance(panel, Pictures))
    bars = next(panel for panel in scene.panels if isinstance(panel, Bars))
    assert (np.count_nonzero(bars.values, axis=1) == np.arange(11)).all()
    vae = pictures.pixels[:, 1].astype(int)
    assert (np.abs(np.diff(vae[:7], axis=0)).max((1, 2)) > 4).all()
    assert (pictures.pixels[:, 0] == pictures.pixels[0, 0]).all()
