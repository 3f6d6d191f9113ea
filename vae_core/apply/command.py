"""What `python -m vae_core apply ...` offers and prints; no torch before something is to be done."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from vae_core.apply.outcome import Outcome


@dataclass(frozen=True)
class Anomaly:
    """Tell odd samples: distortion, ELBO, density of codes and likelihood regret beside plain baselines (AUROC)."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
    normal: str = ""
    """The class that counts as normal; empty for all (with --odd), or the more frequent one of two."""
    odd: str = ""
    """A dataset whose samples are the odd ones; empty for the other classes."""
    anew: bool = False
    """Train the run's settings again on the normal class alone (in memory)."""
    samples: int = 300
    """Held-out samples that are normal, and that are odd, at most."""
    steps: int = 40
    """Of the search for each sample's own posterior (likelihood regret)."""
    false_alarms: float = 0.05
    """Share of normal validation samples that the threshold may call odd."""
    worst: int = 3
    """How many of the oddest samples are listed."""
    seed: int = 0
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Impute:
    """Fill in what is missing: pseudo-Gibbs and importance weights beside the mean and nearest neighbours (RMSE)."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
    share: float = 0.5
    """Of the numbers that are missing by chance."""
    half: str = ""
    """Of pictures, instead: the lower, upper, left or right half."""
    columns: tuple[str, ...] = ()
    """Of tables, instead: these columns (names or numbers)."""
    samples: int = 200
    """Held-out samples, at most."""
    draws: int = 32
    """Chains, and possible fillings of each sample."""
    codes: int = 800
    """Importance samples."""
    seed: int = 0
    json: bool = False
    """Print JSON instead of a table."""


Application = Annotated[Anomaly, tyro.conf.subcommand("anomaly")] | Annotated[Impute, tyro.conf.subcommand("impute")]


@dataclass(frozen=True)
class Apply:
    """What a model is good for: each application with a figure of merit on held-out data beside baselines."""

    application: Annotated[Application, tyro.conf.arg(name="")]


def apply(command: Apply) -> None:
    """Do it and print what it reaches. Raises RunError, DatasetError and ApplyError, one sentence."""
    asked = command.application
    if isinstance(asked, Anomaly):
        outcome, more = _anomaly(asked)
    else:
        outcome, more = _impute(asked)
    if asked.json:
        print(json.dumps(outcome.as_json() | more, indent=2))
        return
    print(outcome.as_text())
    for name, value in more.items():
        print(f"{name.replace('_', ' ')}: {_words(value)}")


def _anomaly(asked: Anomaly) -> tuple[Outcome, dict[str, object]]:
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
        progress=_tell,
    )
    score = found.score(found.outcome.best.name)
    counts = confusion_of(score.values, found.odd, score.threshold(asked.false_alarms))
    worst = worst_of(found, score.name, asked.worst)
    return found.outcome, {
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


def _impute(asked: Impute) -> tuple[Outcome, dict[str, object]]:
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
        progress=_tell,
    )
    return made.outcome, {
        "samples": len(made.truth),
        "missing": float(made.holes.mean()),
        **{f"within_draws_of_{name}": share for name, share in made.covered.items()},
    }


def _tell(fraction: float, text: str) -> None:
    """On standard error: what is printed may be JSON."""
    print(f"{fraction:4.0%} {text}", file=sys.stderr, flush=True)


def _words(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_words(each) for each in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)
