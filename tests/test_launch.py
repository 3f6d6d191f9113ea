"""Workers and their queue, with real processes where a process has to die: nothing finished is ever lost."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock
from pydantic import ValidationError
from safetensors.torch import load_file
from sqlalchemy import update

from vae_core import launch, team
from vae_core.config import PROJECT, ModelSpec, RunConfig, TrainConfig
from vae_core.data import DatasetError
from vae_core.launch import (
    Notes,
    Spawned,
    Standing,
    attend,
    begin,
    current_state,
    is_alive,
    look,
    one_sentence,
    places,
    resume,
    sentences,
    spawn,
    standing,
    start,
    stop,
    train_here,
    work,
    worker,
)
from vae_core.runs import RunError, RunFolder, list_runs, load_run
from vae_core.runs import database as database_module
from vae_core.runs.database import OrderRow, RunRow, open_store
from vae_core.runs.live import Recorder, read_live
from vae_core.training import Step, TrainingError, train

PATIENCE = 90.0
"""Seconds; a worker loads torch first, and the machine may be shared."""


def wait_for(name: str, wanted: Callable[[Standing], bool]) -> Standing:
    deadline = time.monotonic() + PATIENCE
    while not wanted(now := standing(name)):
        assert time.monotonic() < deadline, f"{name} is still {now}"
        time.sleep(0.02)  # another process's row gives no event to await
    return now


def config(runs: Path, name: str, **settings: object) -> TrainConfig:
    base = {"latent_dim": 2, "hidden": (16,), "steps": 40, "batch_size": 32, "out": runs / name}
    return TrainConfig.model_validate({**base, **settings})


def no_child_is_a_zombie() -> bool:
    """Whether no ended child of this process still waits to be reaped (Linux; True elsewhere)."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if not children.exists():
        return True
    stats = [Path(f"/proc/{pid}/stat") for pid in children.read_text().split()]
    return not any(stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z" for stat in stats)


@pytest.fixture
def workers(no_runs: Path) -> Path:
    """The runs folder; workers that a failing test left behind are ended."""
    yield no_runs
    for row in open_store().all():
        if row.pid is not None and row.pid != os.getpid() and is_alive(RunFolder(Path(row.folder))):
            os.kill(row.pid, signal.SIGKILL)


@pytest.fixture
def inline(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs folder; `start` only enters the run, and the test does the worker's work itself."""
    monkeypatch.setattr(begin, "spawn", lambda folder, words: Spawned(os.getpid()))
    threads = torch.get_num_threads()
    yield no_runs
    torch.set_num_threads(threads)


# -- real processes ----------------------------------------------------------------------------------------


def test_two_starts_a_queue_and_stops(workers: Path) -> None:
    """The same run started by four at once, another behind it in the queue; both are stopped."""
    endless = config(workers, "a", steps=10_000_000, evaluations=10_000)

    def try_to_start(_: int) -> str:
        try:
            return start(endless).name
        except RunError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        results = sorted(pool.map(try_to_start, range(4)))
    assert results.count("a") == 1
    assert all("a moment ago" in said or "being trained already" in said for said in results if said != "a")
    start(config(workers, "b"))

    wait_for("a", lambda now: now.step > 0)
    second = wait_for("b", lambda now: now.message == sentences.WAITING)
    assert second.state == "queued" and standing("a").state == "running"
    with pytest.raises(RunError, match="a is being trained already: watch it"):
        start(endless)
    stop("b")
    assert wait_for("b", lambda now: not now.live).message == "Stopped before it began."
    assert [card.name for card in list_runs()] == ["a"]
    assert not launch.is_taken("b"), "a name that was never used is free again"

    wait_for("a", lambda now: RunFolder(now.folder).weights.exists())
    stop("a")
    done = wait_for("a", lambda now: not now.live)
    assert done.state == "stopped" and done.has_weights and done.can_resume
    run = load_run("a")
    assert run.config.state == "stopped" and run.preview.exists()
    assert len(run.codes.mean) == 1797 and run.config.test is not None
    live = read_live(workers / "a")
    assert live is not None and live.samples.shape == (16, 1, 8, 8) and len(live.train)
    wait_for("a", lambda now: no_child_is_a_zombie())
    ours = {".places", ".runs.db.lock", "runs.db", "runs.db-wal", "runs.db-shm"}
    assert {path.name for path in workers.iterdir()} <= {"a", "b"} | ours


def test_a_killed_worker_resumes_to_the_same_weights(workers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "FRESH", 0.2)
    settings = {"steps": 2_000, "evaluations": 40}
    start(config(workers, "killed", **settings))
    wait_for("killed", lambda now: now.step >= 300)
    pid = open_store().get("killed").pid
    os.kill(pid, signal.SIGKILL)
    dead = wait_for("killed", lambda now: now.state == "interrupted")
    assert dead.step < 2_000 and dead.can_resume

    resume("killed")
    threads = torch.get_num_threads()
    start_inline(config(workers, "whole", **settings), monkeypatch)
    work("whole")
    torch.set_num_threads(threads)
    assert wait_for("killed", lambda now: not now.live).state == "finished"
    for file in ("model.safetensors", "state.safetensors"):
        one, other = (load_file(workers / name / file) for name in ("killed", "whole"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one), file
    steps = [read_live(workers / name).train[:, 0] for name in ("killed", "whole")]
    assert all((rows[1:] > rows[:-1]).all() for rows in steps), "the live curve goes on without a fold"


def start_inline(wanted: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(begin, "spawn", lambda folder, words: Spawned(os.getpid()))
        start(wanted)


def same_bits(one: Path, other: Path) -> None:
    for file in ("model.safetensors", "state.safetensors"):
        a, b = load_file(one / file), load_file(other / file)
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a), file


def resume_inline(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resume a run, and do its worker's work in this process."""
    threads = torch.get_num_threads()
    with monkeypatch.context() as patch:
        patch.setattr(begin, "spawn", lambda folder, words: Spawned(os.getpid()))
        resume(name)
    work(name, resume=True)
    torch.set_num_threads(threads)


@pytest.mark.timeout(300)
def test_a_run_paused_stepped_steered_and_killed_resumes_to_the_weights_of_its_turns(
    workers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "FRESH", 0.2)
    settings = {"steps": 400, "evaluations": 40, "likelihood": "gaussian"}
    start(config(workers, "a", **settings))
    launch.pause("a")  # before its first batch: it is heard after that
    paused = wait_for("a", lambda now: now.paused)
    assert paused.live and is_alive(RunFolder(workers / "a")), "it keeps its lock"
    beat = open_store().get("a").heartbeat
    launch.steer("a", "beta", 0.5)
    launch.steer("a", "learning_rate", 0.002)
    turned = wait_for("a", lambda now: len(now.config.turns) == 2)
    assert turned.paused and RunFolder(workers / "a").read_config().train.turns == turned.config.turns
    assert turned.step == paused.step and {turn.step for turn in turned.config.turns} == {paused.step}
    for _ in range(12):  # beyond the first saved state
        launch.step("a")
    stepped = wait_for("a", lambda now: now.step == paused.step + 12)
    assert RunFolder(workers / "a").state.exists()
    assert stepped.paused and stepped.account is not None and stepped.account.step == stepped.step
    assert stepped.account.gradient_norm > 0 and stepped.account.loss_after != stepped.account.loss_before
    wait_for("a", lambda now: open_store().get("a").heartbeat > beat + 1.0)
    assert standing("a").step == stepped.step and standing("a").paused

    os.kill(open_store().get("a").pid, signal.SIGKILL)
    dead = wait_for("a", lambda now: now.state == "interrupted")
    assert dead.can_resume and not dead.paused
    with pytest.raises(RunError, match="a is not being trained just now"):
        launch.pause("a")
    resume_inline("a", monkeypatch)
    done = standing("a")
    assert done.state == "finished" and done.config.turns == turned.config.turns
    for _ in train(config(workers, "whole", **settings, turns=turned.config.turns)):
        pass
    same_bits(workers / "a", workers / "whole")


@pytest.mark.timeout(300)
def test_after_the_machines_restart_nothing_is_lost(workers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paused run and one that waits behind it die at once; their numbers are other processes' by now."""
    monkeypatch.setattr(look, "FRESH", 0.2)
    settings = {"steps": 200, "evaluations": 20}
    start(config(workers, "paused", **settings))
    for _ in range(12):  # before its first batch: they are heard after that
        launch.step("paused")
    held = wait_for("paused", lambda now: now.paused and now.step == 13)
    assert RunFolder(held.folder).state.exists()
    start(config(workers, "waits"))
    wait_for("waits", lambda now: now.message == sentences.WAITING)
    assert standing("paused").paused and standing("waits").state == "queued", "whoever is paused keeps its place"
    for name in ("paused", "waits"):
        os.kill(open_store().get(name).pid, signal.SIGKILL)
    wait_for("paused", lambda now: not is_alive(RunFolder(now.folder)))
    for name in ("paused", "waits"):
        with open_store()._session() as session:  # as they were left, with the number of a process that lives
            session.execute(update(RunRow).where(RunRow.name == name).values(pid=os.getpid()))
            session.commit()
        assert wait_for(name, lambda now: now.state == "interrupted").can_resume
    assert (workers / "paused" / ".lock").exists() and list((workers / ".places").glob("*.lock")), "stale, no bar"
    assert standing("paused").step >= held.step > 0
    for name in ("waits", "paused"):
        resume_inline(name, monkeypatch)
        assert standing(name).state == "finished"
    for _ in train(config(workers, "whole", **settings)):
        pass
    same_bits(workers / "paused", workers / "whole")


# -- the worker's work, in this process --------------------------------------------------------------------


def test_a_run_that_finishes(inline: Path) -> None:
    start(config(inline, "a"))
    assert standing("a").state == "queued"
    work("a")
    done = standing("a")
    assert (done.state, done.step, done.total, done.message) == ("finished", 40, 40, "")
    with pytest.raises(RunError, match="There is a run called a already"):
        start(config(inline, "a"))
    assert launch.known_speed(config(inline, "again")) is not None
    assert launch.known_speed(config(inline, "again", latent_dim=5)) is None


def test_a_watched_training_ends_with_the_same_weights(inline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    monkeypatch.setattr(worker, "PICTURES", 0.0)
    start(config(inline, "watched"))
    work("watched")
    for _ in train(config(inline, "unwatched")):
        pass
    one, other = (load_file(inline / name / "model.safetensors") for name in ("watched", "unwatched"))
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.fixture
def attentive(inline: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A worker that listens after every Step, which is after every batch of a run this short."""
    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    monkeypatch.setattr(attend, "POLL", 0.001)
    return inline


def test_orders_are_carried_out_in_turn(attentive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(config(attentive, "a"))
    store = open_store()
    for order in (("pause",), ("steer", "beta", 4.0), ("steer", "beta", 4.0), ("step",), ("step",), ("go on",)):
        store.order("a", *order)
    told: list[dict[str, object]] = []
    tell = Notes.tell
    monkeypatch.setattr(Notes, "tell", lambda notes, **values: (told.append(values), tell(notes, **values))[1])
    work("a")
    assert standing("a").state == "finished" and standing("a").account is None
    accounts = [note["account"]["step"] for note in told if note.get("account")]
    assert accounts == [2, 3], "the first Step is after the first batch"
    assert [turn.step for turn in RunFolder(attentive / "a").read_config().train.turns] == [1]
    assert [note.get("state") for note in told if note.get("state") == "paused"] == ["paused"] * 3
    start_inline(config(attentive, "b", turns=standing("a").config.turns), monkeypatch)
    work("b")
    same_bits(attentive / "a", attentive / "b")


def test_a_paused_run_can_be_stopped_and_its_speed_counts_no_pause(
    attentive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(config(attentive, "a", steps=400))
    open_store().order("a", "pause")
    waited: list[float] = []

    def doze(seconds: float) -> None:
        time.sleep(0.01)
        waited.append(0.01)
        if len(waited) == 50:
            launch.step("a")
        if len(waited) == 100:
            stop("a")

    monkeypatch.setattr(attend, "time", SimpleNamespace(sleep=doze, monotonic=time.monotonic))
    work("a")
    now = standing("a")
    assert (now.state, now.step, now.stopping) == ("stopped", 2, False)
    assert now.samples_per_second > 2 * 32 / 0.4, "half a second of waiting is no part of two batches"
    assert load_run("a").config.best.step == 2 and now.can_resume


def test_orders_that_make_no_sense_are_refused_with_a_sentence(attentive: Path) -> None:
    for order in (launch.pause, launch.go_on, launch.step):
        with pytest.raises(RunError, match="a is not being trained just now: resume it first, or start it anew"):
            order("a")
    start(config(attentive, "a"))
    with pytest.raises(RunError, match="β cannot be -1: it should be greater than or equal to 0"):
        launch.steer("a", "beta", -1)
    with pytest.raises(RunError, match="amma cannot be changed while the elbo objective is trained"):
        launch.steer("a", "gamma", 1)
    with pytest.raises(RunError, match="finite"):
        launch.steer("a", "beta", float("nan"))
    open_store().order("a", "steer", "gamma", 3.0)  # as a page of another version might
    open_store().order("a", "dance")
    work("a")
    assert standing("a").state == "finished" and standing("a").config.turns == ()


def test_a_turn_that_reached_the_folder_alone_is_not_lost(attentive: Path) -> None:
    """Killed between the two places in which a turn is written down."""
    start(config(attentive, "a"))
    open_store().order("a", "steer", "beta", 4.0)
    work("a")
    turns = RunFolder(attentive / "a").read_config().train.turns
    open_store().note("a", config=config(attentive, "a").model_dump(mode="json", exclude={"out"}), state="stopped")
    folder = RunFolder(attentive / "a")
    folder.write_config(folder.read_config().model_copy(update={"state": "stopped"}))
    resume("a")
    assert turns and standing("a").config.turns == turns


def test_a_loss_that_is_no_number_is_told(inline: Path) -> None:
    start(config(inline, "wild", learning_rate=10, hidden=(64,) * 8, likelihood="gaussian"))
    with pytest.raises(TrainingError):
        work("wild")
    now = standing("wild")
    assert now.state == "failed" and not now.can_resume
    assert "no longer a number at step" in now.message and "learning rate of 10" in now.message


def test_data_that_vanished_is_told(inline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path / "gone"))
    start(config(inline, "a", data="mnist"))
    with pytest.raises(DatasetError):
        work("a")
    assert standing("a").state == "failed"
    assert standing("a").message.startswith("MNIST is not in ")
    start(config(inline, "a"))  # nothing was begun, so the name is free
    work("a")
    assert standing("a").state == "finished"


def test_a_net_that_does_not_fit_is_told(inline: Path) -> None:
    start(config(inline, "a", device="mps" if not torch.backends.mps.is_available() else "cuda"))
    with pytest.raises(ValueError, match="this machine has no"):
        work("a")
    assert standing("a").message.startswith("This machine has no")


def test_a_stop_before_it_begins(inline: Path) -> None:
    start(config(inline, "a"))
    stop("a")
    work("a")
    assert (standing("a").state, standing("a").message) == ("stopped", "Stopped before it began.")
    assert not standing("a").can_resume and list_runs() == []


def test_a_stop_before_the_first_look_keeps_what_was_learnt(inline: Path) -> None:
    steps = train(config(inline, "a", steps=100_000, evaluations=1))
    step = next(steps)
    steps.close()
    run = load_run("a")
    assert run.config.best is not None and run.config.best.step == step.step
    assert run.config.state == "stopped" and len(run.codes.mean) == 1797
    assert standing("a").can_resume


def test_a_run_of_the_command_line_is_resumed(inline: Path) -> None:
    steps = train(config(inline, "cli", steps=60))
    for step in steps:
        if step.step >= 30:
            break
    steps.close()
    assert standing("cli").state == "stopped"
    resume("cli")
    work("cli", resume=True)
    assert standing("cli").state == "finished"
    for _ in train(config(inline, "whole", steps=60)):
        pass
    one, other = (load_file(inline / name / "model.safetensors") for name in ("cli", "whole"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_run_that_died_before_its_first_state_begins_anew(inline: Path) -> None:
    start(config(inline, "a"))
    folder = RunFolder(inline / "a")
    other = train(config(inline, "b"))
    next(other)
    other.close()
    folder.write_config(RunFolder(inline / "b").read_config().model_copy(update={"best": None, "state": "running"}))
    open_store().note("a", state="running", pid=None)
    assert current_state(open_store().get("a")) == "interrupted"
    resume("a")
    work("a", resume=True)
    assert standing("a").state == "finished"


def test_a_second_worker_leaves_the_first_alone(inline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(config(inline, "a"))
    folder = RunFolder(inline / "a")
    with launch.run_lock(folder):
        open_store().note("a", state="running", step=7)
        before = open_store().get("a")
        outcome: list[BaseException] = []

        def second() -> None:
            try:
                work("a")
            except RunError as error:
                outcome.append(error)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join(30)
        assert is_alive(folder)
    after = open_store().get("a")
    assert "is being trained by another process" in str(outcome[0])
    assert (after.state, after.step, after.heartbeat) == (before.state, 7, before.heartbeat)


def test_a_locked_database_does_not_end_a_training(inline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.02)
    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    start(config(inline, "a"))
    holder = sqlite3.connect(inline / "runs.db", check_same_thread=False)
    lock, unlock = threading.Event(), threading.Event()
    told = RunFolder.write_progress

    def write_progress(*values: object) -> None:
        if not lock.is_set():  # in the middle of the training somebody takes the database, until its end
            holder.execute("BEGIN IMMEDIATE")
            lock.set()
        told(*values)  # type: ignore[arg-type]

    end = Notes.end

    def at_the_end(*values: object) -> None:
        threading.Timer(0.3, lambda: (holder.rollback(), unlock.set())).start()
        end(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(RunFolder, "write_progress", write_progress)
    monkeypatch.setattr(Notes, "end", at_the_end)
    work("a")
    assert lock.is_set() and unlock.is_set()
    assert standing("a").state == "finished" and len(load_run("a").codes.mean) == 1797


# -- runs of the command line ------------------------------------------------------------------------------


def ignore(step: Step) -> None:
    pass


def half_way(step: Step) -> None:
    if step.step >= step.total // 2:
        raise KeyboardInterrupt


def test_a_run_of_the_command_line_is_watched_and_stopped_as_any_other(
    inline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    monkeypatch.setattr(worker, "PICTURES", 0.0)
    seen: list[Standing] = []

    def watch(step: Step) -> None:
        seen.append(standing("cli"))
        if len(seen) == 3:
            stop("cli")
        if len(seen) > 3:
            pytest.fail("it went on")

    assert train_here(config(inline, "cli", steps=100_000), watch=watch) == "stopped"
    assert [now.state for now in seen] == ["running"] * 3
    assert seen[-1].total == 100_000 and seen[-1].step > 0 and seen[-1].can_stop
    now = standing("cli")
    assert (now.state, now.stopping, now.can_resume) == ("stopped", False, True)
    assert read_live(inline / "cli") is not None
    assert [row.name for row in launch.standings()] == ["cli"]


def test_the_database_is_no_condition_of_training(inline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_DATABASE", "nonsense")
    assert train_here(config(inline, "a"), watch=ignore) == "finished"
    assert RunFolder(inline / "a").read_config().state == "finished"


def test_a_run_elsewhere_has_no_row(inline: Path, tmp_path: Path) -> None:
    assert train_here(config(tmp_path, "elsewhere"), watch=ignore) == "finished"
    assert train_here(config(tmp_path, "nowhere", out=None), watch=ignore) == "finished"
    assert open_store().all() == [] and not (tmp_path / "elsewhere" / "live.npz").exists()


def test_a_name_that_is_taken_leaves_its_row_alone(inline: Path) -> None:
    train_here(config(inline, "a"), watch=ignore)
    with pytest.raises(RunError, match="There is a run in a already"):
        train_here(config(inline, "a"), watch=ignore)
    assert standing("a").state == "finished"


def test_a_killed_run_that_the_command_line_finished_is_finished(inline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not the command line could reach the database."""
    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    for name, heard in (("told", True), ("untold", False)):
        settings = config(inline, name)
        with pytest.raises(KeyboardInterrupt):
            train_here(settings, watch=half_way)
        row = {"state": "running", "pid": None, "step": 20, "total": 40, "message": sentences.LOADING}
        open_store().note(name, **row)
        folder = RunFolder(inline / name)
        folder.write_config(folder.read_config().model_copy(update={"state": "running"}))  # as a kill leaves it
        dead = standing(name)
        assert (dead.state, dead.message, dead.can_resume) == ("interrupted", "", True)
        with monkeypatch.context() as patch:
            if not heard:
                patch.setattr(worker, "_enter", lambda folder, config: Notes(folder.path.name))
            train_here(settings, resume=True, watch=ignore)
        done = standing(name)
        assert (done.state, done.step, done.total, done.can_resume) == ("finished", 40, 40, False)


@pytest.mark.parametrize(
    ("row", "on_disk", "state"),
    [
        ("running", "finished", "finished"),
        ("running", "running", "interrupted"),
        ("stopped", "finished", "finished"),
        ("stopped", "running", "interrupted"),
        ("failed", "finished", "finished"),
        ("failed", "stopped", "failed"),
        ("failed", "running", "failed"),
        ("stopped", "failed", "failed"),
    ],
)
def test_where_nobody_trains_the_folder_knows_better_than_a_row_left_behind(
    inline: Path, row: str, on_disk: str, state: str
) -> None:
    start(config(inline, "a"))
    work("a")
    open_store().note("a", state=row, pid=None)
    folder = RunFolder(inline / "a")
    folder.write_config(folder.read_config().model_copy(update={"state": on_disk}))
    assert standing("a").state == state
    with launch.run_lock(folder):  # somebody does train it
        assert (standing("a").state == "running") == (row == "running" or on_disk == "running")


def test_a_run_without_a_row_tells_how_far_it_is_from_its_folder(inline: Path) -> None:
    steps = train(config(inline, "a", steps=None, epochs=10))
    for step in steps:
        if step.step >= 100:
            break
    total = step.total
    with launch.run_lock(RunFolder(inline / "a")):
        now = standing("a")
    assert (now.state, now.total, now.can_stop, now.message) == ("running", total, False, sentences.ELSEWHERE)
    assert 0 < now.step <= 100
    dead = standing("a")
    assert (dead.state, dead.step, dead.total, dead.can_resume) == ("interrupted", now.step, total, True)
    steps.close()


# -- a request to stop, a disk that is full ----------------------------------------------------------------


def test_a_stop_is_on_its_way_until_the_run_has_ended(inline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import vae_core.training.loop as training_module

    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    at_the_end: list[Standing] = []
    write_results = training_module.write_results

    def slowly(*values: object) -> None:
        at_the_end.append(standing("a"))
        write_results(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(training_module, "write_results", slowly)
    start(config(inline, "a", steps=100_000))
    monkeypatch.setattr(Recorder, "write", lambda recorder, model: stop("a"))
    work("a")
    assert [(now.state, now.stopping, now.message) for now in at_the_end] == [("running", True, sentences.STOPPING)]
    assert (standing("a").state, standing("a").stopping) == ("stopped", False)


def test_a_live_view_that_cannot_be_written_ends_no_training(
    inline: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(recorder: Recorder, model: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Recorder, "write", refuse)
    start(config(inline, "a"))
    work("a")
    assert standing("a").state == "finished"
    assert "The live view was not renewed. The disk is full" in capfd.readouterr().err


def test_a_turn_on_a_full_disk_fails_the_run_with_a_sentence_and_nothing_is_lost(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up while the run is paused; then somebody steers."""
    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    monkeypatch.setattr(attend, "POLL", 0.001)
    filler = small_disk / "filler"
    settings = {"steps": 200, "evaluations": 10, "hidden": (128,)}
    start(config(small_disk, "a", **settings))
    write = RunFolder.write_config
    full = False

    def fill_up(folder: RunFolder, run: RunConfig) -> None:
        nonlocal full
        if run.train.turns and not full:
            full = True
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
                while stream.write(b"x" * 4096):
                    pass
        write(folder, run)

    def steer_at_100(step: Step) -> None:
        if step.step == 100 and not full:
            for order in (("pause",), ("steer", "beta", 4.0), ("go on",)):
                open_store().order("a", *order)

    add = Recorder.add
    monkeypatch.setattr(RunFolder, "write_config", fill_up)
    monkeypatch.setattr(Recorder, "add", lambda recorder, step: (steer_at_100(step), add(recorder, step)))
    with pytest.raises(OSError, match="No space left"):
        work("a")
    now = standing("a")
    assert (now.state, now.message, now.can_resume) == ("failed", sentences.DISK_FULL, True)
    folder = RunFolder(small_disk / "a")
    assert folder.read_config().train.turns == () and load_file(folder.state)["noise"].numel()
    filler.unlink()
    resume("a")
    work("a", resume=True)
    assert standing("a").state == "finished"


@pytest.fixture
def small_disk(inline: Path) -> Path:
    """The runs folder on a disk of three megabytes."""
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(inline)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs a system with mount")
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield inline
    for store in database_module._stores.values():
        store.engine.dispose()
    subprocess.run(["umount", "-l", str(inline)], check=True)


def test_on_a_full_disk_a_run_fails_with_a_sentence_and_goes_on_once_there_is_room(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "HEARTBEAT", 0.0)
    progress, looks = RunFolder.write_progress, 0
    filler = small_disk / "filler"

    def fill_up(*values: object) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
                while stream.write(b"x" * 4096):
                    pass
        progress(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(RunFolder, "write_progress", fill_up)
    settings = {"steps": 200, "evaluations": 10, "hidden": (128,)}
    start(config(small_disk, "a", **settings))
    with pytest.raises(OSError, match="No space left"):
        work("a")
    now = standing("a")
    assert (now.state, now.message, now.can_resume) == ("failed", sentences.DISK_FULL, True)
    folder = RunFolder(small_disk / "a")
    assert load_file(folder.weights) and load_file(folder.state)["noise"].numel()
    assert folder.read_history() and not list(folder.path.glob(".*.safetensors.*"))
    filler.unlink()
    resume("a")
    work("a", resume=True)
    assert standing("a").state == "finished" and len(load_run("a").codes.mean) == 1797
    for _ in train(config(small_disk / "..", "whole", **settings)):
        pass
    one, other = load_file(folder.weights), load_file(small_disk.parent / "whole" / "model.safetensors")
    assert all(torch.equal(one[key], other[key]) for key in one)


# -- a light wait ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visible", "devices", "found"),
    [
        (None, 0, ""),
        (None, 3, "0 1 2"),
        ("0", 3, "0"),
        ("1,2", 3, "1 2"),
        ("", 3, ""),
        ("-1", 3, ""),
        ("0,-1,1", 3, "0"),
        ("GPU-8932f937,GPU-7a", 3, "GPU-8932f937 GPU-7a"),
        ("0,1", 0, ""),
    ],
)
def test_gpus_are_counted_as_cuda_counts_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, visible: str | None, devices: int, found: str
) -> None:
    for name in [*(f"nvidia{i}" for i in range(devices)), "nvidiactl", "nvidia-uvm"]:
        (tmp_path / name).touch()
    monkeypatch.setattr(places, "DEVICES", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert places.gpus() == found.split()


def test_a_run_of_several_gpus_takes_as_many_places_and_the_next_waits_for_them(
    inline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "gpus", lambda: ["4", "5", "6"])
    for name in "ab":
        start(config(inline, name))
    store = open_store()
    with launch.a_place(store, "a", 2) as first:
        assert first == ["4", "5"]
        stop("b")
        with pytest.raises(places.StoppedInQueueError), launch.a_place(store, "b", 2):
            pass
        assert places._take([FileLock(inline / ".places" / f"{i}.lock", timeout=0) for i in range(3)], 2) == []
    store.note("a", state="finished", request="")
    store.note("b", state="queued", request="")
    with launch.a_place(store, "b", 9) as all_there_are:
        assert all_there_are == ["4", "5", "6"]


def test_whoever_waits_for_a_place_has_not_loaded_torch(inline: Path) -> None:
    start(config(inline, "a"))
    program = (
        "import sys; from vae_core.launch import a_place, open_store\n"
        "with a_place(open_store(), 'a') as place: print(place, 'torch' in sys.modules, 'pandas' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert said.stdout.split() == ["[]", "False", "False"], said.stderr


def test_a_launcher_that_nobody_knows_is_one_sentence(inline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("LATENTARIUM_RUNS", str(inline))
    monkeypatch.setenv("LATENTARIUM_LAUNCHER", "carrier-pigeon")
    with pytest.raises(RunError, match="LATENTARIUM_LAUNCHER=carrier-pigeon names no launcher"):
        start(config(inline, "a"))
    assert standing("a").state == "failed"


# -- looking -----------------------------------------------------------------------------------------------


def test_a_dead_worker_is_seen_and_a_young_one_is_trusted(inline: Path) -> None:
    start(config(inline, "a"))
    store = open_store()
    assert current_state(store.get("a")) == "queued"
    store.note("a", pid=2**22 + 1)  # beyond the largest id of a process
    assert current_state(store.get("a")) == "interrupted"
    store.note("a", state="running", pid=None)
    assert current_state(store.get("a")) == "interrupted"
    with launch.run_lock(RunFolder(inline / "a")):
        thread_says: list[str] = []
        thread = threading.Thread(target=lambda: thread_says.append(current_state(store.get("a"))))
        thread.start()
        thread.join(10)
    assert thread_says == ["running"]
    store.note("a", state="finished")
    assert current_state(store.get("a")) == "finished"


def test_many_glances_at_once_see_no_worker(inline: Path) -> None:
    start(config(inline, "a"))
    with launch.run_lock(RunFolder(inline / "a")):
        pass
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: is_alive(RunFolder(inline / "a")), range(64)))


@pytest.mark.parametrize("name", ["../x", "..", ".places", "a/b", "", "x" * 81, "runs.db\n"])
def test_names_with_tricks_are_refused(inline: Path, name: str) -> None:
    for attempt in (lambda: standing(name), lambda: resume(name), lambda: work(name)):
        with pytest.raises(RunError, match="cannot name a run"):
            attempt()


def test_nothing_is_written_outside_the_runs_folder(inline: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (inline / "link").symlink_to(outside)
    for out in (outside / "a", inline / ".." / "outside" / "a", inline / "link" / "a", inline / "link"):
        with pytest.raises(RunError, match="give it a plain name"):
            start(config(inline, "a", out=out))
    with pytest.raises(RunError, match=r"There is a run called runs\.db already"):
        open_store()
        start(config(inline, "runs.db"))
    assert list(outside.iterdir()) == []


def test_settings_of_another_version_are_one_sentence(inline: Path) -> None:
    for name in "ab":
        start(config(inline, name))
    open_store().note("b", config={"data": "digits", "flux": 3})
    assert [row.name for row in launch.standings()] == ["a"]
    with pytest.raises(RunError, match=r"b was started by another version .*\(flux\)"):
        standing("b")


def test_a_folder_taken_away_leaves_its_name_free(inline: Path) -> None:
    start(config(inline, "a"))
    work("a")
    shutil.rmtree(inline / "a")
    assert launch.standings() == []
    with pytest.raises(RunError, match="There is no run called a"):
        standing("a")
    start(config(inline, "a"))
    work("a")
    assert standing("a").state == "finished"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04cut short"])
def test_a_damaged_live_view_is_one_sentence_and_no_bar_to_resuming(inline: Path, content: bytes) -> None:
    (inline / "a").mkdir()
    (inline / "a" / "live.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"a/live\.npz is cut short"):
        read_live(inline / "a")
    steps = train(config(inline, "b"))
    next(steps)
    steps.close()
    (inline / "b" / "live.npz").write_bytes(content)
    resume("b")
    work("b", resume=True)
    assert standing("b").state == "finished"


def test_there_is_nothing_to_resume(inline: Path) -> None:
    with pytest.raises(RunError):
        resume("nobody")
    with pytest.raises(RunError, match="There is no run called nobody"):
        standing("nobody")


def test_the_log_stays_small(inline: Path) -> None:
    log = inline / "worker.log"
    log.write_bytes(b"x" * (spawn.LOG_LIMIT + 1))
    spawn.bound(log)
    assert log.stat().st_size == 0


def bad_spec() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        ModelSpec(net="conv", sample_shape=(1, 9, 9), latent_dim=2, channels=(1,))
    return caught.value


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("wrong\nand more"), "Wrong."),
        (RuntimeError(""), "RuntimeError."),
        (FileNotFoundError(2, "No such file", "x"), "No such file: x."),
        (KeyError("z"), "The program met an error of its own (KeyError: 'z'), see worker.log."),
        (OSError(errno.ENOSPC, "No space left on device"), sentences.DISK_FULL),
        (MemoryError(), "The machine's memory did not suffice: take a smaller batch or a smaller net."),
        (ValueError("x" * 2000), "X" + "x" * 499 + "."),
    ],
)
def test_an_error_is_one_sentence(error: BaseException, sentence: str) -> None:
    assert one_sentence(error) == sentence


def test_a_setting_that_does_not_fit_is_one_sentence() -> None:
    said = one_sentence(bad_spec())
    assert said.startswith("A convolutional net takes square pictures") and "\n" not in said


def test_a_paused_training_tells_its_team_to_wait_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that follow give up on a leader that is silent for longer than a look at held-out samples takes."""
    monkeypatch.setattr(attend, "STILL_THERE", 0.0)
    monkeypatch.setattr(attend, "POLL", 0.0)
    heard: list[object] = []

    class Asked(Notes):
        def asked(self) -> str:
            return "stop" if len(heard) == 3 else ""

        def orders(self) -> list[OrderRow]:
            return [] if heard else [OrderRow(what="pause")]

    def steps() -> Generator[str, object, None]:
        while True:
            heard.append((yield "step"))

    training = steps()
    step = next(training)
    assert attend.Attendant(Asked("a")).hear(training, step, lambda: None) == "stop"  # type: ignore[arg-type]
    assert heard == ["wait"] * 3
    assert timedelta(seconds=10 * 60) <= team.PATIENCE <= timedelta(hours=1)
