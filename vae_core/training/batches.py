"""What is trained on, in which order: the classes that a model is told, batches, the learning rate's tail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vae_core.config import ModelSpec, TrainConfig

if TYPE_CHECKING:
    from vae_core.data import Dataset


def training_classes(data: Dataset, config: TrainConfig, spec: ModelSpec) -> Tensor | None:
    """The classes that the model is told in training, int64 [N]: all of a conditional one's, a few of a
    semi-supervised one's (-1 for the others), none of any other's.

    Raises ValueError where the data has no classes for a model that needs them.
    """
    able = spec.abilities
    if not able.classes:
        return None
    if data.y is None:
        raise ValueError(f"{data.name} has no classes, and this model learns from them: choose other data.")
    if not able.infers_class:
        return data.y
    told = torch.full_like(data.y, -1)
    rows = data.splits["train"][np.random.RandomState(config.seed).permutation(len(data.splits["train"]))]
    for label in range(able.classes):
        chosen = rows[data.y[rows] == label][: config.labels]
        told[chosen] = label
    return told


def batches(positions: Tensor, batch_size: int, seed: int, steps: range) -> Iterator[Tensor]:
    """Rows of the batch of each of these steps, [batch_size]; each epoch's order depends on seed and epoch alone."""
    per_epoch = len(positions) // batch_size
    order, order_epoch = positions, -1
    for step in steps:
        epoch, within = divmod(step, per_epoch)
        if epoch != order_epoch:
            shuffle = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
            order = positions[torch.randperm(len(positions), generator=shuffle).to(positions.device)]
            order_epoch = epoch
        yield order[within * batch_size : (within + 1) * batch_size]


def with_labels(rows: Tensor, labelled: Tensor, share: float, seed: int, step: int) -> Tensor:
    """A batch whose first rows, `share` of it (one at least), give way to labelled samples, drawn with replacement from
    seed and step alone: [batch_size]."""
    count = max(1, round(share * len(rows)))
    drawn = torch.randint(len(labelled), (count,), generator=torch.Generator().manual_seed(seed * 1_000_003 + step))
    return torch.cat([labelled[drawn.to(labelled.device)], rows[count:]])


def cosine_tail(step: int, total: int, tail: float) -> float:
    """Learning-rate factor: 1 until the last `tail` of the steps, then a half cosine down to 0.01."""
    begin = total * (1 - tail)
    if tail == 0 or step <= begin:
        return 1.0
    return 0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * (step - begin) / (total - begin))))
