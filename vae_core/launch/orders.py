"""What can be asked of a run that trains. Its worker hears of it from the database, between two batches."""

from __future__ import annotations

from pydantic import ValidationError

from vae_core.config import Turn
from vae_core.launch.look import LIVE_STATES, current_state
from vae_core.launch.names import checked
from vae_core.launch.sentences import one_sentence
from vae_core.runs.database import RunRow, open_store
from vae_core.runs.errors import RunError

PAUSE, GO_ON, STEP, STEER = "pause", "go on", "step", "steer"


def stop(name: str) -> None:
    """Ask a run's worker to stop; it keeps the best weights and makes codes and preview of them."""
    open_store().ask(name, "stop")


def pause(name: str) -> None:
    """Ask a run to wait, its place kept, until it is told to go on. Raises RunError where nobody trains it."""
    _trained(name)
    open_store().order(name, PAUSE)


def go_on(name: str) -> None:
    """Ask a paused run to go on. Raises RunError where nobody trains it."""
    _trained(name)
    open_store().order(name, GO_ON)


def step(name: str) -> None:
    """Ask a run for a single batch, and to be paused after it. What it did stands in the run's account.

    Raises RunError where nobody trains it.
    """
    _trained(name)
    open_store().order(name, STEP)


def steer(name: str, setting: str, value: float) -> None:
    """Ask a run to go on with another learning rate or weight of its objective (`TrainConfig.steerable`).

    Raises RunError where nobody trains it, or the setting cannot have that value.
    """
    row = _trained(name)
    try:
        row.train_config.turned(Turn(step=row.step, setting=setting, value=value))
    except ValidationError as error:
        raise RunError(one_sentence(error)) from None
    open_store().order(name, STEER, setting, value)


def _trained(name: str) -> RunRow:
    row = open_store().get(checked(name))
    if row is None or row.state not in LIVE_STATES or current_state(row) not in LIVE_STATES:
        raise RunError(f"{name} is not being trained just now: resume it first, or start it anew.")
    return row
