"""A decoder without an encoder, as a generative adversarial network has it (Goodfellow et al. 2014).

The critic stands beside it in training (vae_core/objectives/critic.py) and is gone afterwards: no sample has a code.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core import nets
from vae_core.config import ModelSpec
from vae_core.likelihoods import likelihood_of
from vae_core.metrics.samples import distances
from vae_core.models.base import Model, Posterior, Terms, unit_range


class GAN(Model):
    """prior + decoder. Its samples are the decoder's expected pictures, in [0, 1]."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.decoder = nets.decoder(spec, spec.latent_dim)
        self.likelihood = likelihood_of(spec)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """Raises ValueError: it cannot."""
        raise ValueError("This model has no encoder: it makes samples from codes, and no sample has a code.")

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The sample that a code stands for."""
        return self.likelihood.mean(self.decoder(z).float())

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """As many samples made as there are real ones, for a critic to look at.

        There is no likelihood. What stands in for the distortion is the batch's energy distance (no nats, and below 0
        by chance where both look alike), of which each pair of a real and a made sample gets its part.
        """
        real = unit_range(x)
        z = self.sample_prior(len(x), generator=generator)
        made = self.decode(z)
        return Terms(
            _energy_distance_parts(real, made),
            torch.zeros_like(z),
            Posterior(z, torch.zeros_like(z)),
            z,
            made=made,
            real=real,
        )


def _energy_distance_parts(a: Tensor, b: Tensor) -> Tensor:
    """[B] whose mean is the energy distance between [B, ...] and [B, ...], without bias, so that it does not depend on
    the batch's size: no sample is compared with itself (Szekely and Rizzo 2013, section 3). One alone has no part."""
    others = len(a) - 1
    if others == 0:
        return a.new_zeros(1)
    return 2 * distances(a, b).mean(1) - distances(a, a).sum(1) / others - distances(b, b).sum(1) / others
