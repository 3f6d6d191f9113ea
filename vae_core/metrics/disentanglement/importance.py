"""DCI: how much trees rely on each dimension to tell each factor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from vae_core.metrics.disentanglement.boosting import DEPTH, RATE, ROUNDS, boosted
from vae_core.metrics.disentanglement.rows import split, varying_factors

Regressor = Literal["boosting", "sklearn", "forest"]


@dataclass(frozen=True)
class DciResult:
    """Disentanglement, completeness and informativeness; `score` is the disentanglement."""

    score: float
    completeness: float
    informativeness: float
    """Mean test accuracy of predicting a factor from the whole code."""
    importance: np.ndarray = field(repr=False)  # [D, K], each factor's column sums to 1
    accuracy: np.ndarray = field(repr=False)  # [K], test accuracy of each factor
    train_samples: int
    test_samples: int
    regressor: str


def dci(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    seed: int = 0,
    train_samples: int = 10_000,
    test_samples: int = 5_000,
    regressor: Regressor = "boosting",
    threads: int = 1,
) -> DciResult:
    """How much each dimension matters for one factor only, and each factor sits in one dimension only.

    Eastwood and Williams 2018, section 2. A classifier per factor gives the importances R [D, K]; a dimension's
    disentanglement is 1 - H(R_d / sum R_d) / log K, averaged with weights sum_k R_dk; completeness is the same
    along columns, averaged over factors weighted by their importance.

    Args:
        codes: float [N, D], D >= 2. factors: integers [N, K], K >= 2 that vary.
        regressor: `boosting` is disentanglement_lib's choice, gradient-boosted trees, by LightGBM with scikit-learn's
            settings; `sklearn` the very classifier that disentanglement_lib calls, many times slower; `forest` the
            paper's. Their scores differ (docs/disentanglement.md says by how much), so don't mix.
        threads: factors that are fitted at once; the score does not depend on it.

    Raises ValueError where shapes don't fit.
    """
    codes, factors = varying_factors(codes, factors)
    if factors.shape[1] < 2 or codes.shape[1] < 2:
        raise ValueError("DCI compares: it needs at least two factors that vary and two dimensions")
    if regressor not in FITS:
        raise ValueError(f"DCI has no regressor {regressor}: choose {', '.join(FITS)}")
    train, test = split(len(codes), train_samples, test_samples, seed)

    def fit(factor: np.ndarray) -> tuple[np.ndarray, float]:
        return FITS[regressor](codes[train], factor[train], codes[test], factor[test], seed)

    with ThreadPoolExecutor(threads) as pool:  # the fits leave Python; threads of their own would wait for each other
        fitted = list(pool.map(fit, factors.T))
    matrix = np.stack([weights for weights, _ in fitted], 1)  # [D, K]
    accuracy = np.array([right for _, right in fitted])
    return DciResult(
        score=concentration(matrix),
        completeness=concentration(matrix.T),
        informativeness=float(np.mean(accuracy)),
        importance=matrix,
        accuracy=accuracy,
        train_samples=len(train),
        test_samples=len(test),
        regressor=regressor,
    )


def concentration(importance: np.ndarray) -> float:
    """Mean over rows, weighted by their sums, of 1 - entropy / log columns: 1 where each row has one entry."""
    weights = importance.sum(1)
    p = importance / np.maximum(weights, 1e-300)[:, None]
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(1) / np.log(importance.shape[1])
    return float(((1 - entropy) * weights).sum() / max(weights.sum(), 1e-300))


# -- the classifiers: (x, y, test x, test y, seed) -> importances [D] that sum to 1, test accuracy --------

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int], tuple[np.ndarray, float]]


def _scikit(
    x: np.ndarray, y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray, seed: int
) -> tuple[np.ndarray, float]:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(n_estimators=ROUNDS, learning_rate=RATE, max_depth=DEPTH, random_state=seed)
    model.fit(x, y)
    return model.feature_importances_, float(model.score(test_x, test_y))


def _forest(
    x: np.ndarray, y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray, seed: int
) -> tuple[np.ndarray, float]:
    from sklearn.ensemble import RandomForestClassifier

    # max_features: a tree sees every dimension
    model = RandomForestClassifier(n_estimators=100, max_features=None, random_state=seed)
    model.fit(x, y)
    return model.feature_importances_, float(model.score(test_x, test_y))


FITS: dict[str, Fit] = {"boosting": boosted, "sklearn": _scikit, "forest": _forest}
