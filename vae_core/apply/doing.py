"""What was asked, done: settings and a run in, what an application finds out. Command line and page go by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from vae_core.apply import anomaly, augment, impute, probe, semi, style
from vae_core.apply.arithmetic import Between, Directions, between, directions
from vae_core.apply.asked import Anomaly, Application, Arithmetic, Augment, Impute, Probe, Semi
from vae_core.apply.outcome import ApplyError, Outcome
from vae_core.apply.roc import confusion_of

if TYPE_CHECKING:
    from typing import Any

    from vae_core.runs import Run, RunCard

Found: TypeAlias = (
    anomaly.Detection
    | impute.Imputation
    | augment.Augmented
    | probe.Probed
    | Directions
    | Between
    | style.Restyled
    | semi.FewLabels
)
Progress: TypeAlias = Callable[[float, str], None]


def do(asked: Application, run: Run, others: Sequence[Run], progress: Progress) -> Found:
    """Do what is asked with the run (`others` join it where few labels are compared).

    Raises RunError, DatasetError and ApplyError: one sentence each.
    """
    if isinstance(asked, Anomaly):
        return anomaly.detect(
            run, normal=asked.normal, odd=asked.odd, scores=asked.scores, anew=asked.anew, samples=asked.samples,
            steps=asked.steps, seed=asked.seed, progress=progress,
        )  # fmt: skip
    if isinstance(asked, Impute):
        return impute.impute(
            run, share=asked.share, half=asked.half, columns=asked.columns, holes=asked.holes, at=asked.at,
            samples=asked.samples, draws=asked.draws, codes=asked.codes, seed=asked.seed, progress=progress,
        )  # fmt: skip
    if isinstance(asked, Augment):
        return augment.augment(
            run, per_class=asked.per_class, labels=asked.labels, repeats=asked.repeats,
            temperature=asked.temperature, seed=asked.seed, progress=progress,
        )  # fmt: skip
    if isinstance(asked, Probe):
        return probe.probe(
            run, training=asked.training, samples=asked.samples, seed=asked.seed, progress=progress
        )  # fmt: skip
    if isinstance(asked, Semi):
        return semi.few_labels([run, *others], counts=asked.counts, samples=asked.samples, progress=progress)
    return _arithmetic(asked, run, progress)


def _arithmetic(asked: Arithmetic, run: Run, progress: Progress) -> Directions | Between | style.Restyled:
    if asked.first or asked.second:
        return between(run, asked.first, asked.second, seed=asked.seed)
    if run.config.model.abilities.classes:
        return style.restyled(run, seed=asked.seed)
    return directions(
        run, source=asked.source, target=asked.target, strength=asked.strength, seed=asked.seed, progress=progress
    )


def joins(card: RunCard, run: Run) -> bool:
    """Whether a run takes part where few labels are compared: it infers classes, of the same data as this one."""
    return (
        card.ready
        and card.config is not None
        and card.config.data.name == run.config.data.name
        and card.config.model.abilities.infers_class
        and card.folder.resolve() != run.folder.resolve()
    )


def others_of(asked: Application, run: Run) -> list[Run]:
    """The runs that join."""
    from vae_core.runs import list_runs, load_run

    if not isinstance(asked, Semi) or asked.alone:
        return []
    return [load_run(card.folder) for card in list_runs() if joins(card, run)]


def outcomes_of(found: Found) -> tuple[Outcome, ...]:
    """Its tables; the first is the one that counts."""
    if isinstance(found, probe.Probed):
        return found.outcome, found.grouping
    if isinstance(found, Directions):
        return found.outcome, found.likeness
    if isinstance(found, style.Restyled):
        return found.outcome, found.read
    return (found.outcome,)


def report(asked: Application, found: Found) -> dict[str, Any]:
    """All that `--json` prints."""
    first, *rest = outcomes_of(found)
    also = {"also": [outcome.as_json() for outcome in rest]} if rest else {}
    return first.as_json() | also | told(asked, found)


def told(asked: Application, found: Found) -> dict[str, Any]:
    """What is told beside the tables."""
    if isinstance(found, anomaly.Detection) and isinstance(asked, Anomaly):
        return _told_of_odd(asked, found)
    if isinstance(found, impute.Imputation):
        return {
            "samples": len(found.truth),
            "missing": float(found.holes.mean()),
            **{f"within_draws_of_{name}": share for name, share in found.covered.items()},
        }
    if isinstance(found, augment.Augmented):
        return {"made": len(found.made.x)}
    if isinstance(found, probe.Probed):
        return {f"ari_{each.method}_{each.space}": each.ari for each in found.clusters if each.space == "codes"}
    if isinstance(found, style.Restyled):
        return {merit.name: merit.note for merit in found.outcome.merits}
    if isinstance(found, Directions):
        return {"strengths": found.strengths.tolist(), "read": found.read.tolist()}
    if isinstance(found, Between):
        return {"p": found.attribute.p, "direction": found.attribute.direction.tolist()}
    if isinstance(found, semi.FewLabels):
        curves: dict[str, list[list[float]]] = {}
        for point in sorted(found.points, key=lambda each: each.labels):
            name = f"{point.way}_{point.run}" if point.run else point.way
            curves.setdefault(name, []).append([point.labels, point.error])
        return {"labels_and_errors": curves}
    raise ApplyError("These settings belong to another application.")


def _told_of_odd(asked: Anomaly, found: anomaly.Detection) -> dict[str, Any]:
    score = found.score(found.usual)
    counts = confusion_of(score.values, found.odd, score.threshold(asked.false_alarms))
    worst = anomaly.worst_of(found, score.name, asked.worst)
    return {
        "normal": found.normal,
        "odd": found.odd_are,
        "score": score.name,
        "seed": found.seed,
        "anew": asked.anew,
        "false_alarms_wanted": asked.false_alarms,
        "threshold": counts.threshold,
        "hits": counts.hits,
        "misses": counts.misses,
        "false_alarms": counts.false_alarms,
        "passes": counts.passes,
        "worst": [int(found.part.index[place]) for place in worst.places],
        "worst_odd": [bool(found.odd[place]) for place in worst.places],
        "worst_number": [int(row.argmax()) for row in worst.error],
    }
