"""Which dimension carries which factor: scores of a code against known factors. Plain arrays in, no model needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Regressor = Literal["boosting", "forest"]


@dataclass(frozen=True)
class MigResult:
    """The mutual information gap, its parts and the settings it was estimated with."""

    score: float
    gaps: np.ndarray  # [K], per factor, in 0..1
    information: np.ndarray  # [K, D], I(factor; code dimension), nats
    entropies: np.ndarray  # [K], H(factor), nats
    samples: int
    bins: int

    @property
    def share(self) -> np.ndarray:
        """I(factor; dimension) / H(factor): how much of a factor one dimension tells, [K, D] in 0..1."""
        return self.information / np.maximum(self.entropies, 1e-12)[:, None]


def mig(
    codes: np.ndarray, factors: np.ndarray, *, seed: int = 0, samples: int | None = 10_000, bins: int = 20
) -> MigResult:
    """Mutual information gap: (I of the best dimension - I of the second best) / H(factor), mean over factors.

    Chen, Li, Grosse, Duvenaud 2018 (beta-TCVAE), eq. 6, in disentanglement_lib's estimate: codes' means in `bins`
    equal-width bins each, plug-in mutual information, 10,000 samples drawn with `seed` (None takes all).

    codes: float [N, D]; factors: integers [N, K]. A factor that never varies is left out of the mean (its gap is
    nan). Raises ValueError where shapes don't fit or no factor varies.
    """
    _varying(codes, factors)
    if samples is not None and samples < len(codes):
        chosen = np.random.default_rng(seed).choice(len(codes), samples, replace=False)
        codes, factors = codes[chosen], factors[chosen]
    binned = equal_width_bins(codes, bins)
    values = [np.unique(factors[:, k], return_inverse=True)[1] for k in range(factors.shape[1])]
    information = np.array([[_information(v, binned[:, d]) for d in range(codes.shape[1])] for v in values])
    entropies = np.array([_entropy(np.bincount(v)) for v in values])
    ranked = np.sort(np.pad(information, ((0, 0), (1, 0))), axis=1)  # a lone dimension competes with 0
    varies = entropies > 0
    gaps = np.full(len(values), np.nan)
    gaps[varies] = (ranked[varies, -1] - ranked[varies, -2]) / entropies[varies]
    return MigResult(float(gaps[varies].mean()), gaps, information, entropies, len(codes), bins)


@dataclass(frozen=True)
class DciResult:
    """Disentanglement, completeness and informativeness; `score` is the disentanglement."""

    score: float
    completeness: float
    informativeness: float
    """Mean test accuracy of predicting a factor from the whole code."""
    importance: np.ndarray  # [D, K], each factor's column sums to 1
    train_samples: int
    test_samples: int
    regressor: str


def dci(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    seed: int = 0,
    train_samples: int = 10_000,
    test_samples: int = 5_000,
    regressor: Regressor = "boosting",
) -> DciResult:
    """How much each dimension matters for one factor only, and each factor sits in one dimension only.

    Eastwood and Williams 2018, section 2. A classifier per factor gives the importances R [D, K]; a dimension's
    disentanglement is 1 - H(R_d / sum R_d) / log K, averaged with weights sum_k R_dk; completeness is the same
    along columns, averaged over factors weighted by their importance. `boosting` is disentanglement_lib's choice
    (gradient-boosted trees), `forest` the paper's and several times faster; their scores differ, so don't mix.

    codes: float [N, D]; factors: integers [N, K], K >= 2. Raises ValueError where shapes don't fit.
    """
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    factors = _varying(codes, factors)
    if factors.shape[1] < 2 or codes.shape[1] < 2:
        raise ValueError("DCI compares: it needs at least two factors that vary and two dimensions")
    train, test = _split(len(codes), train_samples, test_samples, seed)
    importance, accuracy = [], []
    for k in range(factors.shape[1]):
        model = (
            GradientBoostingClassifier(random_state=seed)
            if regressor == "boosting"
            else RandomForestClassifier(
                n_estimators=100, max_features=None, random_state=seed
            )  # a tree sees every dimension
        )
        model.fit(codes[train], factors[train, k])
        importance.append(model.feature_importances_)
        accuracy.append(model.score(codes[test], factors[test, k]))
    matrix = np.stack(importance, 1)  # [D, K]
    return DciResult(
        score=_concentration(matrix),
        completeness=_concentration(matrix.T),
        informativeness=float(np.mean(accuracy)),
        importance=matrix,
        train_samples=len(train),
        test_samples=len(test),
        regressor=regressor,
    )


@dataclass(frozen=True)
class SapResult:
    score: float
    gaps: np.ndarray  # [K]
    accuracy: np.ndarray  # [D, K], of predicting a factor from one dimension
    train_samples: int
    test_samples: int


def sap(
    codes: np.ndarray, factors: np.ndarray, *, seed: int = 0, train_samples: int = 10_000, test_samples: int = 5_000
) -> SapResult:
    """Separated attribute predictability: best dimension's accuracy minus the second best's, mean over factors.

    Kumar, Sattigeri, Balakrishnan 2018 (DIP-VAE), section 3; disentanglement_lib's estimate: a linear support
    vector machine (C = 0.01, balanced classes) from each single dimension.

    codes: float [N, D]; factors: integers [N, K]. Raises ValueError where shapes don't fit.
    """
    from sklearn.svm import LinearSVC

    factors = _varying(codes, factors)
    train, test = _split(len(codes), train_samples, test_samples, seed)
    accuracy = np.empty((codes.shape[1], factors.shape[1]))
    for d in range(codes.shape[1]):
        for k in range(factors.shape[1]):
            model = LinearSVC(C=0.01, class_weight="balanced", random_state=seed)
            model.fit(codes[train, d : d + 1], factors[train, k])
            accuracy[d, k] = model.score(codes[test, d : d + 1], factors[test, k])
    ranked = np.sort(np.pad(accuracy, ((1, 0), (0, 0))), axis=0)
    gaps = ranked[-1] - ranked[-2]
    return SapResult(float(gaps.mean()), gaps, accuracy, len(train), len(test))


@dataclass(frozen=True)
class ModularityResult:
    score: float
    parts: np.ndarray  # [D], per dimension; 0 where a dimension tells nothing
    information: np.ndarray  # [K, D], nats
    bins: int


def modularity(
    codes: np.ndarray, factors: np.ndarray, *, seed: int = 0, samples: int | None = 10_000, bins: int = 20
) -> ModularityResult:
    """1 - (squared information about the other factors) / (K - 1 times that about the main one), mean over dimensions.

    Ridgeway and Mozer 2018, section 3 (with its template of the best factor alone); the information is MIG's.

    codes: float [N, D]; factors: integers [N, K], K >= 2. Raises ValueError where shapes don't fit.
    """
    information = mig(codes, _varying(codes, factors), seed=seed, samples=samples, bins=bins).information
    if len(information) < 2:
        raise ValueError("modularity compares: it needs at least two factors that vary")
    squares = information.T**2  # [D, K]
    top = squares.max(1)
    spread = (squares.sum(1) - top) / (np.maximum(top, 1e-300) * (squares.shape[1] - 1))
    parts = np.where(top > 0, 1 - spread, 0.0)
    return ModularityResult(float(parts.mean()), parts, information, bins)


Sampler = Callable[[np.ndarray], np.ndarray]
"""Factors [n, K] to codes [n, D]: draws samples with these factors and encodes them."""


@dataclass(frozen=True)
class VoteResult:
    """FactorVAE's score; `votes[d, k]` says how often dimension d varied least while factor k was fixed."""

    score: float
    votes: np.ndarray  # int [D, K], the training votes
    active: np.ndarray  # bool [D]
    train_votes: int
    evaluation_votes: int
    batch_size: int


