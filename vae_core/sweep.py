"""A sweep: one training for each combination of the values of one or two settings. No torch here."""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from filelock import FileLock, Timeout
from pydantic import ValidationError

from vae_core.config import DataInfo, Kind, TrainConfig, check_name, model_spec, runs_folder
from vae_core.model_cards import MODEL_CARDS, own_settings
from vae_core.objective_cards import OBJECTIVE_CARDS, label_of, unsuited
from vae_core.runs.errors import RunError

if TYPE_CHECKING:
    from vae_core.runs.database import RunRow

MOST = 64
"""Runs of one sweep, at most."""
PATIENCE = 60.0
"""Seconds to wait for another visitor's sweep to be queued: a worker is started for each of its runs."""
COMMON = ("epochs", "steps", "batch_size", "learning_rate", "decay", "seed")
"""What any training that takes steps can be swept over."""
ABOUT = ("title", "about", "out", "turns")
"""What belongs to one run alone: its words, its folder, what was changed while it trained."""
NEEDS = {"warmup_from": "warmup_steps", "cycle_rise": "cycles"}
"""Settings that change nothing where another is 0."""
TAGS = {"latent_dim": "d", "learning_rate": "lr", "batch_size": "batch", "beta": "beta", "seed": "seed"}
"""In names of runs; other settings are called in full."""


class SweepError(RunError):
    """A sweep that cannot be: one sentence, shown to the visitor as it is."""


@dataclass(frozen=True)
class Axis:
    """A setting (a field of TrainConfig) and the values it takes."""

    setting: str
    values: tuple[Any, ...]

    @property
    def label(self) -> str:
        return label_of(self.setting, TrainConfig)


@dataclass(frozen=True)
class Planned:
    """One run of a sweep: its name, what it has of each axis, its settings."""

    name: str
    values: dict[str, Any]
    config: TrainConfig


# -- what can be varied ------------------------------------------------------------------------------------


def settings_to_vary(base: TrainConfig, kind: Kind) -> tuple[str, ...]:
    """Fields that change what this training becomes, are single numbers or choices, and so can be swept over."""
    own = own_settings(base, kind)
    if not MODEL_CARDS[base.bottleneck].trained:  # its weights have a closed form
        return tuple(field for field in own if is_single(field))
    common = [field for field in COMMON if field != ("epochs" if base.steps else "steps")]
    fields = (*(OBJECTIVE_CARDS[base.objective].settings if priced(base) else ()), *own, *common)
    idle = {field for field, other in NEEDS.items() if not getattr(base, other)}
    return tuple(dict.fromkeys(field for field in fields if is_single(field) and field not in idle))


def priced(config: TrainConfig) -> bool:
    """Whether the objective's own settings change anything: an autoencoder's rate is nothing, whatever it costs."""
    return config.objective != "elbo" or config.bottleneck not in ("point", "linear")


def is_single(field: str) -> bool:
    """Whether the setting is one number or one of some words."""
    kinds = get_args(TrainConfig.model_fields[field].annotation) or (TrainConfig.model_fields[field].annotation,)
    return get_origin(TrainConfig.model_fields[field].annotation) is Literal or bool({int, float} & set(kinds))


def parse_axis(setting: str, text: str) -> Axis:
    """An axis as one writes it: ("beta", "1, 2, 4"), ("latent-dim", "2,10"). Raises SweepError."""
    field = setting.strip().replace("-", "_")
    if field not in TrainConfig.model_fields or field in ABOUT or not is_single(field):
        raise SweepError(f"{setting.strip() or 'Nothing'} cannot be swept over: take a setting that is one number, "
                         "such as beta or latent-dim.")  # fmt: skip
    parts = [part for part in re.split(r"[\s,;]+", text.strip()) if part]
    values = []
    for part in parts:
        try:
            values.append(getattr(TrainConfig.model_validate({field: part}), field))
        except ValidationError as error:
            said = str(error.errors()[0]["msg"])
            label = label_of(field, TrainConfig)
            raise SweepError(f"{part[:40]!r} is no value for {label} ({said[:1].lower()}{said[1:]}).") from None
    return Axis(field, tuple(dict.fromkeys(values)))


# -- planning ----------------------------------------------------------------------------------------------


def expand(base: TrainConfig, axes: Sequence[Axis], name: str, data: DataInfo) -> list[Planned]:
    """All combinations of the axes' values, the last axis fastest, each looked through as a training's start does.

    Args:
        name: of the sweep; runs are called NAME-beta1-d2 and the like.
        data: what the model is made for.

    Raises:
        SweepError: before anything is made, where one of the trainings could not be started.
    """
    _check_axes(base, axes, data.kind)
    planned = []
    for combination in itertools.product(*(axis.values for axis in axes)):
        values = {axis.setting: value for axis, value in zip(axes, combination, strict=True)}
        run = "-".join([name, *(_tag(field, value) for field, value in values.items())])
        planned.append(Planned(run, values, _configured(base, values, run, data)))
    if len({plan.name for plan in planned}) < len(planned):
        raise SweepError("Two of the values are too close to each other to be told apart: take others.")
    return planned


