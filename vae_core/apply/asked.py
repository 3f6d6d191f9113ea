"""What `python -m vae_core apply ...` can be asked; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


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


@dataclass(frozen=True)
class Augment:
    """Make samples of each class, and see whether few labels go further with them (accuracy)."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
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
    seed: int = 0
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Probe:
    """What can be read off codes, beside raw numbers and PCA of the same size (accuracy; NMI and ARI of groups)."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
    training: int = 2_000
    """Training samples that probes are taught, at most."""
    samples: int = 1_000
    """Held-out samples, at most."""
    seed: int = 0
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Arithmetic:
    """Move samples from class to class by attribute vectors; a conditional model is told the other class instead."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run."""
    source: str = ""
    """The class to start from; empty (with --target) for all pairs."""
    target: str = ""
    """The class to go to."""
    strength: float = 1.0
    """Times the vector."""
    seed: int = 0
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Semi:
    """Error against the number of labels: semi-supervised runs beside baselines on the same labels."""

    run: tyro.conf.Positional[str]
    """Run folder, or the name of a run; all others of the same data that infer classes join it."""
    alone: bool = False
    """No others join."""
    counts: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    """Labels of each class at which curves are drawn."""
    samples: int = 2_000
    """Held-out samples, at most."""
    json: bool = False
    """Print JSON instead of a table."""


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
