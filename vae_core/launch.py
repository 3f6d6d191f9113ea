"""Trainings as processes of their own, and the queue they stand in.

A worker outlives the page, the tab and the app that started it. Two file locks do all the scheduling: a run's
own lock (nobody trains the same run twice) and the machine's places (as many as there are GPUs, at least one).
The kernel lets go of both when a worker dies, however it dies.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from pydantic import ValidationError

from vae_core.config import PROJECT, TrainConfig, check_name, checkpoints_folder, runs_folder
from vae_core.runs.database import DatabaseError, RunRow, RunStore, database_url, open_store
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder
from vae_core.runs.live import FILE as LIVE_VIEW

if TYPE_CHECKING:
    from vae_core.models import Model
    from vae_core.runs.live import Recorder
    from vae_core.training import Step

HEARTBEAT = 0.5
"""Seconds between two notes of progress in the database."""
PICTURES = 1.0
"""Seconds between two live pictures."""
FRESH = 3.0
"""A heartbeat this young needs no look at the lock."""
ENTRY_GRACE = 10.0
"""Seconds between a run's entry into the database and its worker's birth, at most."""
START_GRACE = 300.0
"""Seconds a living worker may take from its birth to holding its run's lock (it loads torch first)."""
LAST_WORD = 120.0
"""Seconds a worker goes on trying to write how it ended into a database that is busy."""
LOG_LIMIT = 1 << 20
"""Bytes of worker.log; what goes beyond is dropped with all before it."""
SENTENCE_LIMIT = 500
LIVE_STATES = ("queued", "running")
WAITING = "Waiting for a place: another training is running."
LOADING = "Loading the data."
PLACING = "Placing every sample in the latent space."
STOPPING = "Stopping: the best weights are kept, and every sample gets its code."
ELSEWHERE = "Trained by a program that this app cannot hear; it shows what is saved at each look at held-out samples."
DISK_FULL = "The disk is full: what was saved before is whole; make room and go on from there."
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


# -- starting, stopping ------------------------------------------------------------------------------------


def start(config: TrainConfig, *, resume: bool = False) -> RunRow:
    """Enter a run into the database and start its worker, detached from this process.

    To resume goes on from the last saved state; a run that died before it had one begins anew.

    Raises RunError where the name is taken (or, to resume, there is no such run), or the run is being trained.
    """
    folder = RunFolder(_own_folder(config))
    name = folder.path.name
    store = open_store()
    row = store.get(name)
    if is_alive(folder) or (row is not None and current_state(row) in LIVE_STATES):
        raise RunError(f"{name} is being trained already: watch it, stop it, or choose another name.")
    if not resume and is_taken(name):
        raise RunError(f"There is a run called {name} already: choose another name or resume it.")
    if resume and row is None and not (folder.path / "config.json").exists():
        raise RunError(f"There is no run called {name} that could go on: start one.")
    if resume:
        _check_resumable(folder)
    row = store.enter(folder.path, config, seen=row)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        process = _spawn(folder, [name, "--resume"] if resume else [name])
    except OSError as error:
        sentence = f"The worker of {name} could not be started ({one_sentence(error)})"
        store.note(name, state="failed", message=sentence)
        raise RunError(sentence) from error
    store.note(name, pid=process.pid)
    return row


def resume(name: str) -> RunRow:
    """Go on with a run of one's own that was interrupted or stopped, with the settings it was started with.

    Raises RunError as `start` does.
    """
    folder = RunFolder(runs_folder().resolve() / _checked(name))
    row = open_store().get(name)
    config = row.train_config if row is not None else folder.read_config().train
    return start(config.model_copy(update={"out": folder.path}), resume=True)


def stop(name: str) -> None:
    """Ask a run's worker to stop; it keeps the best weights and makes codes and preview of them."""
    open_store().ask(name, "stop")


def is_taken(name: str) -> bool:
    """Whether a run of this name is there, shipped or one's own. A start that failed before it began leaves none."""
    own = runs_folder() / name
    if own.exists() and not own.is_dir():
        return True  # such as the database itself
    return any((root / name / "config.json").exists() for root in (checkpoints_folder(), runs_folder()))


