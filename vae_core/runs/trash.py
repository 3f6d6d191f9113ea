"""Deleting runs, and undoing it: a run's folder moves to runs/.trash in one step and back.

Its row stays in the database, marked, so that it comes back with its folder. What was deleted a week ago or longer
goes for good at the next deletion.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from vae_core.config import NAME, check_name, runs_folder
from vae_core.runs.database import RunStore, open_store
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder

TRASH = ".trash"
KEPT = 7 * 24 * 3600.0
"""Seconds for which a deletion can be undone."""
PATIENCE = 30.0
"""Seconds to wait for another deletion, which may first empty the trash."""
_ENTRY = re.compile(rf"({NAME.pattern})@(\d{{1,15}})")


@dataclass(frozen=True)
class Trashed:
    """A deleted run that can be brought back."""

    name: str
    when: float
    """Seconds since 1970, whole milliseconds."""

    @property
    def folder(self) -> Path:
        # no run's name has an @, so that two deleted runs of one name are two
        return runs_folder().resolve() / TRASH / f"{self.name}@{round(self.when * 1000)}"


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two visitors may delete one run, or bring it back, at once: the second finds what the first has done."""
    root = runs_folder().resolve() / TRASH
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / ".lock", timeout=PATIENCE)
        lock.acquire()
    except Timeout:
        raise RunError("Another run is being deleted just now: try again in a moment.") from None
    except OSError as error:
        raise RunError(f"The folder of deleted runs cannot be used ({error.strerror}).") from error
    try:
        yield
    finally:
        lock.release()


@_one_at_a_time()
def delete_run(name: str) -> Trashed:
    """Move one of your own runs to the trash, where it can be brought back from for a week.

    Raises RunError where it is being trained or is none of your own.
    """
    from vae_core.launch import LIVE_STATES, current_state

    folder = _own(name)
    if folder.is_symlink() or not folder.is_dir():
        raise RunError(f"None of your own runs is called {name}; those that came with the app stay.")
    store = open_store()
    row = store.get(name)
    busy = RunError(f"{name} is being trained: stop it first, then it can be deleted.")
    if row is not None and row.trashed is None and current_state(row) in LIVE_STATES:
        raise busy
    _empty(store)
    gone = Trashed(name, round(time.time() * 1000) / 1000)
    try:
        if os.name != "nt":  # where a folder with an open file in it, such as a lock, cannot be moved
            with FileLock(RunFolder(folder).lock, timeout=0.5):
                folder.rename(gone.folder)
        else:
            folder.rename(gone.folder)
    except Timeout:
        raise busy from None
    except OSError as error:
        raise RunError(f"{name} could not be deleted ({error.strerror}); nothing was changed.") from error
    if row is not None:
        store.note(name, trashed=gone.when)
    return gone


@_one_at_a_time()
def restore(gone: Trashed) -> None:
    """Bring a deleted run back as it was. Raises RunError where its name is taken by now, or its week is over."""
    from vae_core.launch import LIVE_STATES, current_state

    folder, store = _own(gone.name), open_store()
    row = store.get(gone.name)
    taken = RunError(f"There is another run called {gone.name} by now: delete that one first, then undo.")
    if folder.exists() or (row is not None and row.trashed is None and current_state(row) in LIVE_STATES):
        raise taken
    try:
        gone.folder.rename(folder)
    except FileNotFoundError:
        raise RunError(
            f"{gone.name} is no more in the trash: somebody brought it back, or its week there is over."
        ) from None
    except OSError:  # it came between our look and the move
        raise taken from None
    if row is not None and row.trashed == gone.when:
        store.note(gone.name, trashed=None)
    elif (
        row is not None and row.trashed is not None
    ):  # of another deleted run that had this name; what this one is stands in its folder
        store.delete(gone.name)


def trash() -> list[Trashed]:
    """What can be brought back, newest first."""
    root = runs_folder().resolve() / TRASH
    found = [_ENTRY.fullmatch(entry.name) for entry in root.iterdir()] if root.is_dir() else []
    entries = [Trashed(match[1], int(match[2]) / 1000) for match in found if match]
    return sorted((entry for entry in entries if not _is_over(entry)), key=lambda entry: -entry.when)


def _own(name: str) -> Path:
    try:
        return runs_folder().resolve() / check_name(name)
    except ValueError as error:
        raise RunError(f"{error}.") from None


def _is_over(entry: Trashed) -> bool:
    return time.time() - entry.when > KEPT


def _empty(store: RunStore) -> None:
    """Take away what was deleted a week ago or longer."""
    root = runs_folder().resolve() / TRASH
    for folder in root.iterdir() if root.is_dir() else ():
        match = _ENTRY.fullmatch(folder.name)
        if match and _is_over(entry := Trashed(match[1], int(match[2]) / 1000)):
            shutil.rmtree(folder, ignore_errors=True)
            row = store.get(entry.name)
            if row is not None and row.trashed == entry.when:
                store.delete(entry.name)
