"""What a run reaches on a split of its data, as plain numbers: each family by the figures that it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from vae_core.data import load_dataset
from vae_core.export import decode_samples
from vae_core.metrics.activity import active_units
from vae_core.metrics.disentanglement import mig
from vae_core.metrics.likelihood import held_out_terms, importance_bound, told_classes
from vae_core.runs import load_run
from vae_core.tokens import PADDING

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.data import Dataset
    from vae_core.models import VAE, Model, Terms
    from vae_core.models.base import Classifier, Discrete
    from vae_core.runs import Run

Result = dict[str, str | int | float | list[float]]

DREAMS = 2_000
"""Dreams, and held-out samples, that are compared with each other."""


def evaluate(where: str | Path, *, split: str, samples: int, importance: int = 0, seed: int = 0) -> Result:
    """Distortion, rate and ELBO in nats per sample (one posterior sample each), rate per dimension, active units, and
    what else the family has: nats per token, codebook perplexity, accuracy, the distance of dreams to samples.

    A figure that a family does not have is left out: a plain autoencoder has no rate and no bound, a GAN no
    distortion. With `importance` = K > 0 also the importance-weighted bound.

    Raises RunError, DatasetError, and ValueError where there is no such split or bound.
    """
    run = load_run(where)
    data = load_dataset(run.config.data.name)
    if split not in data.splits:
        raise ValueError(f"There is no split called {split}: choose {', '.join(data.splits)}.")
    positions = data.splits[split][:samples]
    result: Result = {"run": run.name, "data": data.name, "split": split, "samples": len(positions)}
    able = run.config.model.abilities
    if able.encodes:
        terms = held_out_terms(run.model, data.x, positions, seed, told_classes(run.config.model, data.y))
        result |= _bound(run, terms)
        result |= _structure(run.model, data, positions)
        if able.kind == "text" and able.rated:
            result |= _per_token(terms, data.x[positions])
        result |= _factors(terms, data, positions, seed)
    if importance:
        told = told_classes(run.config.model, data.y)
        bounds = importance_bound(run.model, data.x, positions, importance, seed, told)
        result |= {"importance_samples": importance, "importance_bound": float(bounds.mean())}
    if able.kind != "text":
        result |= _dreams(run, data, positions[:DREAMS], seed)
    return result


def _bound(run: Run, terms: Terms) -> Result:
    """The halves of the ELBO, as far as the model has them."""
    able = run.config.model.abilities
    result: Result = {"distortion": float(terms.distortion.mean())}
    if able.rated:
        result["rate"] = float(terms.total_rate.mean())
        result["elbo"] = float(terms.elbo.mean())
        result["rate_per_dimension"] = terms.rate.mean(0).tolist()
    if able.infers_class and terms.shared is not None:
        result["rate_of_class"] = float(terms.shared.mean())
    for number, (first, last) in enumerate(able.levels, 1):
        result[f"rate_of_level_{number}"] = float(terms.rate[:, first:last].sum(1).mean())
    result["active_units"] = int(active_units(terms.posterior.mean.numpy()).sum())
    result["latent_dim"] = run.latent_dim
    return result


@torch.no_grad()
def _structure(model: Model, data: Dataset, positions: Tensor) -> Result:
    """What a code is made of beside numbers: codes of a book, a class."""
    from vae_core.metrics.codebook import perplexity

    result: Result = {}
    able = model.spec.abilities
    if able.cells:
        cells = cast("Discrete", model).indices(data.x[positions])  # [n, rows, columns]
        usage = np.bincount(cells.numpy().ravel(), minlength=able.codebook)
        result |= {"codebook": len(usage), "codebook_used": int((usage > 0).sum())}
        result["codebook_perplexity"] = perplexity(usage)
    if able.infers_class and data.y is not None:
        found = cast("Classifier", model).classify(data.x[positions]).argmax(1)
        result["accuracy"] = float((found == data.y[positions]).float().mean())
    return result


def _per_token(terms: Terms, tokens: Tensor) -> Result:
    """Of text: how long sentences are (with their end), and what a token costs on average, nats."""
    count = float((tokens != PADDING).sum(1).float().mean())
    return {"tokens_per_sentence": count, "nats_per_token": -float(terms.elbo.mean()) / count}


def _factors(terms: Terms, data: Dataset, positions: Tensor, seed: int) -> Result:
    """The mutual information gap, and which dimension tells most of each factor; where factors are known."""
    if data.factors is None or not data.factor_names:
        return {}
    gap = mig(terms.posterior.mean.numpy(), data.factors[positions].numpy(), seed=seed)
    result: Result = {"mig": gap.score}
    for name, best, share in zip(data.factor_names, gap.share.argmax(1), gap.share.max(1), strict=True):
        result[f"best_dimension_for_{name}"] = f"{best} (carries {share:.0%} of it)"
    return result


@torch.no_grad()
def _dreams(run: Run, data: Dataset, positions: Tensor, seed: int) -> Result:
    """The energy distance between dreams and held-out samples: of the model's own prior, where it has one, and of a
    mixture fitted to its codes; for comparison that between training samples and the held-out ones. Conditional models
    are told what the held-out samples have."""
    from vae_core.latent.mixture import fit
    from vae_core.metrics.samples import energy_distance

    def ready(samples: np.ndarray) -> np.ndarray:
        return samples / 255 if samples.dtype == np.uint8 else samples

    model, spec = run.model, run.config.model
    told = None
    if spec.abilities.quadrants:
        condition = cast("VAE", model).condition
        told = condition.given(data.x[positions], None, len(positions), model.device).numpy()
    elif spec.classes and data.y is not None:
        told = data.y[positions].numpy()
    held_out = ready(np.asarray(data.x[positions]))

    def distance(codes: np.ndarray) -> float:
        return energy_distance(ready(decode_samples(model, run.config.data, codes, told)), held_out)

    result: Result = {}
    count, able = len(positions), spec.abilities
    if able.samples:
        generator = torch.Generator(device=model.device).manual_seed(seed)
        result["dream_distance"] = distance(model.sample_prior(count, generator=generator).numpy())
    if able.encodes and not able.cells:
        mixture = fit(run.codes.mean, run.codes.std, seed=seed)
        result["mixture_distance"] = distance(mixture.draw(count, seed=seed))
    others = ready(np.asarray(data.x[data.splits["train"][:count]]))
    return result | {"data_distance": energy_distance(others, held_out)}
