"""What codes are expected to look like before a sample is seen, and what a posterior costs beside it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vae_core.config import ModelSpec
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

    def pseudo_inputs(self) -> Tensor:
        """[K, *sample_shape], in the range of samples."""
        return torch.sigmoid(self.raw) if self.pixels else self.raw

    def _by_component(self, z: Tensor, components: Posterior) -> Tensor:
        """log N(z_d; k-th component): [..., K, D]."""
        return log_normal(z[..., None, :], components.mean, components.std)

    def log_density(self, z: Tensor, components: Posterior | None) -> Tensor:
        """log p(z) of codes [..., D]: [...]."""
        if components is None:
            raise ValueError("The VampPrior's density needs the posteriors of its pseudo-inputs.")
        count = len(components.mean)
        return torch.logsumexp(self._by_component(z, components).sum(-1), -1) - math.log(count)

    def rate(self, posterior: Posterior, z: Tensor, components: Posterior | None) -> Tensor:
        """log q(z_d|x) - log p(z_d | z_1..z_{d-1}) at the sampled z: [B, D], nats.

        The chain rule shares the mixture's log density out among the dimensions exactly; a single sample of it may
        be negative, its mean over codes is not. It looks at [B, K, D] numbers: in training, where their sum is what
        counts, `_even_shares` shares the same sum out otherwise.
        """
        if components is None:
            raise ValueError("The VampPrior's rate needs the posteriors of its pseudo-inputs.")
        own = log_normal(z, posterior.mean, posterior.std)
        if self.training:
            return own - self._even_shares(z, components)
        joint = torch.logsumexp(self._by_component(z, components).cumsum(-1), -2)  # [B, D]: log p(z_1..z_d) + log K
        before = torch.cat([joint.new_full((len(z), 1), math.log(len(components.mean))), joint[:, :-1]], 1)
        return own - (joint - before)

    def _even_shares(self, z: Tensor, components: Posterior) -> Tensor:
        """log p(z) in D parts, [B, D], of matrix products alone: with K = 500, a tenth of the chain rule's time.

        A dimension's part is its log density under the components, weighted by how likely each has made z, and an even
        share of what is left: of the nats that say which component it was.
        """
        precision = components.std.pow(-2)  # [K, D]
        pull = components.mean * precision
        level = -0.5 * components.mean * pull - components.std.log() - HALF_LOG_TWO_PI
        logits = -0.5 * z.square() @ precision.T + z @ pull.T + level.sum(1)  # [B, K]
        joint = torch.logsumexp(logits, 1, keepdim=True) - math.log(len(level))
        share = torch.softmax(logits, 1)
        parts = -0.5 * z.square() * (share @ precision) + z * (share @ pull) + share @ level  # [B, D]
        return parts + (joint - parts.sum(1, keepdim=True)) / z.shape[1]


def prior_of(spec: ModelSpec) -> StandardNormal | VampPrior:
    return VampPrior(spec) if spec.prior == "vamp" else StandardNormal()
