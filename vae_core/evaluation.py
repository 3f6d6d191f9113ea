"""What a run reaches on a split of its data, as plain numbers."""

from __future__ import annotations

from pathlib import Path

from vae_core.data import load_dataset
from vae_core.metrics.activity import active_units
from vae_core.metrics.disentanglement import mig
from vae_core.metrics.likelihood import held_out_terms, importance_bound, told_classes
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
    told = told_classes(run.config.model, data.y)
    terms = held_out_terms(run.model, data.x, positions, seed, told)
    distortion, rate = float(terms.distortion.mean()), terms.rate.mean(0).tolist()
    result: Result = {
        "run": run.name,
        "data": data.name,
        "split": split,
        "samples": len(positions),
        "distortion": distortion,
        "rate": float(terms.total_rate.mean()),
        "elbo": float(terms.elbo.mean()),
        "active_units": int(active_units(terms.posterior.mean.numpy()).sum()),
        "latent_dim": run.latent_dim,
        "rate_per_dimension": rate,
    }
    if data.factors is not None and len(data.factor_names) > 0:
        gap = mig(terms.posterior.mean.numpy(), data.factors[positions].numpy(), seed=seed)
        result["mig"] = gap.score
        for name, best, share in zip(data.factor_names, gap.share.argmax(1), gap.share.max(1), strict=True):
            result[f"best_dimension_for_{name}"] = f"{best} (carries {share:.0%} of it)"
    if importance:
        result["importance_samples"] = importance
        result["importance_bound"] = float(importance_bound(run.model, data.x, positions, importance, seed, told).mean())
    return result
