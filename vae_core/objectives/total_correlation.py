"""beta-TCVAE: the part of the rate that says how far dimensions are from independent costs more than the rest."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.models import Posterior, Terms
from vae_core.objectives.objective import Setting, with_penalty
from vae_core.objectives.schedules import ramp


def tcvae(terms: Terms, setting: Setting) -> Tensor:
    """distortion + mutual information + beta * total correlation + dimension-wise KL.  -> [B], nats.

    Chen et al. 2018 (Isolating sources of disentanglement), eq. 2 and 4 with alpha = gamma = 1. The three parts make
    up the rate, so this is distortion + rate + (beta - 1) * total correlation: all but the last has no need of an
    estimate, and beta = 1 is minus the ELBO to the bit. A warm-up that comes down from a high beta lets the dimensions
    part while there are few of them, and gives them room afterwards.
    """
    config = setting.config
    weights = ESTIMATORS[config.estimator](len(terms.z), setting.samples, terms.z)  # [B, B]
    beta = ramp(setting.step, config.warmup_steps, config.beta, config.warmup_from)
    extra = (beta - 1) * total_correlation(terms.z, terms.posterior, weights)
    return with_penalty(terms.distortion + terms.total_rate + extra, terms)


def total_correlation(z: Tensor, posterior: Posterior, log_weights: Tensor) -> Tensor:
    """log q(z) - sum_d log q(z_d) at each sample's own z: the total correlation is its mean.  -> [B], nats.

    Chen et al. 2018, eq. 2. q(z) = 1/N sum_n q(z|x_n) is a mixture over all samples, estimated from the batch at hand:
    sum_j weight[i, j] q(z_i|x_j), and likewise for each dimension alone.

    Arguments:
        z: codes [B, D], each drawn from its own posterior.
        posterior: those posteriors.
        log_weights: [B, B], how much of the mixture at z_i each posterior of the batch stands for.
    """
    log_q = log_densities(z, posterior)  # [B, B, D]
    joint = torch.logsumexp(log_weights + log_q.sum(2), 1)  # [B]
    each = torch.logsumexp(log_weights[..., None] + log_q, 1)  # [B, D]
    return joint - each.sum(1)


def log_densities(z: Tensor, posterior: Posterior) -> Tensor:
    """log q(z_i,d | x_j), the i-th code under the j-th posterior, dimension by dimension.  -> [B, B, D], nats."""
    scaled = (z[:, None] - posterior.mean) / posterior.std  # [B, B, D]
    return -0.5 * scaled.square() - posterior.std.log() - 0.5 * math.log(2 * math.pi)


def weighted(batch: int, samples: int, like: Tensor) -> Tensor:
    """log 1/(NM) everywhere: minibatch-weighted sampling.  -> [B, B] on the device of `like`.

    Chen et al. 2018, eq. 5 and appendix C.1. Biased: the batch is known to hold the sample that z comes from, and the
    whole is up to N times too small.
    """
    return like.new_full((batch, batch), -math.log(samples * batch))


def stratified(batch: int, samples: int, like: Tensor) -> Tensor:
    """Minibatch-stratified sampling, which estimates q(z) without bias.  -> [B, B] logs, on the device of `like`.

    Chen et al. 2018, appendix C.2: of a batch of M + 1 that holds the sample n that z comes from, n itself stands for
    1/N of the mixture. The others are M draws without replacement from the remaining N - 1 and stand for (N - 1)/N
    together. The paper gives M - 1 of them 1/M each and the last (N - M)/(NM); averaged over the order in which they
    were drawn, which nothing depends on, that is (N - 1)/(NM) for each: as unbiased, and of less variance. The weight
    of its own is therefore the diagonal. (The matrix that is commonly copied has it in the first column, and so takes
    all z but the first to come from another sample.)
    """
    # a batch of one says nothing of the others; a split of one has none
    others = math.log((samples - 1) / (samples * (batch - 1))) if batch > 1 and samples > 1 else -math.inf
    weights = like.new_full((batch, batch), others)
    return weights.fill_diagonal_(-math.log(samples))


ESTIMATORS = {"weighted": weighted, "stratified": stratified}
