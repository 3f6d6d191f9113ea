"""What a small classifier sees in a picture: features in which made pictures are compared with real ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from vae_core.data import Dataset

FEATURES = 64
EPOCHS, BATCH = 3, 128


def _net(classes: int) -> nn.Sequential:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * 7 * 7, FEATURES), nn.ReLU(), nn.Linear(FEATURES, classes),
    )  # fmt: skip


def classifier(data: Dataset, work: Path) -> nn.Sequential:
    """A classifier of 28 x 28 pictures, learnt from the training split in half a minute and kept in `work`.

    Seeded: cells that begin beside each other make the same one.
    """
    import torch
    from torch import nn

    from vae_core.models.base import unit_range
    from vae_core.runs.weights import read_tensors, shapes_of, write_tensors

    path = work / f"classifier-{data.name}.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = _net(len(data.info.class_names))
    if path.exists():
        weights, _ = read_tensors(path, shapes_of(net.state_dict()))
        net.load_state_dict(weights)
        return net.eval()
    if data.y is None:
        raise ValueError(f"{data.name} has no classes to learn.")
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    rows = data.splits["train"]
    for _ in range(EPOCHS):
        for part in rows[torch.randperm(len(rows), generator=generator)].split(BATCH):
            loss = nn.functional.cross_entropy(net(unit_range(data.x[part])), data.y[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    write_tensors(path, net.state_dict())
    return net.eval()


def seen(net: nn.Sequential, pictures: Tensor) -> np.ndarray:
    """The last hidden layer for pictures [n, 1, 28, 28] in [0, 1]: [n, 64]."""
    import torch

    with torch.no_grad():
        return torch.cat([net[:-1](part) for part in pictures.split(1_000)]).numpy()


def accuracy(net: nn.Sequential, pictures: Tensor, y: Tensor) -> float:
    """Part of pictures whose class is found."""
    import torch

    with torch.no_grad():
        found = torch.cat([net(part).argmax(1) for part in pictures.split(1_000)])
    return float((found == y).double().mean())
