"""Lesson 7: its steps are those of a training that nobody looked at, and the verdict counts them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from vae_core import load_dataset, load_run
from vae_core.lessons import training
from vae_core.lessons.card import Material
from vae_core.lessons.scene import Cloud, Curves, Plane, Scene
from vae_core.training import train


@pytest.fixture(scope="module")
def made() -> Scene:
    return training.scene(Material(cache(load_run), training.LESSON.sample))


def values(scene: Scene) -> dict[str, np.ndarray]:
    return {number.term: number.values for number in scene.numbers}


def test_a_step_changes_its_batch_by_what_is_said(made: Scene) -> None:
    told = values(made)
    np.testing.assert_allclose(told["after"], told["before"] + told["own"])
    assert (told["slope"][1:] > 0).all()
    assert np.isnan([told[name][0] for name in ("before", "after", "own", "change", "slope")]).all()  # no step yet
    assert np.isfinite(told["held_out"]).all()


def test_the_steps_are_those_of_the_run(made: Scene) -> None:
    """A training of the same settings to which no lesson says a word reaches the same validation loss."""
    config = load_run(training.RUN).config.train
    told = {"out": None, "steps": 400, "evaluations": 400, "decay": 0.0, "device": "cpu"}
    steps = train(config.model_copy(update=told), data=load_dataset("digits"))
    alone = [step.validation for step, _ in zip(steps, range(27), strict=False)]
    steps.close()
    found = [figures.distortion + figures.rate for figures in alone if figures]
    np.testing.assert_allclose(values(made)["held_out"][1:4], np.array(found)[[8, 17, 26]], rtol=1e-6)


def test_the_verdict_counts_the_steps(made: Scene) -> None:
    up = int(made.because.split(" ")[0])
    assert made.answer == (0 if up == 0 else 1 if up < training.MANY * training.BATCHES else 2)
    assert up >= (values(made)["change"] > 0).sum()  # those that are shown are among them


def test_it_begins_with_the_weights_that_the_training_begins_with() -> None:
    """After a step that moves nothing the trained model is still the one that was begun."""
    config, data = load_run(training.RUN).config.train, load_dataset("digits")
    told = {"out": None, "steps": 400, "evaluations": 400, "learning_rate": 1e-30, "device": "cpu"}
    steps = train(config.model_copy(update=told), data=data)
    trained = next(steps).model.state_dict()
    steps.close()
    for name, weights in training.begun(config, data).state_dict().items():
        if weights.is_floating_point() and "likelihood" not in name:
            torch.testing.assert_close(weights, trained[name])


def test_codes_leave_the_middle(made: Scene) -> None:
    (plane,) = [panel for panel in made.panels if isinstance(panel, Plane)]
    cloud = plane.clouds[0]
    assert isinstance(cloud, Cloud) and cloud.xy.shape[0] == len(made.drag.stops)
    assert (cloud.xy[-1].std(0) > 4 * cloud.xy[0].std(0)).all()


def test_the_verdict_is_told_where_steps_are_small(made: Scene) -> None:
    (curves,) = [panel for panel in made.panels if isinstance(panel, Curves) and "one step" in panel.title]
    slow = np.isfinite(curves.lines[1].y)
    assert set(made.see) == set(slow.nonzero()[0]) and 0 < slow.sum() < len(slow)
