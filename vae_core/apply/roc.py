"""Ranking odd samples above normal ones: the ROC curve, its area, a threshold and what it comes to. All numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vae_core.apply.outcome import ApplyError


@dataclass(frozen=True)
class Roc:
    """One place for each threshold, from the strictest (nothing is odd) to the laxest (all is)."""

    thresholds: np.ndarray  # float64 [t], falling; a sample is called odd from here on
    false_alarms: np.ndarray  # float64 [t], share of normal samples that are called odd, rising 0..1
    hits: np.ndarray  # float64 [t], share of odd samples that are, rising 0..1
    area: float


@dataclass(frozen=True)
class Confusion:
    """What a threshold comes to, in samples."""

    threshold: float
    hits: int  # odd, called odd
    misses: int  # odd, called normal
    false_alarms: int  # normal, called odd
    passes: int  # normal, called normal

    @property
    def precision(self) -> float:
        """Of what is called odd, the share that is; nan where nothing is called so."""
        called = self.hits + self.false_alarms
        return self.hits / called if called else float("nan")

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.misses)

    @property
    def false_alarm_rate(self) -> float:
        return self.false_alarms / (self.false_alarms + self.passes)


def _checked(values: np.ndarray, odd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, odd = np.asarray(values, np.float64), np.asarray(odd, bool)
    if values.shape != odd.shape or values.ndim != 1:
        raise ApplyError(f"Each sample needs a score and a mark: got {values.shape} and {odd.shape}.")
    if odd.all() or not odd.any():
        raise ApplyError("A ROC curve needs both normal and odd samples.")
    if np.isnan(values).any():
        raise ApplyError("A score that is not a number cannot be ranked.")
    return values, odd


def area_of(values: np.ndarray, odd: np.ndarray) -> float:
    """AUROC: how often an odd sample's value lies above a normal one's, ties counting half (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    values, odd = _checked(values, odd)
    many = int(odd.sum())
    ranks = rankdata(values)
    return float((ranks[odd].sum() - many * (many + 1) / 2) / (many * (len(odd) - many)))


def roc_of(values: np.ndarray, odd: np.ndarray) -> Roc:
    """The whole curve of scores [n] (higher: odder) and marks, bool [n]. Raises ApplyError where one kind is absent."""
    from sklearn.metrics import roc_curve

    values, odd = _checked(values, odd)
    false_alarms, hits, thresholds = roc_curve(odd, values)
    return Roc(thresholds, false_alarms, hits, area_of(values, odd))


def area_interval(values: np.ndarray, odd: np.ndarray, repeats: int = 200, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the AUROC: both kinds of samples drawn again with replacement."""
    values, odd = _checked(values, odd)
    generator = np.random.default_rng(seed)
    normal, strange = values[~odd], values[odd]
    marks = np.r_[np.zeros(len(normal), bool), np.ones(len(strange), bool)]
    areas = [
        area_of(np.r_[generator.choice(normal, len(normal)), generator.choice(strange, len(strange))], marks)
        for _ in range(repeats)
    ]
    low, high = np.quantile(areas, (0.025, 0.975))
    return float(low), float(high)


def confusion_of(values: np.ndarray, odd: np.ndarray, threshold: float) -> Confusion:
    """Counts where samples at or above the threshold are called odd."""
    values, odd = _checked(values, odd)
    called = values >= threshold
    return Confusion(
        float(threshold),
        hits=int((called & odd).sum()),
        misses=int((~called & odd).sum()),
        false_alarms=int((called & ~odd).sum()),
        passes=int((~called & ~odd).sum()),
    )


def threshold_for(normal: np.ndarray, false_alarms: float) -> float:
    """The threshold that calls about this share of normal samples odd; found on samples that are not tested on."""
    if not 0 <= false_alarms <= 1:
        raise ApplyError(f"A share of false alarms lies between 0 and 1, not at {false_alarms}.")
    if not len(normal):
        raise ApplyError("A threshold needs normal samples to be set on.")
    values = np.asarray(normal, np.float64)
    if not false_alarms:  # none of them: a sample that lies at the threshold is called odd
        return float(np.nextafter(values.max(), np.inf))
    return float(np.quantile(values, 1 - false_alarms))


def counts_for(values: np.ndarray, odd: np.ndarray, quiet: np.ndarray, shares: np.ndarray) -> tuple[Confusion, ...]:
    """What the thresholds come to that call these shares of the normal validation samples `quiet` odd."""
    return tuple(confusion_of(values, odd, threshold_for(quiet, float(share))) for share in shares)
