"""The runs as lines of a table: what each is made of, where it stands and what it reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ui import cache
from vae_core.config import TrainConfig
from vae_core.model_cards import MODEL_CARDS, size_of
from vae_core.objective_cards import OBJECTIVE_CARDS, values_of
from vae_core.runs import Label, RunCard, RunError, RunFolder, label_of
from vae_core.sweep import priced

if TYPE_CHECKING:
    from vae_core.runs.database import RunRow

SHIPPED = "~"
"""Before the name of a run that came with the app, in addresses: one of your own may be called alike."""
UNREADABLE = "unreadable"
BROUGHT = "onnx"
"""The bottleneck of a pair that was made elsewhere, which is not trained here."""


@dataclass(frozen=True)
class Line:
    """One run. Figures are in nats per sample, None where there is none yet, or never will be."""

    name: str
    folder: Path
    shipped: bool
    state: str
    label: Label
    config: TrainConfig | None
    problem: str = ""
    part: float | None = None
    """Of its steps that are done, while it is live."""
    distortion: float | None = None
    rate: float | None = None
    likelihood: str = ""
    """Nats of one cannot be compared with those of another."""
    energy: float | None = None
    """Distance of dreams from samples, of a model without an encoder; no nats."""
    active: int | None = None
    dims: int | None = None
    when: datetime | None = None
    seconds: float | None = None
    """That its steps took."""
    sweep: str = ""
    ready: bool = False
    live: bool = False

    @property
    def key(self) -> str:
        return SHIPPED + self.name if self.shipped else self.name

    @property
    def title(self) -> str:
        return self.label.title or (self.config.title if self.config else "") or self.name

    @property
    def elbo(self) -> float | None:
        return None if self.distortion is None or self.rate is None else -(self.distortion + self.rate)

    @property
    def standing(self) -> str:
        return f"{self.state} {self.part:.0%}" if self.part is not None else self.state

    @property
    def model(self) -> str:
        return (MODEL_CARDS[self.config.bottleneck].label or "VAE") if self.config else ""

    @property
    def objective(self) -> str:
        """What is minimised, with its settings; nothing where no setting of it changes anything."""
        if self.config is None or not priced(self.config):
            return ""
        label = "" if self.config.objective == "elbo" else f"{OBJECTIVE_CARDS[self.config.objective].label}, "
        steered = ", changed while it trained" if self.config.turns else ""
        return label + values_of(self.config) + steered

    @property
    def size(self) -> str:
        if self.config is None:
            return ""
        name, size = size_of(self.config)
        return size if name == "dimensions" else f"{size} {name}"


def lines() -> list[Line]:
    """All runs: your own first, newest first, then those that came with the app."""
    rows = _rows()
    active = cache.get_active_units()
    cards = cache.list_runs()
    own = {card.name for card in cards if not card.shipped}
    found = [_of_card(card, None if card.shipped else rows.get(card.name), active) for card in cards]
    found += [_of_row(row) for name, row in rows.items() if name not in own and _is_shown(row)]
    return sorted(found, key=lambda line: (line.shipped, -(line.when.timestamp() if line.when else 0.0)))


def any_live() -> bool:
    """Whether some run is being trained or waits: then the table renews itself."""
    from vae_core.launch import LIVE_STATES, current_state

    return any(row.state in LIVE_STATES and current_state(row) in LIVE_STATES for row in _rows().values())


def _rows() -> dict[str, RunRow]:
    from vae_core.runs.database import open_store

    return {row.name: row for row in open_store().all() if row.trashed is None}


def _is_shown(row: RunRow) -> bool:
    """A run that has no config.json yet, but a folder: it waits, loads its data, or failed before it began."""
    return Path(row.folder).is_dir()


def _of_row(row: RunRow) -> Line:
    from vae_core.launch import LIVE_STATES, current_state

    state, folder = current_state(row), Path(row.folder)
    try:
        config, problem = row.train_config, row.message if state == "failed" else ""
    except RunError as error:
        config, problem = None, str(error)
    return Line(
        row.name, folder, False, state, label_of(folder), config, problem, when=_time(row.created), sweep=row.sweep,
        live=state in LIVE_STATES, dims=config.latent_dim if config else None,
    )  # fmt: skip


def _of_card(card: RunCard, row: RunRow | None, active: dict[str, int]) -> Line:
    from vae_core.launch import LIVE_STATES

    state = _state(card, row)
    live = state in LIVE_STATES
    shared = {
        "sweep": row.sweep if row else "",
        "when": _time(row.created) if row else _changed(card.folder / "config.json"),
        "live": live,
        "ready": card.ready,
    }
    if card.config is None:
        return Line(card.name, card.folder, card.shipped, UNREADABLE, card.label, None, card.problem, **shared)
    config, able = card.config, card.config.model.abilities
    reached = config.test or config.best
    part = row.step / row.total if row and live and row.total and state != "queued" else None
    trained = row.step * config.train.batch_size / row.samples_per_second if row and row.samples_per_second else None
    return Line(
        card.name, card.folder, card.shipped, state, card.label, config.train,
        problem=row.message if row and state == "failed" else "",
        part=part,
        distortion=reached.distortion if reached and able.encodes else None,
        rate=reached.rate if reached and able.rated else None,
        likelihood=config.model.likelihood,
        energy=reached.distortion if reached and not able.encodes else None,
        active=active.get(str(card.folder)) if able.encodes and not able.cells else None,
        dims=config.model.latent_dim,
        seconds=None if live else trained,
        **shared,
    )  # fmt: skip


def _state(card: RunCard, row: RunRow | None) -> str:
    """Where it stands; its config.json, which the card has read, is not read again."""
    from vae_core.launch import current_state, folder_state

    on_disk = card.config.state if card.config else None
    if row is not None:
        return current_state(row, on_disk)
    return folder_state(RunFolder(card.folder), on_disk) if on_disk else UNREADABLE


def _changed(file: Path) -> datetime | None:
    """When it was written; None where another visitor has deleted its run since it was listed."""
    try:
        return _time(file.stat().st_mtime)
    except OSError:
        return None


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
