"""Latentarium's library: data, models, training, runs, latent geometry, metrics. Never imports streamlit.

The names below stay, whatever moves behind them. They load what they need at first use, so that
`import vae_core` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.config import TrainConfig as TrainConfig
    from vae_core.data import Dataset as Dataset
    from vae_core.data import load_dataset as load_dataset
    from vae_core.runs import Run as Run
    from vae_core.runs import list_runs as list_runs
    from vae_core.runs import load_run as load_run
    from vae_core.training import train as train

_HOMES = {
    "TrainConfig": "vae_core.config",
    "Dataset": "vae_core.data",
    "load_dataset": "vae_core.data",
    "Run": "vae_core.runs",
    "list_runs": "vae_core.runs",
    "load_run": "vae_core.runs",
    "train": "vae_core.training",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'vae_core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
