"""CIFAR-10 and SVHN: colour photographs of 32 x 32 pixels, read without unpickling anything."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from vae_core.data.cards import CIFAR_FILES, SVHN_FILES, DatasetCard, DatasetError, Progress
from vae_core.data.dataset import Dataset, from_card, ordered_splits
from vae_core.data.mat import read_mat


def read_cifar10(card: DatasetCard, files: dict[str, Path], tell: Progress) -> Dataset:
    """The binary version (Krizhevsky 2009): a sample is a label byte, then 1024 red, green and blue bytes each.

    Raises DatasetError naming the file that has another size or a label beyond the classes.
    """
    row = 1 + 3 * 32 * 32
    count = card.n // len(CIFAR_FILES)  # samples of each file
    raw = np.empty((card.n, row), dtype=np.uint8)
    for number, stem in enumerate(CIFAR_FILES):
        path, out = files[stem], raw[number * count : (number + 1) * count]
        try:
            with path.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if size != out.size or stream.readinto(out.reshape(-1).data) != out.size:
                    raise DatasetError(f"{path} holds {size:,} bytes, where {out.size:,} are right; fetch it again.")
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
        if out[:, 0].max() >= len(card.class_names):
            raise DatasetError(f"{path} holds the label {out[:, 0].max()}, where 0 to 9 are right.")
        tell(0.9 + 0.1 * (number + 1) / len(CIFAR_FILES), f"Reading {card.title}")
    x = torch.from_numpy(np.ascontiguousarray(raw[:, 1:]).reshape(-1, 3, 32, 32))
    return from_card(card, x, torch.from_numpy(raw[:, 0].astype(np.int64)), ordered_splits(card.splits))


def read_svhn(card: DatasetCard, files: dict[str, Path], tell: Progress) -> Dataset:
    """SVHN's cropped digits (Netzer et al. 2011): X uint8 [32, 32, 3, n], y [n, 1] with 10 for the digit 0.

    Raises DatasetError naming the file that is damaged or holds something else.
    """
    test = card.splits[-1]
    parts = []
    for number, (stem, count) in enumerate(zip(SVHN_FILES, (card.n - test, test), strict=True)):
        parts.append(_read_svhn_file(files[stem], count))
        tell(0.9 + 0.05 * (number + 1), f"Reading {card.title}")
    x, y = (np.concatenate(both) for both in zip(*parts, strict=True))
    return from_card(card, torch.from_numpy(x), torch.from_numpy(y), ordered_splits(card.splits))


def _read_svhn_file(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 [n, 3, 32, 32] and labels int64 [n]."""
    content = read_mat(path, {"X": (32, 32, 3, count), "y": (count, 1)})
    pictures, labels = content["X"], content["y"][:, 0]
    if pictures.dtype != np.uint8:
        raise DatasetError(f"{path} holds no pictures but {pictures.dtype} numbers; another file belongs here.")
    if not np.isin(labels, range(1, 11)).all():
        raise DatasetError(f"{path} holds labels other than 1 to 10; another file belongs here.")
    return np.ascontiguousarray(pictures.transpose(3, 2, 0, 1)), labels.astype(np.int64) % 10
