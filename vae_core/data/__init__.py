"""Datasets as tensors in memory: digits, sprites, MNIST, Fashion-MNIST.

Cards and availability are light; `Dataset` and `load_dataset` import torch, at their first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vae_core.data.cards import CARDS, DatasetCard, DatasetError, card_of, data_folder, find_card, is_available

if TYPE_CHECKING:
    from vae_core.data.dataset import Dataset
    from vae_core.data.load import load_dataset

__all__ = [
    "CARDS",
    "Dataset",
    "DatasetCard",
    "DatasetError",
    "card_of",
    "data_folder",
    "find_card",
    "is_available",
    "load_dataset",
]

_LAZY = {"Dataset": "vae_core.data.dataset", "load_dataset": "vae_core.data.load"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
