"""Locks on what takes long to make and is kept with a run: its maps, its film by UMAP, its scores.

The kernel lets go of a lock when its process dies, however it dies; so what nobody holds is not being made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vae_core.config import runs_folder
from vae_core.runs.errors import RunError

WAITING = "Waiting: another map or other scores are being made"
POLL = 0.2  # seconds between two tries for a lock that somebody else holds; the kernel gives no sign


@contextmanager
def being_made(path: Path) -> Iterator[None]:
    """Hold the making of this file for oneself, waiting until nobody else does it.

    Raises RunError where its folder cannot be written.
    """
    with _held(_lock_file(path), path):
        yield


@contextmanager
def the_place(tell: Callable[[float, str], None]) -> Iterator[None]:
    """Wait for this machine's one place for maps and scores: they take memory and a core."""
    file = _place_file()
    if _is_held(file):
        tell(0.0, WAITING)
    with _held(file, file):
        yield


def is_being_made(path: Path) -> bool:
    """Whether some process on this machine makes this file now, or waits to."""
    return _is_held(_lock_file(path))


def is_any_being_made() -> bool:
    """Whether some process on this machine has the place now."""
    return _is_held(_place_file())


def _lock_file(path: Path) -> Path:
    return path.with_name(f".{path.stem}.lock")


def _place_file() -> Path:
    return runs_folder() / ".places" / "map.lock"


@contextmanager
def _held(file: Path, path: Path) -> Iterator[None]:
    lock = FileLock(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(poll_interval=POLL)
    except OSError as error:
        raise RunError(f"{path.name} could not be kept in {path.parent}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()


def _is_held(file: Path) -> bool:
    if not file.exists():
        return False
    try:
        # a moment's patience: another's glance holds the lock too
        with FileLock(file, timeout=0.05, poll_interval=0.01):
            return False
    except Timeout:
        return True
