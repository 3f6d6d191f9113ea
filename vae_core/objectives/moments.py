"""Objectives that look at the whole cloud of codes: its covariance (DIP-VAE) or its distance from the prior (MMD)."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.config import TrainConfig
from vae_core.models import Posterior, Terms
from vae_core.objectives.objective import Setting, with_penalty

# -- DIP-VAE -----------------------------------------------------------------------------------------------


def dip(terms: Terms, setting: Setting) -> Tensor:
    """distortion + rate + lambda_od * sum_{d != e} C_de^2 + lambda_d * sum_d (C_dd - 1)^2.  -> [B], nats.

    Kumar, Sattigeri, Balakrishnan 2018 (Variational inference of disentangled latent concepts), eq. 6 and 7: codes
    are to have the prior's covariance, the identity. C is one matrix for the batch, so all samples pay the same.
    """
    return with_penalty(judge_dip(terms, setting.config), terms)


def judge_dip(terms: Terms, config: TrainConfig) -> Tensor:
    """`dip` without what is paid in training alone; on held-out samples C is that of the whole split.  -> [B], nats."""
    c = code_covariance(terms.posterior) if config.dip == "i" else aggregate_covariance(terms.posterior)  # [D, D]
    on = c.diagonal()
    off = c - on.diag()
    cost = config.lambda_od * off.square().sum() + config.lambda_d * (on - 1).square().sum()
    return terms.distortion + terms.total_rate + cost


def code_covariance(posterior: Posterior) -> Tensor:
    """DIP-VAE I: Cov_x[E(z|x)], over the batch.  -> [D, D].  Kumar et al. 2018, section 3."""
    centred = posterior.mean - posterior.mean.mean(0)  # [B, D]
    return centred.T @ centred / len(centred)


def aggregate_covariance(posterior: Posterior) -> Tensor:
    """DIP-VAE II: Cov_q(z)[z] = E_x[Cov(z|x)] + Cov_x[E(z|x)], over the batch.  -> [D, D].

    Kumar et al. 2018, eq. 5.
    """
    return code_covariance(posterior) + posterior.std.square().mean(0).diag()


# -- InfoVAE -----------------------------------------------------------------------------------------------


def info(terms: Terms, setting: Setting) -> Tensor:
    """distortion + (1 - alpha) * rate + (alpha + lambda - 1) * MMD^2(q(z), N(0, I)).  -> [B], nats.

    Zhao, Song, Ermon 2019 (InfoVAE), eq. 6 with the maximum mean discrepancy. alpha = 1 has no rate at all: a
    Wasserstein autoencoder (Tolstikhin et al. 2018, algorithm 2); alpha = 0, lambda = 1 is minus the ELBO. The
    discrepancy is the batch's, so all samples pay the same.
    """
    config = setting.config
    z = terms.z
    prior = torch.randn(z.shape, generator=setting.generator, device=z.device, dtype=z.dtype)
    pull = (config.mmd_alpha + config.mmd_lambda - 1) * mmd(z, prior)
    # alpha = 1 takes the rate away rather than weighing it with 0: a code that is a point has an infinite one
    rate = (1 - config.mmd_alpha) * terms.total_rate if config.mmd_alpha < 1 else 0.0
    return with_penalty(terms.distortion + rate + pull, terms)


def mmd(a: Tensor, b: Tensor) -> Tensor:
    """The squared maximum mean discrepancy between two clouds [B, D], without bias (below 0 at times).  -> scalar.

    Gretton et al. 2012 (A kernel two-sample test), eq. 3: mean k(a, a') + mean k(b, b') - 2 mean k(a, b), over pairs
    of different points within a cloud, with the inverse multiquadric kernel; 0 in expectation where both have one
    distribution. One point has no pairs, and costs nothing.
    """
    count = len(a)
    if count < 2:
        return a.new_zeros(())
    within = [k.sum() - k.diagonal().sum() for k in (inverse_multiquadric(a, a), inverse_multiquadric(b, b))]
    return (within[0] + within[1]) / (count * (count - 1)) - 2 * inverse_multiquadric(a, b).mean()


def inverse_multiquadric(a: Tensor, b: Tensor) -> Tensor:
    """k(a, b) = C / (C + |a - b|^2) with C = 2 D, the mean squared distance of two draws of the prior.  -> [A, B].

    Tolstikhin et al. 2018 (Wasserstein auto-encoders), section 4: unlike a Gaussian kernel's, its slope reaches codes
    that are far out.
    """
    scale = 2.0 * a.shape[1]
    squares = (a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T).clamp(min=0)  # [A, B]
    return scale / (scale + squares)
