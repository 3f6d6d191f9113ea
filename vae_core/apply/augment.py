"""Samples of each class that a model makes up, and whether a small classifier with few labels is better for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from vae_core.apply.classify import KIND_TITLES, Kind, classifier, interval_of_mean, labelled_rows
from vae_core.apply.material import Part, codes_of, data_of, needs_codes, part_of
from vae_core.apply.outcome import ApplyError, Merit, Outcome
from vae_core.apply.semi import labelled
from vae_core.export import decode_samples
from vae_core.latent.mixture import fit

if TYPE_CHECKING:
    from vae_core.runs import Run

MOST_BYTES = 256 << 20
"""Of all samples that are made at once."""
MOST_REPEATS = 50
COPIES = 20
"""Codes drawn from each labelled sample's posterior, to which the mixture of its class is fitted."""
WAYS = {"without": "labelled samples alone", "smote": "with SMOTE", "with": "with what the model made"}


@dataclass(frozen=True, eq=False)
class Made:
    """Samples that nobody took: x as decode_samples gives them, [n, *shape]; y their classes, int64 [n]."""

    x: np.ndarray
    y: np.ndarray
    class_names: tuple[str, ...]

    @property
    def flat(self) -> np.ndarray:
        """float32 [n, P], pixels in [0, 1]."""
        scale = 255 if self.x.dtype == np.uint8 else 1
        return (self.x.reshape(len(self.x), -1) / scale).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Augmented:
    """What was made in the first repeat, and the accuracies by names of the outcome's merits (WAY_KIND), [repeats]."""

    outcome: Outcome
    made: Made
    accuracies: dict[str, np.ndarray]
    labels: int


def make_samples(
    run: Run, per_class: int, *, known: Part | None = None, temperature: float = 1.0, seed: int = 0
) -> Made:
    """`per_class` samples of each class.

    A model that is told or infers a class is told it, with codes from its prior. Any other has a Gaussian mixture
    fitted to each class's codes (Ghosh et al. 2020), for which `known` are the samples whose classes are known; of
    text, samples are tokens.

    Raises ApplyError, also where the samples would be more than MOST_BYTES.
    """
    info, able = run.config.data, run.config.model.abilities
    names = info.class_names
    if len(names) < 2:
        raise ApplyError(f"{info.name} has no classes to make samples of: choose a run on other data.")
    bytes_each = int(np.prod(info.sample_shape)) * (1 if info.kind == "image" else 8)
    if per_class < 1 or per_class * len(names) * bytes_each > MOST_BYTES:
        most = MOST_BYTES // (len(names) * bytes_each)
        raise ApplyError(f"Between 1 and {most:,} samples of each class can be made at once, not {per_class:,}.")
    y = np.repeat(np.arange(len(names)), per_class)
    if able.classes:
        generator = torch.Generator(device=run.model.device).manual_seed(seed)
        told = torch.from_numpy(y).to(run.model.device)
        with torch.no_grad():
            z = run.model.sample_prior(len(y), told, temperature, generator).float().cpu().numpy()
        return Made(decode_samples(run.model, info, z, y), y, names)
    if known is None:
        raise ApplyError(f"{run.name} knows no classes: say which samples' classes are known.")
    codes = class_codes(run, known, per_class, temperature, seed)
    return Made(decode_samples(run.model, info, codes), y, names)


