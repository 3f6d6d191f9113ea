"""Filling in what is missing of held-out samples, and how far each way of doing so is from what was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from vae_core.apply import holes as masks
from vae_core.apply.density import needs_density
from vae_core.apply.filling import Filled, importance_filling, pseudo_gibbs
from vae_core.apply.material import MOST_NUMBERS, Part, data_of, one_of, part_of
from vae_core.apply.outcome import ApplyError, Merit, Outcome

if TYPE_CHECKING:
    from vae_core.models import Model
    from vae_core.runs import Run

TRAINING = 2_000
"""Training samples that the neighbours are looked for among, at most."""
NEIGHBOURS = 5
MOST_DRAWS = 64
TITLES = {
    "mean": "Mean filling",
    "neighbours": f"{NEIGHBOURS} nearest neighbours",
    "gibbs": "Pseudo-Gibbs",
    "importance": "Importance-weighted (MIWAE)",
}


@dataclass(frozen=True, eq=False)
class Imputation:
    """Held-out samples with holes, filled in four ways.

    Attributes:
        truth: float32 [n, P], pixels in [0, 1], columns in standard deviations. holes: bool [n, P].
        filled: by names of TITLES, float32 [n, P] each; seen numbers are the truth's.
        draws: of the model's two ways, float32 [m, n, P].
        effective: effective codes of the importance weights, [n].
        covered: share of missing numbers that lie within the draws' range, by way. With m draws that were as good as
            the truth it would be (m - 1) / (m + 1).
    """

    outcome: Outcome
    part: Part
    truth: np.ndarray
    holes: np.ndarray
    filled: dict[str, np.ndarray]
    draws: dict[str, np.ndarray]
    effective: np.ndarray
    covered: dict[str, float]


def impute(
    run: Run,
    *,
    share: float = 0.5,
    half: str = "",
    columns: tuple[str, ...] = (),
    holes: str = "",
    mask: np.ndarray | None = None,
    at: int = -1,
    samples: int = 200,
    draws: int = 32,
    codes: int = 800,
    rounds: int = 20,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
) -> Imputation:
    """Blank a part of held-out samples and fill it in.

    Args:
        share: of numbers that are missing by chance, where neither `half`, `columns`, `holes` nor `mask` says which.
        half: of pictures: lower, upper, left or right. columns: of tables. holes: as `holes.of_text` reads it.
        mask: bool, one for all samples or each.
        at: this sample of the dataset (by its place) or guest alone; -1 for held-out ones.
        samples: of the test split at most.
        draws: chains of pseudo-Gibbs, and resampled fillings. codes: importance samples. rounds: of the chains.

    Raises ApplyError.
    """
    needs_density(run)
    if not 2 <= draws <= MOST_DRAWS:
        raise ApplyError(f"Between 2 and {MOST_DRAWS} draws show the uncertainty, not {draws}.")
    data = data_of(run)
    part = part_of(data, "test", samples) if at < 0 else one_of(run, data, at)
    truth = part.flat
    if draws * truth.size > MOST_NUMBERS:
        raise ApplyError(f"{draws} draws of {len(part):,} samples are too many to hold: take fewer of either.")
    hidden = _mask(run, (len(part), truth.shape[1]), share, half, columns, holes, mask, seed)
    others = part_of(data, "train", TRAINING)
    seen = others.flat[others.index != at]  # a sample is no neighbour of itself
    progress(0.05, "filling by mean and neighbours")
    filled = {"mean": fill_mean(truth, hidden, seen), "neighbours": fill_neighbours(truth, hidden, seen)}
    progress(0.15, "pseudo-Gibbs")
    gibbs, weighed = fill(run.model, truth, hidden, seen, draws=draws, codes=codes, rounds=rounds, seed=seed)
    filled |= {"gibbs": gibbs.mean, "importance": weighed.mean}
    drawn = {"gibbs": gibbs.draws, "importance": weighed.draws}
    merits = tuple(_merit(name, made, truth, hidden, seed) for name, made in filled.items())
    remarks = (f"Median: {worth_of(float(np.median(weighed.effective)), codes)}",)
    pictures = "RMSE of missing pixels (1 is from black to white)"
    measure = pictures if data.kind == "image" else "RMSE of missing numbers, in standard deviations of a column"
    outcome = Outcome("impute", run.name, measure, "lower", merits, remarks)
    covered = {name: coverage(made, truth, hidden) for name, made in drawn.items()}
    return Imputation(outcome, part, truth, hidden, filled, drawn, weighed.effective, covered)


def fill(
    model: Model,
    x: np.ndarray,
    holes: np.ndarray,
    seen: np.ndarray,
    *,
    draws: int = 32,
    codes: int = 800,
    rounds: int = 20,
    seed: int = 0,
) -> tuple[Filled, Filled]:
    """Samples [n, P] with holes filled by pseudo-Gibbs and by importance weights.

    Args:
        seen: training samples [N, P]: each chain begins with the numbers of one that is drawn by chance.

    What stands in the holes of x is not looked at.
    """
    begun = seen[np.random.default_rng(seed).integers(len(seen), size=(draws, len(x)))]  # [m, n, P]
    hidden, starts = torch.from_numpy(holes), torch.from_numpy(begun.astype(np.float32))
    blank = torch.from_numpy(np.where(holes, 0, x).astype(np.float32))
    gibbs = pseudo_gibbs(model, blank, hidden, starts, rounds=rounds, seed=seed)
    states = torch.from_numpy(gibbs.draws)
    return gibbs, importance_filling(model, blank, hidden, states, codes=codes, seed=seed)


def fill_mean(x: np.ndarray, holes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The training samples' mean in every hole: float32 [n, P]."""
    return np.where(holes, seen.mean(0), x).astype(np.float32)