def _check_resumable(folder: RunFolder) -> None:
    if folder.weights.exists() and not folder.state.exists():
        raise RunError(f"{folder.path.name} has no saved state to resume from: train it anew under another name.")


def _own_folder(config: TrainConfig) -> Path:
    if config.out is None:
        raise RunError("A training started here needs a run folder: give it a name.")
    name = _checked(config.out.name)
    if not _is_own(config.out):
        root = runs_folder().resolve()
        raise RunError(f"A training started here writes into {root}, not into {config.out}: give it a plain name.")
    return runs_folder().resolve() / name


def _is_own(path: Path) -> bool:
    """Whether this is a folder of the runs folder itself."""
    root = runs_folder().resolve()
    return path.parent.resolve() == root and not (root / path.name).is_symlink()


def _checked(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise RunError(f"{error}.") from None


def _spawn(folder: RunFolder, words: list[str]) -> subprocess.Popen[bytes]:
    """A worker in a session of its own. Its end is awaited by a thread, so that it never stays as a zombie."""
    environment = {
        **os.environ,
        "LATENTARIUM_RUNS": str(folder.path.parent),
        "LATENTARIUM_CHECKPOINTS": str(checkpoints_folder().resolve()),
        "LATENTARIUM_DATABASE": database_url(),
        "OMP_NUM_THREADS": str(worker_threads()),
    }
    if os.environ.get("LATENTARIUM_DATA", "").strip():  # the worker runs in another folder than this process
        environment["LATENTARIUM_DATA"] = str(Path(os.environ["LATENTARIUM_DATA"]).expanduser().resolve())
    log = folder.path / "worker.log"
    _bound(log)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "vae_core", "worker", *words],
            cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows' nearest thing
        )
    threading.Thread(target=process.wait, name=f"reaper of {folder.path.name}", daemon=True).start()
    return process


def _bound(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        os.truncate(log, 0)


# -- looking -----------------------------------------------------------------------------------------------


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


def current_state(row: RunRow) -> str:
    """Where a run stands: as its row says, unless its worker died without a word or another program went on with it.

    Where nobody trains the run, what its folder says is newer than a row that somebody has left behind.
    """
    state = _state_of_row(row)
    folder = RunFolder(Path(row.folder))
    on_disk = None if state in LIVE_STATES else _state_on_disk(folder)
    if on_disk is None:
        return state
    if on_disk == "running":
        if is_alive(folder):
            return "running"
        on_disk = "interrupted"
    # only the row knows why a training could not go on
    return state if state == "failed" and on_disk in ("interrupted", "stopped") else on_disk


def _state_of_row(row: RunRow) -> str:
    """The row's state, but 'interrupted' where its worker has died without a word."""
    if row.state not in LIVE_STATES:
        return row.state
    age = time.time() - row.heartbeat
    if (row.pid is not None and row.state == "running" and age < FRESH) or is_alive(RunFolder(Path(row.folder))):
        return row.state
    if row.state == "queued" and age < (ENTRY_GRACE if row.pid is None else START_GRACE) and _breathes(row.pid):
        return row.state
    # it may have ended, or begun, between our reading the row and trying the lock
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
    """queued, running, interrupted, finished, stopped or failed"""
    message: str = ""
    step: int = 0
    total: int = 0
    samples_per_second: float = 0.0
    seconds_left: float | None = None
    stopping: bool = False
    """Whether it was asked to stop and has not ended yet."""
    can_stop: bool = True
    """Whether the program that trains it hears of requests."""

    @property
    def live(self) -> bool:
        return self.state in LIVE_STATES

    @property
    def has_weights(self) -> bool:
        """Whether there is something to look at on the other pages."""
        return RunFolder(self.folder).weights.exists() and RunFolder(self.folder).codes.exists()

    @property
    def can_resume(self) -> bool:
        folder = RunFolder(self.folder)
        if not _is_own(self.folder):
            return False
        if self.state == "interrupted":
            return True
        # a loss that was no number would be none again, but a full disk may have been emptied
        mended = self.state == "failed" and _state_on_disk(folder) in ("running", "stopped")
        return (self.state == "stopped" or mended) and folder.state.exists()


def standing(name: str) -> Standing:
    """Where the run of this name stands. Raises RunError where there is none."""
    _checked(name)
    row = open_store().get(name)
    if row is not None and (row.state != "finished" or Path(row.folder).is_dir()):
        return _standing(row)
    from vae_core.runs import find_run

    folder = RunFolder(find_run(name))
    config = folder.read_config()
    alive = config.state == "running" and is_alive(folder)
    state = "interrupted" if config.state == "running" and not alive else config.state
    step, total = _progress_on_disk(folder, config.train)
    message = ELSEWHERE if alive else ""
    return Standing(name, folder.path, config.train, state, message, step, total, can_stop=not alive)


def standings(limit: int = 12) -> list[Standing]:
    """The runs that were started lately, newest first.

    Those whose folder was taken away are left out, and those of another version, which say so when asked for alone.
    """
    found: list[Standing] = []
    for row in open_store().all():
        if len(found) < limit and (row.state in LIVE_STATES or Path(row.folder).is_dir()):
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
        row.name, folder, config, state, message, step, total, row.samples_per_second, row.seconds_left,
        stopping=row.request == "stop" and live, can_stop=heard or not live,
    )


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


