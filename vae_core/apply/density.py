"""log p(x_i | z) number by number, and log p(z): what filling in and regret ask of a model besides its bound."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from vae_core.apply.limits import why_no_density
from vae_core.apply.outcome import ApplyError
from vae_core.models.base import Posterior
from vae_core.models.priors import HALF_LOG_TWO_PI, VampPrior

if TYPE_CHECKING:
    from vae_core.likelihoods import FixedGaussian, OptimalGaussian
    from vae_core.models import Model
    from vae_core.models.vae import VAE
    from vae_core.runs import Run

SURE = 1e-6
"""A Bernoulli pixel is never surer than this: one in a million times it is the other."""

CODES_A_PASS = 2048


def needs_density(run: Run) -> None:
    """Raises ApplyError where p(x, z) of the run's model cannot be evaluated at a code of our choice."""
    why = why_no_density(run.config.model)
    if why:
        raise ApplyError(f"{run.name} {why}; this needs a VAE with a Gaussian code, such as digits-10d.")


def log_normal_density(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """log N(x; mean, std^2), summed over the last axis."""
    return (-0.5 * ((x - mean) / std).square() - std.log() - HALF_LOG_TWO_PI).sum(-1)


def log_likelihoods(model: Model, means: Tensor, x: Tensor) -> Tensor:
    """log p(x_i | z) where the decoder expects `means`: [..., P] of means and x that broadcast, x in the model's range.

    nats; of a grey Bernoulli pixel the cross-entropy (vae_core/likelihoods.py).
    """
    if model.spec.likelihood == "bernoulli":
        sure = means.clamp(SURE, 1 - SURE)
        return x * sure.log() + (1 - x) * torch.log1p(-sure)
    variance = variance_of(model)
    return -0.5 * ((x - means).square() / variance + variance.log() + math.log(2 * math.pi))


def variance_of(model: Model) -> Tensor:
    """sigma^2 of a Gaussian likelihood, a scalar or [P]."""
    return cast("OptimalGaussian | FixedGaussian", model.get_submodule("likelihood")).variance


def log_prior(model: Model, z: Tensor) -> Tensor:
    """log p(z) of codes [..., D]: [...], nats."""
    prior = getattr(model, "prior", None)
    if isinstance(prior, VampPrior):
        return prior.log_density(z, cast("VAE", model).encode(prior.pseudo_inputs()))
    return log_normal_density(z, torch.zeros_like(z), torch.ones_like(z))


def decoded(model: Model, z: Tensor) -> Tensor:
    """What the decoder expects of codes [..., D]: [..., P]; CODES_A_PASS at a time."""
    made = [model.decode(part).flatten(1) for part in z.flatten(0, -2).split(CODES_A_PASS)]
    return torch.cat(made).view(*z.shape[:-1], -1)


def posterior_of(model: Model, x: Tensor) -> Posterior:
    """q(z|x) of samples [..., P]: mean and std [..., D] each; CODES_A_PASS at a time."""
    flat = x.reshape(-1, *model.sample_shape)
    parts = [model.encode(part) for part in flat.split(CODES_A_PASS)]
    shape = (*x.shape[:-1], -1)
    return Posterior(torch.cat([p.mean for p in parts]).view(shape), torch.cat([p.std for p in parts]).view(shape))
