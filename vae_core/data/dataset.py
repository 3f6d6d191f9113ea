"""A dataset: tensors in memory, labels and ground-truth factors where known, and three fixed splits.

Three kinds of samples: pictures, sentences (rows of tokens, see `vae_core.data.text`) and rows of a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vae_core.config import DataInfo
from vae_core.data.cards import DatasetCard, DatasetError, Kind
from vae_core.data.drawn import DrawnImages


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with what is known about them. Immutable: `split` and `take` return new ones.

    `splits` holds positions into this very `x`; `index` holds each sample's position in the full dataset, so
    that a sample keeps its name whatever part it is looked at in.
    """

    name: str
    x: Tensor | DrawnImages  # image: uint8 [N, C, H, W], 0..255; text: int64 [N, T]; table: float32 [N, F]
    y: Tensor | None  # int64 [N]
    class_names: tuple[str, ...]
    factors: Tensor | None  # int64 [N, K]
    factor_names: tuple[str, ...]
    factor_sizes: tuple[int, ...]
    splits: Mapping[str, Tensor]  # name -> int64 [n]
    index: Tensor  # int64 [N]
    kind: Kind = "image"
    vocabulary: tuple[str, ...] = ()  # text: what each token stands for
    joiner: str = ""  # text: " " between words, nothing between characters
    columns: tuple[str, ...] = ()  # table: F names
    centre: tuple[float, ...] = ()  # table: the real value of column f is centre[f] + scale[f] * x[:, f]
    scale: tuple[float, ...] = ()

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Of one sample: (C, H, W), (T,) or (F,)."""
        return tuple(self.x.shape[1:])

    @property
    def info(self) -> DataInfo:
        """What a run remembers of this dataset."""
        return DataInfo(
            name=self.name,
            kind=self.kind,
            sample_shape=self.sample_shape,
            size=len(self),
            class_names=self.class_names,
            factor_names=self.factor_names,
            factor_sizes=self.factor_sizes,
            vocabulary=self.vocabulary,
            joiner=self.joiner,
            columns=self.columns,
            centre=self.centre,
            scale=self.scale,
        )

    def __len__(self) -> int:
        return len(self.index)

    def split(self, name: str) -> Dataset:
        """The samples of one split ("train", "validation" or "test"), as a dataset.

        Raises DatasetError for another name.
        """
        if name not in self.splits:
            raise DatasetError(f"There is no split called {name!r}; there are {', '.join(self.splits)}.")
        return self.take(self.splits[name])

    def take(self, positions: Tensor | np.ndarray | Sequence[int]) -> Dataset:
        """The samples at these positions (integers) of this dataset, in this order; repeats are allowed.

        Raises IndexError where a position lies outside 0..N-1, TypeError where positions are no integers.
        """
        chosen = torch.as_tensor(positions, device=self.index.device).reshape(-1)  # [n]
        if len(chosen) and (chosen.is_floating_point() or chosen.is_complex() or chosen.dtype == torch.bool):
            raise TypeError(f"Positions are integers, not {str(chosen.dtype).removeprefix('torch.')}.")
        chosen = chosen.long()
        if len(chosen) and (int(chosen.min()) < 0 or int(chosen.max()) >= len(self)):
            raise IndexError(f"Positions in {self.name} go from 0 to {len(self) - 1}.")
        member = torch.full((len(self),), -1, dtype=torch.int8)
        for number, positions_of_split in enumerate(self.splits.values()):
            member[positions_of_split] = number
        member = member[chosen]  # [n]
        return replace(
            self,
            x=self.x.take(chosen) if isinstance(self.x, DrawnImages) else self.x[chosen],
            y=None if self.y is None else self.y[chosen],
            factors=None if self.factors is None else self.factors[chosen],
            splits={name: (member == number).nonzero().reshape(-1) for number, name in enumerate(self.splits)},
            index=self.index[chosen],
        )


def from_card(
    card: DatasetCard,
    x: Tensor | DrawnImages,
    y: Tensor | None,
    splits: Mapping[str, Tensor],
    *,
    factors: Tensor | None = None,
    vocabulary: tuple[str, ...] = (),
    joiner: str = "",
    columns: tuple[str, ...] = (),
    centre: tuple[float, ...] = (),
    scale: tuple[float, ...] = (),
) -> Dataset:
    """A whole dataset: what its card says, and its tensors."""
    return Dataset(
        name=card.name,
        x=x,
        y=y,
        class_names=card.class_names,
        factors=factors,
        factor_names=card.factor_names,
        factor_sizes=card.factor_sizes,
        splits=splits,
        index=torch.arange(len(x)),
        kind=card.kind,
        vocabulary=vocabulary,
        joiner=joiner,
        columns=columns,
        centre=centre,
        scale=scale,
    )


def ordered_splits(sizes: tuple[int, ...]) -> dict[str, Tensor]:
    """Training, validation and test samples that follow each other, each int64."""
    parts = torch.split(torch.arange(sum(sizes)), list(sizes))
    return dict(zip(("train", "validation", "test"), parts, strict=True))


def shuffled_splits(n: int, seed: int) -> dict[str, Tensor]:
    """80 / 10 / 10 percent of a fixed permutation of 0..n-1, each int64 and in the permutation's order.

    The order inside a split is random too, so that its first k samples are a fair subset. NumPy's legacy
    generator is used because its stream is frozen (NEP 19): the splits are the same everywhere, for ever.
    """
    order = torch.from_numpy(np.random.RandomState(seed).permutation(n).astype(np.int64))
    held_out = n // 10
    train, validation, test = torch.split(order, [n - 2 * held_out, held_out, held_out])
    return {"train": train, "validation": validation, "test": test}