# -- the worker --------------------------------------------------------------------------------------------


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


class StoppedInQueueError(Exception):
    """A visitor stopped a run before it had a place."""


@dataclass(frozen=True)
class Notes:
    """What a training tells the pages, through its row, and what it hears from there. Without a store: nothing."""

    name: str
    store: RunStore | None = None

    def tell(self, **values: object) -> None:
        """Progress. A database that is busy must not end a training: the next note comes soon."""
        if self.store is not None:
            try:
                self.store.note(self.name, **values)
            except DatabaseError as error:
                _log(str(error))

    def asked(self) -> str:
        """What was asked of the run: 'stop', or nothing."""
        try:
            return "" if self.store is None else self.store.request_of(self.name)
        except DatabaseError as error:
            _log(str(error))
            return ""

    def end(self, state: str, message: str = "") -> None:
        """How the run ended; patient, since no later note will make it good. Raises DatabaseError in the end."""
        deadline = time.monotonic() + LAST_WORD
        while self.store is not None:
            try:
                self.store.note(self.name, state=state, message=message, pid=None, seconds_left=None, request="")
                return
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(HEARTBEAT)


def _log(sentence: str) -> None:
    with contextlib.suppress(OSError):  # the log may lie on the very disk that is full
        print(sentence, file=sys.stderr, flush=True)


@contextlib.contextmanager
def a_place(store: RunStore, name: str) -> Iterator[int]:
    """Wait for one of the machine's places; yields its number (the GPU's, where there are any).

    Raises StoppedInQueueError where the run is asked to stop meanwhile.
    """
    import torch

    folder = runs_folder() / ".places"
    folder.mkdir(parents=True, exist_ok=True)
    locks = [FileLock(folder / f"{i}.lock", timeout=0) for i in range(max(1, torch.cuda.device_count()))]
    notes = Notes(name, store)
    while True:
        if notes.asked() == "stop":
            raise StoppedInQueueError
        place = _take(locks) if _is_next(store, name) else None
        if place is not None:
            break
        notes.tell(state="queued", message=WAITING)
        time.sleep(HEARTBEAT)  # a lock of the kernel's gives no sign when it is free
    try:
        if torch.cuda.is_available():
            torch.cuda.set_device(place)
        yield place
    finally:
        locks[place].release()


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
        _log(str(error))
        return False


def _waits(row: RunRow) -> bool:
    """Whether a queued run is to be let in first: one that has begun to wait tells of itself at each heartbeat."""
    silent = row.message == WAITING and time.time() - row.heartbeat > 10 * FRESH
    return not silent and current_state(row) == "queued"


def work(name: str, *, resume: bool = False) -> None:
    """Train the run of this name as the database has it, noting progress there. This is the worker's whole life.

    Every end is written to the row: finished, stopped, or failed with a sentence. Raises RunError, and leaves
    the row alone, where another process trains the run.
    """
    import torch

    store = open_store()
    row = store.get(_checked(name))
    if row is None:
        raise RunError(f"The database knows no run called {name}.")
    torch.set_num_threads(worker_threads())
    with run_lock(RunFolder(Path(row.folder))):
        _train_to_an_end(Notes(name, store), lambda: row.train_config, a_place(store, name), resume=resume)


