"""Every score by its name: what `measure` and the self-test estimate, in one shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vae_core.metrics.disentanglement.cards import METRICS, Setting
from vae_core.metrics.disentanglement.importance import dci
from vae_core.metrics.disentanglement.information import mig, modularity
from vae_core.metrics.disentanglement.predictability import explicitness, sap
from vae_core.metrics.disentanglement.rows import part_sizes
from vae_core.metrics.disentanglement.votes import Sampler, beta_vae_score, factor_vae_score

Settings = Mapping[str, Setting]


@dataclass(frozen=True)
class Estimate:
    """A score and what it was made of; `parts` are arrays, `figures` single numbers beside the score."""

    score: float
    parts: dict[str, np.ndarray] = field(repr=False)
    figures: dict[str, float] = field(default_factory=dict)


def full_settings(name: str, changed: Settings | None = None) -> dict[str, Setting]:
    """The card's settings with those that are asked for instead. Raises ValueError for an unknown score or setting."""
    if name not in METRICS:
        raise ValueError(f"There is no score called {name}: choose {', '.join(METRICS)}, or all.")
    unknown = set(changed or {}) - set(METRICS[name].settings) - OTHERS.get(name, frozenset())
    if unknown:
        raise ValueError(f"The score {name} has no setting {', '.join(sorted(unknown))}.")
    return {**METRICS[name].settings, **(changed or {})}


def as_used(settings: Settings, total: int) -> dict[str, Setting]:
    """These settings with as many samples as there are of `total`, where they ask for more: the score is the same."""
    match settings:
        case {"train_samples": int(train), "test_samples": int(test)}:
            train, test = part_sizes(total, train, test)
            return {**settings, "train_samples": train, "test_samples": test}
        case {"samples": int(samples)}:
            return {**settings, "samples": min(samples, total)}
        case {"samples": None}:  # all there are
            return {**settings, "samples": total}
    return dict(settings)


def estimate(
    name: str,
    codes: np.ndarray,
    factors: np.ndarray,
    settings: Settings,
    *,
    seed: int = 0,
    sampler: Sampler | None = None,
) -> Estimate:
    """The score of this name with exactly these settings. Raises ValueError where they or the arrays don't fit."""
    return ESTIMATES[name](codes, factors, seed, sampler, settings)


# -- one function a score: (codes, factors, seed, sampler, settings) -> Estimate ------------------------------

Estimator = Callable[[np.ndarray, np.ndarray, int, Sampler | None, Settings], Estimate]


def _mig(codes: np.ndarray, factors: np.ndarray, seed: int, sampler: Sampler | None, settings: Settings) -> Estimate:
    found = mig(codes, factors, seed=seed, **settings)  # type: ignore[arg-type]  # as full_settings let them pass
    parts = {"share": found.share, "information": found.information, "entropies": found.entropies, "gaps": found.gaps}
    return Estimate(found.score, parts)


def _dci(codes: np.ndarray, factors: np.ndarray, seed: int, sampler: Sampler | None, settings: Settings) -> Estimate:
    found = dci(codes, factors, seed=seed, **settings)  # type: ignore[arg-type]
    figures = {"completeness": found.completeness, "informativeness": found.informativeness}
    return Estimate(found.score, {"importance": found.importance.T, "accuracy": found.accuracy}, figures)


def _sap(codes: np.ndarray, factors: np.ndarray, seed: int, sampler: Sampler | None, settings: Settings) -> Estimate:
    found = sap(codes, factors, seed=seed, **settings)  # type: ignore[arg-type]
    return Estimate(found.score, {"accuracy": found.accuracy.T, "gaps": found.gaps})


def _factor_vae(
    codes: np.ndarray, factors: np.ndarray, seed: int, sampler: Sampler | None, settings: Settings
) -> Estimate:
    found = factor_vae_score(codes, factors, seed=seed, sampler=sampler, **settings)  # type: ignore[arg-type]
    return Estimate(found.score, {"votes": found.votes.T, "active": found.active})


def _beta_vae(
    codes: np.ndarray, factors: np.ndarray, seed: int, sampler: Sampler | None, settings: Settings
) -> Estimate:
    found = beta_vae_score(codes, factors, seed=seed, sampler=sampler, **settings)  # type: ignore[arg-type]
    return Estimate(found.score, {"weights": found.weights.T}, {"train_accuracy": found.train_accuracy})


def _modularity(
    codes: np.ndarray, factors: np.ndarray, seed: int, sampler: Sampler | None, settings: Settings
) -> Estimate:
    found = modularity(codes, factors, seed=seed, **settings)  # type: ignore[arg-type]
    return Estimate(found.score, {"information": found.information, "dimensions": found.parts})


def _explicitness(
    codes: np.ndarray, factors: np.ndarray, seed: int, sampler: Sampler | None, settings: Settings
) -> Estimate:
    found = explicitness(codes, factors, seed=seed, **settings)  # type: ignore[arg-type]
    return Estimate(found.score, {"areas": found.areas})


ESTIMATES: dict[str, Estimator] = {
    "mig": _mig,
    "dci": _dci,
    "sap": _sap,
    "factor_vae": _factor_vae,
    "beta_vae": _beta_vae,
    "modularity": _modularity,
    "explicitness": _explicitness,
}
OTHERS: dict[str, frozenset[str]] = {
    "dci": frozenset({"threads"}),
    "sap": frozenset({"continuous"}),
    "explicitness": frozenset({"scaled"}),
}
"""Arguments that a card leaves at their defaults."""
