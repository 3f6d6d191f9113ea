"""How a decoder's output becomes a distribution over samples.

The convention of the whole project: log-likelihoods and rates are **summed over pixels and latent dimensions,
averaged over the batch, in nats**. Pixels lie in [0, 1].
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from vae_core.config import ModelSpec
from vae_core.tokens import PADDING


class _CrossEntropy(torch.autograd.Function):
    """sum_i softplus(l_i) - x_i l_i over the last axis, with one exponential a pixel instead of three.

    With s = sigmoid(l) the slope is s - x, and softplus(l) = relu(l) - log max(s, 1 - s). The maximum lies in [1/2, 1],
    so up to 64 of them are multiplied before a logarithm is taken of all at once, without leaving fp32's range.
    """

    HALVINGS = 6

    @staticmethod
    def forward(ctx: FunctionCtx, logits: Tensor, x: Tensor) -> Tensor:
        """[B, P] and [B, P] -> [B], nats."""
        s = torch.sigmoid(logits)
        surer = (s - 0.5).abs_().add_(0.5)  # max(s, 1 - s)
        for _ in range(_CrossEntropy.HALVINGS):
            half, odd = divmod(surer.shape[1], 2)
            if odd:
                break
            surer = surer[:, :half] * surer[:, half:]
        ctx.save_for_backward(s.sub_(x))
        return torch.relu(logits).sub_(x * logits).sum(1) - surer.log_().sum(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return slope * gradient[:, None], None


class Bernoulli(nn.Module):
    """Independent Bernoulli pixels, given as logits.

    For a grey pixel x in (0, 1) the nll is the cross-entropy, which is exactly the expected nll of a pixel drawn
    black or white with probability x: the distortion of a grey picture is that of its random binarisation.
    """

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z) = sum_i softplus(l_i) - x_i l_i.  out, x: [B, C, H, W] -> [B], nats."""
        if torch.compiler.is_compiling() or out.device.type != "cpu":  # one kernel anyway, or cheap ones
            return F.softplus(out).flatten(1).sum(1) - (x * out).flatten(1).sum(1)
        return cast(Tensor, _CrossEntropy.apply(out.flatten(1), x.flatten(1)))

    def mean(self, out: Tensor) -> Tensor:
        """Expected picture, [B, C, H, W] in [0, 1]."""
        return torch.sigmoid(out)

    def sample(self, out: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A black-and-white picture drawn pixel by pixel, [B, C, H, W]."""
        return torch.bernoulli(torch.sigmoid(out), generator=generator)


def _gaussian_nll(error: Tensor, variance: Tensor) -> Tensor:
    """-log N of squared errors [B, P] for a sigma^2 that is a scalar or [P]: [B], nats."""
    variance = variance.expand(error.shape[1])
    return 0.5 * ((error / variance).sum(1) + variance.log().sum() + error.shape[1] * math.log(2 * math.pi))


def _noisy(mean: Tensor, variance: Tensor, generator: torch.Generator | None, *, unit: bool) -> Tensor:
    """The expected sample with noise of this sigma^2; pixels are clipped to [0, 1]."""
    drawn = mean + variance.sqrt() * torch.randn(mean.shape, generator=generator, device=mean.device)
    return drawn.clamp(0, 1) if unit else drawn


class OptimalGaussian(nn.Module):
    """Gaussian pixels or columns whose sigma is always the best one.

    Rybkin, Daniilidis, Levine 2021 ("Simple and Effective VAE Training with Calibrated Decoders"), eq. 4-5:
    the maximum-likelihood sigma^2 of a batch is its mean squared error, so nothing needs tuning. In training
    the batch's own sigma is used; its running average (bias-corrected) serves evaluation.

    Args:
        unit: means lie in [0, 1] (pixels, through a sigmoid) rather than anywhere on the line.
        columns: 0 for one sigma shared by all of a sample's numbers, else how many each have their own.
    """

    MIN_VARIANCE = math.exp(-12.0)
    """Sigma never falls below exp(-6), as in the paper's code: a perfect fit would otherwise be infinitely likely."""
    DECAY = 0.99

    weighted_mse: Tensor
    weight: Tensor

    def __init__(self, *, unit: bool = True, columns: int = 0) -> None:
        super().__init__()
        self.unit = unit
        self.columns = columns
        self.register_buffer("weighted_mse", torch.zeros(columns or ()))
        self.register_buffer("weight", torch.zeros(()))

    @property
    def variance(self) -> Tensor:
        """Running sigma^2, scalar or [columns]; 1 before the first batch."""
        seen = self.weighted_mse / self.weight.clamp_min(1e-12)
        return torch.where(self.weight > 0, seen, torch.ones_like(seen)).clamp_min(self.MIN_VARIANCE)

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-log N(x; mean(out), sigma^2) per sample.  out, x: [B, ...] -> [B], nats (of a density)."""
        error = (x - self.mean(out.float())).square().flatten(1)  # [B, P]
        if self.training:
            mse = error.mean(0) if self.columns else error.mean()
            with torch.no_grad():
                self.weighted_mse.lerp_(mse, 1 - self.DECAY)
                self.weight.lerp_(torch.ones_like(self.weight), 1 - self.DECAY)
            variance = mse.clamp_min(self.MIN_VARIANCE)
        else:
            variance = self.variance
        return _gaussian_nll(error, variance)

    def set_variance(self, variance: Tensor) -> None:
        """The sigma^2 that is known otherwise (PCA's residual)."""
        self.weighted_mse.copy_(variance)
        self.weight.fill_(1.0)

    def mean(self, out: Tensor) -> Tensor:
        """Expected sample, [B, ...]; pixels in [0, 1]."""
        return torch.sigmoid(out) if self.unit else out

    def sample(self, out: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The expected sample with noise of the running sigma; pixels are clipped to [0, 1]."""
        return _noisy(self.mean(out), self.variance, generator, unit=self.unit)


class FixedGaussian(nn.Module):
    """Gaussian pixels or columns of one given sigma, which nothing moves.

    Up to a constant, 2 sigma^2 times minus the ELBO is |x - mean|^2 + 2 sigma^2 * rate, with the squared error summed
    over a sample's numbers: sigma is a beta-VAE's weight on the squared error, beta = 2 sigma^2 (Rybkin, Daniilidis,
    Levine 2021 name the same correspondence; where the error is averaged over P numbers, beta is 2 sigma^2 / P).

    Args:
        sigma: in the samples' units, above 0.
        unit: means lie in [0, 1] (pixels, through a sigmoid) rather than anywhere on the line.

    Raises ValueError for a sigma that is not above 0.
    """

    def __init__(self, sigma: float, *, unit: bool = True) -> None:
        super().__init__()
        if not sigma > 0:
            raise ValueError(f"A Gaussian needs a sigma above 0, not {sigma}.")
        self.sigma = float(sigma)  # a setting, not a weight: the spec tells it
        self.unit = unit

    @property
    def variance(self) -> Tensor:
        """sigma^2, a scalar."""
        return torch.tensor(self.sigma**2)

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-log N(x; mean(out), sigma^2) per sample.  out, x: [B, ...] -> [B], nats (of a density)."""
        error = (x - self.mean(out.float())).square().flatten(1)  # [B, P]
        return _gaussian_nll(error, error.new_full((), self.sigma**2))

    def mean(self, out: Tensor) -> Tensor:
        """Expected sample, [B, ...]; pixels in [0, 1]."""
        return torch.sigmoid(out) if self.unit else out

    def sample(self, out: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The expected sample with noise of that sigma; pixels are clipped to [0, 1]."""
        return _noisy(self.mean(out), self.variance, generator, unit=self.unit)


class Categorical(nn.Module):
    """Tokens, one after the other, given as logits; the padding after a sentence's end costs nothing."""

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-sum_t log p(x_t | ...) up to and with the end token.  out: [B, T, V], x: int64 [B, T] -> [B], nats."""
        lost = F.cross_entropy(out.transpose(1, 2), x, ignore_index=PADDING, reduction="none")  # [B, T]
        return lost.sum(1)

    def mean(self, out: Tensor) -> Tensor:
        """The likeliest token at each place: int64 [B, T]."""
        return out.argmax(-1)

    def sample(self, out: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A token drawn at each place: int64 [B, T]."""
        flat = torch.softmax(out, -1).flatten(0, 1)
        return torch.multinomial(flat, 1, generator=generator).view(out.shape[:2])


Likelihood = Bernoulli | OptimalGaussian | FixedGaussian | Categorical


def likelihood_of(spec: ModelSpec) -> Likelihood:
    """The likelihood that a model's spec names."""
    if spec.likelihood == "bernoulli":
        return Bernoulli()
    if spec.likelihood == "categorical":
        return Categorical()
    if spec.sigma:
        return FixedGaussian(spec.sigma, unit=spec.likelihood == "gaussian")
    columns = spec.sample_shape[0] if spec.likelihood == "columns" else 0
    return OptimalGaussian(unit=spec.likelihood == "gaussian", columns=columns)
