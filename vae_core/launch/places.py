"""The machine's places, as many as there are GPUs and at least one, and the queue before them."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from vae_core.config import runs_folder
from vae_core.launch.look import FRESH, current_state
from vae_core.launch.notes import HEARTBEAT, Notes
from vae_core.launch.sentences import WAITING, log
from vae_core.runs.database import DatabaseError, RunRow, RunStore

DEVICES = Path("/dev")
"""Where a system shows its devices."""


class StoppedInQueueError(Exception):
    """A visitor stopped a run before it had a place."""


@contextlib.contextmanager
def a_place(store: RunStore, name: str) -> Iterator[int]:
    """Wait for one of the machine's places; yields its number (the GPU's, where there are any).

    Raises StoppedInQueueError where the run is asked to stop meanwhile.
    """
    folder = runs_folder() / ".places"
    folder.mkdir(parents=True, exist_ok=True)
    locks = [FileLock(folder / f"{i}.lock", timeout=0) for i in range(max(1, gpus()))]
    notes = Notes(name, store)
    told = 0.0
    while True:
        if notes.asked() == "stop":
            raise StoppedInQueueError
        first = _is_next(store, name)
        place = _take(locks) if first else None
        if place is not None:
            break
        if time.monotonic() - told > FRESH / 2:
            notes.tell(state="queued", message=WAITING)
            told = time.monotonic()
        # a lock of the kernel's gives no sign when it is free; of many who wait, only the first looks often
        time.sleep(HEARTBEAT if first else 2 * HEARTBEAT)
    try:
        yield place
    finally:
        locks[place].release()


def gpus() -> int:
    """How many NVIDIA GPUs this process may use, found without torch, which takes seconds and much memory to load.

    CUDA_VISIBLE_DEVICES counts as CUDA reads it: up to the first number that is none. Where a system shows no
    device files (Windows, WSL) it is 0, and the machine has one place.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    there = len([path for path in DEVICES.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)])
    if visible is None or not there:
        return there
    names = [name.strip() for name in visible.split(",")]
    return next((i for i, name in enumerate(names) if not name or name == "-1"), len(names))


def _take(locks: list[FileLock]) -> int | None:
    for number, lock in enumerate(locks):
        with contextlib.suppress(Timeout):
            lock.acquire()
            return number
    return None


def _is_next(store: RunStore, name: str) -> bool:
    """First come, first served, among those that wait and are alive."""
    try:
        rows = store.all()  # newest first
        names = [row.name for row in rows]
        earlier = rows[names.index(name) + 1 :] if name in names else []
        return not any(row.state == "queued" and _waits(row) for row in earlier)
    except DatabaseError as error:
        log(str(error))
        return False


def _waits(row: RunRow) -> bool:
    """Whether a queued run is to be let in first: one that has begun to wait tells of itself at each heartbeat."""
    silent = row.message == WAITING and time.time() - row.heartbeat > 10 * FRESH
    return not silent and current_state(row) == "queued"