def factor_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    seed: int = 0,
    sampler: Sampler | None = None,
    batch_size: int = 64,
    train_votes: int = 10_000,
    evaluation_votes: int = 5_000,
    min_std: float = 0.05,
) -> VoteResult:
    """Accuracy of telling the fixed factor from the dimension that varies least, by majority vote.

    Kim and Mnih 2018 (FactorVAE), section 4. Each vote fixes a random factor at a random value, draws
    `batch_size` samples and takes the active dimension with the smallest variance relative to the whole data's.
    Dimensions whose standard deviation is below `min_std` take no part (disentanglement_lib's pruning).

    codes, factors: [N, D] and integers [N, K], for the whole data's variances and, without a `sampler`, to draw
    the batches from. Raises ValueError where shapes don't fit.
    """
    factors = _varying(codes, factors)
    rng = np.random.default_rng(seed)
    variance = codes.var(0)
    active = np.sqrt(variance) >= min_std
    dims, count = codes.shape[1], factors.shape[1]
    if not active.any():
        nothing = np.zeros((dims, count), dtype=np.int64)
        return VoteResult(0.0, nothing, active, train_votes, evaluation_votes, batch_size)
    draw = _fixed_factor_batches(codes, factors, sampler, rng)

    def votes(number: int) -> np.ndarray:
        table = np.zeros((dims, count), dtype=np.int64)
        for k in rng.integers(0, count, number):
            local = draw(k, batch_size).var(0)
            ratio = np.where(active, local / np.where(active, variance, 1.0), np.inf)
            table[int(ratio.argmin()), k] += 1
        return table

    learnt, seen = votes(train_votes), votes(evaluation_votes)
    score = float(seen[np.arange(dims), learnt.argmax(1)].sum() / evaluation_votes)
    return VoteResult(score, learnt, active, train_votes, evaluation_votes, batch_size)


@dataclass(frozen=True)
class BetaVaeResult:
    score: float
    train_accuracy: float
    train_points: int
    evaluation_points: int
    batch_size: int


