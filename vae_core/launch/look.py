"""Where a run stands: as its row says, as its lock shows, as its folder tells."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vae_core.config import Account, TrainConfig
from vae_core.launch import cluster
from vae_core.launch.locks import is_alive
from vae_core.launch.names import checked, is_own
from vae_core.launch.sentences import ELSEWHERE, WAITING
from vae_core.runs.database import RunRow, open_store
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder

LIVE_STATES = ("queued", "running", "paused")
FRESH = 3.0
"""Seconds for which a heartbeat needs no look at the lock."""
FAR = 60.0
"""The same for a worker on another machine, whose lock may not be seen from here."""
GONE = 600.0
"""Seconds after which a cluster's silent worker is lost, where the cluster's head is silent too."""
ENTRY_GRACE = 10.0
"""Seconds between a run's entry into the database and its worker's birth, at most."""
START_GRACE = 300.0
"""Seconds a living worker may take from its birth to holding its run's lock."""


def current_state(row: RunRow, on_disk: str | None = None) -> str:
    """Where a run stands: as its row says, unless its worker died without a word or another program went on with it.

    Where nobody trains the run, what its folder says is newer than a row that somebody has left behind.

    Args:
        on_disk: what its config.json said a moment ago, where that is known; else it is read.
    """
    state = _state_of_row(row)
    if state in LIVE_STATES:
        return state
    folder = RunFolder(Path(row.folder))
    if on_disk in (None, "running"):  # it may have ended since
        on_disk = _state_on_disk(folder)
    if on_disk is None:
        return state
    now = folder_state(folder, on_disk)
    # only the row knows why a training could not go on
    return state if state == "failed" and now in ("interrupted", "stopped") else now


def folder_state(folder: RunFolder, on_disk: str) -> str:
    """Where a run stands whose row, if it has one, knows of no living worker. on_disk: what its config.json says."""
    if on_disk != "running":
        return on_disk
    return "running" if is_alive(folder) else "interrupted"


def _state_of_row(row: RunRow) -> str:
    """The row's state, but 'interrupted' where its worker has died without a word."""
    if row.state not in LIVE_STATES:
        return row.state
    age = time.time() - row.heartbeat
    if row.job:  # its lock may not be seen from here; while it waits, its job tells of itself
        life = "alive" if age < FAR else cluster.life_of(row.job)
        return row.state if life == "alive" or (life == "unknown" and age < GONE) else _state_now(row)
    begun = row.state != "queued" or row.message == WAITING  # it tells of itself at each heartbeat
    far = row.host not in ("", platform.node())
    if row.pid is not None and begun and age < (FAR if far else FRESH):
        return row.state
    if is_alive(RunFolder(Path(row.folder))):
        return row.state
    # one that waits holds its run's lock: its number may be another process's after the machine's restart
    if not begun and age < (ENTRY_GRACE if row.pid is None else START_GRACE) and _breathes(row.pid):
        return row.state
    return _state_now(row)


def _state_now(row: RunRow) -> str:
    """'interrupted', unless the run ended or began between our reading the row and looking for its worker."""
    fresh = open_store().get(row.name)
    if fresh is None or (fresh.state, fresh.heartbeat) != (row.state, row.heartbeat):
        return row.state if fresh is None else fresh.state
    return "interrupted"


def _state_on_disk(folder: RunFolder) -> str | None:
    """What config.json says, None where there is none that can be read: then the row is all there is to go by."""
    try:
        return folder.read_config().state
    except RunError:
        return None


def _breathes(pid: int | None) -> bool:
    """Whether the process is there; True where that cannot be known."""
    if pid is None or os.name == "nt":  # on Windows signal 0 would interrupt the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True)
