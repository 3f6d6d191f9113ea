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

WIDTHS = (0.25, 1.0, 4.0, 16.0)
"""Variances of the kernel's Gaussians, in squared distances that two draws of the prior have on average: narrow ones
see the cloud's shape, wide ones have a slope where codes are far out (Tolstikhin et al. 2018, section 4)."""


def info(terms: Terms, setting: Setting) -> Tensor:
    """distortion + (1 - alpha) * rate + (alpha + lambda - 1) * MMD^2(q(z), N(0, I)).  -> [B], nats.

    Zhao, Song, Ermon 2019 (InfoVAE), eq. 6 with the maximum mean discrepancy. alpha = 1 has no rate at all: a
    Wasserstein autoencoder (Tolstikhin et al. 2018, algorithm 2); alpha = 0, lambda = 1 is minus the ELBO. The
    discrepancy is the batch's, so all samples pay the same.
    """
    config = setting.config
    pull = (config.mmd_alpha + config.mmd_lambda - 1) * mmd_to_normal(terms.z)
    # alpha = 1 takes the rate away rather than weighing it with 0: a code that is a point has an infinite one
    rate = (1 - config.mmd_alpha) * terms.total_rate if config.mmd_alpha < 1 else 0.0
    return with_penalty(terms.distortion + rate + pull, terms)


def mmd_to_normal(z: Tensor) -> Tensor:
    """The squared maximum mean discrepancy between codes [B, D] and N(0, I), without bias.  -> scalar.

    Gretton et al. 2012 (A kernel two-sample test), eq. 3: mean k(z, z') - 2 mean k(z, p) + mean k(p, p') over pairs of
    different codes and over the prior; 0 in expectation where the codes follow it, at times below. With Gaussian
    kernels the prior's part is an integral in closed form, so none of it is drawn: its noise would weigh lambda times
    and drive all codes into the prior one by one. One code has no pairs, and costs nothing.
    """
    count, dims = z.shape
    if count < 2:
        return z.new_zeros(())
    squares = (z[:, None] - z).square().sum(2)  # [B, B]
    norms = z.square().sum(1)  # [B]
    discrepancies = []
    for width in WIDTHS:
        v = width * dims * 2
        among = torch.exp(-squares / (2 * v))  # [B, B]
        among_codes = (among.sum() - count) / (count * (count - 1))
        to_prior = (v / (v + 1)) ** (dims / 2) * torch.exp(-norms / (2 * (v + 1))).mean()
        discrepancies.append(among_codes - 2 * to_prior + (v / (v + 2)) ** (dims / 2))
    return torch.stack(discrepancies).mean()