def beta_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    seed: int = 0,
    sampler: Sampler | None = None,
    batch_size: int = 64,
    train_points: int = 10_000,
    evaluation_points: int = 5_000,
) -> BetaVaeResult:
    """Accuracy of a linear classifier that tells the shared factor from mean |code - code'| of pairs that share it.

    Higgins et al. 2017 (beta-VAE), section 3, with disentanglement_lib's logistic regression.

    codes, factors: as for `factor_vae_score`. Raises ValueError where shapes don't fit.
    """
    from sklearn.linear_model import LogisticRegression

    factors = _varying(codes, factors)
    rng = np.random.default_rng(seed)
    draw = _paired_batches(codes, factors, sampler, rng)
    labels = rng.integers(0, factors.shape[1], train_points + evaluation_points)
    points = np.stack([np.abs(np.subtract(*draw(k, batch_size))).mean(0) for k in labels])
    model = LogisticRegression(random_state=seed, max_iter=1000)
    model.fit(points[:train_points], labels[:train_points])
    return BetaVaeResult(
        score=float(model.score(points[train_points:], labels[train_points:])),
        train_accuracy=float(model.score(points[:train_points], labels[:train_points])),
        train_points=train_points,
        evaluation_points=evaluation_points,
        batch_size=batch_size,
    )


# -- parts -------------------------------------------------------------------------------------------------


def _fixed_factor_batches(
    codes: np.ndarray, factors: np.ndarray, sampler: Sampler | None, rng: np.random.Generator
) -> Callable[[int, int], np.ndarray]:
    """(factor k, n) -> codes [n, D] of samples that agree in factor k and are otherwise random."""
    values = [np.unique(factors[:, k]) for k in range(factors.shape[1])]
    if sampler is None:
        rows = [{v: np.flatnonzero(factors[:, k] == v) for v in values[k]} for k in range(factors.shape[1])]
        return lambda k, n: codes[rng.choice(rows[k][rng.choice(values[k])], n)]

    def drawn(k: int, n: int) -> np.ndarray:
        wanted = np.stack([rng.choice(v, n) for v in values], 1)
        wanted[:, k] = rng.choice(values[k])
        return sampler(wanted)

    return drawn


def _paired_batches(
    codes: np.ndarray, factors: np.ndarray, sampler: Sampler | None, rng: np.random.Generator
) -> Callable[[int, int], tuple[np.ndarray, np.ndarray]]:
    """(factor k, n) -> two batches of codes [n, D] whose i-th samples agree in factor k."""
    values = [np.unique(factors[:, k]) for k in range(factors.shape[1])]
    if sampler is None:
        # rows in the order of factor k, and where the run of each row's value begins and ends
        orders = [np.argsort(factors[:, k], kind="stable") for k in range(factors.shape[1])]
        spans = [
            (np.searchsorted(f, f, "left"), np.searchsorted(f, f, "right"))
            for f in (np.sort(factors[:, k]) for k in range(factors.shape[1]))
        ]

        def found(k: int, n: int) -> tuple[np.ndarray, np.ndarray]:
            place = rng.integers(0, len(codes), n)
            begin, end = spans[k][0][place], spans[k][1][place]
            partner = begin + (rng.random(n) * (end - begin)).astype(np.int64)
            return codes[orders[k][place]], codes[orders[k][partner]]

        return found

    def drawn(k: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        first, second = (np.stack([rng.choice(v, n) for v in values], 1) for _ in range(2))
        second[:, k] = first[:, k]
        return sampler(first), sampler(second)

    return drawn


def _varying(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The factors that vary, [N, K']. Raises ValueError where shapes don't fit or none does."""
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or len(codes) == 0:
        raise ValueError(
            f"codes [N, D] and factors [N, K] need the same N > 0, not shapes {codes.shape} and {factors.shape}"
        )
    varying = (factors != factors[:1]).any(0)
    if not varying.any():
        raise ValueError("no factor varies in these samples; a score of disentanglement needs one that does")
    return factors[:, varying]


def _split(total: int, train: int, test: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to test on, drawn with `seed`; two thirds and one third where there are too few."""
    order = np.random.default_rng(seed).permutation(total)
    if train + test > total:
        train = total * 2 // 3
        test = total - train
    return order[:train], order[train : train + test]


def _concentration(importance: np.ndarray) -> float:
    """Mean over rows, weighted by their sums, of 1 - entropy / log columns: 1 where each row has one entry."""
    weights = importance.sum(1)
    p = importance / np.maximum(weights, 1e-300)[:, None]
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(1) / np.log(importance.shape[1])
    return float(((1 - entropy) * weights).sum() / max(weights.sum(), 1e-300))


def equal_width_bins(codes: np.ndarray, bins: int) -> np.ndarray:
    """Each dimension cut into `bins` equally wide parts between its extremes: [N, D] -> integers 0..bins-1."""
    low, high = codes.min(0), codes.max(0)
    width = np.where(high > low, high - low, 1.0)
    return np.minimum(((codes - low) / width * bins).astype(np.int64), bins - 1)


def _entropy(counts: np.ndarray) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _information(a: np.ndarray, b: np.ndarray) -> float:
    """I(a; b) = H(a) + H(b) - H(a, b) of non-negative integers [N], plug-in estimate, nats."""
    joint = np.bincount(a * (b.max() + 1) + b)
    return _entropy(np.bincount(a)) + _entropy(np.bincount(b)) - _entropy(joint)
