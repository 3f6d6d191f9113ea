"""How well a model explains samples, in nats: the ELBO's two terms and the importance-weighted bound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from vae_core.config import ModelSpec
from vae_core.models import Model, Posterior, Terms
from vae_core.models.base import unit_range

BATCH = 500
CODES_A_PASS = 4096


class Samples(Protocol):
    """What can be indexed by rows: a tensor [N, ...], or pictures that are drawn on demand."""

    def __getitem__(self, rows: Tensor, /) -> Tensor: ...


def told_classes(spec: ModelSpec, y: Tensor | None) -> Tensor | None:
    """The classes that a model of this kind is told of held-out samples: a conditional one's, no other's."""
    return y if spec.condition == "class" else None


def _parts(
    model: Model, x: Samples, positions: Tensor, y: Tensor | None, seed: int, batch: int, draws: int
) -> Iterator[Terms]:
    generator = torch.Generator(device=model.device).manual_seed(seed)
    for rows in positions.split(batch):
        classes = None if y is None else y[rows].to(model.device)
        yield model.terms(x[rows].to(model.device), classes, generator, draws)


@torch.no_grad()
def held_out_terms(model: Model, x: Samples, positions: Tensor, seed: int = 0, y: Tensor | None = None) -> Terms:
    """The terms of x[positions], on the CPU: distortion [n] from one posterior sample each (drawn with `seed`),
    rate [n, D], posteriors and codes, nats.

    The model is used as it is (call eval() first where that matters), wherever it is. `y`, int64 [N], are the
    classes that a conditional model is told.
    """
    parts = list(_parts(model, x, positions, y, seed, BATCH, 1))
    shared = [part.shared for part in parts if part.shared is not None]
    return Terms(
        torch.cat([part.distortion for part in parts]).float().cpu(),
        torch.cat([part.rate for part in parts]).float().cpu(),
        Posterior(
            torch.cat([part.posterior.mean for part in parts]).cpu(),
            torch.cat([part.posterior.std for part in parts]).cpu(),
        ),
        torch.cat([part.z for part in parts]).cpu(),
        shared=torch.cat(shared).float().cpu() if shared else None,
    )


@torch.no_grad()
def encoded(model: Model, x: Samples, positions: Tensor, y: Tensor | None = None) -> Posterior:
    """q(z|x) of x[positions], on the CPU: [n, D]."""
    parts = [
        model.encode(x[rows].to(model.device), None if y is None else y[rows].to(model.device))
        for rows in positions.split(BATCH)
    ]
    return Posterior(torch.cat([part.mean for part in parts]).cpu(), torch.cat([part.std for part in parts]).cpu())


@torch.no_grad()
def best_variance(model: Model, x: Samples, positions: Tensor, seed: int = 0) -> float:
    """The sigma^2 of Gaussian pixels under which x[positions] are likeliest: their mean squared error, one posterior
    sample each (drawn with `seed`).

    Rybkin, Daniilidis, Levine 2021, eq. 5. A model that was trained with another sigma (beta) has a fair density with
    this one.
    """
    z = held_out_terms(model, x, positions, seed).z
    total = sum(
        float((unit_range(x[rows]) - model.decode(codes.to(model.device)).cpu()).square().double().sum())
        for rows, codes in zip(positions.split(BATCH), z.split(BATCH), strict=True)
    )
    return total / (len(positions) * math.prod(model.sample_shape))


@torch.no_grad()
def importance_bound(
    model: Model, x: Samples, positions: Tensor, samples: int, seed: int = 0, y: Tensor | None = None
) -> Tensor:
    """log (1/K sum_k p(x, z_k) / q(z_k|x)), z_k ~ q, per sample: [n] nats, a lower bound on log p(x).

    Burda, Grosse, Salakhutdinov 2016 (IWAE), eq. 8. K = 1 is the ELBO; it tightens with K. Raises ValueError for a
    model whose posteriors have no density.
    """
    bounds, done = torch.empty(len(positions)), 0  # a small block kept in each pass would cut up the heap of large ones
    for terms in _parts(model, x, positions, y, seed, max(1, CODES_A_PASS // samples), max(2, samples)):
        if terms.draws is None:
            raise ValueError("This model's codes have no density to weigh: it has no importance-weighted bound.")
        draws = terms.draws
        log_weights = (draws.log_prior - draws.log_posterior - draws.distortion)[:samples]  # [K, B]
        bounds[done : done + log_weights.shape[1]] = torch.logsumexp(log_weights, 0) - math.log(samples)
        done += log_weights.shape[1]
    return bounds
