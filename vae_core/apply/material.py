"""The samples that an application works on, as tensors for the model and as numbers for scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vae_core.apply.outcome import ApplyError
from vae_core.data import load_dataset
from vae_core.guests import Guest, Store, is_guest
from vae_core.metrics.likelihood import encoded

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.models import Model
    from vae_core.runs import Run

MOST_NUMBERS = 64_000_000
"""Of all samples together: 256 MB as float32."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some samples of a dataset.

    Attributes:
        x: as the model takes them, [n, *shape]. y: classes, int64 [n]. index: places in the dataset, int64 [n].
    """

    x: Tensor
    y: np.ndarray | None
    index: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    @property
    def flat(self) -> np.ndarray:
        """float32 [n, P]: pixels in [0, 1], columns in standard deviations."""
        return flat_of(self.x)

    @property
    def classes(self) -> np.ndarray:
        """y, where it must be known. Raises ApplyError."""
        if self.y is None:
            raise ApplyError("This needs samples with classes, and this data has none: choose a run on other data.")
        return self.y

    def take(self, rows: np.ndarray) -> Part:
        """The samples at these places of this part."""
        chosen = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        return Part(self.x[chosen], None if self.y is None else self.y[rows], self.index[rows])


def flat_of(x: Tensor) -> np.ndarray:
    """Samples [n, *shape] as float32 [n, P]: uint8 pixels in [0, 1], all else as it is."""
    numbers = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    return numbers.flatten(1).numpy()


def data_of(run: Run) -> Dataset:
    """The dataset that the run was trained on. Raises ApplyError for sentences, DatasetError where it is not here."""
    if run.config.model.kind == "text":
        raise ApplyError(f"{run.name} is a model of sentences; this works on pictures and tables.")
    return load_dataset(run.config.data.name)


def part_of(data: Dataset, split: str, most: int, *, only: int | None = None, without: int | None = None) -> Part:
    """The first `most` samples of a split, as far as MOST_NUMBERS allows.

    Args:
        only: of this class alone. without: of all classes but this.

    Raises ApplyError where there is no such split.
    """
    if split not in data.splits:
        raise ApplyError(f"There is no split called {split}: choose {', '.join(data.splits)}.")
    if most < 1:
        raise ApplyError(f"At least one sample is needed, not {most}.")
    rows = data.splits[split]
    if only is not None or without is not None:
        if data.y is None:
            raise ApplyError(f"{data.name} has no classes to choose samples by.")
        y = data.y[rows]
        rows = rows[y == only] if only is not None else rows[y != without]
    rows = rows[: min(most, MOST_NUMBERS // int(np.prod(data.sample_shape)))]
    return Part(data.x[rows], None if data.y is None else data.y[rows].numpy(), data.index[rows].numpy())


def one_of(run: Run, data: Dataset, at: int) -> Part:
    """The sample at this place of the run's dataset, or the guest of this number. Raises ApplyError where it is not."""
    if is_guest(at):
        guest = guest_of(run, at)
        return Part(torch.from_numpy(guest.x[None]), None, np.array([at]))
    rows = torch.nonzero(data.index == at).reshape(-1)
    if not len(rows):
        raise ApplyError(f"{data.name} has samples 0 to {len(data) - 1}, not {at}.")
    return Part(data.x[rows], None if data.y is None else data.y[rows].numpy(), data.index[rows].numpy())


def guest_of(run: Run, number: int) -> Guest:
    """A sample that a visitor brought, as the run has its samples. Raises ApplyError where it is not kept here."""
    guest = Store.here().get(run.config.data, number)
    if guest is None:
        raise ApplyError(f"Sample {number} was brought by a visitor and is not kept here (any more): choose another.")
    return guest


def needs_codes(run: Run) -> None:
    """Raises ApplyError where the model has no continuous codes of samples."""
    able = run.config.model.abilities
    if not able.encodes:
        raise ApplyError(f"{run.name} has no encoder, so samples have no codes: choose a run that has one.")


def codes_of(model: Model, part: Part, told: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of the posteriors, float32 [n, D] each; `told` are classes, int64 [n]."""
    y = None if told is None else torch.from_numpy(told)
    found = encoded(model, part.x, torch.arange(len(part)), y)
    return found.mean.float().numpy(), found.std.float().numpy()


def class_number(names: tuple[str, ...], asked: str) -> int:
    """The class of this name or number. Raises ApplyError."""
    if asked in names:
        return names.index(asked)
    if asked.isdecimal() and int(asked) < len(names):
        return int(asked)
    raise ApplyError(f"There is no class called {asked}: choose one of {', '.join(names) or 'none (no classes)'}.")
