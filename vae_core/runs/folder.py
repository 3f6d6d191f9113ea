"""What a run is on disk while it trains: config, weights, state, curves.

```
config.json         settings, architecture, figures (schema-versioned)
model.safetensors   the weights that are best on validation
state.safetensors   the last weights, Adam's moments and the noise's state: what resuming needs
history.csv         the curves
codes.npz           codes of (up to 70,000 of) the dataset's samples, made when training ends
maps/*.npz          projections of the codes, one file per settings
names.json          what visitors called the dimensions
label.json          what they call the run and note of it
scores.json         scores of disentanglement, with intervals and self-tests
preview.png, card.md
```
Nothing in it is ever unpickled.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from vae_core.config import SCHEMA_VERSION, Figures, RunConfig, check_name
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_bounded, write_atomically
from vae_core.wiring import DECODER

if TYPE_CHECKING:
    from torch import Tensor, nn

CONFIG_LIMIT = 1 << 20
HISTORY_LIMIT = 64 << 20
HISTORY_COLUMNS = {"step", "epoch", "loss", "distortion", "rate", "validation_distortion", "validation_rate"}


@dataclass(frozen=True)
class TrainingState:
    """All that goes on changing while a run trains."""

    step: int
    weights: dict[str, Tensor]
    best_weights: dict[str, Tensor]
    best: Figures | None
    moments: dict[str, Tensor]
    noise: Tensor  # uint8, the generator's state
    critic: dict[str, Tensor]
    critic_moments: dict[str, Tensor]
    """Of the net that is trained beside the model; empty where there is none."""


@dataclass(frozen=True)
class RunFolder:
    path: Path

    @property
    def weights(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def state(self) -> Path:
        return self.path / "state.safetensors"

    @property
    def codes(self) -> Path:
        return self.path / "codes.npz"

    @property
    def has_model(self) -> bool:
        """Whether there are weights, or the decoder of a pair that came from elsewhere."""
        return self.weights.exists() or (self.path / DECODER).exists()

    @property
    def lock(self) -> Path:
        return self.path / ".lock"

    def create(self, config: RunConfig) -> None:
        """Begin a run here. Raises RunError where one is already."""
        self.check_free()
        self.write_config(config)

    def check_free(self) -> None:
        """Raises RunError where a run cannot begin: there is one already, or the name cannot be a run's."""
        try:
            check_name(self.path.name)
        except ValueError as error:
            raise RunError(f"{error}.") from None
        if (self.path / "config.json").exists():
            raise RunError(
                f"There is a run in {self.path.name} already: choose another name, resume it "
                f"(python -m vae_core resume {self.path}) or delete the folder."
            )

    def write_config(self, config: RunConfig) -> None:
        write_atomically(self.path / "config.json", config.model_dump_json(indent=2).encode())

    def read_config(self) -> RunConfig:
        """Raises RunError where it is missing, cut short, of an unknown version or has settings out of range."""
        place = f"{self.path.name}/config.json"
        content = read_bounded(self.path / "config.json", CONFIG_LIMIT)
        try:
            raw = json.loads(content)
        except (ValueError, RecursionError):
            raise RunError(f"{place} is cut short or not JSON.") from None
        version = raw.get("schema_version") if isinstance(raw, dict) else None
        if version != SCHEMA_VERSION:
            raise RunError(
                f"{place} has schema version {str(version)[:20]}, and this Latentarium reads version {SCHEMA_VERSION}."
            )
        try:
            return RunConfig.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RunError(f"{place} has a setting that does not fit: {where}: {first['msg']}.") from None

    def write_weights(self, weights: Mapping[str, Tensor], *, half: bool = False) -> None:
        """model.safetensors, in single precision or (numbers that were rounded to it) half."""
        from vae_core.runs.weights import write_tensors

        write_tensors(self.weights, {name: value.half() for name, value in weights.items()} if half else weights)

    def write_progress(self, config: RunConfig, state: TrainingState, history: list[dict[str, float]]) -> None:
        """The state at a look at the validation split. The order matters: state last, so that it never runs ahead."""
        from vae_core.runs.weights import write_tensors

        self.write_weights(state.best_weights)
        write_atomically(self.path / "history.csv", _csv(history))
        self.write_config(config)
        groups = {
            "weights": state.weights,
            "best": state.best_weights,
            "moments": state.moments,
            "critic": state.critic,
            "critic_moments": state.critic_moments,
        }
        tensors = {f"{group}/{name}": value for group, values in groups.items() for name, value in values.items()}
        best = state.best.model_dump() if state.best else None
        # one key: safetensors writes several in no fixed order, and equal states shall be equal files
        write_tensors(
            self.state,
            tensors | {"noise": state.noise},
            {"progress": json.dumps({"step": state.step, "best": best})},
        )

    def read_state(self, model: nn.Module, critic: nn.Module | None, noise: Tensor) -> TrainingState:
        """The last state, for this model, the critic beside it, and a generator with such a state.

        Raises RunError where there is none or it doesn't fit.
        """
        import torch

        from vae_core.runs.weights import moments_of, read_tensors, shapes_of

        own = shapes_of(model.state_dict())
        expected = {f"{group}/{name}": entry for group in ("weights", "best") for name, entry in own.items()}
        expected |= {f"moments/{name}": entry for name, entry in moments_of(model).items()}
        if critic is not None:
            expected |= {f"critic/{name}": entry for name, entry in shapes_of(critic.state_dict()).items()}
            expected |= {f"critic_moments/{name}": entry for name, entry in moments_of(critic).items()}
        expected["noise"] = (tuple(noise.shape), torch.uint8)
        tensors, metadata = read_tensors(self.state, expected)
        groups: dict[str, dict[str, Tensor]] = {
            "weights": {},
            "best": {},
            "moments": {},
            "critic": {},
            "critic_moments": {},
        }
        for name, value in tensors.items():
            group, _, rest = name.partition("/")
            if rest:
                groups[group][rest] = value
        try:
            progress = json.loads(metadata["progress"])
            step = int(progress["step"])
            best = Figures.model_validate(progress["best"]) if progress["best"] else None
        except (KeyError, TypeError, ValueError):
            raise RunError(f"{self.path.name}/state.safetensors does not say at which step it was saved.") from None
        return TrainingState(
            step,
            groups["weights"],
            groups["best"],
            best,
            groups["moments"],
            tensors["noise"],
            groups["critic"],
            groups["critic_moments"],
        )

    def read_history(self, until: int | None = None) -> list[dict[str, float]]:
        """Rows of history.csv, up to the step `until`. Raises RunError where it is not a table of numbers."""
        if not (self.path / "history.csv").exists():
            return []
        text = read_bounded(self.path / "history.csv", HISTORY_LIMIT).decode("utf-8", "replace")
        try:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(io.StringIO(text))]
            if rows and not rows[0].keys() >= HISTORY_COLUMNS:
                raise KeyError
            return [row for row in rows if until is None or row["step"] <= until]
        except (ValueError, TypeError, KeyError, csv.Error):
            raise RunError(f"{self.path.name}/history.csv is cut short or not a table of numbers.") from None


def _csv(rows: list[dict[str, float]]) -> bytes:
    if not rows:
        return b""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.9g}" for name, value in row.items()} for row in rows)
    return stream.getvalue().encode()