def train_here(config: TrainConfig, *, resume: bool = False, watch: Callable[[Step], None]) -> str:
    """Train in this process, as the command line does; `watch` is called with each Step.

    A run of the runs folder is entered into the database, so that pages show how far it is and can stop it. It
    waits for no place: whoever types a command has chosen when. Returns 'finished' or 'stopped'.

    Raises as vae_core.training.train does, and RunError where another process trains the run.
    """
    if config.out is None:
        return _train(Notes(""), config, resume=resume, watch=watch)
    folder = RunFolder(config.out)
    with run_lock(folder):
        if resume:
            _check_resumable(folder)
        else:
            folder.check_free()
        notes = _enter(folder, config)
        return _train_to_an_end(notes, lambda: config, contextlib.nullcontext(0), resume=resume, watch=watch)


def _enter(folder: RunFolder, config: TrainConfig) -> Notes:
    """Enter a run that begins in this process into the database, where it is one of the runs folder."""
    name = folder.path.name
    if not _is_own(folder.path):
        return Notes(name)
    try:
        store = open_store()
        store.enter(runs_folder().resolve() / name, config, seen=store.get(name))
    except DatabaseError as error:
        _log(f"{error} The training goes on without it.")
        return Notes(name)
    return Notes(name, store)


def _train_to_an_end(
    notes: Notes, config: Callable[[], TrainConfig], place: AbstractContextManager[int], *, resume: bool,
    watch: Callable[[Step], None] = lambda step: None,
) -> str:
    """Train with the run's lock held, and note every end."""
    try:
        notes.tell(pid=os.getpid())
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
    noted = pictured = -1e9
    outcome, model = "finished", None
    with contextlib.closing(train(config, data=data, resume=resume)) as steps:
        for step in steps:
            watch(step)
            if recorder is not None:
                recorder.add(step)
            model, now, at_end = step.model, time.monotonic(), step.step == step.total
            if not at_end and now - noted < HEARTBEAT:
                continue
            noted = now
            notes.tell(
                state="running", message=PLACING if at_end else "", step=step.step, total=step.total,
                samples_per_second=step.samples_per_second, seconds_left=step.seconds_left,
            )
            if at_end or now - pictured > PICTURES:
                _picture(recorder, step.model)
                pictured = time.monotonic()
            if not at_end and notes.asked() == "stop":
                notes.tell(message=STOPPING)
                outcome = "stopped"
                break
    if model is not None:
        _picture(recorder, model)  # the best weights by now, no more the last
    return outcome


def _picture(recorder: Recorder | None, model: Model) -> None:
    """A new live view. It is there to be looked at: a disk that is full must not end the training for it."""
    if recorder is None:
        return
    try:
        recorder.write(model)
        _bound(recorder.folder / "worker.log")
    except OSError as error:
        _log(f"The live view was not renewed. {one_sentence(error)}")


def _clear_beginnings(folder: RunFolder) -> None:
    """Make room for a run that died before its first state was saved, and so has nothing to lose."""
    if not folder.weights.exists():
        (folder.path / "config.json").unlink(missing_ok=True)


def worker_threads() -> int:
    """Cores for torch: the app keeps one. Two threads beside a busy process run at half the speed of one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return max(1, cores - 1)


def one_sentence(error: BaseException) -> str:
    """What an error says, as one line for people."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        said = DISK_FULL
    elif isinstance(error, OSError) and error.strerror:
        said = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    elif isinstance(error, ValidationError):
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
    elif isinstance(error, MemoryError):
        said = "the machine's memory did not suffice: take a smaller batch or a smaller net"
    elif isinstance(error, ValueError | RuntimeError | OSError):
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    else:
        said = f"the program met an error of its own ({type(error).__name__}: {error}), see worker.log"
    said = said[:SENTENCE_LIMIT]
    said = said[:1].upper() + said[1:]
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."
