"""A sample's hand kept while its class changes: the same code, another class told to the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_core.apply.arithmetic import flat_samples, share_of
from vae_core.apply.classify import classifier
from vae_core.apply.material import codes_of, data_of, part_of
from vae_core.apply.outcome import ApplyError, Merit, Outcome
from vae_core.export import decode_samples

if TYPE_CHECKING:
    from vae_core.apply.material import Part
    from vae_core.runs import Run


@dataclass(frozen=True, eq=False)
class Restyled:
    """Held-out samples as other classes with the same code: what of the hand stays (`outcome`), and what is read.

    Attributes:
        samples: the originals, [n, *shape]. made: as class target[n], [n, *shape].
    """

    outcome: Outcome
    read: Outcome
    samples: np.ndarray
    made: np.ndarray
    target: np.ndarray


def restyle(run: Run, part: Part, target: np.ndarray) -> np.ndarray:
    """Samples drawn again as other classes, int64 [n], with the codes that they have in their own: [n, *shape].

    A model that infers classes reads the own ones off the samples. Raises ApplyError where no class can be told.
    """
    if not run.config.model.abilities.classes:
        raise ApplyError(f"{run.name} cannot be told a class: choose a conditional model, such as digits-class.")
    told = None if run.config.model.abilities.infers_class else part.classes
    return decode_samples(run.model, run.config.data, codes_of(run.model, part, told)[0], target)


def restyled(run: Run, *, training: int = 2_000, samples: int = 1_000, seed: int = 0) -> Restyled:
    """Each held-out picture as each other class (one by chance), and how much of its slant and thickness is kept.

    Baselines: another picture of the class by chance, and the training picture of the class that is nearest to the
    sample (which is a real one, so that it is read well).

    Raises ApplyError.
    """
    data = data_of(run)
    if data.kind != "image":
        raise ApplyError(f"{run.name} is no model of pictures, so there is no slant to look at.")
    seen, held_out = part_of(data, "train", training), part_of(data, "test", samples)
    generator = np.random.default_rng(seed)
    labels = np.unique(seen.classes)
    if len(labels) < 2:
        raise ApplyError("There is no other class to draw samples as.")
    target = np.array([generator.choice(labels[labels != own]) for own in held_out.classes])
    made = restyle(run, held_out, target)
    reader = classifier("neighbours", seen.flat, seen.classes)
    ways = {
        "told": flat_samples(made),
        "other": seen.flat[[generator.choice(np.flatnonzero(seen.classes == label)) for label in target]],
        "nearest": _nearest(seen, held_out.flat, target),
    }
    titles = {"told": "Same code, other class", "other": "Any sample of the class", "nearest": "Its nearest sample"}
    shape = run.config.model.sample_shape
    before = hand(held_out.flat, shape)  # [n, 2]
    read, kept = [], []
    for name, numbers in ways.items():
        baseline = name != "told"
        read.append(share_of(name, titles[name], reader.predict(numbers) == target, baseline=baseline))
        kept.append(_kept(name, titles[name], before, hand(numbers, shape), held_out.classes, target, seed))
    return Restyled(
        Outcome("arithmetic", run.name, "Correlation of slant and ink before and after", "higher", tuple(kept)),
        Outcome(
            "arithmetic",
            run.name,
            "Share read as the class that was told",
            "higher",
            tuple(read),
            ("The baselines are samples of that class, and so are read well whatever hand they have.",),
        ),
        held_out.x.numpy(),
        made,
        target,
    )


def hand(flat: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Slant (the ink's horizontal shift per row, by second moments) and mean ink of pictures [n, P]: float64 [n, 2]."""
    ink = flat.reshape(len(flat), *shape).mean(1).astype(np.float64)  # [n, H, W]
    _, height, width = shape
    total = np.maximum(ink.sum((1, 2)), 1e-9)
    down, right = np.arange(height)[None, :, None], np.arange(width)[None, None]
    middle = [(ink * axis).sum((1, 2), keepdims=True) / total[:, None, None] for axis in (down, right)]
    vertical = (ink * (down - middle[0]) ** 2).sum((1, 2)) / total
    together = (ink * (down - middle[0]) * (right - middle[1])).sum((1, 2)) / total
    return np.stack([together / np.maximum(vertical, 1e-9), ink.mean((1, 2))], 1)


def _kept(
    name: str, title: str, before: np.ndarray, after: np.ndarray, own: np.ndarray, target: np.ndarray, seed: int
) -> Merit:
    """Mean correlation of slant and ink, each less what its class has of it anyway, with a bootstrap interval."""
    one, other = _within(before, own), _within(after, target)
    rows = np.random.default_rng(seed).integers(len(one), size=(200, len(one)))
    low, high = np.quantile([_correlation(one[chosen], other[chosen]) for chosen in rows], (0.025, 0.975))
    note = "; ".join(
        f"{what} {_correlation(one[:, [place]], other[:, [place]]):.2f}" for place, what in enumerate(("slant", "ink"))
    )
    value = _correlation(one, other)
    return Merit(name, title, value, float(low), float(high), name != "told", name == "other", note)


def _within(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Values [n, K] less the mean of their class."""
    return values - np.stack([values[y == label].mean(0) for label in y])


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's, the mean over columns; 0 where something does not vary."""
    one, other = one - one.mean(0), other - other.mean(0)
    scale = np.sqrt((one**2).sum(0) * (other**2).sum(0))
    return float(((one * other).sum(0) / np.where(scale > 0, scale, np.inf)).mean())


def _nearest(seen: Part, flat: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Of each class asked for the training sample that is nearest: [n, P]."""
    from sklearn.neighbors import NearestNeighbors

    made = np.empty_like(flat)
    for label in np.unique(target):
        own = seen.flat[seen.classes == label]
        rows = target == label
        made[rows] = own[NearestNeighbors(n_neighbors=1).fit(own).kneighbors(flat[rows])[1][:, 0]]
    return made
