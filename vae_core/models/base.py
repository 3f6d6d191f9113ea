"""What every model is to the rest of the house: codes with their spread, the two halves of the ELBO, five methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from vae_core.config import ModelSpec


@dataclass(frozen=True)
class Posterior:
    """q(z|x) = N(mean, diag(std^2)) for a batch; std is 0 where a code is a point."""

    mean: Tensor  # [B, D]
    std: Tensor  # [B, D]

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """z = mean + std * epsilon, the reparameterisation trick: [B, D]."""
        return self.draw(1, generator)[0]

    def draw(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """`count` codes of each sample: [count, B, D]."""
        shape = (count, *self.mean.shape)
        noise = torch.randn(shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + self.std * noise

    def rate(self) -> Tensor:
        """KL(q(z_d|x) || N(0, 1)) = (mean^2 + std^2 - 1) / 2 - log std.  [B, D], nats.

        Kingma and Welling 2014, appendix B.
        """
        return 0.5 * (self.mean.square() + self.std.square() - 1) - self.std.log()


MAX_LOG_VARIANCE = 15.0
"""exp(15) is far beyond any useful posterior and still finite when squared in fp32."""


def gaussian(out: Tensor) -> Posterior:
    """An encoder's output [B, 2 D] as the means and the logs of the variances of q(z|x)."""
    mean, log_variance = out.float().chunk(2, dim=1)  # [B, D] each
    return Posterior(mean, (0.5 * log_variance.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)).exp())


@dataclass(frozen=True)
class Draws:
    """K codes of each posterior, for importance weights (Burda et al. 2016)."""

    z: Tensor  # [K, B, D]
    distortion: Tensor  # [K, B], nats
    log_prior: Tensor  # [K, B]
    log_posterior: Tensor  # [K, B], with the posterior's parameters detached (Tucker et al. 2019)


@dataclass(frozen=True)
class Terms:
    """The two halves of minus the ELBO, per sample, and what objectives ask for besides."""

    distortion: Tensor  # [B], nats, summed over pixels, tokens or columns
    rate: Tensor  # [B, D], nats per dimension
    posterior: Posterior
    z: Tensor  # [B, D], the code that was decoded
    shared: Tensor | None = None  # [B], nats of the rate that belong to no one dimension (a class that is inferred)
    penalty: Tensor | None = None  # [B], paid in training, no part of the ELBO (commitment, classification)
    draws: Draws | None = None
    made: Tensor | None = None  # decoded samples, where a critic looks at them, in the range of `real`
    real: Tensor | None = None  # the batch beside them

    @property
    def total_rate(self) -> Tensor:
        """[B], nats."""
        summed = self.rate.sum(1)
        return summed if self.shared is None else summed + self.shared

    @property
    def elbo(self) -> Tensor:
        """[B], nats."""
        return -(self.distortion + self.total_rate)


class Model(nn.Module, ABC):
    """encoder + bottleneck + decoder + likelihood + prior; one final class a bottleneck that needs its own.

    Classes y are int64 [B], -1 where one is unknown; None says that all are.
    """

    spec: ModelSpec
    closed_form = False
    """`begin` finds all weights, and nothing is left to train."""

    @property
    def latent_dim(self) -> int:
        return self.spec.latent_dim

    @property
    def sample_shape(self) -> tuple[int, ...]:
        return self.spec.sample_shape

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def begin(self, x: Tensor) -> None:
        """Look at (a part of) the training samples before the first step.

        Weights that have a closed form are set here, and codebooks get their start.
        """

    @abstractmethod
    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(z|x) of samples [B, *sample_shape] (uint8 or floats in [0, 1], tokens, standardised columns)."""

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The expected sample of codes [B, D]: [B, *sample_shape]; the likeliest tokens of text."""

    @abstractmethod
    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """Distortion (one posterior sample) and rate of samples [B, *sample_shape]; `draws` > 1 fills Terms.draws."""

    def sample_prior(
        self, n: int, y: Tensor | None = None, temperature: float = 1.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """n codes from the prior, N(0, temperature^2 I) where a model says no other: [n, D]."""
        return temperature * torch.randn(n, self.latent_dim, generator=generator, device=self.device)


class Discrete(Protocol):
    """What a model can do besides, whose abilities have `cells`."""

    def indices(self, x: Tensor) -> Tensor:
        """The codes of samples: int64 [B, rows, columns]."""
        ...

    def codes_at(self, indices: Tensor) -> Tensor:
        """Grids of codes [B, rows, columns] as numbers: [B, D]."""
        ...

    def nearest(self, z: Tensor) -> Tensor:
        """The grid of codes nearest to numbers [B, D]: int64 [B, rows, columns]."""
        ...


class Classifier(Protocol):
    """What a model can do besides, whose abilities say `infers_class`."""

    def classify(self, x: Tensor) -> Tensor:
        """q(y|x): [B, classes], probabilities."""
        ...


def unit_range(x: Tensor) -> Tensor:
    """uint8 pixels to [0, 1] floats; floats and tokens pass as they are."""
    return x.float().div_(255) if x.dtype == torch.uint8 else x
