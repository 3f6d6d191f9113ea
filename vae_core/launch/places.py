"""The machine's places, as many as there are GPUs and at least one, and the queue before them."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from itertools import takewhile
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
def a_place(store: RunStore, name: str, wanted: int = 1) -> Iterator[list[str]]:
    """Wait for as many of the machine's places (all of them, where it has fewer); yields what CUDA calls their GPUs,
    nothing where there are none.

    Raises StoppedInQueueError where the run is asked to stop meanwhile.
    """
    folder = runs_folder() / ".places"
    folder.mkdir(parents=True, exist_ok=True)
    names = gpus()
    locks = [FileLock(folder / f"{i}.lock", timeout=0) for i in range(max(1, len(names)))]
    notes = Notes(name, store)
    told = 0.0
    while True:
        if notes.asked() == "stop":
            raise StoppedInQueueError
        first = _is_next(store, name)
        taken = _take(locks, min(wanted, len(locks))) if first else []
        if taken:
            break
        if time.monotonic() - told > FRESH / 2:
            notes.tell(state="queued", message=WAITING)
            told = time.monotonic()
        # a lock of the kernel's gives no sign when it is free; of many who wait, only the first looks often
        time.sleep(HEARTBEAT if first else 2 * HEARTBEAT)
    try:
        yield [names[number] for number in taken if number < len(names)]
    finally:
        for number in taken:
            locks[number].release()


def at_once() -> int | None:
    """How many runs of one device each are trained at the same time; None where a cluster decides that."""
    return None if "://" in os.environ.get("LATENTARIUM_LAUNCHER", "") else max(1, len(gpus()))


def gpus() -> list[str]:
    """What CUDA calls the NVIDIA GPUs that this process may use.

    Found without torch, which takes seconds and much memory to load. CUDA_VISIBLE_DEVICES counts as CUDA reads it: up
    to the first name that is none. Where a system shows no device files (Windows, WSL) there is none, and the machine
    has one place.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    there = len([path for path in DEVICES.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)])
    if visible is None or not there:
        return [str(number) for number in range(there)]
    return list(takewhile(lambda name: name not in ("", "-1"), (name.strip() for name in visible.split(","))))


def _take(locks: list[FileLock], count: int) -> list[int]:
    """Numbers of so many locks that are ours now; none of them where there are not enough."""
    taken: list[int] = []
    for number, lock in enumerate(locks):
        with contextlib.suppress(Timeout):
            lock.acquire()
            taken.append(number)
        if len(taken) == count:
            return taken
    for number in taken:
        locks[number].release()
    return []


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
