"""Trainings as processes of their own, and the queue they stand in.

A worker outlives the page, the tab and the app that started it. Two file locks do all the scheduling: a run's
own lock (nobody trains the same run twice) and the machine's places (as many as there are GPUs, at least one).
The kernel lets go of both when a worker dies, however it dies.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from vae_core.config import PROJECT, TrainConfig, runs_folder
from vae_core.runs.database import RunRow, RunStore, open_store
from vae_core.runs.errors import RunError
from vae_core.runs.files import write_arrays
from vae_core.runs.folder import RunFolder

HEARTBEAT = 0.5
"""Seconds between two notes of progress in the database."""
PICTURES = 2.0
"""Seconds between two live pictures."""
START_GRACE = 60.0
"""Seconds a worker may take from being started to holding its run's lock."""


def start(config: TrainConfig, *, resume: bool = False) -> RunRow:
    """Enter a run into the database and start its worker, detached from this process.

    Raises RunError where the run exists (or, to resume, does not), or is being trained now.
    """
    if config.out is None:
        raise RunError("A training started here needs a run folder: give it a name.")
    store = open_store()
    folder = RunFolder(Path(config.out))
    if is_alive(folder):
        raise RunError(f"{folder.path.name} is being trained already: watch it, stop it, or choose another name.")
    if not resume and (folder.path / "config.json").exists():
        raise RunError(f"There is a run called {folder.path.name} already: choose another name or resume it.")
    if resume and not folder.state.exists():
        raise RunError(f"{folder.path.name} has no saved state to resume from: train it anew under another name.")
    row = store.enter(folder.path, config, resume=resume)
    folder.path.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "vae_core", "worker", folder.path.name] + (["--resume"] if resume else [])
    with (folder.path / "worker.log").open("ab") as log:
        subprocess.Popen(  # noqa: S603 - our own interpreter and module
            words, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "LATENTARIUM_RUNS": str(runs_folder().resolve())},
        )
    return row


def is_alive(folder: RunFolder) -> bool:
    """Whether some process on this machine trains this run now."""
    if not folder.path.is_dir():
        return False
    try:
        with FileLock(folder.lock, timeout=0):
            return False
    except Timeout:
        return True


def current_state(row: RunRow) -> str:
    """The row's state, but 'interrupted' where its worker has died without a word."""
    if row.state not in ("queued", "running"):
        return row.state
    if is_alive(RunFolder(Path(row.folder))):
        return row.state
    if row.pid is None and time.time() - row.heartbeat < START_GRACE:
        return row.state
    fresh = open_store().get(row.name)  # it may have ended between our reading the row and trying the lock
    return "interrupted" if fresh is not None and fresh.state in ("queued", "running") else row.state


@contextlib.contextmanager
def run_lock(folder: RunFolder) -> Iterator[None]:
    """Hold a run for oneself. Raises RunError where another process has it."""
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.lock, timeout=5)  # longer than the glance of is_alive
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


@contextlib.contextmanager
def a_place(store: RunStore, name: str) -> Iterator[int]:
    """Wait for one of the machine's places; yields its number (the GPU's, where there are any)."""
    import torch

    folder = runs_folder() / ".places"
    folder.mkdir(parents=True, exist_ok=True)
    locks = [FileLock(folder / f"{i}.lock", timeout=0) for i in range(max(1, torch.cuda.device_count()))]
    while True:
        for i, lock in enumerate(locks):
            try:
                with lock:
                    yield i
                    return
            except Timeout:
                continue
        store.note(name, state="queued", message="Waiting for a place: another training is running.")
        if store.take_request(name) == "stop":
            raise StoppedInQueueError
        time.sleep(HEARTBEAT)


class StoppedInQueueError(Exception):
    """A visitor stopped a run before it had a place."""


def work(name: str, *, resume: bool = False) -> None:
    """Train the run of this name as the database has it, noting progress there. This is the worker's whole life.

    Every end is written to the row: finished, stopped, or failed with a sentence.
    """
    import torch

    from vae_core.training import TrainingError, train

    store = open_store()
    row = store.get(name)
    if row is None:
        raise RunError(f"The database knows no run called {name}.")
    folder = RunFolder(Path(row.folder))
    config = row.train_config
    torch.set_num_threads(worker_threads())
    try:
        with run_lock(folder):
            store.note(name, pid=os.getpid())
            with a_place(store, name) as place:
                if torch.cuda.is_available():
                    torch.cuda.set_device(place)
                store.note(name, state="running", message="Loading the data.")
                outcome = _train(store, folder, train(config, resume=resume))
            store.note(name, state=outcome, message="", pid=None)
    except StoppedInQueueError:
        store.note(name, state="stopped", message="Stopped before it began.", pid=None)
    except (TrainingError, ValueError, OSError, RuntimeError) as error:
        store.note(name, state="failed", message=one_sentence(error), pid=None)
        raise


def _train(store: RunStore, folder: RunFolder, steps: Iterator) -> str:  # type: ignore[type-arg]
    noted = pictured = 0.0
    with contextlib.closing(steps) as steps:  # type: ignore[type-var]
        for step in steps:
            now = time.monotonic()
            if step.step < step.total and now - noted < HEARTBEAT:
                continue
            noted = now
            store.note(
                folder.path.name, state="running", message="", step=step.step, total=step.total,
                samples_per_second=step.samples_per_second, seconds_left=step.seconds_left,
                live={"step": step.step, "distortion": step.distortion, "rate": step.rate.tolist()},
            )
            if now - pictured > PICTURES:
                write_live_pictures(folder, step.model)
                pictured = time.monotonic()
            if store.take_request(folder.path.name) == "stop":
                return "stopped"
    return "finished"


def write_live_pictures(folder: RunFolder, model) -> None:  # type: ignore[no-untyped-def]
    """live.npz: decoded samples of the prior, always from the same codes, as uint8 [16, C, H, W]."""
    import torch

    generator = torch.Generator().manual_seed(0)
    device = next(model.parameters()).device
    z = torch.randn(16, model.latent_dim, generator=generator).to(device)
    with torch.no_grad():
        pictures = (model.decode(z) * 255).round().byte().cpu().numpy()
    write_arrays(folder.path / "live.npz", {"samples": pictures.astype(np.uint8)})


def worker_threads() -> int:
    """Cores for torch: the app keeps one. Two threads beside a busy process run at half the speed of one."""
    return max(1, (os.cpu_count() or 2) - 1)


def one_sentence(error: BaseException) -> str:
    """The first line of an error, for people."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__


