"""Objectives with a second net that looks at the first: FactorVAE's on codes, a GAN's on samples."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vae_core import nets
from vae_core.config import ModelSpec, TrainConfig
from vae_core.models import Terms
from vae_core.objectives.objective import Setting, critic_of, with_penalty

# -- FactorVAE ---------------------------------------------------------------------------------------------


def factor(terms: Terms, setting: Setting) -> Tensor:
    """distortion + rate + gamma * log D(z)/(1 - D(z)): the critic's logit estimates the total correlation.  -> [B].

    Kim and Mnih 2018 (Disentangling by factorising), eq. 2 and 3. The critic tells codes from codes whose dimensions
    were shuffled among the samples; where it is as good as can be, its logit is log q(z) / prod_d q(z_d).
    """
    logit = critic_of(setting)(terms.z).squeeze(1)  # [B]
    return with_penalty(terms.distortion + terms.total_rate + setting.config.factor_gamma * logit, terms)


def factor_critic_loss(terms: Terms, setting: Setting) -> Tensor:
    """Cross-entropy of telling codes from shuffled ones.  -> [B], nats.

    Kim and Mnih 2018, algorithm 2. The paper shuffles a second batch; here it is the same one, which saves a pass
    through the encoder and differs by the one row in B that a shuffle leaves in its place.
    """
    critic = critic_of(setting)
    z = terms.z.detach()
    shuffled = shuffle_dimensions(z, setting.generator)
    return 0.5 * (softplus(-critic(z)) + softplus(critic(shuffled))).squeeze(1)


def shuffle_dimensions(z: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Each column of [B, D] in an order of its own: a sample of prod_d q(z_d).

    Kim and Mnih 2018, algorithm 1.
    """
    order = torch.rand(z.shape, generator=generator, device=z.device).argsort(0)  # [B, D]
    return z.gather(0, order)


def code_critic(spec: ModelSpec, config: TrainConfig) -> nn.Module:
    """[B, D] -> logit [B, 1]. The paper's is six layers of 1000, for dSprites on a GPU; `critic_hidden` says ours."""
    widths = (spec.latent_dim, *config.critic_hidden)
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1))


# -- a generative adversarial network ----------------------------------------------------------------------


def adversarial(terms: Terms, setting: Setting) -> Tensor:
    """-log D(made): samples are to pass for real.  -> [B], nats.

    Goodfellow et al. 2014 (Generative adversarial nets), section 3: the non-saturating form, which has a slope where
    the critic is sure.
    """
    made, _ = _looked_at(terms)
    return with_penalty(softplus(-critic_of(setting)(made)).squeeze(1), terms)


@torch.compiler.disable  # a compiled graph cannot be differentiated twice
def adversarial_critic_loss(terms: Terms, setting: Setting) -> Tensor:
    """-log D(real) - log(1 - D(made)) + r1/2 * |grad D(real)|^2, D a sigmoid of the logit.  -> [B], nats.

    Goodfellow et al. 2014, eq. 1; the penalty is R1 of Mescheder et al. 2018 (Which training methods for GANs do
    actually converge?), eq. 9, on the logit: without it two small nets circle around each other.
    """
    critic = critic_of(setting)
    made, real = (samples.detach() for samples in _looked_at(terms))
    real.requires_grad_()
    on_real = critic(real).squeeze(1)  # [B]
    (slope,) = torch.autograd.grad(on_real.sum(), real, create_graph=True)
    steepness = slope.flatten(1).square().sum(1)  # [B]
    return softplus(-on_real) + softplus(critic(made).squeeze(1)) + 0.5 * setting.config.r1 * steepness


def _looked_at(terms: Terms) -> tuple[Tensor, Tensor]:
    if terms.made is None or terms.real is None:
        raise ValueError("the adversarial objective needs a model without an encoder: bottleneck none")
    return terms.made, terms.real


def sample_critic(spec: ModelSpec, config: TrainConfig) -> nn.Module:
    """[B, *sample_shape] -> logit [B, 1]: the encoder of the same architecture with another end."""
    return nets.encoder(spec, outputs=1)


def judge_adversarial(terms: Terms, config: TrainConfig) -> Tensor:
    """The model's own distortion: there is no likelihood, so it tells how far samples are from data.  -> [B]."""
    return terms.distortion
