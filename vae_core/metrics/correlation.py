"""What a code's rate is spent on, without labels: telling samples apart, dimensions that repeat each other, a shape
that is not the prior's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST = 70_000
"""Posteriors of a mixture, at most."""
DRAWN = 512
"""Codes at which densities are looked at, at most; fewer where many posteriors are compared with each."""
PAIRS = 128 * MOST
"""Codes looked at times posteriors, at most."""
WORK = 1 << 23
"""Numbers held at once, in arrays of codes x posteriors x dimensions."""


@dataclass(frozen=True)
class RateParts:
    """The rate in three parts, nats per sample (Chen et al. 2018, eq. 2); they add up to it.

    All are of the mixture of `samples` posteriors, q(z) = 1/N sum_n q(z|x_n): of the data, were it these samples alone.

    Attributes:
        information: I(x; z), what a code tells of its sample; never above `most`.
        total_correlation: KL(q(z) || prod q(z_d)), how far the dimensions are from independent.
        dimensionwise: sum_d KL(q(z_d) || p(z_d)), how far each dimension's codes together are from the prior.
        error: standard errors of the three, from the spread over the codes drawn.
        gaussian: the total correlation of a Gaussian with the covariance of the codes: a second opinion that sees only
            straight relations, and has no bound.
        most: log of the number of samples, nats: so many suffice to tell all of them apart.
        samples: N, in the mixture. drawn: how many codes the densities were looked at.
    """

    information: float
    total_correlation: float
    dimensionwise: float
    error: tuple[float, float, float]
    gaussian: float
    most: float
    samples: int
    drawn: int

    @property
    def bound(self) -> bool:
        """Whether the samples run out: codes tell nearly all that could be told, and what they say beyond that is
        counted as total correlation."""
        return self.information > 0.9 * self.most


def rate_parts(mean: np.ndarray, std: np.ndarray, *, most: int = MOST, drawn: int = DRAWN, seed: int = 0) -> RateParts:
    """The parts of the rate of posteriors N(mean, std) [n, D] against N(0, I).

    q(z) is the mixture of all n posteriors (of `most` of them where there are more), and each density is computed
    whole: nothing but the choice of the codes at which it is looked at is left to chance. Of samples that are a part
    of larger data this is the part's own: information is concave in the distribution of the samples (Cover and
    Thomas 2006, theorem 2.7.4), so the whole tells as much or more, and a total correlation is as a rule lower there.

    Args:
        drawn: codes, drawn from the mixture, at which the densities are looked at; fewer where PAIRS are reached.

    Raises:
        ValueError: where shapes don't fit, there are fewer than two codes, or a spread is not above 0.
    """
    import torch

    if mean.shape != std.shape or mean.ndim != 2 or len(mean) < 2 or not (std > 0).all():
        raise ValueError(
            f"Posteriors are means and spreads above 0 of the same shape [n > 1, D], not {mean.shape} and {std.shape}."
        )
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(mean))[:most]
    m = torch.from_numpy(mean[chosen].astype(np.float32))  # [N, D]
    s = torch.from_numpy(std[chosen].astype(np.float32))
    count, dims = m.shape
    first = min(drawn, count, max(2, PAIRS // count))
    z = m[:first] + s[:first] * torch.from_numpy(rng.standard_normal((first, dims), dtype=np.float32))  # [B, D]
    parts = []
    for rows in torch.arange(first).split(max(1, WORK // (count * dims))):
        log_q = -0.5 * (((z[rows, None] - m) / s) ** 2 + math.log(2 * math.pi)) - s.log()  # [b, N, D]
        joint = torch.logsumexp(log_q.sum(2), 1) - math.log(count)  # [b], log q(z)
        each = torch.logsumexp(log_q, 1).sum(1) - dims * math.log(count)  # [b], log prod q(z_d)
        own = log_q[torch.arange(len(rows)), rows].sum(1)  # [b], log q(z|x)
        prior = -0.5 * (z[rows] ** 2 + math.log(2 * math.pi)).sum(1)  # [b], log p(z)
        parts.append(torch.stack([own - joint, joint - each, each - prior], 1))
    table = torch.cat(parts).double().numpy()  # [B, 3]
    information, correlation, dimensionwise = table.mean(0).tolist()
    a, b, c = (table.std(0) / math.sqrt(first)).tolist()
    gaussian = gaussian_total_correlation(mean, std)
    return RateParts(information, correlation, dimensionwise, (a, b, c), gaussian, math.log(count), count, first)


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