def _check_axes(base: TrainConfig, axes: Sequence[Axis], kind: Kind) -> None:
    if not 1 <= len(axes) <= 2 or len({axis.setting for axis in axes}) < len(axes):
        raise SweepError("A sweep varies one setting, or two different ones.")
    count = 1
    for axis in axes:
        if not axis.values:
            raise SweepError(f"{axis.label} has no values yet: write some with commas between them, such as 1, 2, 4.")
        count *= len(axis.values)
        if axis.setting not in settings_to_vary(base, kind):
            raise SweepError(f"{axis.label} changes nothing in this training: vary another setting.")
    if count == 1:
        raise SweepError("One value alone is no sweep: write at least two, with commas between them.")
    if count > MOST:
        raise SweepError(f"These are {count:,} runs, and a sweep has at most {MOST}: take fewer values.")


def _configured(base: TrainConfig, values: Mapping[str, Any], run: str, data: DataInfo) -> TrainConfig:
    """The settings of one run. Raises SweepError where they don't go together."""
    where = ", ".join(f"{label_of(field, TrainConfig)} = {plain_value(value)}" for field, value in values.items())
    try:
        check_name(run)
        settings = base.model_dump(exclude=set(ABOUT)) | dict(values)
        config = TrainConfig.model_validate(settings | {"out": runs_folder() / run})
        said = unsuited(config)
        model_spec(config, data)
    except ValidationError as error:
        said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    except ValueError as error:
        said = str(error)
    if said:
        raise SweepError(f"The run with {where} could not be trained: {said.rstrip('.')}. Nothing was started.")
    return config


def _tag(field: str, value: Any) -> str:
    return f"{TAGS.get(field, field.replace('_', ''))}{plain_value(value)}".replace("+", "")


def plain_value(value: Any) -> str:
    """A value as one writes it: 4, 0.001, stratified."""
    return f"{value:g}" if isinstance(value, float) else str(value)


# -- starting and stopping ---------------------------------------------------------------------------------


def start(planned: Sequence[Planned], name: str) -> None:
    """Queue all runs of a sweep; where one cannot be, those before it are stopped.

    One sweep at a time, for two visitors may be shown the same free name. Raises RunError.
    """
    folder = runs_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".sweeps.lock", timeout=PATIENCE):
            _start(planned, name)
    except Timeout:
        raise SweepError("Another sweep is being queued just now: start yours in a moment.") from None
    except OSError as error:
        raise SweepError(f"The sweep {name} could not be started ({error.strerror or error}).") from error


def _start(planned: Sequence[Planned], name: str) -> None:
    from vae_core import launch
    from vae_core.runs.database import open_store

    rows = {row.name for row in open_store().all() if row.trashed is None and row.state in launch.LIVE_STATES}
    taken = [plan.name for plan in planned if plan.name in rows or launch.is_taken(plan.name)]
    if taken or runs_of(name):
        there = taken[0] if taken else name
        raise SweepError(f"There is a run or a sweep called {there} already: give this sweep another name.")
    started: list[str] = []
    try:
        for plan in planned:
            launch.start(plan.config, sweep=name)
            started.append(plan.name)
    except RunError:
        for run in started:
            with contextlib.suppress(RunError):  # the sentence that counts is why the other one could not be
                launch.stop(run)
        raise


def runs_of(sweep: str) -> list[RunRow]:
    """The rows of a sweep's runs, in the order they were started; those that were deleted are left out."""
    from vae_core.runs.database import open_store

    return [row for row in reversed(open_store().all()) if row.sweep == sweep and row.trashed is None]


def stop(sweep: str) -> int:
    """Ask all runs of a sweep that have not ended to stop; returns how many. The last one first, lest one begin."""
    from vae_core import launch

    live = [row.name for row in runs_of(sweep) if row.state in launch.LIVE_STATES]
    for run in reversed(live):
        launch.stop(run)
    return len(live)


def ends(sweep: str) -> Iterator[tuple[RunRow, str]]:
    """Each run of a sweep and the state it ended in, as they end; waits for the last."""
    from vae_core.launch import LIVE_STATES, current_state

    told: set[str] = set()
    while True:
        states = [(row, current_state(row)) for row in runs_of(sweep) if row.name not in told]
        for row, state in states:
            if state not in LIVE_STATES:
                told.add(row.name)
                yield row, state
        if all(state not in LIVE_STATES for _, state in states):
            return
        time.sleep(1.0)  # the database gives no sign


# -- what differs ------------------------------------------------------------------------------------------


def differing(configs: Iterable[TrainConfig]) -> tuple[Axis, ...]:
    """The settings in which some runs differ, with the values they have in increasing order.

    Those of a run alone (its title, its folder) don't count.
    """
    every = list(configs)
    axes = []
    for field in TrainConfig.model_fields:
        values = {getattr(config, field) for config in every}
        if field not in ABOUT and len(values) > 1:
            axes.append(Axis(field, tuple(sorted(values, key=_order))))
    return tuple(axes)


def _order(value: Any) -> tuple[bool, float, str]:
    """Numbers by size, then words; None last."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (not number, float(value) if number else 0.0, str(value))
