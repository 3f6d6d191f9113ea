"""Scores that predict a factor linearly: SAP from one dimension at a time, explicitness from the whole code."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from vae_core.metrics.disentanglement.rows import split, varying_factors


@dataclass(frozen=True)
class SapResult:
    score: float
    gaps: np.ndarray = field(repr=False)  # [K]
    accuracy: np.ndarray = field(
        repr=False
    )  # [D, K], of predicting a factor from one dimension; with `continuous` the squared correlation
    train_samples: int
    test_samples: int
    penalty: float
    continuous: bool = False


def sap(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    seed: int = 0,
    train_samples: int = 10_000,
    test_samples: int = 5_000,
    penalty: float = 0.01,
    continuous: bool = False,
) -> SapResult:
    """Separated attribute predictability: best dimension's accuracy minus the second best's, mean over factors.

    Kumar, Sattigeri, Balakrishnan 2018 (DIP-VAE), section 3; disentanglement_lib's estimate: a linear support
    vector machine (C = 0.01, balanced classes) from each single dimension. One line cannot order many classes: even
    a perfect code stays well below 1 on factors of many values.

    Args:
        codes: float [N, D]. factors: integers [N, K].
        penalty: the machine's C.
        continuous: the paper's score for factors that are amounts: the squared correlation with each dimension over
            all samples, instead of an accuracy.

    Raises ValueError where shapes don't fit.
    """
    codes, factors = varying_factors(codes, factors)
    train, test = split(len(codes), train_samples, test_samples, seed)
    if continuous:
        accuracy = squared_correlation(codes[train], factors[train])
    else:
        accuracy = _machines(codes, factors, train, test, penalty, seed)
    ranked = np.sort(np.pad(accuracy, ((1, 0), (0, 0))), axis=0)
    gaps = ranked[-1] - ranked[-2]
    return SapResult(float(gaps.mean()), gaps, accuracy, len(train), len(test), penalty, continuous)


def squared_correlation(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each dimension with each factor, squared: [D, K]; 0 where one of them is constant."""
    x, y = codes - codes.mean(0), factors - factors.mean(0)
    spread = np.outer((x**2).sum(0), (y**2).sum(0))
    return np.where(spread > 0, (x.T @ y) ** 2 / np.where(spread > 0, spread, 1.0), 0.0)


def _machines(
    codes: np.ndarray, factors: np.ndarray, train: np.ndarray, test: np.ndarray, penalty: float, seed: int
) -> np.ndarray:
    """Test accuracy of a linear machine from each dimension to each factor, [D, K]."""
    from sklearn.svm import LinearSVC

    accuracy = np.empty((codes.shape[1], factors.shape[1]))
    for d in range(codes.shape[1]):
        x, held = codes[train, d : d + 1], codes[test, d : d + 1]
        for k in range(factors.shape[1]):
            if (factors[train, k] == factors[train[0], k]).all():  # one value left: nothing to learn
                accuracy[d, k] = float((factors[test, k] == factors[train[0], k]).mean())
                continue
            # the primal has two unknowns here: the same machine as the dual's, and it always converges
            model = LinearSVC(C=penalty, class_weight="balanced", random_state=seed, dual=False)
            model.fit(x, factors[train, k])
            accuracy[d, k] = model.score(held, factors[test, k])
    return accuracy


@dataclass(frozen=True)
class ExplicitnessResult:
    score: float
    areas: np.ndarray = field(repr=False)  # [K], under the ROC curve, mean over the factor's values
    train_samples: int
    test_samples: int
    scaled: bool = False


def explicitness(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    seed: int = 0,
    train_samples: int = 10_000,
    test_samples: int = 5_000,
    scaled: bool = False,
) -> ExplicitnessResult:
    """How well a linear classifier reads each factor out of the whole code: area under the ROC curve on test samples.

    Ridgeway and Mozer 2018, section 3, in disentanglement_lib's estimate: logistic regression on standardised codes,
    the area of each value against the others, mean over values and then over factors. Chance is 0.5. It asks
    whether the factors are there, not whether they are apart: a rotation changes nothing.

    Args:
        codes: float [N, D]. factors: integers [N, K].
        scaled: from 0 (chance) to 1 instead of from 0.5: 2 area - 1.

    Raises ValueError where shapes don't fit.
    """
    from sklearn.linear_model import LogisticRegression

    codes, factors = varying_factors(codes, factors)
    train, test = split(len(codes), train_samples, test_samples, seed)
    mean, std = codes[train].mean(0), codes[train].std(0)
    ready = (codes - mean) / np.where(std > 0, std, 1.0)
    areas = []
    for factor in factors.T:
        if (factor[train] == factor[train[0]]).all():
            areas.append(0.5)
            continue
        model = LogisticRegression(random_state=seed, max_iter=100)  # scikit-learn's default, enough for an order
        model.fit(ready[train], factor[train])
        areas.append(_area(model.predict_proba(ready[test]), factor[test], model.classes_))
    found = np.array(areas)
    if scaled:
        found = 2 * found - 1
    return ExplicitnessResult(float(found.mean()), found, len(train), len(test), scaled)


def _area(chances: np.ndarray, values: np.ndarray, classes: np.ndarray) -> float:
    """Mean area under the ROC curve of each value against the others: chances [n, classes], values [n].

    A value that no test sample has, or all have, has no curve.
    """
    from scipy.stats import rankdata

    ranks = rankdata(chances, axis=0)  # ties share a rank, so the area is Mann and Whitney's statistic
    found = []
    for c, value in enumerate(classes):
        has = values == value
        positive, negative = int(has.sum()), int((~has).sum())
        if positive and negative:
            found.append((ranks[has, c].sum() - positive * (positive + 1) / 2) / (positive * negative))
    return float(np.mean(found)) if found else 0.5
