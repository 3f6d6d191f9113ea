"""A worker's life: wait for a place, train, tell how far it is, carry out what is asked, note every end."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vae_core.config import TrainConfig, runs_folder
from vae_core.launch.attend import Attendant, Wish
from vae_core.launch.begin import check_resumable
from vae_core.launch.locks import run_lock
from vae_core.launch.names import checked, is_own
from vae_core.launch.notes import HEARTBEAT, Notes
from vae_core.launch.places import StoppedInQueueError, a_place
from vae_core.launch.sentences import LOADING, NO_ROOM, PLACING, STOPPING, log, one_sentence
from vae_core.launch.spawn import bound, worker_threads
from vae_core.runs.database import DatabaseError, RunStore, open_store
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder
from vae_core.runs.live import FILE as LIVE_VIEW
from vae_core.team import is_follower

if TYPE_CHECKING:
    from vae_core.models import Model
    from vae_core.runs.live import Recorder
    from vae_core.training import Order, Step

LEASE = 150.0
"""Seconds after which a file server has let go of a lock whose machine was lost, and more (NFS: 90)."""
PICTURES = 1.0
"""Seconds between two live pictures."""


def work(name: str, *, resume: bool = False, placed: bool = False) -> None:
    """Train the run of this name as the database has it, noting progress there. This is the worker's whole life.

    `placed` where a cluster has given it its cores and GPU: then it waits for none of this machine's places.
    Every end is written to the row: finished, stopped, or failed with a sentence. Raises RunError, and leaves
    the row alone, where another process trains the run.
    """
    store = open_store()
    row = store.get(checked(name))
    if row is None:
        raise RunError(f"The database knows no run called {name}.")
    if is_follower():
        return follow(row.train_config, resume=resume)
    with run_lock(RunFolder(Path(row.folder)), LEASE if placed else 5.0):
        place = contextlib.nullcontext() if placed else _settled(store, name, row.train_config.devices)
        _train_to_an_end(Notes(name, store), lambda: row.train_config, place, resume=resume)


@contextlib.contextmanager
def _settled(store: RunStore, name: str, devices: int) -> Iterator[None]:
    """The machine's places for a run, with torch loaded and told which GPUs and how many cores are its own."""
    with a_place(store, name, devices) as its_gpus:
        if its_gpus:  # before torch looks; whoever follows in training inherits it
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(its_gpus)
        import torch

        torch.set_num_threads(worker_threads())
        yield


def follow(config: TrainConfig, *, resume: bool) -> None:
    """Train beside a leader, which does all that is to be written and heard of."""
    from vae_core.training import train

    resume = resume and config.out is not None and RunFolder(config.out).state.exists()
    for _ in train(config, resume=resume):
        pass


def train_here(config: TrainConfig, *, resume: bool = False, watch: Callable[[Step], None]) -> str:
    """Train in this process, as the command line does; `watch` is called with each Step.

    A run of the runs folder is entered into the database, so that pages show how far it is and can stop it. It
    waits for no place: whoever types a command has chosen when. Returns 'finished' or 'stopped', or 'followed' where
    another process leads.

    Raises as vae_core.training.train does, and RunError where another process trains the run.
    """
    if is_follower():
        follow(config, resume=resume)
        return "followed"
    if config.out is None:
        return _train(Notes(""), config, resume=resume, watch=watch)
    folder = RunFolder(config.out)
    with run_lock(folder):
        if resume:
            check_resumable(folder)
        else:
            folder.check_free()
        notes = _enter(folder, config)
        return _train_to_an_end(notes, lambda: config, contextlib.nullcontext(), resume=resume, watch=watch)


def _enter(folder: RunFolder, config: TrainConfig) -> Notes:
    """Enter a run that begins in this process into the database, where it is one of the runs folder."""
    name = folder.path.name
    if not is_own(folder.path):
        return Notes(name)
    try:
        store = open_store()
        store.enter(runs_folder().resolve() / name, config, seen=store.get(name))
    except DatabaseError as error:
        log(f"{error} The training goes on without it.")
        return Notes(name)
    return Notes(name, store)


