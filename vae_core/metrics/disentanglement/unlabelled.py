"""A score without labels: do trainings from several seeds find the same dimensions? The UDR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Relation = Literal["lasso", "spearman"]
RELATIONS = ("lasso", "spearman")


@dataclass(frozen=True)
class UdrResult:
    """The unsupervised disentanglement ranking of S models; `score` is the median of theirs."""

    score: float
    models: np.ndarray = field(repr=False)  # [S], each model's: the median of its pairs
    pairs: np.ndarray = field(repr=False)  # [S, S]; the diagonal is nan
    relations: np.ndarray = field(repr=False)
    """[S, S, D, D], |relation| of a dimension of the one with one of the other; nan at S = S"""
    informative: np.ndarray = field(repr=False)  # bool [S, D], dimensions that take part
    relation: str
    threshold: float
    samples: int


def udr(
    codes: Sequence[ArrayLike],
    *,
    rates: Sequence[ArrayLike] | None = None,
    seed: int = 0,
    relation: Relation = "lasso",
    threshold: float = 0.01,
    samples: int | None = 10_000,
) -> UdrResult:
    """How well each model's dimensions match one dimension each of every other model's, needing no labels.

    Duan, Matthey, Saraiva, Watters, Burgess, Lerchner, Higgins 2020, eq. 1 and 2, in disentanglement_lib's estimate:
    codes are standardised, R is the size of a lasso's coefficients (alpha = 0.1) or of Spearman's correlations, a pair
    scores the mean over informative dimensions of max(R)^2 / sum(R), along rows and columns alike, and a model the
    median of its pairs. It compares models of one kind that differ in their seed: a kind that always finds the same
    wrong dimensions scores well too.

    Args:
        codes: of S >= 2 models, float [N, D] each, of the same samples in the same order.
        rates: mean rate of each dimension, [D] nats each: a dimension is informative above `threshold`. Without them
            one is where its codes' variance exceeds it (an active unit, Burda et al. 2016).
        relation: lasso is the paper's better one, spearman its simpler.

    Raises ValueError where shapes don't fit.
    """
    given = [np.asarray(one) for one in codes]
    if len(given) < 2:
        raise ValueError("the UDR compares trainings: it needs codes of at least two models")
    if any(one.ndim != 2 or one.shape != given[0].shape or not len(one) for one in given):
        raise ValueError(f"the UDR needs codes of one shape [N, D], not {', '.join(str(one.shape) for one in given)}")
    if rates is not None and [np.shape(one) for one in rates] != [given[0].shape[1:]] * len(given):
        raise ValueError("the UDR needs a rate for each dimension of each model")
    if relation not in RELATIONS:
        raise ValueError(f"the UDR has no relation {relation}: choose {', '.join(RELATIONS)}")
    taken = np.arange(len(given[0]))
    if samples is not None and samples < len(taken):
        taken = np.random.default_rng(seed).choice(len(taken), samples, replace=False)
    informative = np.stack(
        [one[taken].var(0) if rates is None else np.asarray(rates[s]) for s, one in enumerate(given)]
    )
    informative = informative > threshold  # [S, D]
    # the others would be 0 throughout, and relate to nothing: leaving them out saves a wide code's time
    ready = [_standardised(one[taken][:, mask]) for one, mask in zip(given, informative, strict=True)]
    relate = partial(_lasso, seed=seed) if relation == "lasso" else _ranks
    count, dims = informative.shape
    relations = np.full((count, count, dims, dims), np.nan)
    pairs = np.full((count, count), np.nan)
    for i in range(count):
        for j in range(count):
            if i != j:
                relations[i, j], pairs[i, j] = 0.0, 0.0
                if ready[i].size and ready[j].size:
                    found = relate(ready[i], ready[j])  # [d, d']
                    relations[i, j][np.ix_(informative[i], informative[j])] = found
                    pairs[i, j] = _match(found)
    models = np.nanmedian(pairs, axis=0)
    return UdrResult(float(np.median(models)), models, pairs, relations, informative, relation, threshold, len(taken))


def _standardised(codes: np.ndarray) -> np.ndarray:
    """Mean 0 and spread 1 in each dimension that varies: [N, D]."""
    std = codes.std(0)
    return (codes - codes.mean(0)) / np.where(std > 0, std, 1.0)


def _lasso(one: np.ndarray, other: np.ndarray, seed: int) -> np.ndarray:
    """How much each dimension of the one [D] is used to tell each of the other [D'], [D, D']."""
    from sklearn.linear_model import Lasso

    model = Lasso(alpha=0.1, random_state=seed)
    model.fit(one, other)
    return np.abs(np.reshape(model.coef_, (other.shape[1], one.shape[1]))).T


def _ranks(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Spearman's correlation in size, [D, D']; 0 where a dimension is constant."""
    from scipy.stats import rankdata

    a, b = (rankdata(codes, axis=0) for codes in (one, other))
    a, b = a - a.mean(0), b - b.mean(0)
    spread = np.sqrt(np.outer((a**2).sum(0), (b**2).sum(0)))
    return np.abs(np.where(spread > 0, (a.T @ b) / np.where(spread > 0, spread, 1.0), 0.0))


def _match(relations: np.ndarray) -> float:
    """Mean of max^2 / sum along columns and along rows of [d, d'], neither of them 0."""
    sides = []
    for axis in (0, 1):
        total = relations.sum(axis)
        sides.append(np.where(total > 0, relations.max(axis) ** 2 / np.where(total > 0, total, 1.0), 0.0).mean())
    return float(np.mean(sides))
