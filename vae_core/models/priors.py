"""What codes are expected to look like before a sample is seen, and what a posterior costs beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vae_core.config import MANY_COMPONENTS, ModelSpec
from vae_core.models.base import Posterior

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def log_normal(z: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """log N(z; mean, std^2), elementwise."""
    return -0.5 * ((z - mean) / std).square() - std.log() - HALF_LOG_TWO_PI


class StandardNormal(nn.Module):
    """p(z) = N(0, I)."""

    def rate(self, posterior: Posterior, z: Tensor, components: Posterior | None) -> Tensor:
        """The closed form, [B, D]."""
        return posterior.rate()

    def log_density(self, z: Tensor, components: Posterior | None) -> Tensor:
        """log p(z) of codes [..., D]: [...]."""
        return (-0.5 * z.square() - HALF_LOG_TWO_PI).sum(-1)

    def pseudo_inputs(self) -> Tensor | None:
        return None


class VampPrior(nn.Module):
    """p(z) = 1/K sum_k q(z | u_k) with learned pseudo-inputs u_k (Tomczak and Welling 2018, eq. 9)."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        # pixels' logits around a dark grey, or rows around the mean
        start = -2.0 if spec.kind == "image" else 0.0
        self.raw = nn.Parameter(start + torch.randn(spec.pseudo_inputs, *spec.sample_shape))
        self.pixels = spec.kind == "image"
        self.many = spec.pseudo_inputs > MANY_COMPONENTS

    def pseudo_inputs(self) -> Tensor:
        """[K, *sample_shape], in the range of samples."""
        return torch.sigmoid(self.raw) if self.pixels else self.raw

    def log_density(self, z: Tensor, components: Posterior | None) -> Tensor:
        """log p(z) of codes [..., D]: [...]."""
        if components is None:
            raise ValueError("The VampPrior's density needs the posteriors of its pseudo-inputs.")
        mixture = _Squares.of(components)
        return torch.logsumexp(mixture.joint(z), -1) - math.log(len(components.mean))

    def rate(self, posterior: Posterior, z: Tensor, components: Posterior | None) -> Tensor:
        """log q(z_d|x) - log p(z_d | z_1..z_{d-1}) at the sampled z: [B, D], nats.

        The chain rule shares the mixture's log density out among the dimensions exactly; a single sample of it may
        be negative, its mean over codes is not. It looks at [B, K, D] numbers: where there are many components,
        training takes the same sum from `_even_shares`, whose parts say less of a single dimension.
        """
        if components is None:
            raise ValueError("The VampPrior's rate needs the posteriors of its pseudo-inputs.")
        own = log_normal(z, posterior.mean, posterior.std)
        if self.training and self.many:
            return own - self._even_shares(z, components)
        parts = log_normal(z[:, None], components.mean, components.std)  # [B, K, D]
        joint = torch.logsumexp(parts.cumsum(-1), -2)  # [B, D]: log p(z_1..z_d) + log K
        before = torch.cat([joint.new_full((len(z), 1), math.log(len(components.mean))), joint[:, :-1]], 1)
        return own - (joint - before)

    def _even_shares(self, z: Tensor, components: Posterior) -> Tensor:
        """log p(z) in D parts, [B, D].

        A dimension's part is its log density under the components, weighted by how likely each has made z, and an even
        share of what is left: of the nats that say which component it was.
        """
        mixture = _Squares.of(components)
        logits = mixture.joint(z)  # [B, K]
        joint = torch.logsumexp(logits, 1, keepdim=True) - math.log(len(components.mean))
        parts = mixture.mean(z, torch.softmax(logits, 1))  # [B, D]
        return parts + (joint - parts.sum(1, keepdim=True)) / z.shape[1]


@dataclass(frozen=True)
class _Squares:
    """log N(z_d; k) = level + pull z - precision z^2 / 2 of K components, [K, D] each: its sums are matrix products.

    Codes and means are taken from the means' own centre, and nothing is rounded to bf16: large squares lie so near each
    other that their difference would be coarse.
    """

    centre: Tensor  # [D]
    precision: Tensor
    pull: Tensor
    level: Tensor

    @classmethod
    def of(cls, components: Posterior) -> _Squares:
        centre = components.mean.detach().mean(0)
        mean, precision = components.mean - centre, components.std.pow(-2)
        pull = mean * precision
        return cls(centre, precision, pull, -0.5 * mean * pull - components.std.log() - HALF_LOG_TWO_PI)

    def joint(self, z: Tensor) -> Tensor:
        """Summed over dimensions: [..., D] -> [..., K]."""
        z = z - self.centre
        with torch.autocast(z.device.type, enabled=False):
            return z @ self.pull.T - 0.5 * z.square() @ self.precision.T + self.level.sum(1)

    def mean(self, z: Tensor, share: Tensor) -> Tensor:
        """Averaged over components with the weights `share`, [B, K]: [B, D]."""
        z = z - self.centre
        with torch.autocast(z.device.type, enabled=False):
            return z * (share @ self.pull) - 0.5 * z.square() * (share @ self.precision) + share @ self.level


def prior_of(spec: ModelSpec) -> StandardNormal | VampPrior:
    return VampPrior(spec) if spec.prior == "vamp" else StandardNormal()