def _train_to_an_end(
    notes: Notes,
    config: Callable[[], TrainConfig],
    place: AbstractContextManager[None],
    *,
    resume: bool,
    watch: Callable[[Step], None] = lambda step: None,
) -> str:
    """Train with the run's lock held, and note every end."""
    try:
        notes.tell(pid=os.getpid(), host=platform.node())
        with place:
            notes.tell(state="running", message=LOADING)
            outcome, message = _train(notes, config(), resume=resume, watch=watch), ""
    except StoppedInQueueError:
        outcome, message = "stopped", "Stopped before it began."
    except KeyboardInterrupt:
        notes.end("stopped")
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM and (out := config().out) is not None:
            # the database needs a few pages to say so; the live view can be drawn again
            (out / LIVE_VIEW).unlink(missing_ok=True)
        notes.end("failed", one_sentence(error))
        raise
    notes.end(outcome, message)
    return outcome


def _train(notes: Notes, config: TrainConfig, *, resume: bool, watch: Callable[[Step], None]) -> str:
    """Train to an end of its own or to a request to stop; returns 'finished' or 'stopped'."""
    from vae_core.data import load_dataset
    from vae_core.runs.live import Recorder
    from vae_core.training import train

    data = load_dataset(config.data)
    recorder = None
    if config.out is not None:
        folder = RunFolder(config.out)
        if resume and not folder.state.exists():
            _clear_beginnings(folder)
            resume = False
        if notes.store is not None:  # else nobody watches
            recorder = Recorder(folder.path, data, config, go_on=resume)
    attendant = Attendant(notes)
    noted = pictured = -1e9
    outcome, model = "finished", None
    with contextlib.closing(train(config, data=data, resume=resume)) as steps:
        step = next(steps, None)
        while step is not None:
            watch(step)
            if recorder is not None:
                recorder.add(step)
            model, now, at_end = step.model, time.monotonic(), step.step == step.total
            wish: Wish = "go on"
            if at_end or attendant.paused or now - noted >= HEARTBEAT:
                noted = now
                _tell(notes, step, paused=attendant.paused and not at_end, message=PLACING if at_end else "")
                if at_end or attendant.paused or now - pictured > PICTURES:
                    _picture(recorder, model)
                    pictured = time.monotonic()
                if not at_end:
                    wish = attendant.hear(steps, step, partial(_picture, recorder, model))
            if wish == "stop":
                notes.tell(state="running", message=STOPPING)
                outcome = "stopped"
                break
            step = _onwards(steps, wish)
    if model is not None:
        _picture(recorder, model)  # the best weights by now, no more the last
    return outcome


def _onwards(steps: Generator[Step, Order | None, None], wish: Wish) -> Step | None:
    """The next Step, None where there is none."""
    try:
        return steps.send("single" if wish == "single" else None)
    except StopIteration:
        return None


def _tell(notes: Notes, step: Step, *, paused: bool, message: str) -> None:
    """A note of how far the training is."""
    account = {} if step.account is None else {"account": step.account.model_dump()}
    notes.tell(
        state="paused" if paused else "running",
        message=message,
        step=step.step,
        total=step.total,
        samples_per_second=step.samples_per_second,
        seconds_left=step.seconds_left,
        **account,
    )


def _picture(recorder: Recorder | None, model: Model) -> None:
    """A new live view. It is there to be looked at: a disk that is full must not end the training for it."""
    if recorder is None:
        return
    try:
        recorder.write(model)
        bound(recorder.folder / "worker.log")
    except OSError as error:
        log(f"The live view was not renewed. {one_sentence(error)}")


def _clear_beginnings(folder: RunFolder) -> None:
    """Make room for a run that died before its first state was saved, and so has nothing to lose."""
    if not folder.weights.exists():
        (folder.path / "config.json").unlink(missing_ok=True)
