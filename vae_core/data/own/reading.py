"""Data of one's own from a path, whatever it is: looked at (`inspect`), or read as a dataset (`read`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from vae_core.data.cards import DatasetCard, DatasetError, OwnFile
from vae_core.data.dataset import Dataset, from_card, shuffled_splits
from vae_core.data.own.choices import PICTURES, Choices, Preview, Skips
from vae_core.data.own.files import SPLIT_SEED, check_count
from vae_core.data.own.picture_files import PictureFiles, check_size, shape_of
from vae_core.data.own.picture_stack import PictureStack
from vae_core.data.own.stack import is_stack
from vae_core.data.own.table import Table, rows_dataset
from vae_core.data.own.text import Lines, lines_dataset, text_length

Material = PictureFiles | PictureStack | Lines | Table

TAKEN = "a folder or .zip of pictures, .npz, .npy, idx, .txt, .csv and .parquet files"


def open_path(path: Path, choices: Choices) -> Material:
    """What is at `path`, by its name; little of it has been read. Raises DatasetError, one sentence."""
    ending = path.suffix.lower()
    if path.is_dir() or ending == ".zip":
        return PictureFiles.at(path)
    if is_stack(path):
        return PictureStack.at(path, choices)
    if ending == ".txt":
        return Lines.at(path)
    if ending in (".csv", ".parquet"):
        return Table.at(path)
    if ending in PICTURES:
        raise DatasetError(f"{path} is one picture: give a folder or a .zip of at least ten.")
    raise DatasetError(f"{path} is nothing that can be read: {TAKEN} are.")


def inspect(path: Path, choices: Choices | None = None) -> Preview:
    """What would be taken from `path` with these choices, and what not and why. Raises DatasetError, one sentence."""
    choices = choices or Choices()
    return open_path(path, choices).preview(choices)


def read(name: str, own: OwnFile, choices: Choices | None = None) -> Dataset:
    """The dataset at a path, called `name`, in memory. Raises DatasetError, one sentence."""
    choices = choices or Choices(strict=True, pieces="letters" if own.form == "letters" else "words")
    found = open_path(own.path, choices) if own.form == "seen" else Lines.at(own.path)
    settled = found.settle(choices)
    card = DatasetCard(
        name=name, title=own.path.stem, description="", n=0, sample_shape=(), class_names=(), factor_names=(),
        factor_sizes=(), licence="your own", source=str(own.path), download_mb=0.0,
    )  # fmt: skip
    if isinstance(found, Table):
        if not settled.text:
            rows = found.rows(settled, Skips())
            shape = (len(rows.columns),)
            described = _described(card, own.path, len(rows.values), "rows", shape, rows.class_names)
            return rows_dataset(replace(described, kind="table"), rows)
        found = found.lines(settled)
    if isinstance(found, Lines):
        shape = (text_length(found.lines, settled.joiner),)
        described = _described(card, own.path, len(found.lines), "lines", shape, found.class_names)
        return lines_dataset(replace(described, kind="text"), found.lines, settled.joiner, found.y)
    pixels, labels = [], []
    for picture, label in found.decoded(settled, Skips()):
        pixels.append(picture)
        labels.append(label)
        if len(labels) % 1000 == 0:
            check_size(own.path, len(labels), settled)
    check_count(own.path, len(labels), "pictures that can be read")
    classes = found.class_names if settled.classes else ()
    described = _described(card, own.path, len(labels), "pictures", shape_of(settled), classes)
    return pictures_dataset(described, np.stack(pixels), np.array(labels) if classes else None)


def _described(
    card: DatasetCard, path: Path, n: int, what: str, shape: tuple[int, ...], classes: tuple[str, ...]
) -> DatasetCard:
    return replace(card, n=n, description=f"{n:,} {what} of {path.name}.", sample_shape=shape, class_names=classes)


def pictures_dataset(card: DatasetCard, x: np.ndarray, y: np.ndarray | None) -> Dataset:
    """Pictures uint8 [N, C, H, W] as a dataset."""
    labels = None if y is None else torch.from_numpy(y.astype(np.int64))
    return from_card(card, torch.from_numpy(x), labels, shuffled_splits(len(x), SPLIT_SEED))
