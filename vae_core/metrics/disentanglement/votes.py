"""Scores that hold a factor still and watch which dimensions do: the FactorVAE and the beta-VAE score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from vae_core.metrics.disentanglement.rows import arrays, varying_factors

Sampler = Callable[[np.ndarray], ArrayLike]
"""Factors [n, K] to codes [n, D]: draws samples with these factors and encodes them."""

CODES_AT_ONCE = 1 << 16
"""Codes of batches that are held in memory together, in rows."""


@dataclass(frozen=True)
class VoteResult:
    """FactorVAE's score; `votes[d, k]` says how often dimension d varied least while factor k was fixed."""

    score: float
    votes: np.ndarray = field(repr=False)  # int [D, K], the training votes
    active: np.ndarray = field(repr=False)  # bool [D]
    train_votes: int
    evaluation_votes: int
    batch_size: int
    min_std: float


def factor_vae_score(
    codes: ArrayLike,
    factors: ArrayLike,
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

    Args:
        codes, factors: [N, D] and integers [N, K], for the whole data's variances and, without a `sampler`, to draw
            the batches from.
        sampler: draws anew, and is asked for at most CODES_AT_ONCE (or one batch's) samples in one call.

    Raises ValueError where shapes don't fit.
    """
    codes, factors = arrays(codes, factors)
    _, wanted = varying_factors(codes, factors)
    rng = np.random.default_rng(seed)
    variance = codes.var(0)
    active = np.sqrt(variance) >= min_std
    dims, count = codes.shape[1], wanted.shape[1]
    if not active.any():
        nothing = np.zeros((dims, count), dtype=np.int64)
        return VoteResult(0.0, nothing, active, train_votes, evaluation_votes, batch_size, min_std)
    draw = _fixed_factor_batches(codes, factors, sampler, rng)

    def votes(number: int) -> np.ndarray:
        table = np.zeros((dims, count), dtype=np.int64)
        held = rng.integers(0, count, number)
        for some in _chunks(held, batch_size):
            least = least_varying(draw(some, batch_size), variance, active)
            np.add.at(table, (least, some), 1)
        return table

    learnt, seen = votes(train_votes), votes(evaluation_votes)
    score = float(seen[np.arange(dims), learnt.argmax(1)].sum() / evaluation_votes)
    return VoteResult(score, learnt, active, train_votes, evaluation_votes, batch_size, min_std)


def least_varying(batches: np.ndarray, variance: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Of each batch [V, n, D] the active dimension whose variance is the least part of `variance` [D]: int [V]."""
    local = batches.var(1)  # [V, D]
    return np.where(active, local / np.where(active, variance, 1.0), np.inf).argmin(1)


@dataclass(frozen=True)
class BetaVaeResult:
    score: float
    train_accuracy: float
    weights: np.ndarray = field(
        repr=False
    )  # [D, K], of the linear classifier on standardised differences; negative: it lies still
    train_points: int
    evaluation_points: int
    batch_size: int


def beta_vae_score(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    seed: int = 0,
    sampler: Sampler | None = None,
    batch_size: int = 64,
    train_points: int = 10_000,
    evaluation_points: int = 5_000,
) -> BetaVaeResult:
    """Accuracy of a linear classifier that tells the shared factor from mean |code - code'| of pairs that share it.

    Higgins et al. 2017 (beta-VAE), section 3, with disentanglement_lib's logistic regression.

    codes, factors, sampler: as for `factor_vae_score`. Raises ValueError where shapes don't fit.
    """
    from sklearn.linear_model import LogisticRegression

    codes, factors = arrays(codes, factors)
    count = varying_factors(codes, factors)[1].shape[1]
    rng = np.random.default_rng(seed)
    draw = _paired_batches(codes, factors, sampler, rng)
    labels = rng.integers(0, count, train_points + evaluation_points)
    points = np.concatenate(
        [np.abs(np.subtract(*draw(some, batch_size))).mean(1) for some in _chunks(labels, 2 * batch_size)]
    )  # [points, D]
    train, test = slice(train_points), slice(train_points, None)
    if len(np.unique(labels[train])) < 2:  # one factor varies, or there are hardly any points: nothing to tell apart
        score = float((labels[test] == labels[0]).mean())
        none = np.zeros((codes.shape[1], count))
        return BetaVaeResult(score, 1.0, none, train_points, evaluation_points, batch_size)
    model = LogisticRegression(random_state=seed, max_iter=1000)
    model.fit(points[train], labels[train])
    return BetaVaeResult(
        score=float(model.score(points[test], labels[test])),
        train_accuracy=float(model.score(points[train], labels[train])),
        weights=_weights(model.coef_, model.classes_, count) * points[train].std(0)[:, None],
        train_points=train_points,
        evaluation_points=evaluation_points,
        batch_size=batch_size,
    )


def _weights(coefficients: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """[D, K] from scikit-learn's [classes, D], which is one row where there are two classes."""
    if len(coefficients) == 1:
        coefficients = np.concatenate([-coefficients, coefficients])
    found = np.zeros((coefficients.shape[1], count))
    found[:, classes] = coefficients.T
    return found


# -- batches -----------------------------------------------------------------------------------------------


def _chunks(held: np.ndarray, rows: int) -> list[np.ndarray]:
    """Factors to hold, one a batch of so many rows, [V] in parts that fit into memory."""
    at_once = max(1, CODES_AT_ONCE // rows)
    return [held[start : start + at_once] for start in range(0, len(held), at_once)]


def _fixed_factor_batches(
    codes: np.ndarray, factors: np.ndarray, sampler: Sampler | None, rng: np.random.Generator
) -> Callable[[np.ndarray, int], np.ndarray]:
    """(numbers [V] of varying factors, n) -> codes [V, n, D]; the samples of a batch agree in its factor."""
    columns, values, spans = _values_of(factors)
    if sampler is None:
        orders = [np.argsort(factors[:, k], kind="stable") for k in columns]

        def found(held: np.ndarray, n: int) -> np.ndarray:
            rows = np.empty((len(held), n), dtype=np.int64)
            for k, order in enumerate(orders):
                mine = np.flatnonzero(held == k)
                begin, end = spans[k][rng.integers(0, len(values[k]), len(mine))].T
                rows[mine] = order[begin[:, None] + (rng.random((len(mine), n)) * (end - begin)[:, None]).astype(int)]
            return codes[rows]

        return found

    def drawn(held: np.ndarray, n: int) -> np.ndarray:
        wanted = _random_factors(factors, columns, values, len(held) * n, rng).reshape(len(held), n, -1)
        for k, column in enumerate(columns):
            mine = held == k
            wanted[mine, :, column] = rng.choice(values[k], int(mine.sum()))[:, None]
        return np.asarray(sampler(wanted.reshape(-1, wanted.shape[-1]))).reshape(len(held), n, -1)

    return drawn


def _paired_batches(
    codes: np.ndarray, factors: np.ndarray, sampler: Sampler | None, rng: np.random.Generator
) -> Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]:
    """(numbers [V] of varying factors, n) -> two times codes [V, n, D] whose i-th samples agree in their factor."""
    columns, values, spans = _values_of(factors)
    if sampler is None:
        orders = [np.argsort(factors[:, k], kind="stable") for k in columns]

        def found(held: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
            first, second = np.empty((2, len(held), n), dtype=np.int64)
            for k, order in enumerate(orders):
                mine = np.flatnonzero(held == k)
                place = rng.integers(0, len(codes), (len(mine), n))
                own = np.searchsorted(spans[k][:, 1], place, side="right")  # which value's span the place lies in
                begin, end = spans[k][own, 0], spans[k][own, 1]
                first[mine] = order[place]
                second[mine] = order[begin + (rng.random(place.shape) * (end - begin)).astype(int)]
            return codes[first], codes[second]

        return found

    def drawn(held: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        first, second = (
            _random_factors(factors, columns, values, len(held) * n, rng).reshape(len(held), n, -1) for _ in range(2)
        )
        for k, column in enumerate(columns):
            mine = held == k
            second[mine, :, column] = first[mine, :, column]
        ones, others = (np.asarray(sampler(wanted.reshape(-1, wanted.shape[-1]))) for wanted in (first, second))
        return ones.reshape(len(held), n, -1), others.reshape(len(held), n, -1)

    return drawn


def _values_of(factors: np.ndarray) -> tuple[list[int], list[np.ndarray], list[np.ndarray]]:
    """Columns of the factors that vary; the values of each; where in its order each value begins and ends [V, 2]."""
    columns = [k for k in range(factors.shape[1]) if (factors[:, k] != factors[0, k]).any()]
    values, spans = [], []
    for k in columns:
        own, counts = np.unique(factors[:, k], return_counts=True)
        ends = counts.cumsum()
        values.append(own)
        spans.append(np.stack([ends - counts, ends], 1))
    return columns, values, spans


def _random_factors(
    factors: np.ndarray, columns: list[int], values: list[np.ndarray], n: int, rng: np.random.Generator
) -> np.ndarray:
    """n independent draws of every factor's values, int [n, K]; a factor that never varies stays as it is."""
    drawn = np.repeat(factors[:1], n, 0)
    for column, own in zip(columns, values, strict=True):
        drawn[:, column] = rng.choice(own, n)
    return drawn