def fill_neighbours(x: np.ndarray, holes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The mean of the nearest training samples, by the numbers that are there (scikit-learn's KNNImputer)."""
    from sklearn.impute import KNNImputer

    blank = np.where(holes, np.nan, x)
    imputer = KNNImputer(n_neighbors=min(NEIGHBOURS, len(seen)), keep_empty_features=True).fit(seen)
    return np.where(holes, imputer.transform(blank), x).astype(np.float32)


def rmse(filled: np.ndarray, truth: np.ndarray, holes: np.ndarray) -> float:
    """Root of the mean squared error over all missing numbers."""
    if not holes.any():
        raise ApplyError("Nothing is missing, so there is no error of filling.")
    return float(np.sqrt(np.square(filled - truth, dtype=np.float64)[holes].mean()))


def coverage(draws: np.ndarray, truth: np.ndarray, holes: np.ndarray) -> float:
    """Share of missing numbers between the least and the largest of the draws [m, n, P]."""
    inside = (draws.min(0) <= truth) & (truth <= draws.max(0))
    return float(inside[holes].mean())


def _merit(name: str, made: np.ndarray, truth: np.ndarray, holes: np.ndarray, seed: int, repeats: int = 200) -> Merit:
    """RMSE with a bootstrap interval over samples."""
    squared = (np.square(made - truth, dtype=np.float64) * holes).sum(1)  # [n]
    count = holes.sum(1)
    rows = np.random.default_rng(seed).integers(len(truth), size=(repeats, len(truth)))
    low, high = np.quantile(np.sqrt(squared[rows].sum(1) / np.maximum(1, count[rows].sum(1))), (0.025, 0.975))
    baseline = name in ("mean", "neighbours")
    return Merit(name, TITLES[name], rmse(made, truth, holes), float(low), float(high), baseline, name == "mean")


def _mask(
    run: Run,
    size: tuple[int, int],
    share: float,
    half: str,
    columns: tuple[str, ...],
    holes: str,
    mask: np.ndarray | None,
    seed: int,
) -> np.ndarray:
    if mask is not None:
        return masks.checked(mask, *size)
    if holes:
        return masks.of_text(*size, holes)
    if half:
        return masks.half(size[0], run.config.model.sample_shape, half)
    if columns:
        return masks.of_columns(size[0], run.config.data.columns, columns)
    return masks.by_chance(*size, share, seed, channels=masks.channels_of(run.config.model.sample_shape))


def worth_of(effective: float, codes: int) -> str:
    """How much weights that are worth so many equal ones can be trusted, a sentence."""
    said = f"the importance weights of {codes} codes are as good as {effective:.0f} equal ones; more is better."
    if effective < codes / 20:
        said += " That is few: the draws say less of the uncertainty than they seem to."
    return said
