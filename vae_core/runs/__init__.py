"""Runs: folders on disk, and the database of those that were started. No torch before a model is used."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vae_core.config import RunConfig, check_name, checkpoints_folder, runs_folder
from vae_core.runs.codes import Codes, read_codes
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder
from vae_core.runs.labels import NO_LABEL, Label, label_of, write_label
from vae_core.runs.names import dimension_names, rename_dimension
from vae_core.studies import STUDIED
from vae_core.zoo import ZOO

if TYPE_CHECKING:
    import pandas as pd

    from vae_core.models import Model

__all__ = [
    "Codes",
    "Label",
    "Run",
    "RunCard",
    "RunError",
    "RunFolder",
    "dimension_names",
    "find_run",
    "label_of",
    "list_runs",
    "load_run",
    "rename_dimension",
    "write_label",
]


PLACES = {name: place for place, name in enumerate((*ZOO, *STUDIED))}


@dataclass(frozen=True)
class Run:
    """A run folder, read piece by piece as the pieces are asked for; each may raise RunError with one sentence."""

    folder: Path
    config: RunConfig

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def title(self) -> str:
        """What visitors call it, else its own title."""
        return label_of(self.folder).title or self.config.title(self.name)

    @property
    def latent_dim(self) -> int:
        return self.config.model.latent_dim

    @property
    def preview(self) -> Path:
        return self.folder / "preview.png"

    @cached_property
    def model(self) -> Model:
        if self.config.model.wiring is not None:
            from vae_core.runs.pairs import open_model

            return open_model(self.folder, self.config.model)
        from vae_core.runs.weights import load_model

        return load_model(RunFolder(self.folder).weights, self.config.model)

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per report: step, epoch, loss, distortion, rate, validation_*, rate_0 ... (nats per sample)."""
        import pandas as pd

        return pd.DataFrame(RunFolder(self.folder).read_history())

    @cached_property
    def codes(self) -> Codes:
        return read_codes(RunFolder(self.folder).codes, self.config)

    @property
    def names(self) -> dict[int, str]:
        """What visitors called the dimensions; read anew each time, since renaming goes on beside us."""
        return dimension_names(self.folder, self.latent_dim)


@dataclass(frozen=True)
class RunCard:
    """A line of the gallery: what config.json says, or why it cannot be read."""

    name: str
    folder: Path
    shipped: bool
    config: RunConfig | None
    problem: str = ""
    label: Label = NO_LABEL

    @property
    def title(self) -> str:
        """What visitors call it, else its own title."""
        return self.label.title or (self.config.title(self.name) if self.config else self.name)

    @property
    def ready(self) -> bool:
        """Whether it has weights to look at."""
        if self.config is None or not RunFolder(self.folder).codes.exists():
            return False
        return self.config.best is not None or self.config.model.wiring is not None  # dreams alone reach nothing


def load_run(where: str | Path) -> Run:
    """The run in a folder, or of a name among the shipped and your own ones.

    Raises RunError, one sentence, where there is none or it cannot be read.
    """
    folder = Path(where)
    if not folder.is_dir() and folder.name == str(where):
        folder = find_run(str(where))
    return Run(folder, RunFolder(folder).read_config())


def find_run(name: str) -> Path:
    """The folder of the run of this name. Raises RunError where there is none; never leaves the two run roots."""
    try:
        check_name(name)
    except ValueError as error:
        raise RunError(f"{error}.") from None
    for root in (checkpoints_folder(), runs_folder()):
        if (root / name / "config.json").is_file():
            return root / name
    raise RunError(f"There is no run called {name}: choose one that the gallery shows.")


def read_card(folder: Path, shipped: bool) -> RunCard:
    """The line of the gallery that the run in this folder has."""
    label = label_of(folder)
    try:
        return RunCard(folder.name, folder, shipped, RunFolder(folder).read_config(), label=label)
    except RunError as error:
        return RunCard(folder.name, folder, shipped, None, str(error), label)


def list_runs(read: Callable[[Path, bool], RunCard] = read_card) -> list[RunCard]:
    """The shipped runs in the catalogue's order, then the study's, then others, simplest first; your own, newest first.

    A folder that cannot be read is listed with its problem.

    Args:
        read: makes the card of a folder; the app's remembers those it has made.
    """
    shipped = sorted((read(folder, True) for folder in _folders(checkpoints_folder())), key=_place)
    own = (read(folder, False) for folder in _folders(runs_folder()))
    return shipped + sorted(own, key=lambda card: -_written(card.folder))


def _folders(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.glob("*/config.json")) if root.is_dir() else []


def _place(card: RunCard) -> tuple[float, float, int, str]:
    """The families of the zoo in their order; then small pictures and few dimensions first; what is broken last."""
    place = PLACES.get(card.name, len(PLACES))
    if card.config is None:
        return (place, math.inf, 0, card.name)
    return (place, math.prod(card.config.data.sample_shape), card.config.model.latent_dim, card.name)


def _written(folder: Path) -> float:
    try:
        return (folder / "config.json").stat().st_mtime
    except FileNotFoundError:  # taken away while we looked
        return 0.0
