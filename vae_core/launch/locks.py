"""A run's own lock: whoever holds it trains the run. The kernel lets go of it when a worker dies, however it dies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder


def is_alive(folder: RunFolder) -> bool:
    """Whether some process on this machine trains this run now."""
    if not folder.lock.exists():
        return False
    try:
        # a moment's patience: another's glance holds the lock too
        with FileLock(folder.lock, timeout=0.1, poll_interval=0.01):
            return False
    except Timeout:
        return True


@contextlib.contextmanager
def run_lock(folder: RunFolder, patience: float = 5.0) -> Iterator[None]:
    """Hold a run for oneself. Raises RunError where another process has it for longer than `patience` seconds."""
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.lock, timeout=patience)  # longer than the glance of is_alive
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{folder.path.name} is being trained by another process: wait for it, or choose another name."
        ) from None
    try:
        yield
    finally:
        lock.release()
