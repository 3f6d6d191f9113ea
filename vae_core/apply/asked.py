"""What `python -m vae_core apply ...` can be asked, and the line that asks it; no torch."""

from __future__ import annotations

import shlex
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated

import tyro

PROGRAM = "python -m vae_core apply"
ALL_SCORES = ("distortion", "elbo", "density", "posterior", "regret", "mean", "neighbour", "forest")
"""Ways of telling odd samples; the last three need no model."""


@dataclass(frozen=True)
class Asked:
    """What all applications are asked."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Drawn(Asked):
    """What those are asked that draw by chance."""

    seed: int = 0


@dataclass(frozen=True)
class Anomaly(Drawn):
    """Tell odd samples: distortion, ELBO, density of codes and likelihood regret beside plain baselines (AUROC)."""

    normal: str = ""
    """The class that counts as normal; empty for all (with --odd), or the more frequent one of two."""
    odd: str = ""
    """A dataset whose samples are the odd ones; empty for the other classes."""
    anew: bool = False
    """Train the run's settings again on the normal class alone (in memory)."""
    scores: tuple[str, ...] = ALL_SCORES
    """Which ways of telling odd samples are tried."""
    samples: int = 300
    """Held-out samples that are normal, and that are odd, at most."""
    steps: int = 40
    """Of the search for each sample's own posterior (likelihood regret)."""
    false_alarms: float = 0.05
    """Share of normal validation samples that the threshold may call odd."""
    worst: int = 3
    """How many of the oddest samples are listed."""


@dataclass(frozen=True)
class Impute(Drawn):
    """Fill in what is missing: pseudo-Gibbs and importance weights beside the mean and nearest neighbours (RMSE)."""

    share: float = 0.5
    """Of the numbers that are missing by chance."""
    half: str = ""
    """Of pictures, instead: the lower, upper, left or right half."""
    columns: tuple[str, ...] = ()
    """Of tables, instead: these columns (names or numbers)."""
    holes: str = ""
    """Instead: these numbers of every sample, as in 0-7,12 (row by row, channel after channel)."""
    at: int = -1
    """Fill in this sample alone, by its place in the dataset or a guest's number; -1: held-out ones."""
    out: Path | None = None
    """Keep samples, holes and all that they were filled with: an .npz."""
    samples: int = 200
    """Held-out samples, at most."""
    draws: int = 32
    """Chains, and possible fillings of each sample."""
    codes: int = 800
    """Importance samples."""


@dataclass(frozen=True)
class Augment(Drawn):
    """Make samples of each class, and see whether few labels go further with them (accuracy)."""

    per_class: int = 100
    """Samples of each class that are made."""
    labels: int = 0
    """Labelled samples of each class; 0: as many as a semi-supervised run had, 10 for others."""
    repeats: int = 5
    """With other labels each."""
    temperature: float = 1.0
    """Times the spread of the prior, or of the mixtures."""
    out: Path | None = None
    """Keep what was made: an .npz, a .zip of pictures, or a new folder with one for each class (ImageFolder)."""


@dataclass(frozen=True)
class Probe(Drawn):
    """What can be read off codes, beside raw numbers and PCA of the same size (accuracy; NMI and ARI of groups)."""

    training: int = 2_000
    """Training samples that probes are taught, at most."""
    samples: int = 1_000
    """Held-out samples, at most."""


@dataclass(frozen=True)
class Arithmetic(Drawn):
    """Move samples from class to class by attribute vectors; a conditional model is told the other class instead."""

    source: str = ""
    """The class to start from; empty (with --target) for all pairs."""
    target: str = ""
    """The class to go to."""
    first: tuple[int, ...] = ()
    """The way from these samples instead, by their places in the dataset (with --second)."""
    second: tuple[int, ...] = ()
    """And to these."""
    strength: float = 1.0
    """Times the vector."""


@dataclass(frozen=True)
class Semi(Asked):
    """Error against the number of labels: semi-supervised runs beside baselines on the same labels."""

    alone: bool = False
    """Other runs of the same data that infer classes do not join."""
    counts: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    """Labels of each class at which curves are drawn."""
    samples: int = 2_000
    """Held-out samples, at most."""


Application = (
    Annotated[Anomaly, tyro.conf.subcommand("anomaly")]
    | Annotated[Impute, tyro.conf.subcommand("impute")]
    | Annotated[Augment, tyro.conf.subcommand("augment")]
    | Annotated[Probe, tyro.conf.subcommand("probe")]
    | Annotated[Arithmetic, tyro.conf.subcommand("arithmetic")]
    | Annotated[Semi, tyro.conf.subcommand("semi")]
)


@dataclass(frozen=True)
class Apply:
    """What a model is good for: each application with a figure of merit on held-out data beside baselines."""

    application: Annotated[Application, tyro.conf.arg(name="")]


def words_of(asked: Application) -> list[str]:
    """The words after PROGRAM that ask this; settings that are as usual are left out."""
    words = [type(asked).__name__.lower(), asked.run]
    for field in fields(asked):
        value, flag = getattr(asked, field.name), f"--{field.name.replace('_', '-')}"
        if field.default is MISSING or value == field.default:
            continue
        if value is True:
            words.append(flag)
        elif isinstance(value, tuple):
            words += [flag, *map(str, value)]
        else:
            words.append(f"{flag}={value}" if str(value).startswith("-") else flag)
            words += [] if str(value).startswith("-") else [str(value)]
    return words


def line_of(asked: Application) -> str:
    """What to type in a shell to have this computed without the app."""
    return f"{PROGRAM} {shlex.join(words_of(asked))}"
