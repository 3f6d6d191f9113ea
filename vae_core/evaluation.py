"""What a run reaches on a split of its data, as plain numbers."""

from __future__ import annotations

from pathlib import Path

import torch

from vae_core.data import load_dataset
from vae_core.metrics.activity import active_units
from vae_core.metrics.likelihood import importance_bound, sample_terms
from vae_core.runs import load_run

Result = dict[str, str | int | float | list[float]]


def evaluate(where: str | Path, *, split: str, samples: int, importance: int = 0, seed: int = 0) -> Result:
    """Distortion, rate and ELBO in nats per sample (one posterior sample each), rate per dimension, active units.

    With `importance` = K > 0 also the importance-weighted bound. Raises RunError, DatasetError, and ValueError
    where there is no such split.
    """
    run = load_run(where)
    data = load_dataset(run.config.data.name)
    if split not in data.splits:
        raise ValueError(f"There is no split called {split}: choose {', '.join(data.splits)}.")
    positions = data.splits[split][:samples]
    distortion, rate = sample_terms(run.model, data.x, positions, seed)
    with torch.no_grad():
        means = torch.cat([run.model.encode(data.x[rows]).mean for rows in positions.split(500)]).numpy()
    result: Result = {
        "run": run.name,
        "data": data.name,
        "split": split,
        "samples": len(positions),
        "distortion": float(distortion.mean()),
        "rate": float(rate.sum(1).mean()),
        "elbo": -float(distortion.mean() + rate.sum(1).mean()),
        "active_units": int(active_units(means).sum()),
        "latent_dim": run.latent_dim,
        "rate_per_dimension": [float(value) for value in rate.mean(0)],
    }
    if importance:
        result["importance_samples"] = importance
        result["importance_bound"] = float(importance_bound(run.model, data.x, positions, importance, seed).mean())
    return result
