"""Lesson 2: the ellipse is the encoder's, and the answer is read off it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data import load_dataset
from vae_core.guests import Store
from vae_core.lessons.card import Material
from vae_core.lessons.encoder import FADES, HALF, LESSON
from vae_core.lessons.scene import Pictures, Plane, Scene
from vae_core.runs import load_run


def made(sample: int | None) -> Scene:
    return LESSON.scene(Material(load_run, sample))


def test_the_ellipse_is_what_the_encoder_says_of_the_faded_picture() -> None:
    scene, model = made(24), load_run("digits-2d").model
    plane = next(panel for panel in scene.panels if isinstance(panel, Plane))
    x = load_dataset("digits").x[24:25].float() / 255
    for stop in (0, 7, 20):
        with torch.no_grad():
            posterior = model.encode(x * float(1 - FADES[stop]))
        inner = next(ellipse for ellipse in plane.ellipses if ellipse.term == "log_var")
        np.testing.assert_allclose(inner.centre[stop], posterior.mean[0], atol=1e-5)
        np.testing.assert_allclose(inner.radii[stop], posterior.std[0], atol=1e-5)
        values = {number.term: number.values[stop] for number in scene.numbers}
        assert values["sigma_2"] == pytest.approx(float(posterior.std[0, 1]), abs=1e-5)


@pytest.mark.parametrize("sample", [24, 1191, 1418, 1642])
def test_the_answer_follows_from_the_areas(sample: int) -> None:
    scene = made(sample)
    values = {number.term: number.values for number in scene.numbers}
    area = np.pi * values["sigma_1"] * values["sigma_2"]
    ratio = area[HALF] / area[0]
    assert scene.answer == (0 if ratio > 1.1 else 1 if ratio < 1 / 1.1 else 2)
    assert f"{area[0]:.3f} before, {area[HALF]:.3f} now" in scene.because


def test_an_empty_page_is_the_same_whatever_was_drawn_before() -> None:
    one, other = made(24), made(1418)
    for first, second in zip(one.numbers, other.numbers, strict=True):
        assert first.values[-1] == pytest.approx(second.values[-1], abs=1e-6)
        assert abs(first.values[0] - second.values[0]) > 1e-3
    pictures = next(panel for panel in one.panels if isinstance(panel, Pictures))
    assert not pictures.pixels[-1, 0].any() and pictures.pixels[0, 0].any()


def test_a_drawing_of_one_s_own(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path))
    run, x = load_run("digits-2d"), np.zeros((1, 8, 8), np.uint8)
    x[0, 1:7, 3:5] = 255  # a 1
    guest = Store.here().add(run.config.data, x)
    scene = made(guest.number)
    pictures = next(panel for panel in scene.panels if isinstance(panel, Pictures))
    assert (pictures.pixels[0, 0] == x[0]).all() and "your drawing" in scene.made_of
