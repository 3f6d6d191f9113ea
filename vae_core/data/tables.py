"""Tables of numbers: one sample a row, every column standardised by the training split."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vae_core.data.cards import DatasetCard
from vae_core.data.dataset import Dataset, from_card, shuffled_splits

SKLEARN_SEEDS = {"wine": 178, "breast-cancer": 569}  # fixed for ever, with the splits


def sklearn_table(card: DatasetCard) -> Dataset:
    """scikit-learn's wine or breast cancer table."""
    from sklearn import datasets  # here, so that only these datasets pay for the import

    bunch = {"wine": datasets.load_wine, "breast-cancer": datasets.load_breast_cancer}[card.name]()
    splits = shuffled_splits(card.n, SKLEARN_SEEDS[card.name])
    x, centre, scale = standardise(bunch.data, splits["train"])
    return from_card(
        card,
        x,
        torch.from_numpy(bunch.target.astype(np.int64)),
        splits,
        columns=tuple(str(name).replace("_", " ") for name in bunch.feature_names),
        centre=centre,
        scale=scale,
    )


def standardise(values: np.ndarray, train: Tensor) -> tuple[Tensor, tuple[float, ...], tuple[float, ...]]:
    """Columns [N, F] with mean 0 and standard deviation 1 over the training rows: float32 [N, F], centre, scale.

    The real value is centre + scale * x. A column that is constant in training keeps scale 1.
    """
    known = values[train.numpy()].astype(np.float64)
    centre, scale = known.mean(axis=0), known.std(axis=0)
    scale = np.where(scale > 1e-12 * (1 + np.abs(centre)), scale, 1.0)
    x = ((values - centre) / scale).astype(np.float32)
    return torch.from_numpy(x), tuple(centre.tolist()), tuple(scale.tolist())
