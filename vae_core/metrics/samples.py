"""How far samples that a model makes are from data, where no likelihood says it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def energy_distance(a: Tensor | np.ndarray, b: Tensor | np.ndarray) -> float:
    """2 E|a - b| - E|a - a'| - E|b - b'| of two sets of samples [n, ...] and [m, ...], over their Euclidean distances.

    Szekely and Rizzo 2013 (Energy statistics), eq. 5 with exponent 1, as a V-statistic: each set is taken for the whole
    distribution, so it is never below 0, and 0 for equal sets alone. Two finite sets of the same distribution are
    therefore a little apart, about E|a - a'| (1/n + 1/m): compare figures of equally large sets.

    Raises ValueError for an empty set, or samples of different sizes.
    """
    first, second = (torch.as_tensor(samples).double().flatten(1) for samples in (a, b))
    if not len(first) or not len(second) or first.shape[1] != second.shape[1]:
        raise ValueError(
            f"An energy distance needs two sets of samples of one size, not {tuple(a.shape)} and {tuple(b.shape)}."
        )
    # a matrix product in double precision: exact differences of large pictures take a hundred times as long
    among, across, among_others = (
        torch.cdist(x, y, compute_mode="use_mm_for_euclid_dist").mean()
        for x, y in ((first, first), (first, second), (second, second))
    )
    return float((2 * across - among - among_others).clamp_min(0))


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|mu_a - mu_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of two sets of features [n, d] and [m, d].

    Heusel et al. 2017 (FID), eq. 6: the squared Wasserstein distance of the Gaussians that have the sets' means and
    covariances. In double precision; the root's trace is that of the symmetric (C_a^(1/2) C_b C_a^(1/2))^(1/2), which
    has the same eigenvalues. Finite sets of the same distribution are a little apart: compare figures of equally large
    sets.

    Raises ValueError where the sets have different features, or no more rows than features: their covariance would lack
    a rank.
    """
    first, second = (np.asarray(features, dtype=np.float64) for features in (a, b))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"A Fréchet distance needs two sets of features [n, d], not {first.shape} and {second.shape}.")
    if min(len(first), len(second)) <= first.shape[1]:
        raise ValueError(
            f"Covariances of {first.shape[1]} features need more rows than that, not {len(first)} and {len(second)}."
        )
    apart = np.square(first.mean(0) - second.mean(0)).sum()
    one, other = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (first, second))
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T  # a rounding may leave an eigenvalue just below 0
    middle = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(0)).sum()
    return float(max(0.0, apart + np.trace(one) + np.trace(other) - 2 * middle))


GROUPS = 10
STUDENT = 2.262
"""Of 9 degrees of freedom: how many standard errors lie between a value and the ends of its 95 % interval."""


def energy_margin(a: Tensor | np.ndarray, b: Tensor | np.ndarray) -> float:
    """Half the width of a 95 % interval of `energy_distance` of two sets [n, ...] of one size, n >= 2.

    A jackknife: each of ten groups of rows is left out in turn, of both sets (Efron and Tibshirani 1993, section 11.5).
    It holds only how much the distance would differ with other samples; what the finite sets themselves add to it,
    E|a - a'| (1/n + 1/m), is not in it.

    Raises ValueError for sets of different or too small sizes.
    """
    first, second = (torch.as_tensor(samples).double().flatten(1) for samples in (a, b))
    if first.shape != second.shape or len(first) < 2:
        raise ValueError(
            f"The margin needs two sets of as many samples, at least two, not {tuple(a.shape)} and {tuple(b.shape)}."
        )
    # 2 |a - b| - |a - a'| - |b - b'| of each pair of rows: [n, n], whose mean is the energy distance
    across, among, among_others = (
        torch.cdist(x, y, compute_mode="use_mm_for_euclid_dist")
        for x, y in ((first, second), (first, first), (second, second))
    )
    parts = across + across.T - among - among_others
    groups = min(GROUPS, len(first))
    kept = []
    for group in range(groups):
        rows = torch.arange(len(first)) % groups != group
        kept.append(parts[rows][:, rows].mean())
    left_out = torch.stack(kept)
    return STUDENT * float(((groups - 1) / groups * (left_out - left_out.mean()).square().sum()).sqrt())


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances between samples [n, ...] and [m, ...]: [n, m]; exact ones, so that none is near itself."""
    return torch.cdist(a.flatten(1), b.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
