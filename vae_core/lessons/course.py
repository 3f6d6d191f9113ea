"""The lessons in their order. Titles, questions and formulas come without torch."""

from __future__ import annotations

from vae_core.lessons import disentangling, reparameterisation, sampling, training, weight
from vae_core.lessons.card import Lesson

COURSE: tuple[Lesson, ...] = (
    reparameterisation.LESSON,
    training.LESSON,
    weight.LESSON,
    sampling.LESSON,
    disentangling.LESSON,
)  # fmt: skip


def by_key(key: str) -> Lesson | None:
    """The lesson called `key`, None where there is none."""
    return next((lesson for lesson in COURSE if lesson.key == key), None)
