"""A run's scores of disentanglement: scores.json beside its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, FiniteFloat, ValidationError, model_validator

from vae_core.config import Settings
from vae_core.metrics.disentanglement import METRICS, measure, self_test, varying
from vae_core.metrics.disentanglement.estimates import as_used, full_settings
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_bounded, write_atomically
from vae_core.wiring import ENCODER

if TYPE_CHECKING:
    from vae_core.runs import Run

FILE = "scores.json"
LIMIT = 1 << 20
"""Bytes that the file may have."""
MOST_DIMENSIONS, MOST_FACTORS = 1024, 100
ALIKE = ("weights", "split", "samples", "seed", "factors", "dimensions")
"""What scores that stand in one file have in common."""

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

    @model_validator(mode="after")
    def _of_one_size(self) -> Scores:
        rows, columns = len(self.factors), self.dimensions
        for name, score in self.metrics.items():
            if name not in METRICS:
                raise ValueError(f"there is no score called {name}")
            for part, values in score.parts.items():
                widths = {len(row) for row in values if isinstance(row, tuple)}
                fits = (len(values), widths) == (rows, {columns}) if widths else len(values) in (rows, columns)
                if not fits:
                    raise ValueError(f"{part} of {name} does not fit {rows} factors and {columns} dimensions")
        return self


def read_scores(folder: Path) -> Scores | None:
    """The scores that were kept with a run; None where there are none, or its weights have changed since.

    Raises RunError where the file is damaged.
    """
    if not (folder / FILE).exists():
        return None
    try:
        scores = Scores.model_validate_json(read_bounded(folder / FILE, LIMIT))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:100]
        raise RunError(f"{folder.name}/{FILE} holds no scores of a run ({where}: {first['msg'][:200]}).") from None
    return _as_used(scores) if scores.weights == weights_mark(folder) else None


def _as_used(scores: Scores) -> Scores:
    """Settings of files from before these were kept as they were used, not as they were asked for."""
    metrics = {
        name: one.model_copy(update={"settings": as_used(one.settings, scores.samples)})
        for name, one in scores.metrics.items()
    }
    return scores.model_copy(update={"metrics": metrics})


def write_scores(folder: Path, scores: Scores) -> None:
    """Keep the scores with a run. Raises RunError where the folder cannot be written, or they would be too many."""
    content = scores.model_dump_json(indent=1).encode() + b"\n"
    if len(content) > LIMIT:
        raise RunError(f"The scores of {folder.name} take {len(content):,} bytes; up to {LIMIT:,} are kept.")
    try:
        write_atomically(folder / FILE, content)
    except OSError as error:
        raise RunError(f"The scores could not be kept in {folder}: {error.strerror or error}.") from None


def weights_mark(folder: Path) -> str:
    """SHA-256 of what a run's codes are made by: its weights, or the encoder that came from elsewhere; "" of none."""
    for name in ("model.safetensors", ENCODER):
        if (folder / name).is_file():
            with (folder / name).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
    return ""


def with_kept(folder: Path, scores: Scores) -> Scores:
    """These scores, and beside them those that the folder has already, where both were measured on the same samples."""
    try:
        kept = read_scores(folder)
    except RunError:  # damaged: there is nothing to keep
        return scores
    if kept is None or any(getattr(kept, name) != getattr(scores, name) for name in ALIKE):
        return scores
    together = kept.metrics | scores.metrics
    return scores.model_copy(update={"metrics": {name: together[name] for name in METRICS if name in together}})


def scores_of(dimensions: int) -> tuple[str, ...]:
    """Names of the scores that a code of so many dimensions can have: DCI compares dimensions."""
    return tuple(name for name in METRICS if name != "dci" or dimensions > 1)


def score_run(
    run: Run,
    names: Iterable[str] | None = None,
    progress: Callable[[float, str], None] | None = None,
    *,
    split: str = "test",
    samples: int = 10_000,
    seed: int = 0,
    repeats: int | Mapping[str, int] | None = None,
) -> Scores:
    """Measure a run's codes against the known factors of its data, with intervals and self-tests.

    Args:
        names: which scores; None takes all that a code of its size can have.
        split, samples: at most so many samples of this split are encoded; scores that vote draw from them.
        repeats: of the intervals, as for `measure`, but for 0: a score is kept with its interval.

    Raises RunError where the run has no encoder or its data no factors, ValueError for an unknown score or split,
    for fewer than one sample or for repeats of 0, DatasetError where the data is not here.
    """
    from vae_core.data import load_dataset
    from vae_core.launch.spawn import worker_threads
    from vae_core.metrics.likelihood import encoded, told_classes

    names = scores_of(run.latent_dim) if names is None else tuple(names)
    for name in names:
        full_settings(name)  # an unknown name is refused before anything is encoded
        if (repeats if isinstance(repeats, int) else (repeats or {}).get(name)) == 0:
            raise ValueError(f"The score {name} is kept with its interval, which takes two repeats at least, not 0.")
    if samples < 1:
        raise ValueError(f"Scores are measured on one sample at least, not on {samples}.")
    tell = progress or (lambda fraction, text: None)
    if not run.config.model.abilities.encodes:
        raise RunError(f"{run.name} has no encoder: without codes of samples there is nothing to score.")
    data = load_dataset(run.config.data.name)
    if data.factors is None:
        raise RunError(f"{data.name} has no known factors: scores of disentanglement compare codes with them.")
    if split not in data.splits:
        raise ValueError(f"There is no split called {split}: choose {', '.join(data.splits)}.")
    if run.latent_dim > MOST_DIMENSIONS:
        raise RunError(f"{run.name} has codes of {run.latent_dim:,} dimensions; up to {MOST_DIMENSIONS:,} are scored.")
    positions = data.splits[split][:samples]
    tell(0.0, "Encoding samples")
    weights = weights_mark(run.folder)  # before they are read: a training that goes on makes these scores stale
    told = told_classes(run.config.model, data.y)
    codes = encoded(run.model, data.x, positions, told).mean.double().numpy()
    factors = data.factors[positions].numpy()
    kept = varying(factors)
    sizes = tuple(len(np.unique(column)) for column in factors[:, kept].T)
    threads = {"dci": {"threads": worker_threads()}} if "dci" in names else {}
    found = measure(
        codes,
        factors,
        names,
        seed=seed,
        repeats=repeats,
        settings=threads,
        progress=lambda part, text: tell(0.05 + 0.65 * part, text),
    )
    metrics = {}
    for place, (name, measured) in enumerate(found.items()):
        tell(0.7 + 0.3 * place / len(found), f"{METRICS[name].title}: codes whose answer is known")
        trial = self_test(name, len(codes), run.latent_dim, sizes, settings=threads.get(name), seed=seed)
        metrics[name] = Score(
            score=measured.score,
            low=measured.low,
            high=measured.high,
            interval=measured.interval,
            settings=measured.settings,
            figures=measured.figures,
            parts={part: values.astype(float).tolist() for part, values in measured.parts.items()},
            self_test=Trial(**asdict(trial)),
            seconds=measured.seconds,
        )
    tell(1.0, "Done")
    return Scores(
        weights=weights,
        split=split,
        samples=len(codes),
        seed=seed,
        factors=tuple(name for name, keep in zip(data.factor_names, kept, strict=True) if keep),
        dimensions=run.latent_dim,
        metrics=metrics,
    )
