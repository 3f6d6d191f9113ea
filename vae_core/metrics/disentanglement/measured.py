"""Several scores of one code at once, each with an interval, its matrices and the settings it was estimated with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vae_core.metrics.disentanglement.cards import METRICS, Setting
from vae_core.metrics.disentanglement.estimates import Settings, estimate, full_settings
from vae_core.metrics.disentanglement.rows import varying_factors
from vae_core.metrics.disentanglement.votes import Sampler

Progress = Callable[[float, str], None]
"""Told how far it is, 0..1, and what is being done."""

NO_INTERVAL = "no interval was asked for"


@dataclass(frozen=True)
class Measured:
    """One score of a code.

    Attributes:
        low, high: ends of its 95 % interval; nan where `repeats` was 0.
        interval: how the interval was made, a sentence.
        settings: what it was estimated with, by the names of the function's arguments.
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
    parts: dict[str, np.ndarray]
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


def measure(
    codes: np.ndarray,
    factors: np.ndarray,
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
    raise NotImplementedError
