"""The variational autoencoder with a diagonal Gaussian posterior (Kingma and Welling 2014; Rezende et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vae_core import nets
from vae_core.config import ModelSpec
from vae_core.likelihoods import LIKELIHOODS

MAX_LOG_VARIANCE = 15.0
"""exp(15) is far beyond any useful posterior and still finite when squared in fp32."""


@dataclass(frozen=True)
class Posterior:
    """q(z|x) = N(mean, diag(std^2)) for a batch."""

    mean: Tensor  # [B, D]
    std: Tensor  # [B, D]

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """z = mean + std * epsilon, the reparameterisation trick: [B, D]."""
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + self.std * noise

    def rate(self) -> Tensor:
        """KL(q(z_d|x) || N(0, 1)) = (mean^2 + std^2 - 1) / 2 - log std.  [B, D], nats.

        Kingma and Welling 2014, appendix B.
        """
        return 0.5 * (self.mean.square() + self.std.square() - 1) - self.std.log()


@dataclass(frozen=True)
class Terms:
    """The two halves of minus the ELBO, per sample."""

    distortion: Tensor  # [B], nats, summed over pixels
    rate: Tensor  # [B, D], nats per dimension
    posterior: Posterior


def unit_range(x: Tensor) -> Tensor:
    """uint8 pixels to [0, 1] floats; floats pass as they are."""
    return x.float().div_(255) if x.dtype == torch.uint8 else x


class GaussianVAE(nn.Module):
    """encoder + Gaussian bottleneck + decoder + likelihood, with the prior N(0, I)."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = nets.encoder(spec, outputs=2 * spec.latent_dim)
        self.decoder = nets.decoder(spec)
        self.likelihood = LIKELIHOODS[spec.likelihood]()

    @property
    def latent_dim(self) -> int:
        return self.spec.latent_dim

    @property
    def sample_shape(self) -> tuple[int, int, int]:
        return self.spec.sample_shape

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(z|x) of pictures [B, C, H, W] (uint8 or floats in [0, 1])."""
        mean, log_variance = self.encoder(unit_range(x)).float().chunk(2, dim=1)  # [B, D] each
        return Posterior(mean, (0.5 * log_variance.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)).exp())

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The expected picture of codes [B, D]: [B, C, H, W] in [0, 1]."""
        return self.likelihood.mean(self.decoder(z).float())

    def sample_prior(
        self,
        n: int,
        y: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """n codes from N(0, temperature^2 I): [n, D]."""
        device = next(self.parameters()).device
        return temperature * torch.randn(n, self.latent_dim, generator=generator, device=device)

    def terms(self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None) -> Terms:
        """Distortion (one posterior sample) and rate of pictures [B, C, H, W]."""
        x = unit_range(x)
        posterior = self.encode(x)
        out = self.decoder(posterior.sample(generator)).float()
        return Terms(self.likelihood.nll(out, x), posterior.rate(), posterior)
