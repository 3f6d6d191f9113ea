"""The importance-weighted autoencoder: a bound that tightens with each further sample of the posterior."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.config import TrainConfig
from vae_core.models import Terms
from vae_core.models.base import Draws
from vae_core.objectives.objective import Setting, with_penalty


def iwae(terms: Terms, setting: Setting) -> Tensor:
    """-log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x).  -> [B], nats.

    Burda, Grosse, Salakhutdinov 2016 (Importance weighted autoencoders), eq. 8, with the doubly reparameterised
    gradient of Tucker et al. 2019, eq. 8: plainly taken, the encoder's gradient drowns in noise as K grows (Rainforth
    et al. 2018). With normalised weights w_k the decoder's is sum_k w_k grad log w_k; the encoder's takes the path
    through z_k alone, and weighs it by w_k^2.
    """
    draws = terms.draws
    if draws is None and setting.config.importance_samples > 1:
        raise ValueError(f"{setting.config.importance_samples} draws were asked for, and the model made none")
    if draws is None:  # one sample: the ELBO
        return with_penalty(-terms.elbo, terms)
    log_ratio = log_weights(draws)  # [K, B]
    share = log_ratio.detach().softmax(0)  # [K, B], adds up to 1 over K
    if draws.z.requires_grad:
        # what comes back through z has been weighed by `share` once already
        draws.z.register_hook(lambda slope: slope * share[..., None])
    weighed = (share * log_ratio).sum(0)  # [B]
    # the bound's value with the gradient of `weighed`
    return with_penalty(-(bound(draws).detach() + weighed - weighed.detach()), terms)


def judge_iwae(terms: Terms, config: TrainConfig) -> Tensor:
    """Minus the bound where held-out terms bring draws, else minus the ELBO, which lies below it.  -> [B], nats."""
    return -terms.elbo if terms.draws is None else -bound(terms.draws)


def importance_samples(config: TrainConfig) -> int:
    """K."""
    return config.importance_samples


def bound(draws: Draws) -> Tensor:
    """log 1/K sum_k w_k.  -> [B], nats.  Burda et al. 2016, eq. 8."""
    return torch.logsumexp(log_weights(draws), 0) - math.log(len(draws.z))


def log_weights(draws: Draws) -> Tensor:
    """log p(x|z_k) + log p(z_k) - log q(z_k|x).  -> [K, B], nats."""
    return draws.log_prior - draws.distortion - draws.log_posterior
