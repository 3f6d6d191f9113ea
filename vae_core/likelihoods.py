"""How a decoder's output becomes a distribution over samples.

The convention of the whole project: log-likelihoods and rates are **summed over pixels and latent dimensions,
averaged over the batch, in nats**. Pixels lie in [0, 1].
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Bernoulli(nn.Module):
    """Independent Bernoulli pixels, given as logits.

    For a grey pixel x in (0, 1) the nll is the cross-entropy, which is exactly the expected nll of a pixel drawn
    black or white with probability x: the distortion of a grey picture is that of its random binarisation.
    """

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z) = sum_i softplus(l_i) - x_i l_i.  out, x: [B, C, H, W] -> [B], nats."""
        return F.softplus(out).flatten(1).sum(1) - (x * out).flatten(1).sum(1)

    def mean(self, out: Tensor) -> Tensor:
        """Expected picture, [B, C, H, W] in [0, 1]."""
        return torch.sigmoid(out)

    def sample(self, out: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A black-and-white picture drawn pixel by pixel, [B, C, H, W]."""
        return torch.bernoulli(torch.sigmoid(out), generator=generator)


class OptimalGaussian(nn.Module):
    """Gaussian pixels around sigmoid(out) with one shared sigma that is always the best one.

    Rybkin, Daniilidis, Levine 2021 ("Simple and Effective VAE Training with Calibrated Decoders"), eq. 4-5:
    the maximum-likelihood sigma^2 of a batch is its mean squared error, so nothing needs tuning. In training
    the batch's own sigma is used; its running average (bias-corrected) serves evaluation.
    """

    MIN_VARIANCE = math.exp(-12.0)
    """Sigma never falls below exp(-6), as in the paper's code: a perfect fit would otherwise be infinitely likely."""
    DECAY = 0.99

    weighted_mse: Tensor
    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weighted_mse", torch.zeros(()))
        self.register_buffer("weight", torch.zeros(()))

    @property
    def variance(self) -> Tensor:
        """Running sigma^2, scalar; 1 before the first batch."""
        seen = self.weighted_mse / self.weight.clamp_min(1e-12)
        return torch.where(self.weight > 0, seen, torch.ones_like(seen)).clamp_min(self.MIN_VARIANCE)

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-log N(x; sigmoid(out), sigma^2) per sample.  out, x: [B, C, H, W] -> [B], nats (of a density)."""
        error = (x - torch.sigmoid(out.float())).square().flatten(1)  # [B, P]
        pixels = error.shape[1]
        if self.training:
            mse = error.mean()
            with torch.no_grad():
                self.weighted_mse.lerp_(mse, 1 - self.DECAY)
                self.weight.lerp_(torch.ones_like(self.weight), 1 - self.DECAY)
            variance = mse.clamp_min(self.MIN_VARIANCE)
        else:
            variance = self.variance
        return 0.5 * (error.sum(1) / variance + pixels * (variance.log() + math.log(2 * math.pi)))

    def mean(self, out: Tensor) -> Tensor:
        """Expected picture, [B, C, H, W] in [0, 1]."""
        return torch.sigmoid(out)

    def sample(self, out: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The expected picture with pixel noise of the running sigma, clipped to [0, 1], [B, C, H, W]."""
        noise = torch.randn(out.shape, generator=generator, device=out.device)
        return (torch.sigmoid(out) + self.variance.sqrt() * noise).clamp(0, 1)


LIKELIHOODS: dict[str, type[Bernoulli] | type[OptimalGaussian]] = {
    "bernoulli": Bernoulli,
    "gaussian": OptimalGaussian,
}
