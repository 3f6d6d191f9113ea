"""Deleting and undoing: every byte comes back, a deleted run is in no list, nobody's training is taken away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import update

from tests.pages.toy import write_toy_run
from vae_core import launch
from vae_core.config import TrainConfig
from vae_core.runs import RunError, RunFolder, find_run, list_runs
from vae_core.runs import trash as bin
from vae_core.runs.database import RunRow, RunStore, open_store
from vae_core.runs.incoming import free_name, is_free
from vae_core.runs.trash import Trashed, delete_run, restore, trash


def contents(folder: Path) -> dict[str, bytes]:
    locks = (".lock", ".label.lock")
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*")) if file.is_file() and file.name not in locks
    }  # fmt: skip


def a_run(root: Path, name: str = "mine", **settings: int) -> Path:
    """A finished run with a row."""
    folder = write_toy_run(root, name)
    open_store().enter(folder, TrainConfig(**settings), seen=open_store().get(name), sweep="s")  # type: ignore[arg-type]
    open_store().note(name, state="finished", step=70, total=70)
    return folder


def names() -> tuple[set[str], set[str]]:
    return {card.name for card in list_runs()}, {now.name for now in launch.standings()}


@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "running"])
def test_undo_brings_back_every_byte_and_the_row(no_runs: Path, state: str) -> None:
    """A row that says "running" was left behind by a worker that died."""
    folder = a_run(no_runs)
    open_store().note("mine", state=state)
    with open_store()._session() as session:
        session.execute(update(RunRow).values(heartbeat=0.0))
        session.commit()
    a_run(no_runs, "other")
    before = contents(folder)
    gone = delete_run("mine")
    assert not folder.exists() and names() == ({"other"}, {"other"}) and trash() == [gone]
    with pytest.raises(RunError):
        find_run("mine")
    with pytest.raises(RunError):
        launch.standing("mine")
    with pytest.raises(RunError):
        launch.resume("mine")
    restore(gone)
    row = open_store().get("mine")
    assert contents(folder) == before and row is not None and row.trashed is None and row.step == 70
    assert names() == ({"mine", "other"}, {"mine", "other"}) and trash() == []
    with pytest.raises(RunError, match="another run called mine"):
        restore(gone)


def test_a_run_that_the_database_never_knew_comes_back_too(no_runs: Path) -> None:
    folder = write_toy_run(no_runs, "mine")
    before = contents(folder)
    gone = delete_run("mine")
    restore(gone)
    assert contents(folder) == before and open_store().get("mine") is None


def test_a_name_that_was_taken_meanwhile_is_said(no_runs: Path) -> None:
    first = delete_run(a_run(no_runs, seed=1).name)
    (no_runs / ".trash" / f"mine@{round(first.when * 1000)}").rename(
        no_runs / ".trash" / f"mine@{round(first.when * 1000) - 5}"
    )
    first = Trashed("mine", round(first.when * 1000 - 5) / 1000)
    a_run(no_runs, seed=2)
    with pytest.raises(RunError, match="another run called mine by now"):
        restore(first)
    second = delete_run("mine")
    assert trash() == [second, first]
    restore(first)  # its row was the second's by then: what its folder says counts
    assert launch.standing("mine").state == "finished" and launch.standing("mine").config.seed == 0
    restore_second = pytest.raises(RunError, match="another run called mine")
    with restore_second:
        restore(second)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_live_run_stays(no_runs: Path, state: str) -> None:
    folder = a_run(no_runs)
    hold = (
        "import sys; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", hold, str(RunFolder(folder).lock)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout and worker.stdout.readline() == "held\n"
        open_store().note("mine", state=state, pid=worker.pid)
        with pytest.raises(RunError, match="is being trained: stop it first"):
            delete_run("mine")
        open_store().note("mine", state="finished")  # trained by a program that cannot reach the database
        with pytest.raises(RunError, match="is being trained: stop it first"):
            delete_run("mine")
        assert folder.exists() and trash() == []
        worker.communicate("")
    delete_run("mine")


@pytest.mark.parametrize("name", ["shipped", "nobody", "../mine", ".trash", "runs.db", ""])
def test_what_is_not_ones_own_stays(no_runs: Path, name: str) -> None:
    write_toy_run(no_runs.parent / "checkpoints", "shipped")
    open_store()
    with pytest.raises(RunError):
        delete_run(name)
    assert (no_runs.parent / "checkpoints" / "shipped" / "config.json").exists() and (no_runs / "runs.db").exists()


def test_a_link_is_not_followed(no_runs: Path, tmp_path: Path) -> None:
    write_toy_run(tmp_path, "elsewhere")
    (no_runs / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError):
        delete_run("link")
    assert (tmp_path / "elsewhere" / "config.json").exists()


def test_the_trash_is_emptied_of_what_is_a_week_old(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = delete_run(a_run(no_runs).name)
    kept = no_runs / ".trash" / "not-ours"
    kept.mkdir()
    monkeypatch.setattr(bin, "KEPT", -1.0)
    assert trash() == []
    delete_run(a_run(no_runs, "other").name)
    assert not gone.folder.exists() and kept.exists() and open_store().get("mine") is None
    with pytest.raises(RunError, match="no more in the trash"):
        restore(gone)


def test_the_same_name_can_be_begun_anew(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = delete_run(a_run(no_runs).name)
    monkeypatch.setattr(launch, "is_taken", lambda name: False)
    row = open_store().enter(no_runs / "mine", TrainConfig(), seen=open_store().get("mine"))
    assert row.trashed is None and row.state == "queued"
    with pytest.raises(RunError, match="by now"):
        restore(gone)


def test_a_deletion_that_was_cut_off_before_its_row_was_marked_can_be_undone(
    no_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_run(no_runs)
    before = contents(folder)

    def cut_off(self: RunStore, name: str, **values: object) -> None:
        raise RunError("The database of runs cannot be reached.")

    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "note", cut_off)
        with pytest.raises(RunError, match="cannot be reached"):
            delete_run("mine")
    (gone,) = trash()
    restore(gone)
    row = open_store().get("mine")
    assert contents(folder) == before and row is not None and row.trashed is None and row.step == 70


def test_of_two_who_delete_one_run_at_once_one_does(no_runs: Path) -> None:
    a_run(no_runs)
    said: list[object] = []

    def try_it() -> None:
        try:
            said.append(delete_run("mine"))
        except RunError as error:
            said.append(error)

    visitors = [Thread(target=try_it) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert [one for one in said if isinstance(one, Trashed)] == trash() and len(trash()) == 1
    assert all("is called mine" in str(one) for one in said if not isinstance(one, Trashed))
    restore(trash()[0])
    assert names() == ({"mine"}, {"mine"})


def test_a_name_that_a_deleted_or_a_queued_run_has_is_not_free(no_runs: Path) -> None:
    a_run(no_runs, "mine")
    (gone,) = [delete_run("mine")]
    assert not (no_runs / "mine").exists() and not is_free("mine") and free_name("mine") == "mine-2"
    restore(gone)
    waiting = a_run(no_runs, "waits")
    open_store().note("waits", state="queued")
    shutil.rmtree(waiting)
    assert not is_free("waits") and is_free("other")
    open_store().note("waits", state="finished")
    assert is_free("waits"), "a row that somebody's own hands have left without a folder bars nobody"
