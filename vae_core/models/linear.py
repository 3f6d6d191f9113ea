"""Principal component analysis as what it is among autoencoders: the linear one, with everything in closed form."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vae_core.config import ModelSpec
from vae_core.likelihoods import OptimalGaussian
from vae_core.models.base import Draws, Model, Posterior, Terms, unit_range
from vae_core.models.priors import HALF_LOG_TWO_PI, log_normal

EXACT_SIDE = 1024
"""A matrix whose smaller side is longer than this is decomposed only as far as needed."""
SPARE_COMPONENTS, POWER_ITERATIONS = 10, 12
"""Of the randomised decomposition (Halko, Martinsson, Tropp 2011, algorithm 4.4)."""


class PCA(Model):
    """Probabilistic PCA: x = W z + mu + sigma e (Tipping and Bishop 1999, Probabilistic principal component analysis).

    Its posterior is N(M^-1 W'(x - mu), sigma^2 M^-1) with M = W'W + sigma^2 I (eq. 6 and the text below it). With W of
    eq. 7 (R = I) M is diagonal, so nothing is lost by a posterior of independent dimensions: the ELBO is log p(x).
    """

    closed_form = True
    posterior_std: Tensor

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        size = math.prod(spec.sample_shape)
        self.encoder = nn.Linear(size, spec.latent_dim)
        self.decoder = nn.Sequential(nn.Linear(spec.latent_dim, size), nn.Unflatten(1, spec.sample_shape))
        self.likelihood = OptimalGaussian(unit=False)
        self.register_buffer("posterior_std", torch.ones(spec.latent_dim))
        self.requires_grad_(False)

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        """The maximum-likelihood weights of samples [N, *sample_shape].

        Tipping and Bishop 1999, eq. 7 and 8: W = U (L - sigma^2 I)^(1/2) with the leading eigenvectors U and
        eigenvalues L of the samples' covariance, and sigma^2 the mean of the eigenvalues left out. Where none is left
        out, or nothing varies in them, sigma^2 is as small as the likelihood lets it be, and dimensions that the data
        cannot fill are those of the prior.
        """
        flat = unit_range(x).cpu().double().flatten(1)  # [N, F]
        count, size = flat.shape
        dims, kept = self.latent_dim, min(self.latent_dim, count, size)
        centre = flat.mean(0)
        centred = flat - centre
        singular, right = _leading(centred, kept)
        eigenvalues, u = centred.new_zeros(dims), centred.new_zeros(dims, size)
        eigenvalues[:kept], u[:kept] = singular.square() / count, right
        left_out = centred.square().sum() / count - eigenvalues.sum()
        variance = (left_out / max(1, size - dims)).clamp_min(OptimalGaussian.MIN_VARIANCE)
        eigenvalues = eigenvalues.clamp_min(float(variance))
        stretch = (eigenvalues - variance).sqrt()  # [D]
        _set(self.encoder, u * (stretch / eigenvalues)[:, None], -(u @ centre) * stretch / eigenvalues)  # M^-1 W'
        _set(self.decoder.get_submodule("0"), (u * stretch[:, None]).T, centre)  # W
        self.likelihood.set_variance(variance)
        self.posterior_std.copy_((variance / eigenvalues).sqrt())

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """p(z|x), which is Gaussian; all posteriors have the same width."""
        mean = self.encoder(unit_range(x).flatten(1)).float()
        return Posterior(mean, self.posterior_std.expand_as(mean))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """W z + mu; pixels may lie beyond [0, 1]."""
        return self.decoder(z).float()

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """Both halves in closed form, no sample needed: E|x - W z - mu|^2 is the mean code's plus tr(W'W Cov(z|x)),
        which in units of 2 sigma^2 is half the sum of 1 - std^2."""
        x = unit_range(x)
        posterior = self.encode(x)
        spread = 0.5 * (1 - self.posterior_std.square()).sum()
        z = posterior.draw(draws, generator)  # [K, B, D]
        return Terms(
            self._nll(posterior.mean, x) + spread,
            posterior.rate(),
            posterior,
            z[0],
            draws=None
            if draws == 1
            else Draws(
                z,
                torch.stack([self._nll(code, x) for code in z]),
                (-0.5 * z.square() - HALF_LOG_TWO_PI).sum(-1),
                log_normal(z, posterior.mean.detach(), posterior.std.detach()).sum(-1),
            ),
        )

    def _nll(self, z: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z), [B], nats; sigma is the one found, in training too."""
        return -log_normal(x, self.decode(z), self.likelihood.variance.sqrt()).flatten(1).sum(1)


def _set(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    layer.get_parameter("weight").copy_(weight)
    layer.get_parameter("bias").copy_(bias)


def _leading(centred: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest singular values [count] and their right vectors [count, F] of a matrix [N, F]."""
    if min(centred.shape) <= EXACT_SIDE:
        _, singular, right = torch.linalg.svd(centred, full_matrices=False)
        return singular[:count], right[:count]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        wanted = min(count + SPARE_COMPONENTS, *centred.shape)
        _, singular, right = torch.svd_lowrank(centred, q=wanted, niter=POWER_ITERATIONS)
    return singular[:count], right.T[:count]
