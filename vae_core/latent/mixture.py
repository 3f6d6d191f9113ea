"""A Gaussian mixture fitted to the codes after training: a prior that knows where the decoder was taught.

Ghosh et al. 2020 ("From Variational to Deterministic Autoencoders", section 4): what is decoded from N(0, I) looks
wrong where the codes do not fill it; a density fitted to them afterwards repairs the samples without retraining,
and gives a plain autoencoder samples at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np

from vae_core.latent.draws import Draws

FLOOR = 1e-3
"""Added to every covariance's diagonal, in parts of the codes' mean variance: no component shrinks to a point."""
MOST_SAMPLES = 10_000
"""Samples that a mixture is fitted to; more hardly move ten components."""


@dataclass(frozen=True)
class Mixture:
    """p(z) = sum_k w_k N(z; m_k, S_k) with full covariances S_k = L_k L_k^T."""

    weights: np.ndarray  # float64 [K], sum 1
    means: np.ndarray  # float64 [K, D]
    roots: np.ndarray  # float64 [K, D, D], L_k, lower triangular

    def draws(self, n: int, seed: int = 0) -> Draws:
        """n codes: the mean of a component each, and what the temperature multiplies."""
        generator = np.random.default_rng(seed)
        chosen = generator.choice(len(self.weights), size=n, p=self.weights)  # [n]
        noise = generator.standard_normal((n, self.means.shape[1]))
        offset = np.einsum("nij,nj->ni", self.roots[chosen], noise)  # [n, D]
        return Draws(self.means[chosen].astype(np.float32), offset.astype(np.float32))

    def draw(self, n: int, temperature: float = 1.0, seed: int = 0) -> np.ndarray:
        """n codes, each component's spread times the temperature: float32 [n, D].

        At another temperature the same seed draws the same components and directions.
        """
        return self.draws(n, seed).at(temperature)

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """log p(z) of codes [n, D]: float64 [n], nats."""
        from scipy.linalg import solve_triangular
        from scipy.special import logsumexp

        z = np.asarray(z, dtype=np.float64)
        parts = []
        for weight, mean, root in zip(self.weights, self.means, self.roots, strict=True):
            white = solve_triangular(root, (z - mean).T, lower=True)  # [D, n]
            half_determinant = np.log(np.diag(root)).sum()
            parts.append(
                log(weight) - 0.5 * np.square(white).sum(0) - half_determinant - 0.5 * z.shape[1] * log(2 * pi)
            )
        return np.asarray(logsumexp(parts, axis=0))


def fit(mean: np.ndarray, std: np.ndarray, components: int = 10, seed: int = 0) -> Mixture:
    """A mixture fitted (EM, scikit-learn) to one sample of each posterior N(mean, std^2).

    Args:
        mean, std: [n, D]; std is 0 where codes are points. Of more than MOST_SAMPLES a random part is taken.
        components: at most; no more than there are samples.

    Raises ValueError where there are fewer than two samples, or numbers that are not finite.
    """
    from sklearn.mixture import GaussianMixture

    if mean.ndim != 2 or mean.shape != std.shape or len(mean) < 2:
        raise ValueError(f"A mixture is fitted to at least two codes [n, D], not to {mean.shape} and {std.shape}.")
    if components < 1:
        raise ValueError(f"A mixture has at least one component, not {components}.")
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.permutation(len(mean))[:MOST_SAMPLES])
    centre, width = mean[rows].astype(np.float64), std[rows].astype(np.float64)
    z = centre + width * generator.standard_normal(centre.shape)  # [n, D]
    if not np.isfinite(z).all():
        raise ValueError("A mixture cannot be fitted to codes that are not finite numbers.")
    floor = FLOOR * max(float(z.var(0).mean()), 1e-9)
    found = GaussianMixture(
        min(components, len(z)), covariance_type="full", reg_covar=floor, random_state=seed, max_iter=200
    ).fit(z)
    return Mixture(found.weights_ / found.weights_.sum(), found.means_, np.linalg.cholesky(found.covariances_))
