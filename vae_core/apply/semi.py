"""Error against the number of labels: models that learn from few, and supervised baselines on the same labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from vae_core.apply.classify import KIND_TITLES, Kind, classifier
from vae_core.apply.material import Part, codes_of, data_of, part_of
from vae_core.apply.outcome import ApplyError, Merit, Outcome, Verdict, wilson
from vae_core.redraw import inferred
from vae_core.training.batches import training_classes

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.runs import Run

COUNTS = (1, 2, 5, 10, 20, 50)
"""Labels of each class at which curves are drawn."""
BASELINES: tuple[Kind, ...] = ("linear", "neighbours", "mlp")
TESTED = 2_000
MOST_LABELS = 5_000
"""Of all classes together: what baselines are taught."""


@dataclass(frozen=True)
class Point:
    """An error at a number of labels.

    Attributes:
        way: "linear", "neighbours", "mlp" (on raw numbers), "codes" (logistic regression on a run's codes: M1), or
            "inferred" (the class that a run itself infers).
        run: whose; "" for baselines.
        labels: of each class. error: share of held-out samples, with a 95 % interval (Wilson).
    """

    way: str
    run: str
    labels: int
    error: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class FewLabels:
    """All points; the outcome lists ways at the number of labels that the first run was trained with, and judges the
    first run by all of its points (`verdict_of`)."""

    outcome: Outcome
    points: tuple[Point, ...]
    labels: int

    def curve(self, way: str, run: str = "") -> tuple[Point, ...]:
        """The points of one way, by rising number of labels."""
        found = (point for point in self.points if (point.way, point.run) == (way, run))
        return tuple(sorted(found, key=lambda point: point.labels))


def few_labels(
    runs: Sequence[Run],
    *,
    counts: tuple[int, ...] = COUNTS,
    samples: int = TESTED,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
) -> FewLabels:
    """Errors of runs on the same data, and of baselines that are taught the very same labels.

    A run that infers a class (M2, M1+M2) has one point: the labels that it was trained with. A run without classes has
    a curve: a classifier on its codes (M1 of Kingma et al. 2014). Where the labels of two runs differ by their seed,
    the first's are taken for the baselines.

    Raises ApplyError where runs differ in their data, or none of them can be asked.
    """
    if not runs:
        raise ApplyError("Name at least one run.")
    data = data_of(runs[0])
    usable = [_checked(run, data) for run in runs]
    held_out = part_of(data, "test", samples)
    asked = held_out.classes
    told = next((run for run in usable if run.config.model.abilities.infers_class), usable[0])
    here = told.config.train.labels
    points: list[Point] = []
    numbers = sorted({*counts, here})
    for place, count in enumerate(numbers):
        progress(place / (len(numbers) + len(usable)), f"{count} labels of each class")
        taught = labelled(told, data, count)
        if len(taught) > MOST_LABELS:
            raise ApplyError(f"Baselines are taught at most {MOST_LABELS:,} labels, not {len(taught):,}.")
        for kind in BASELINES:
            made = classifier(kind, taught.flat, taught.classes).predict(held_out.flat)
            points.append(_point(kind, "", count, made, asked))
        for run in usable:
            if not run.config.model.abilities.classes:
                probe = classifier("linear", codes_of(run.model, taught)[0], taught.classes)
                points.append(_point("codes", run.name, count, probe.predict(codes_of(run.model, held_out)[0]), asked))
    for place, run in enumerate(usable):
        progress((len(numbers) + place) / (len(numbers) + len(usable)), run.name)
        if run.config.model.abilities.infers_class:
            made = inferred(run.model, held_out.x).numpy()
            points.append(_point("inferred", run.name, run.config.train.labels, made, asked))
    return FewLabels(_outcome(runs[0], points, here, asked, data), tuple(points), here)


def labelled(run: Run, data: Dataset, count: int) -> Part:
    """The training samples whose classes a run like this is told, `count` of each class: by its own seed."""
    if count < 1:
        raise ApplyError(f"At least one label of each class is needed, not {count}.")
    if data.y is None:
        raise ApplyError(f"{data.name} has no classes: choose a run on other data.")
    spec = run.config.model
    few = spec.model_copy(update={"bottleneck": "class", "classes": len(data.class_names)})
    told = training_classes(data, run.config.train.model_copy(update={"labels": count}), few)
    assert told is not None  # data has classes, and the spec infers them
    rows = (told >= 0).nonzero().reshape(-1)
    return Part(data.x[rows], told[rows].numpy(), data.index[rows].numpy())


def _checked(run: Run, data: Dataset) -> Run:
    able = run.config.model.abilities
    if run.config.data.name != data.name:
        raise ApplyError(f"{run.name} is of {run.config.data.name}, not of {data.name}: compare runs on the same data.")
    if not able.encodes:
        raise ApplyError(f"{run.name} has no encoder, so it cannot be asked for a class.")
    if able.classes and not able.infers_class:
        raise ApplyError(
            f"{run.name} is told the class and infers none: choose an M2, an M1+M2 or one without classes."
        )
    return run


def _point(way: str, run: str, labels: int, made: np.ndarray, asked: np.ndarray) -> Point:
    wrong = int((made != asked).sum())
    low, high = wilson(wrong, len(asked))
    return Point(way, run, labels, wrong / len(asked), low, high)


def _outcome(first: Run, points: list[Point], here: int, asked: np.ndarray, data: Dataset) -> Outcome:
    known = part_of(data, "train", TESTED).classes  # the most frequent class of those that were trained on
    wrong = int((asked != np.bincount(known).argmax()).sum())
    low, high = wilson(wrong, len(asked))
    merits = [Merit("majority", "The most frequent class", wrong / len(asked), low, high, True, True)]
    for point in points:
        if point.labels != here:
            continue
        title = {
            "codes": f"{point.run}: logistic regression on its codes",
            "inferred": f"{point.run}: the class that it infers",
        }.get(point.way) or f"Supervised: {KIND_TITLES[point.way]}"  # type: ignore[index]
        merits.append(Merit(point.run or point.way, title, point.error, point.low, point.high, not point.run))
    own, *others = dict.fromkeys((first.name, *(point.run for point in points if point.run)))
    remarks = tuple(verdict_of(points, name).text for name in others)
    measure = f"Error on held-out samples at {here} labels of each of {len(data.class_names)} classes"
    verdict = verdict_of(points, own)
    return Outcome("semi", first.name, measure, "lower", tuple(merits), remarks, judged=verdict)


def verdict_of(points: Sequence[Point], run: str) -> Verdict:
    """How a run does beside the best baseline at each number of labels that it has a point at.

    It wins where it is clearly better (intervals apart) at more than half of them, and loses likewise.
    """
    better, clearly, lost = [], [], []
    own = sorted((point for point in points if point.run == run), key=lambda point: point.labels)
    for point in own:
        baselines = [each for each in points if not each.run and each.labels == point.labels]
        best = min(baselines, key=lambda each: each.error)
        better += [point.labels] if point.error < best.error else []
        clearly += [point.labels] if point.high < best.low else []
        lost += [point.labels] if point.low > best.high else []
    winner: Literal["model", "baseline"] | None = None
    if 2 * max(len(clearly), len(lost)) > len(own):
        winner = "model" if len(clearly) > len(lost) else "baseline"
    if len(own) == 1:  # own is of this run alone, and best of its one number
        figures = f"{own[0].error:.3f} against {best.error:.3f} of the best baseline ({KIND_TITLES[best.way]})"  # type: ignore[index]
        how = {"model": "clearly fewer errors", "baseline": "clearly more errors", None: "no clear difference"}[winner]
        return Verdict(winner, f"{run} at {own[0].labels} labels of each class: {how}, {figures}.")
    text = (
        f"{run} beside the best baseline at {len(own)} numbers of labels: fewer errors at {_counted(better)}, clearly "
        f"fewer at {_counted(clearly)}; clearly more at {_counted(lost)}."
    )
    return Verdict(winner, text)


def _counted(labels: list[int]) -> str:
    """How many numbers of labels, and which."""
    return f"{len(labels)} ({', '.join(map(str, labels))})" if labels else "none"