def class_codes(run: Run, known: Part, per_class: int, temperature: float, seed: int) -> np.ndarray:
    """Codes drawn from one mixture for each class, class by class: float32 [classes * per_class, D]."""
    needs_codes(run)
    if run.config.model.abilities.cells is not None:
        raise ApplyError(f"{run.name} has a grid of discrete codes, to which no mixture is fitted.")
    mean, std = codes_of(run.model, known)
    drawn = []
    for label in range(len(run.config.data.class_names)):
        rows = known.classes == label
        if not rows.any():
            raise ApplyError(f"No sample of class {run.config.data.class_names[label]} is known: ask for more labels.")
        around = np.repeat(mean[rows], COPIES, 0), np.repeat(std[rows], COPIES, 0)
        mixture = fit(*around, components=max(1, int(rows.sum()) // 5), seed=seed)
        drawn.append(mixture.draw(per_class, temperature, seed + label))
    return np.concatenate(drawn)


def augment(
    run: Run,
    *,
    per_class: int = 100,
    labels: int = 0,
    kinds: tuple[Kind, ...] = ("linear", "neighbours"),
    repeats: int = 5,
    samples: int = 2_000,
    temperature: float = 1.0,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
) -> Augmented:
    """Accuracy of small classifiers taught few labelled samples, with and without what the model makes.

    Beside it the same number of samples from SMOTE (Chawla et al. 2002): places between two labelled samples of a
    class, which needs no model. A semi-supervised model's own labels are the ones that are used, so that it has no more
    to go by than the classifier; an unconditional model is told no others either.

    Args:
        labels: of each class; 0 takes as many as a semi-supervised run was trained with, 10 for others.
        repeats: with other labels (another seed of the drawing alone, where the labels are the run's own).
        samples: held-out ones, at most.

    Raises ApplyError.
    """
    able = run.config.model.abilities
    data = data_of(run)
    if not 1 <= repeats <= MOST_REPEATS:
        raise ApplyError(f"Between 1 and {MOST_REPEATS} repeats are made, not {repeats}.")
    held_out = part_of(data, "test", samples)
    own = run.config.train.labels
    if able.infers_class and labels not in (0, own):
        raise ApplyError(f"{run.name} was trained with {own} labels of each class: leave --labels away.")
    count = labels or (own if able.infers_class else 10)
    pool = None if able.infers_class else part_of(data, "train", 20_000)
    accuracies: dict[str, list[float]] = {f"{way}_{kind}": [] for kind in kinds for way in WAYS}
    first: Made | None = None
    for repeat in range(repeats):
        progress(repeat / repeats, f"repeat {repeat + 1} of {repeats}")
        known = labelled(run, data, count) if pool is None else pool.take(labelled_rows(pool.classes, count, repeat))
        made = make_samples(run, per_class, known=known, temperature=temperature, seed=seed + repeat)
        first = first or made
        x, y = known.flat, known.classes
        between = smote(x, y, per_class, seed + repeat)
        added = {"without": (x[:0], y[:0]), "smote": between, "with": (made.flat, made.y)}
        for way, (more, classes) in added.items():
            for kind in kinds:
                taught = classifier(kind, np.concatenate([x, more]), np.concatenate([y, classes]), seed=repeat)
                right = taught.predict(held_out.flat) == held_out.classes
                accuracies[f"{way}_{kind}"].append(float(right.mean()))
    assert first is not None  # there is at least one repeat
    values = {name: np.array(each) for name, each in accuracies.items()}
    return Augmented(_outcome(run, values, kinds, count, per_class), first, values, count)


def smote(x: np.ndarray, y: np.ndarray, per_class: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`per_class` places between two samples of each class: float32 [n, P], and their classes [n]."""
    generator = np.random.default_rng(seed)
    made = []
    labels = np.unique(y)
    for label in labels:
        own = x[y == label]
        first, second = generator.integers(len(own), size=(2, per_class))
        along = generator.random((per_class, 1)).astype(np.float32)
        made.append(own[first] + along * (own[second] - own[first]))
    return np.concatenate(made), np.repeat(labels, per_class)


def _outcome(run: Run, values: dict[str, np.ndarray], kinds: tuple[Kind, ...], count: int, per_class: int) -> Outcome:
    merits = []
    for kind in kinds:
        for way, title in WAYS.items():
            each = values[f"{way}_{kind}"]
            low, high = interval_of_mean(each)
            words = f"{KIND_TITLES[kind].capitalize()}, {title}"
            merits.append(
                Merit(f"{way}_{kind}", words, float(each.mean()), low, high, way != "with", trivial=way == "without")
            )
    able = run.config.model.abilities
    unfair = ""
    remarks = [f"{count} labels of each class; {per_class} samples of each class are added."]
    if able.infers_class:
        remarks.append("The labels are the run's own and the same in each repeat: intervals are of the drawing alone.")
    elif able.classes:
        unfair = f"{run.name} was told all labels when it was trained, the baselines {count} of each class."
    return Outcome("augment", run.name, "Accuracy on held-out samples", "higher", tuple(merits), tuple(remarks), unfair)
