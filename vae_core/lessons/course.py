"""The lessons in their order. Titles, questions and formulas come without torch."""

from __future__ import annotations

from vae_core.lessons import (
    disentangling,
    elbo,
    encoder,
    latent_space,
    likelihood,
    relatives,
    reparameterisation,
    sampling,
    training,
    uses,
    weight,
    why_compress,
)
from vae_core.lessons.card import Lesson

COURSE: tuple[Lesson, ...] = (
    why_compress.LESSON,
    encoder.LESSON,
    latent_space.LESSON,
    reparameterisation.LESSON,
    likelihood.LESSON,
    elbo.LESSON,
    training.LESSON,
    weight.LESSON,
    sampling.LESSON,
    disentangling.LESSON,
    relatives.LESSON,
    uses.LESSON,
)  # fmt: skip


def by_key(key: str) -> Lesson | None:
    """The lesson called `key`, None where there is none."""
    return next((lesson for lesson in COURSE if lesson.key == key), None)