class Standing:
    """Where a run stands, for people: from its row, or from its folder where the database doesn't know it."""

    name: str
    folder: Path
    config: TrainConfig
    state: str
    """queued, running, paused, interrupted, finished, stopped or failed"""
    message: str = ""
    step: int = 0
    total: int = 0
    samples_per_second: float = 0.0
    seconds_left: float | None = None
    stopping: bool = False
    """Whether it was asked to stop and has not ended yet."""
    can_stop: bool = True
    """Whether the program that trains it hears of requests."""
    account: Account | None = None
    """What its last single step did."""

    @property
    def paused(self) -> bool:
        """Its worker waits, and keeps its place."""
        return self.state == "paused"

    @property
    def live(self) -> bool:
        return self.state in LIVE_STATES

    @property
    def has_weights(self) -> bool:
        """Whether there is something to look at on the other pages."""
        return RunFolder(self.folder).has_model and RunFolder(self.folder).codes.exists()

    @property
    def can_resume(self) -> bool:
        folder = RunFolder(self.folder)
        if not is_own(self.folder):
            return False
        if self.state == "interrupted":
            return True
        # a loss that was no number would be none again, but a full disk may have been emptied
        mended = self.state == "failed" and _state_on_disk(folder) in ("running", "stopped")
        return (self.state == "stopped" or mended) and folder.state.exists()


def standing(name: str) -> Standing:
    """Where the run of this name stands. Raises RunError where there is none."""
    checked(name)
    row = open_store().get(name)
    if row is not None and row.trashed is None and (row.state != "finished" or Path(row.folder).is_dir()):
        return _standing(row)
    from vae_core.runs import find_run

    folder = RunFolder(find_run(name))
    config = folder.read_config()
    state = folder_state(folder, config.state)
    alive = state == "running"
    step, total = _progress_on_disk(folder, config.train)
    message = ELSEWHERE if alive else ""
    return Standing(name, folder.path, config.train, state, message, step, total, can_stop=not alive)


def standings(limit: int = 12) -> list[Standing]:
    """The runs that were started lately, newest first.

    Those that were deleted are left out, and those of another version, which say so when asked for alone.
    """
    found: list[Standing] = []
    for row in open_store().all():
        if len(found) < limit and row.trashed is None and (row.state in LIVE_STATES or Path(row.folder).is_dir()):
            with contextlib.suppress(RunError):
                found.append(_standing(row))
    return found


def _standing(row: RunRow) -> Standing:
    state, folder, config = current_state(row), Path(row.folder), row.train_config
    heard = row.state in LIVE_STATES  # else a program that could not reach the database goes on with it
    live = state in LIVE_STATES
    step, total = row.step, row.total
    if state != row.state or not (live or total):
        saved, planned = _progress_on_disk(RunFolder(folder), config)
        step, total = max(step, saved), total or planned
    message = row.message if state == row.state else ELSEWHERE if live and not heard else ""
    return Standing(
        row.name,
        folder,
        config,
        state,
        message,
        step,
        total,
        row.samples_per_second,
        row.seconds_left,
        stopping=row.request == "stop" and live,
        can_stop=heard or not live,
        account=_account(row) if live else None,
    )


def _account(row: RunRow) -> Account | None:
    try:
        return Account.model_validate(row.account) if row.account else None
    except ValidationError:  # of another version
        return None


def _progress_on_disk(folder: RunFolder, config: TrainConfig) -> tuple[int, int]:
    """The last step that the curves know and the number of steps planned; (0, 0) before the first of them."""
    try:
        rows = folder.read_history()
    except RunError:  # the page shows the damage where it shows the curves
        rows = []
    if not rows or not rows[-1]["epoch"] > 0:
        return 0, 0
    step = round(rows[-1]["step"])
    return step, config.steps or config.epochs * round(step / rows[-1]["epoch"])


def known_speed(config: TrainConfig) -> float | None:
    """Samples a second that the newest run of the same shape reached on this machine; None where there was none."""
    shape = ("data", "bottleneck", "net", "hidden", "latent_dim", "objective", "batch_size", "device", "precision")
    wanted = config.model_dump(mode="json", include=set(shape))
    for row in open_store().all():
        if row.samples_per_second > 0 and all(row.config.get(field) == wanted[field] for field in shape):
            return row.samples_per_second
    return None
