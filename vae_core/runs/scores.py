"""A run's scores of disentanglement: scores.json beside its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, FiniteFloat, ValidationError, model_validator

from vae_core.config import Settings
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_bounded, write_atomically

if TYPE_CHECKING:
    from vae_core.runs import Run

FILE = "scores.json"
LIMIT = 1 << 20
"""Bytes that the file may have."""
MOST_DIMENSIONS, MOST_FACTORS = 1024, 100

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Vector = Annotated[tuple[FiniteFloat, ...], Field(max_length=MOST_DIMENSIONS)]
Matrix = Annotated[tuple[Vector, ...], Field(max_length=MOST_FACTORS)]
Word = Annotated[str, Field(max_length=40)]


class Trial(Settings):
    """What the same estimator with the same settings gives for codes whose answer is known."""

    perfect: Share
    noise: Share
    rotated: Share
    doubled: Share


class Score(Settings):
    """One score. Matrices have a row a factor (of those that vary) and a column a dimension."""

    score: Share
    low: Share
    high: Share
    interval: str = Field(max_length=400)
    settings: dict[Word, int | FiniteFloat | bool | Annotated[str, Field(max_length=40)]] = Field(max_length=40)
    figures: dict[Word, FiniteFloat] = Field(default={}, max_length=20)
    parts: dict[Word, Matrix | Vector] = Field(default={}, max_length=20)
    self_test: Trial
    seconds: Annotated[FiniteFloat, Field(ge=0)]


class Scores(Settings):
    """All scores of a run that were measured together."""

    schema_version: Literal[1] = 1
    weights: str = Field(pattern="^[0-9a-f]{64}$")
    """SHA-256 of the weights they are of."""
    split: Word
    samples: Annotated[int, Field(ge=1)]
    seed: int
    factors: tuple[Annotated[str, Field(max_length=200)], ...] = Field(max_length=MOST_FACTORS)
    """Names of the factors that vary: the rows of matrices."""
    dimensions: Annotated[int, Field(ge=1, le=MOST_DIMENSIONS)]
    """Columns of matrices."""
    metrics: dict[Word, Score] = Field(max_length=20)


def read_scores(folder: Path) -> Scores | None:
    """The scores that were kept with a run; None where there are none, or its weights have changed since.

    Raises RunError where the file is damaged.
    """
    raise NotImplementedError


def write_scores(folder: Path, scores: Scores) -> None:
    """Keep the scores with a run. Raises RunError where the folder cannot be written."""
    raise NotImplementedError


def score_run(
    run: Run,
    names: Iterable[str],
    progress: Callable[[float, str], None] | None = None,
    *,
    split: str = "test",
    samples: int = 10_000,
    seed: int = 0,
) -> Scores:
    """Measure a run's codes against the known factors of its data, with intervals and self-tests.

    Raises RunError where the run has no codes of its own or its data no factors; ValueError for an unknown score.
    """
    raise NotImplementedError
