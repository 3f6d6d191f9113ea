"""Several scores of one code at once, each with an interval, its matrices and the settings it was estimated with."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from vae_core.metrics.disentanglement.cards import METRICS, Setting
from vae_core.metrics.disentanglement.estimates import Settings, as_used, estimate, full_settings
from vae_core.metrics.disentanglement.rows import varying_factors
from vae_core.metrics.disentanglement.votes import Sampler

Progress = Callable[[float, str], None]
"""Told how far it is, 0..1, and what is being done."""

REPEATS: dict[str, int] = {
    "mig": 200,
    "dci": 8,
    "sap": 20,
    "factor_vae": 30,
    "beta_vae": 12,
    "modularity": 200,
    "explicitness": 20,
}
"""Estimates that an interval is made of: many where one takes milliseconds, few where it takes seconds."""
SECONDS = {"mig": 0.01, "dci": 7.0, "sap": 0.8, "factor_vae": 0.2, "beta_vae": 0.6, "modularity": 0.01}
"""What one estimate takes, roughly: for saying how far it is."""
VOTING = frozenset({"factor_vae", "beta_vae"})


@dataclass(frozen=True)
class Measured:
    """One score of a code.

    Attributes:
        low, high: ends of its 95 % interval; nan where `repeats` was 0.
        interval: how the interval was made, a sentence.
        settings: what it was estimated with, by the names of the function's arguments; of samples those that there
            were, where more were asked for.
        parts: matrices [K, D] and vectors [K] or [D]; K counts the factors that vary (`varying` says which).
        figures: single numbers beside the score (DCI's completeness and informativeness).
        seconds: for the score, without the interval.
    """

    name: str
    score: float
    low: float
    high: float
    interval: str
    settings: dict[str, Setting]
    parts: dict[str, np.ndarray] = field(repr=False)
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


def measure(
    codes: ArrayLike,
    factors: ArrayLike,
    names: Iterable[str] = tuple(METRICS),
    *,
    seed: int = 0,
    sampler: Sampler | None = None,
    repeats: int | Mapping[str, int] | None = None,
    settings: Mapping[str, Settings] | None = None,
    progress: Progress | None = None,
) -> dict[str, Measured]:
    """Every score of these names, with a 95 % interval.

    The interval tells how far the score would go with other samples of the same size, and with other random draws of
    the estimator. It does not tell of an estimator's bias, nor of another training's score. Each repeat estimates the
    score anew, classifiers and votes included:

    - scores that take rows (MIG, DCI, SAP, modularity, explicitness): on a random half of the rows, without
      replacement. The spread of halves about their mean is that of the whole sample (Shao and Wu 1989, delete-d
      jackknife with d = n / 2: the factor between them is 1), and no row comes twice, which would feign information.
    - scores that vote (FactorVAE, beta-VAE): rows drawn with replacement, then new votes.

    The interval is the score and t(repeats - 1) times that spread to both sides, within 0..1.

    Args:
        codes: float [N, D]. factors: integers [N, K]; factors that never vary are left out.
        sampler: (factors -> codes), for the scores that vote to draw from; their repeats then draw anew from it.
        repeats: of all scores or by name; None takes `REPEATS`; 0 makes no interval.
        settings: by name, what differs from the cards'.
        progress: told how far it is.

    Raises ValueError where shapes, names or settings don't fit.
    """
    codes, factors = varying_factors(codes, factors)
    wanted = {name: full_settings(name, (settings or {}).get(name)) for name in names}
    times = {name: _repeats_of(name, repeats) for name in wanted}
    work = {name: SECONDS.get(name, 0.5) * (1 + times[name] / (1 if name in VOTING else 2)) for name in wanted}
    done, total = 0.0, sum(work.values())
    found = {}
    for name, own in wanted.items():
        begun = time.perf_counter()
        told = METRICS[name].title
        if progress:
            progress(done / total, told)
        score = estimate(name, codes, factors, own, seed=seed, sampler=sampler)
        seconds = time.perf_counter() - begun
        replicates = []
        for n in range(times[name]):
            if progress:
                progress((done + work[name] * (n + 1) / (times[name] + 1)) / total, f"{told}: interval")
            replicates.append(_replicate(name, codes, factors, own, seed, n, sampler))
        low, high = _interval(score.score, np.array(replicates))
        found[name] = Measured(
            name,
            score.score,
            low,
            high,
            _said(name, times[name]),
            {
                key: value for key, value in as_used(own, len(codes)).items() if key != "threads"
            },  # no score depends on it
            score.parts,
            seconds,
            score.figures,
        )
        done += work[name]
    return found


def _repeats_of(name: str, repeats: int | Mapping[str, int] | None) -> int:
    asked = repeats if isinstance(repeats, int) else (repeats or {}).get(name, REPEATS[name])
    if asked < 0 or asked == 1:
        raise ValueError(f"an interval needs at least two repeats (or 0 for none), not {asked}")
    return asked


def _replicate(
    name: str,
    codes: np.ndarray,
    factors: np.ndarray,
    settings: Settings,
    seed: int,
    number: int,
    sampler: Sampler | None,
) -> float:
    """The score of other rows than these, drawn from them: one of those that the interval is made of."""
    if name in VOTING:
        rng = np.random.default_rng((seed, number + 1))
        rows = rng.integers(0, len(codes), len(codes))
        drawn = int(rng.integers(1 << 31))
        return estimate(name, codes[rows], factors[rows], settings, seed=drawn, sampler=sampler).score
    used, halved = _halved(len(codes), settings)
    # of all repeats the same: which rows the score is of. Halves of other rows would spread more than their score.
    rows = np.random.default_rng((seed, 0)).permutation(len(codes))[:used]
    rng = np.random.default_rng((seed, number + 1))
    half = rng.choice(rows, used // 2, replace=False)
    return estimate(name, codes[half], factors[half], halved, seed=int(rng.integers(1 << 31))).score


def _halved(total: int, settings: Settings) -> tuple[int, dict[str, Setting]]:
    """How many rows a score of `total` uses with these settings, and the settings that use half of each part."""
    parts = [key for key in ("samples", "train_samples", "test_samples") if key in settings]
    asked = sum(int(settings[key]) for key in parts)
    if asked >= total:
        return total, dict(settings)
    return asked, {**settings, **{key: max(1, int(settings[key]) // 2) for key in parts}}


def _interval(score: float, replicates: np.ndarray) -> tuple[float, float]:
    """Ends of the 95 % interval about a score, within 0..1; nan where there are no replicates [R]."""
    from scipy.stats import t

    if not len(replicates):
        return math.nan, math.nan
    reach = float(t.ppf(0.975, len(replicates) - 1) * replicates.std(ddof=1))
    return min(score, max(0.0, score - reach)), max(score, min(1.0, score + reach))


def _said(name: str, repeats: int) -> str:
    if not repeats:
        return "No interval was asked for."
    way = (
        "from rows drawn with replacement and new votes"
        if name in VOTING
        else "from random halves of the rows, everything fitted anew"
    )
    return f"95 %: t({repeats - 1}) times the spread of {repeats} estimates {way}."
