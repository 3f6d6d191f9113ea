"""MNIST and its relatives: four idx files each, training and test pictures and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vae_core.data.cards import LAYOUTS, DatasetCard, DatasetError, Progress
from vae_core.data.dataset import Dataset, from_card, ordered_splits
from vae_core.data.idx import read_idx


def read_idx_set(card: DatasetCard, files: dict[str, Path], tell: Progress) -> Dataset:
    """The training files first, then the test files. Raises DatasetError naming the file that is damaged."""
    _, height, width = card.sample_shape
    train = card.n - card.splits[-1]
    images = np.empty((card.n, height, width), dtype=np.uint8)
    labels = np.empty(card.n, dtype=np.uint8)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        tell(0.9 + 0.1 * done / (images.size + labels.size), f"Reading {card.title}")

    for stem, out in zip(
        LAYOUTS[card.name].files,
        (images[:train], labels[:train], images[train:], labels[train:]),
        strict=True,
    ):
        read_idx(files[stem], out, advance)
        if out.ndim == 1 and out.max(initial=0) >= len(card.class_names):
            right = len(card.class_names) - 1
            raise DatasetError(f"{files[stem]} holds the label {out.max()}, where 0 to {right} are right.")
    if card.name == "emnist":  # its pictures lie on their side, rows and columns exchanged
        images = np.ascontiguousarray(images.transpose(0, 2, 1))
    x, y = torch.from_numpy(images[:, None]), torch.from_numpy(labels).long()
    return from_card(card, x, y, ordered_splits(card.splits))
