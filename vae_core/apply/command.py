"""What `python -m vae_core apply ...` does and prints; no torch before something is to be done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vae_core.apply.asked import Anomaly, Application, Apply, Arithmetic, Augment, Impute, Probe, Semi
from vae_core.telling import teller

if TYPE_CHECKING:
    from typing import TypeAlias

    from vae_core.apply.outcome import Outcome

    Told: TypeAlias = tuple[tuple[Outcome, ...], dict[str, object]]  # tables, the first of which counts; what else


def apply(command: Apply) -> None:
    """Do it and print what it reaches. Raises RunError, DatasetError and ApplyError, one sentence."""
    outcomes, more = _done(command.application)
    if command.application.json:
        others = {"also": [outcome.as_json() for outcome in outcomes[1:]]} if len(outcomes) > 1 else {}
        print(json.dumps(outcomes[0].as_json() | others | more, indent=2))
        return
    print("\n\n".join(outcome.as_text() for outcome in outcomes))
    for name, value in more.items():
        print(f"{name.replace('_', ' ')}: {_words(value)}")


def _done(asked: Application) -> Told:
    if isinstance(asked, Anomaly):
        return _anomaly(asked)
    if isinstance(asked, Impute):
        return _impute(asked)
    if isinstance(asked, Augment):
        return _augment(asked)
    if isinstance(asked, Probe):
        return _probe(asked)
    return _arithmetic(asked) if isinstance(asked, Arithmetic) else _semi(asked)


def _anomaly(asked: Anomaly) -> Told:
    from vae_core.apply.anomaly import detect, worst_of
    from vae_core.apply.roc import confusion_of
    from vae_core.runs import load_run

    found = detect(
        load_run(asked.run),
        normal=asked.normal,
        odd=asked.odd,
        anew=asked.anew,
        samples=asked.samples,
        steps=asked.steps,
        seed=asked.seed,
        progress=teller(aside=True),
    )
    score = found.score(found.outcome.best.name)
    counts = confusion_of(score.values, found.odd, score.threshold(asked.false_alarms))
    worst = worst_of(found, score.name, asked.worst)
    return (found.outcome,), {
        "normal": found.normal,
        "odd": found.odd_are,
        "score": score.name,
        "threshold": counts.threshold,
        "hits": counts.hits,
        "misses": counts.misses,
        "false_alarms": counts.false_alarms,
        "passes": counts.passes,
        "worst": [int(found.part.index[place]) for place in worst.places],
        "worst_odd": [bool(found.odd[place]) for place in worst.places],
        "worst_number": [int(row.argmax()) for row in worst.error],
    }


def _impute(asked: Impute) -> Told:
    from vae_core.apply.impute import impute
    from vae_core.runs import load_run

    made = impute(
        load_run(asked.run),
        share=asked.share,
        half=asked.half,
        columns=asked.columns,
        samples=asked.samples,
        draws=asked.draws,
        codes=asked.codes,
        seed=asked.seed,
        progress=teller(aside=True),
    )
    return (made.outcome,), {
        "samples": len(made.truth),
        "missing": float(made.holes.mean()),
        **{f"within_draws_of_{name}": share for name, share in made.covered.items()},
    }


def _augment(asked: Augment) -> Told:
    from vae_core.apply.augment import augment
    from vae_core.apply.shelves import write
    from vae_core.runs import load_run

    found = augment(
        load_run(asked.run),
        per_class=asked.per_class,
        labels=asked.labels,
        repeats=asked.repeats,
        temperature=asked.temperature,
        seed=asked.seed,
        progress=teller(aside=True),
    )
    more: dict[str, object] = {"made": len(found.made.x)}
    if asked.out is not None:
        write(found.made, asked.out)
        more["written_to"] = str(asked.out)
    return (found.outcome,), more


def _probe(asked: Probe) -> Told:
    from vae_core.apply.probe import probe
    from vae_core.runs import load_run

    found = probe(
        load_run(asked.run),
        training=asked.training,
        samples=asked.samples,
        seed=asked.seed,
        progress=teller(aside=True),
    )
    return (found.outcome, found.grouping), {
        f"ari_{each.method}_{each.space}": each.ari for each in found.clusters if each.space == "codes"
    }


def _arithmetic(asked: Arithmetic) -> Told:
    from vae_core.runs import load_run

    run = load_run(asked.run)
    if run.config.model.abilities.classes:
        from vae_core.apply.style import restyled

        changed = restyled(run, seed=asked.seed)
        return (changed.outcome, changed.read), {merit.name: merit.note for merit in changed.outcome.merits}
    from vae_core.apply.arithmetic import directions

    found = directions(
        run,
        source=asked.source,
        target=asked.target,
        strength=asked.strength,
        seed=asked.seed,
        progress=teller(aside=True),
    )
    return (found.outcome, found.likeness), {"strengths": found.strengths.tolist(), "read": found.read.tolist()}


def _semi(asked: Semi) -> Told:
    from vae_core.apply.semi import few_labels
    from vae_core.runs import list_runs, load_run

    run = load_run(asked.run)
    others = [
        load_run(card.folder)
        for card in ([] if asked.alone else list_runs())
        if card.ready
        and card.config is not None
        and card.config.data.name == run.config.data.name
        and card.config.model.abilities.infers_class
        and card.folder.resolve() != run.folder.resolve()
    ]
    found = few_labels([run, *others], counts=asked.counts, samples=asked.samples, progress=teller(aside=True))
    curves: dict[str, object] = {}
    for point in sorted(found.points, key=lambda each: each.labels):
        name = f"{point.way}_{point.run}" if point.run else point.way
        curves.setdefault(name, []).append([point.labels, point.error])  # type: ignore[attr-defined]
    return (found.outcome,), {"labels_and_errors": curves}


def _words(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_words(each) for each in value)
    if isinstance(value, dict):
        return "".join(f"\n  {name}: {_words(each)}" for name, each in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)
