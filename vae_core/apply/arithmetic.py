"""Directions between groups of codes, how much they mean beside random ones, and what they do to samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from vae_core.apply.classify import classifier
from vae_core.apply.material import class_number, codes_of, data_of, guest_of, needs_codes, part_of
from vae_core.apply.outcome import ApplyError, Merit, Outcome, wilson
from vae_core.export import decode_samples
from vae_core.guests import is_guest
from vae_core.guests.codes import encode, seated

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from vae_core.runs import Run

SHUFFLES = 500
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
WAYS = {
    "vector": "Attribute vector",
    "random": "Random direction of the same length",
    "raw": "Difference of means in raw numbers",
}
MOST_CLASSES = 10
"""Of which all pairs are tried where none is named."""


@dataclass(frozen=True)
class Attribute:
    """The way from one group of codes to another.

    Attributes:
        direction: difference of the groups' means, float64 [D].
        effect: its length in pooled standard deviations of the groups (Cohen's d of the groups along the direction).
        chance: effects of random groups of the same sizes out of the same codes, float64 [SHUFFLES], sorted.
    """

    direction: np.ndarray
    effect: float
    chance: np.ndarray

    @property
    def p(self) -> float:
        """How often random groups differ as much (a permutation test; Phipson and Smyth 2010: never 0)."""
        return float((1 + (self.chance >= self.effect).sum()) / (1 + len(self.chance)))

    def apply(self, codes: np.ndarray, strength: float = 1.0) -> np.ndarray:
        """Codes [n, D] moved by so many times the direction: float32 [n, D]."""
        return (codes + strength * self.direction).astype(np.float32)


def attribute_between(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> Attribute:
    """The vector from one group of codes [n, D] to another [m, D], with what random groups would show.

    Raises ApplyError where a group has fewer than two codes: one alone has no spread to measure an effect by.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ApplyError(f"Two groups of codes [n, D] are needed, not {first.shape} and {second.shape}.")
    if min(len(first), len(second)) < 2:
        raise ApplyError("Each group needs at least two samples: one alone has no spread to measure an effect by.")
    both = np.concatenate([first, second]).astype(np.float64)
    count = len(first)
    generator = np.random.default_rng(seed)
    chance = np.sort([_effect(both[generator.permutation(len(both))], count) for _ in range(SHUFFLES)])
    direction = both[count:].mean(0) - both[:count].mean(0)
    return Attribute(direction, _effect(both, count), chance)


def _effect(codes: np.ndarray, count: int) -> float:
    """Cohen's d of the first `count` codes and the others along the difference of their means."""
    first, second = codes[:count], codes[count:]
    way = second.mean(0) - first.mean(0)
    length = float(np.linalg.norm(way))
    if length == 0:
        return 0.0
    along = (first @ way / length, second @ way / length)
    pooled = sum(((each - each.mean()) ** 2).sum() for each in along) / (len(codes) - 2)
    return length / max(float(np.sqrt(pooled)), 1e-12)


def combined(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """A - B + C of three groups of codes, [., D] each, by their means: float32 [D]."""
    return (a.mean(0, dtype=np.float64) - b.mean(0) + c.mean(0)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Between:
    """The vector between two groups of samples that somebody picked, with how much it means (`outcome`)."""

    outcome: Outcome
    attribute: Attribute


def between(run: Run, first: tuple[int, ...], second: tuple[int, ...], *, seed: int = 0) -> Between:
    """The vector from the codes of samples to those of others, by their places in the dataset or as guests' numbers.

    Its merit is the effect size; the baseline is that of random groups of the same sizes out of the same samples (the
    median, with the middle 95 % of them). Raises ApplyError, also where a sample has no code.
    """
    needs_sums(run)
    guests = [encode(run.model, guest_of(run, i)) for i in dict.fromkeys((*first, *second)) if is_guest(i)]
    codes = seated(run.codes, guests)
    rows = [codes.rows(group) for group in (first, second)]
    for group, found in zip((first, second), rows, strict=True):
        if (found < 0).any():
            raise ApplyError(f"Sample {group[int(np.argmin(found))]} has no code in {run.name}: choose others.")
    vector = attribute_between(codes.mean[rows[0]], codes.mean[rows[1]], seed=seed)
    low, middle, high = np.quantile(vector.chance, (0.025, 0.5, 0.975)).tolist()
    remark = (
        f"Of {SHUFFLES} random groups out of the same {len(first) + len(second)} samples, "
        f"{(vector.chance >= vector.effect).mean():.1%} differ as much (p = {vector.p:.3f})."
    )
    merits = (
        Merit("vector", WAYS["vector"], vector.effect, vector.effect, vector.effect),
        Merit("random", "Random groups of the same sizes", middle, low, high, True, True),
    )
    return Between(Outcome("arithmetic", run.name, "Effect size (Cohen's d)", "higher", merits, (remark,)), vector)


def needs_sums(run: Run) -> None:
    """Raises ApplyError where codes cannot be added, or are not all that the decoder is told."""
    needs_codes(run)
    able = run.config.model.abilities
    if able.classes or able.quadrants:
        raise ApplyError(f"{run.name} is told something beside the code: its class is changed by telling it another.")
    if able.cells is not None:
        raise ApplyError(f"{run.name} has a grid of discrete codes, which cannot be added.")


@dataclass(frozen=True, eq=False)
class Directions:
    """What attribute vectors between classes do to held-out samples.

    Attributes:
        attributes: by (source, target) class.
        strengths: [s]; read: share of moved samples that are read as the target at each strength, [s].
        likeness: how far moved samples are from the nearest training sample: what is no sample any more may be read
            as the target all the same.
    """

    outcome: Outcome
    likeness: Outcome
    attributes: dict[tuple[int, int], Attribute]
    strengths: np.ndarray
    read: np.ndarray


def directions(
    run: Run,
    *,
    source: str = "",
    target: str = "",
    strength: float = 1.0,
    training: int = 2_000,
    samples: int = 1_000,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
) -> Directions:
    """Vectors between classes, found on training samples, applied to held-out ones of the source.

    What comes of them is read by a classifier (nearest neighbours on raw training samples) that knows nothing of the
    model. Baselines: a random direction of the same length, and the difference of the classes' means in raw numbers.

    Args:
        source, target: classes by name or number; both "" takes all pairs (of the first MOST_CLASSES).

    Raises ApplyError.
    """
    needs_sums(run)
    data = data_of(run)
    seen, held_out = part_of(data, "train", training), part_of(data, "test", samples)
    pairs = _pairs(run, source, target, seen.classes)
    known, asked = codes_of(run.model, seen)[0], codes_of(run.model, held_out)[0]
    reader = classifier("neighbours", seen.flat, seen.classes)
    generator = np.random.default_rng(seed)
    attributes = {}
    moved: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    wanted: list[np.ndarray] = []
    along: list[np.ndarray] = []
    for place, (one, other) in enumerate(pairs):
        progress(place / len(pairs), f"{run.config.data.class_names[one]} to {run.config.data.class_names[other]}")
        first, second = seen.classes == one, seen.classes == other
        found = attribute_between(known[first], known[second], seed=seed)
        attributes[one, other] = found
        rows = held_out.classes == one
        if not rows.any():
            continue
        noise = generator.standard_normal(len(found.direction))
        aside = np.linalg.norm(found.direction) / np.linalg.norm(noise) * noise
        raw = seen.flat[second].mean(0) - seen.flat[first].mean(0)
        moved["vector"].append(_decoded(run, found.apply(asked[rows], strength)))
        moved["random"].append(_decoded(run, (asked[rows] + strength * aside).astype(np.float32)))
        moved["raw"].append(held_out.flat[rows] + strength * raw)
        wanted.append(np.full(int(rows.sum()), other))
        along.append(
            np.array([reader.predict(_decoded(run, found.apply(asked[rows], by))) == other for by in STRENGTHS])
        )
    if not along:
        raise ApplyError("No held-out sample is of the source class: choose another.")
    made = {way: np.concatenate(each) for way, each in moved.items()}
    return Directions(
        _read(run, reader, made, np.concatenate(wanted), attributes),
        _likeness(run, made, seen.flat, held_out.flat, seed),
        attributes,
        np.array(STRENGTHS),
        np.concatenate(along, 1).mean(1),
    )


def _pairs(run: Run, source: str, target: str, y: np.ndarray) -> list[tuple[int, int]]:
    names = run.config.data.class_names
    if bool(source) != bool(target):
        raise ApplyError("Name both classes, the source and the target, or neither.")
    if source:
        pair = class_number(names, source), class_number(names, target)
        if pair[0] == pair[1]:
            raise ApplyError("Source and target are the same class: there is no way between them.")
        return [pair]
    there = [int(label) for label in np.unique(y)[:MOST_CLASSES]]
    return list(permutations(there, 2))


def _decoded(run: Run, codes: np.ndarray) -> np.ndarray:
    """Samples of codes as the classifier's numbers: float32 [n, P]."""
    return flat_samples(decode_samples(run.model, run.config.data, codes))


def flat_samples(samples: np.ndarray) -> np.ndarray:
    """What a decoder made, as numbers: float32 [n, P], pixels in [0, 1]."""
    return (samples.reshape(len(samples), -1) / (255 if samples.dtype == np.uint8 else 1)).astype(np.float32)


def share_of(name: str, title: str, hits: np.ndarray, *, baseline: bool = False, trivial: bool = False) -> Merit:
    """The merit of a share: of what bool [n] says. A trivial way is a baseline."""
    low, high = wilson(int(hits.sum()), len(hits))
    return Merit(name, title, float(hits.mean()), low, high, baseline or trivial, trivial)


def _read(
    run: Run,
    reader: Pipeline,
    moved: dict[str, np.ndarray],
    wanted: np.ndarray,
    attributes: dict[tuple[int, int], Attribute],
) -> Outcome:
    """The share of moved samples that are read as the target, and what vectors mean beside random ones."""
    merits = tuple(
        share_of(way, WAYS[way], reader.predict(made) == wanted, baseline=way != "vector", trivial=way == "random")
        for way, made in moved.items()
    )
    effects = np.array([each.effect for each in attributes.values()])
    chance = np.concatenate([each.chance for each in attributes.values()])
    worst = max(each.p for each in attributes.values())
    remark = (
        f"Effect size (Cohen's d){', median' if len(effects) > 1 else ''}: {np.median(effects):.2f}; of random groups "
        f"of the same sizes {np.median(chance):.2f}; "
        + (f"largest p of {len(effects)} permutation tests {worst:.3f}." if len(effects) > 1 else f"p = {worst:.3f}.")
    )
    return Outcome("arithmetic", run.name, "Share read as the target class", "higher", merits, (remark,))


def _likeness(run: Run, moved: dict[str, np.ndarray], seen: np.ndarray, held_out: np.ndarray, seed: int) -> Outcome:
    """Mean distance to the nearest training sample, with a bootstrap interval; that of held-out samples for scale."""
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(seen)
    merits = []
    for way, made in moved.items():
        apart = nearest.kneighbors(made)[0][:, 0]
        rows = np.random.default_rng(seed).integers(len(apart), size=(200, len(apart)))
        low, high = np.quantile(apart[rows].mean(1), (0.025, 0.975))
        merits.append(
            Merit(way, WAYS[way], float(apart.mean()), float(low), float(high), way != "vector", way == "random")
        )
    usual = float(nearest.kneighbors(held_out)[0].mean())
    remark = f"Held-out samples as they are: {usual:.3f}."
    return Outcome("arithmetic", run.name, "Distance to the nearest sample", "lower", tuple(merits), (remark,))
