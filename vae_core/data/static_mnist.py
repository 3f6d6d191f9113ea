"""MNIST in black and white, drawn once and for all: what published likelihoods are measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vae_core.data.cards import STATIC_FILES, DatasetCard, DatasetError, Progress
from vae_core.data.dataset import Dataset, from_card, ordered_splits
from vae_core.data.mat import read_mat


def read_static_mnist(card: DatasetCard, files: dict[str, Path], tell: Progress) -> Dataset:
    """Larochelle's binarisation (Larochelle and Murray 2011; Salakhutdinov and Murray 2008) and its splits.

    Raises DatasetError naming the file that is damaged or holds something else.
    """
    parts = []
    for number, (stem, count) in enumerate(zip(STATIC_FILES, card.splits, strict=True)):
        pixels = read_mat(files[stem], {"X": (count, 784)})["X"]
        if not np.isin(pixels, (0, 1)).all():
            raise DatasetError(f"{files[stem]} holds pixels other than 0 and 1; another file belongs here.")
        parts.append(pixels.astype(np.uint8))
        tell(0.9 + 0.1 * (number + 1) / len(STATIC_FILES), f"Reading {card.title}")
    x = torch.from_numpy(np.concatenate(parts).reshape(card.n, *card.sample_shape)).mul_(255)
    return from_card(card, x, None, ordered_splits(card.splits))
