"""A run that has the name but not the kind is refused in one sentence."""

from __future__ import annotations

import pytest

from vae_core import load_run
from vae_core.lessons.card import Lesson, Material
from vae_core.lessons.course import by_key
from vae_core.lessons.kinds import vae_of
from vae_core.runs import RunError


def test_a_vae_is_taken_as_it_is() -> None:
    run = load_run("digits-2d")
    assert vae_of(run) is run.model


@pytest.mark.parametrize("key", ["reparameterisation", "likelihood", "elbo", "disentangling"])
def test_another_kind_is_refused_by_each_lesson_that_needs_a_vae(key: str) -> None:
    lesson = by_key(key)
    assert isinstance(lesson, Lesson)
    with pytest.raises(RunError, match=r"^The run digits-vq is a \w+, and this lesson needs a VAE: [^.]+\.$"):
        lesson.scene(Material(lambda name: load_run("digits-vq"), lesson.sample))


def test_data_without_factors_is_refused_by_the_lesson_about_factors() -> None:
    lesson = by_key("disentangling")
    assert lesson is not None
    with pytest.raises(RunError, match=r"^The run digits-10d has data without factors[^.]+\.$"):
        lesson.scene(Material(lambda name: load_run("digits-10d")))
