"""What a code's rate is spent on, without labels: telling samples apart, dimensions that repeat each other, a shape
that is not the prior's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NEAR = 3.0
"""Nats: below exp(3) = 20 posteriors near a code, the logarithm of their mean density is visibly too low."""
WORK = 1 << 23
"""Numbers held at once, in arrays of codes x codes compared x dimensions."""


@dataclass(frozen=True)
class RateParts:
    """The rate in three parts, nats per sample (Chen et al. 2018, eq. 2); they add up to it.

    Attributes:
        information: I(x; z), what a code tells of its sample; an estimate cannot pass `most`.
        total_correlation: KL(q(z) || prod q(z_d)), how far the dimensions are from independent.
        dimensionwise: sum_d KL(q(z_d) || p(z_d)), how far each dimension's codes together are from the prior.
        error: standard errors of the three, from the spread over the codes drawn.
        gaussian: the total correlation of a Gaussian with the covariance of the codes: a second opinion that sees only
            straight relations, and has no bound.
        most: log of the number of samples, nats: so many suffice to tell all of them apart.
        samples: of the whole data that the mixture stands for.
        drawn, compared: how many codes were drawn, and how many posteriors each of them was compared with.
    """

    information: float
    total_correlation: float
    dimensionwise: float
    error: tuple[float, float, float]
    gaussian: float
    most: float
    samples: int
    drawn: int
    compared: int

    @property
    def bound(self) -> bool:
        """Whether the samples run out: codes tell nearly all that could be told, and what they say beyond that is
        counted as total correlation."""
        return self.information > 0.9 * self.most

    @property
    def few(self) -> bool:
        """Whether hardly any of the posteriors compared lie near a code (about exp(-information) of them do), so that
        information is too high and total correlation too low by more than `error` says."""
        return self.compared < self.samples and self.information > math.log(self.compared) - NEAR


def rate_parts(
    mean: np.ndarray, std: np.ndarray, samples: int, *, drawn: int = 512, compared: int = 10_000, seed: int = 0
) -> RateParts:
    """The parts of the rate of posteriors N(mean, std) [n, D] against N(0, I), by stratified sampling.

    q(z) is the mixture of the posteriors of all `samples` of the data. At a code drawn from one posterior that one
    stands for 1/N of it, and the others at hand for the rest in equal parts (Chen et al. 2018, appendix C.2; as
    vae_core.objectives.total_correlation.stratified in training). The estimate of q is without bias, its logarithm is
    not: where far fewer posteriors are compared than there are samples, information is too high (`RateParts.few`).

    Args:
        samples: N of the data that the n codes are some of, at least n.
        drawn: codes at which the densities are looked at.
        compared: posteriors of the mixture, at most.

    Raises:
        ValueError: where shapes don't fit, there are fewer than two codes, or a spread is not above 0.
    """
    import torch

    if mean.shape != std.shape or mean.ndim != 2 or len(mean) < 2 or not (std > 0).all():
        raise ValueError(
            f"Posteriors are means and spreads above 0 of the same shape [n > 1, D], not {mean.shape} and {std.shape}."
        )
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(mean))[:compared]
    m = torch.from_numpy(mean[chosen].astype(np.float32))  # [M, D]
    s = torch.from_numpy(std[chosen].astype(np.float32))
    count, dims = m.shape
    total, first = max(samples, len(mean)), min(drawn, count)
    z = m[:first] + s[:first] * torch.from_numpy(rng.standard_normal((first, dims), dtype=np.float32))  # [B, D]
    others = math.log((total - 1) / (total * (count - 1)))
    parts = []
    for rows in torch.arange(first).split(max(1, WORK // (count * dims))):
        log_q = -0.5 * (((z[rows, None] - m) / s) ** 2 + math.log(2 * math.pi)) - s.log()  # [b, M, D]
        weights = torch.full((len(rows), count), others)
        weights[torch.arange(len(rows)), rows] = -math.log(total)
        joint = torch.logsumexp(weights + log_q.sum(2), 1)  # [b], log q(z)
        each = torch.logsumexp(weights[..., None] + log_q, 1).sum(1)  # [b], log prod q(z_d)
        own = log_q[torch.arange(len(rows)), rows].sum(1)  # [b], log q(z|x)
        prior = -0.5 * (z[rows] ** 2 + math.log(2 * math.pi)).sum(1)  # [b], log p(z)
        parts.append(torch.stack([own - joint, joint - each, each - prior], 1))
    table = torch.cat(parts).double().numpy()  # [B, 3]
    information, correlation, dimensionwise = table.mean(0).tolist()
    a, b, c = (table.std(0) / math.sqrt(first)).tolist()
    gaussian = gaussian_total_correlation(mean, std)
    return RateParts(information, correlation, dimensionwise, (a, b, c), gaussian, math.log(total), total, first, count)


def gaussian_total_correlation(mean: np.ndarray, std: np.ndarray) -> float:
    """sum_d log s_d - 1/2 log det S of codes drawn from posteriors N(mean, std) [n, D], S their covariance; nats.

    The total correlation that a Gaussian with this covariance has; 0 for uncorrelated dimensions. As in Locatello et
    al. 2019, appendix C, whose codes are drawn alike.
    """
    covariance = np.atleast_2d(np.cov(mean.astype(np.float64), rowvar=False)) + np.diag(
        (std.astype(np.float64) ** 2).mean(0)
    )
    scale = np.sqrt(np.diag(covariance))
    return float(-0.5 * np.linalg.slogdet(covariance / np.outer(scale, scale))[1])
