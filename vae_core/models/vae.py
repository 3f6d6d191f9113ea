"""The variational autoencoder with a diagonal Gaussian posterior (Kingma and Welling 2014; Rezende et al. 2014).

The plain autoencoder is the same with a posterior of no width, and no rate.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core import nets
from vae_core.config import ModelSpec
from vae_core.likelihoods import likelihood_of
from vae_core.models.base import Draws, Model, Posterior, Terms, gaussian, unit_range
from vae_core.models.conditions import QuadrantCondition, condition_of
from vae_core.models.priors import log_normal, prior_of
from vae_core.tokens import UNKNOWN


class VAE(Model):
    """encoder + Gaussian (or point) bottleneck + decoder + likelihood, with a prior and, maybe, a condition."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.point = spec.bottleneck == "point"
        self.condition = condition_of(spec)
        quadrants = self.condition if isinstance(self.condition, QuadrantCondition) else None
        self.unseen = quadrants if spec.unseen_only else None  # where only what it leaves open is paid for
        outputs = spec.latent_dim if self.point else 2 * spec.latent_dim
        self.encoder = nets.encoder(spec, outputs, context=self.condition.width)
        self.decoder = nets.decoder(spec, spec.latent_dim + self.condition.width)
        self.likelihood = likelihood_of(spec)
        self.prior = prior_of(spec)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(z|x), given y where the model is conditional."""
        return self._posterior(unit_range(x), self.condition.given(x, y, x.shape[0], x.device))  # len() would not trace

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The expected sample of codes [B, D], given y where the model is conditional: [B, *sample_shape]."""
        told = self.told(z, y)
        if self.spec.net == "lstm":
            return self.decoder.greedy(told)  # type: ignore[operator]
        made = self.likelihood.mean(self.decoder(told).float())
        return made if self.unseen is None else self.unseen.laid_over(made, told[:, self.latent_dim :])

    def told(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """What the decoder is told: codes [B, D], and y where the model is conditional.  -> [B, D + context]"""
        return torch.cat([z, self.condition.given(None, y, z.shape[0], z.device)], 1)

    def sample_prior(
        self, n: int, y: Tensor | None = None, temperature: float = 1.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """n codes from the prior, its spread times the temperature: [n, D]."""
        noise = super().sample_prior(n, y, temperature, generator)
        components = self._components()
        if components is None:
            return noise
        chosen = torch.randint(len(components.mean), (n,), generator=generator, device=self.device)
        return components.mean[chosen] + components.std[chosen] * noise

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """Distortion (one posterior sample) and rate; in training with noise and hidden conditions, where set."""
        x = unit_range(x)
        if self.spec.binarise:
            x = torch.bernoulli(x, generator=generator)
        told = self.condition.drawn(x, y, generator) if self.training else self.condition.given(x, y, len(x), x.device)
        posterior = self._posterior(self._corrupted(x, generator), told)
        components = self._components()
        z = posterior.draw(draws, generator)  # [K, B, D]
        inputs, wanted = torch.cat([z[0], told], 1), x  # [B, D + context]
        if draws > 1:
            inputs = torch.cat([z.flatten(0, 1), told.repeat(draws, 1)], 1)  # [K*B, D + context]
            wanted = x.repeat(draws, *[1] * (x.ndim - 1))
        distortion = self._nll(inputs, wanted, generator).view(draws, len(x))
        rate = torch.zeros_like(posterior.mean) if self.point else self.prior.rate(posterior, z[0], components)
        return Terms(
            distortion[0],
            rate,
            posterior,
            z[0],
            draws=None
            if draws == 1
            else Draws(
                z,
                distortion,
                self.prior.log_density(z, components),
                log_normal(z, posterior.mean.detach(), posterior.std.detach()).sum(-1),
            ),
        )

    def _posterior(self, x: Tensor, told: Tensor) -> Posterior:
        out = self.encoder(x, told).float()
        return Posterior(out, torch.zeros_like(out)) if self.point else gaussian(out)

    def _components(self) -> Posterior | None:
        """The VampPrior's components; None where the prior is N(0, I)."""
        inputs = self.prior.pseudo_inputs()
        return None if inputs is None else self.encode(inputs)

    def _nll(self, inputs: Tensor, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """-log p(x | code and context), [B], nats."""
        if self.spec.net == "lstm":
            return self.likelihood.nll(self.decoder(inputs, x, generator).float(), x)
        out = self.decoder(inputs).float()
        if self.unseen is not None:
            out, x = self.unseen.unpaid(out, x, inputs[:, self.latent_dim :])
        return self.likelihood.nll(out, x)

    def _corrupted(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """Part of x blanked, in the training of a denoising autoencoder (Vincent et al. 2008, section 2.3)."""
        if not (self.training and self.spec.noise):
            return x
        lost = torch.rand(x.shape, generator=generator, device=x.device) < self.spec.noise
        if self.spec.kind == "text":
            return torch.where(lost & (x > UNKNOWN), torch.full_like(x, UNKNOWN), x)
        return x * ~lost
