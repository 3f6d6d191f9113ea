"""Datasets that were taken: one folder each under data_folder()/own, called own:NAME. Light: no numpy, no torch."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vae_core.data.cards import DatasetError, data_folder
from vae_core.data.catalogue import DatasetCard, Kind

PREFIX = "own:"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MAX_CARD = 4 << 20
CARD, SAMPLES, LABELS, LINES, PICTURE = "card.json", "x.npy", "y.npy", "lines.txt", "preview.png"

Word = Annotated[str, Field(max_length=200)]


class OwnCard(BaseModel):
    """card.json of a dataset that was taken; closed and bounded, for the folder may be somebody else's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    title: Annotated[str, Field(max_length=100)]
    source: Word
    """The file or folder that it was taken from; its name alone."""
    taken: Annotated[str, Field(max_length=40)]
    """When, as ISO 8601."""
    kind: Kind
    n: Annotated[int, Field(ge=1, le=1_000_000)]
    sample_shape: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(min_length=1, max_length=3)
    class_names: tuple[Word, ...] = Field(default=(), max_length=200)
    counts: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(), max_length=200)
    """Samples of each class."""
    columns: tuple[Word, ...] = Field(default=(), max_length=1000)
    joiner: Literal[" ", ""] = ""
    skipped: Annotated[int, Field(ge=0)] = 0
    reasons: tuple[tuple[Word, int], ...] = Field(default=(), max_length=100)
    choices: Annotated[str, Field(max_length=400)] = ""
    """How it was read, in words."""

    @model_validator(mode="after")
    def _fits(self) -> OwnCard:
        if (self.kind == "image") != (len(self.sample_shape) == 3):
            raise ValueError(f"samples of shape {self.sample_shape} are no {self.kind}")
        if self.kind == "table" and len(self.columns) != self.sample_shape[0]:
            raise ValueError(f"{len(self.columns)} columns don't make rows of {self.sample_shape[0]}")
        return self


def own_folder() -> Path:
    """Where datasets that were taken are kept."""
    return data_folder() / "own"


def folder_of(name: str) -> Path:
    """The folder of own:NAME. Raises DatasetError where NAME can be none of ours: a name never leads elsewhere."""
    short = name.removeprefix(PREFIX)
    if not NAME.fullmatch(short):
        raise DatasetError(
            f"{short!r} names no dataset: up to 40 small letters, digits and dashes, beginning with a letter or digit."
        )
    return own_folder() / short


def is_taken(name: str) -> bool:
    """Whether own:NAME is here; looks at file names only."""
    return bool(NAME.fullmatch(name.removeprefix(PREFIX))) and (folder_of(name) / CARD).is_file()


def names() -> list[str]:
    """own:NAME of every dataset that was taken, in the order of their names."""
    folder = own_folder()
    try:
        found = sorted(item.name for item in folder.iterdir() if NAME.fullmatch(item.name))
    except OSError:
        return []
    return [f"{PREFIX}{name}" for name in found if (folder / name / CARD).is_file()]


def files_of(name: str) -> tuple[Path, ...]:
    """The files that own:NAME is read from."""
    if not is_taken(name):
        return ()
    folder = folder_of(name)
    return tuple(path for path in (folder / file for file in (CARD, SAMPLES, LABELS, LINES)) if path.is_file())


def read_card(name: str) -> OwnCard:
    """Raises DatasetError, one sentence, where own:NAME is not here or its card is damaged."""
    path = folder_of(name) / CARD
    try:
        stamp = path.stat()
        return _read_card(path, stamp.st_mtime_ns, stamp.st_size)
    except FileNotFoundError:
        raise DatasetError(f"There is no dataset {name} here: it was deleted, or is in another data folder.") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error


@lru_cache(maxsize=256)
def _read_card(path: Path, changed: int, size: int) -> OwnCard:
    if size > MAX_CARD:
        raise DatasetError(f"{path} is larger than a card may be; the dataset is damaged.")
    try:
        return OwnCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise DatasetError(
            f"{path} is damaged ({'.'.join(map(str, first['loc'])) or 'json'}: {first['msg']}); take the data again."
        ) from None


def card_of(name: str) -> DatasetCard:
    """What one can know of own:NAME without loading it. Raises DatasetError as `read_card` does."""
    own = read_card(name)
    what = {"image": "pictures", "text": "lines", "table": "rows"}[own.kind]
    return DatasetCard(
        name=name,
        title=own.title,
        description=f"Your own: {own.n:,} {what} from {own.source}.",
        n=own.n,
        sample_shape=own.sample_shape,
        class_names=own.class_names,
        factor_names=(),
        factor_sizes=(),
        licence="your own",
        source=own.source,
        download_mb=0.0,
        kind=own.kind,
    )
