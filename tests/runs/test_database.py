"""The database of runs: one winner of many starts, WAL, and a sentence for whatever is wrong with the file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import Engine, create_engine, text

from tests.postgres import postgres
from vae_core.config import PROJECT, TrainConfig
from vae_core.runs import RunError
from vae_core.runs import database as module
from vae_core.runs.database import DatabaseError, RunRow, RunStore, open_store

CONFIG = TrainConfig(latent_dim=3)


@pytest.fixture
def store(no_runs: Path) -> RunStore:
    return open_store()


def test_a_missing_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path / "not" / "yet"))
    assert open_store().all() == []
    assert (tmp_path / "not" / "yet" / "runs.db").is_file()


def test_pages_read_while_a_worker_writes(store: RunStore, no_runs: Path) -> None:
    store.enter(no_runs / "a", CONFIG, seen=None)
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    writer = sqlite3.connect(no_runs / "runs.db")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE runs SET step = 7")
    row = store.get("a")
    assert row is not None and row.step == 0
    writer.commit()
    writer.close()
    row = store.get("a")
    assert row is not None and row.step == 7


def test_a_row_tells_its_settings(store: RunStore, no_runs: Path) -> None:
    store.enter(no_runs / "a", CONFIG, seen=None)
    store.note("a", state="running", step=3, message="x" * 5000)
    row = store.get("a")
    assert row is not None
    assert row.train_config == CONFIG.model_copy(update={"out": no_runs / "a"})
    assert (row.state, row.step, len(row.message)) == ("running", 3, module.MAX_MESSAGE)
    assert store.get("b") is None


def test_a_request_stands_until_the_run_begins_anew(store: RunStore, no_runs: Path) -> None:
    store.enter(no_runs / "a", CONFIG, seen=None)
    assert store.request_of("a") == ""
    store.ask("a", "stop")
    store.note("a", step=3)
    assert [store.request_of("a") for _ in range(2)] == ["stop", "stop"]
    store.enter(no_runs / "a", CONFIG, seen=store.get("a"))
    assert store.request_of("a") == "" and store.request_of("nobody") == ""


@pytest.mark.parametrize("old", [None, "failed"])
def test_of_many_starts_at_once_one_wins(store: RunStore, no_runs: Path, old: str | None) -> None:
    if old is not None:
        store.enter(no_runs / "a", CONFIG, seen=None)
        store.note("a", state=old)
    seen = store.get("a")

    def enter(number: int) -> RunRow | str:
        try:
            return store.enter(no_runs / "a", CONFIG.model_copy(update={"seed": number}), seen=seen)
        except RunError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(enter, range(8)))
    winners = [number for number, result in enumerate(results) if isinstance(result, RunRow)]
    assert len(winners) == 1
    assert {result for result in results if isinstance(result, str)} == {
        "Somebody started a a moment ago: watch it, or choose another name."
    }
    row = store.get("a")
    assert row is not None and row.config["seed"] == winners[0] and row.state == "queued"


def test_newest_first(store: RunStore, no_runs: Path) -> None:
    for name in "abc":
        store.enter(no_runs / name, CONFIG, seen=None)
    store.enter(no_runs / "a", CONFIG, seen=store.get("a"))
    assert [row.name for row in store.all()] == ["a", "c", "b"]
    store.delete("c")
    assert [row.name for row in store.all()] == ["a", "b"]


def test_a_locked_database_is_one_sentence_and_nothing_is_lost(
    no_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    store = open_store()
    store.enter(no_runs / "a", CONFIG, seen=None)
    holder = sqlite3.connect(no_runs / "runs.db")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError, match=r"runs\.db\) cannot be used \(database is locked\): .* try again"):
        store.note("a", step=1)
    holder.rollback()
    holder.close()
    store.note("a", step=2)
    row = store.get("a")
    assert row is not None and row.step == 2


def test_another_file_in_its_place_is_one_sentence(no_runs: Path) -> None:
    (no_runs / "runs.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(DatabaseError, match=r"not a database.*move it away"):
        open_store()
    (no_runs / "runs.db").unlink()
    assert open_store().all() == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path / "file" / "runs"))
    with pytest.raises(DatabaseError, match="see that it can be reached and written"):
        open_store()


@pytest.mark.parametrize("url", ["nonsense", "nosuchkind://x/y"])
def test_a_senseless_url_is_one_sentence(no_runs: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LATENTARIUM_DATABASE", url)
    with pytest.raises(DatabaseError, match="LATENTARIUM_DATABASE is no database that can be opened"):
        open_store()


def test_a_database_taken_away_is_begun_anew(store: RunStore, no_runs: Path) -> None:
    store.enter(no_runs / "a", CONFIG, seen=None)
    for file in no_runs.glob("runs.db*"):
        file.unlink()
    assert open_store().all() == []
    open_store().enter(no_runs / "b", CONFIG, seen=None)
    assert (no_runs / "runs.db").is_file()


def test_two_programs_may_begin_it_at_once(no_runs: Path) -> None:
    words = (sys.executable, "-c", "from vae_core.runs.database import open_store; print(len(open_store().all()))")
    programs = [subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [program.communicate(timeout=60)[0].strip() for program in programs] == ["0"] * 3


def test_they_begin_it_one_after_the_other(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most, begin = [], [], module.make_tables

    def make_tables(engine: Engine) -> None:
        at_work.append(engine)
        time.sleep(0.02)  # time for another to come in
        most.append(len(at_work))
        begin(engine)
        at_work.pop()

    monkeypatch.setattr(module, "make_tables", make_tables)
    with ThreadPoolExecutor(4) as pool:  # each with its own connections, as another program
        assert [store.all() for store in pool.map(module._open, [module.database_url()] * 4)] == [[]] * 4
    assert most == [1] * 4


def test_a_database_that_somebody_begins_for_long_is_one_sentence(
    no_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    no_runs.mkdir(exist_ok=True)
    with FileLock(no_runs / ".runs.db.lock"), pytest.raises(DatabaseError, match=r"is locked\): .* try again"):
        open_store()
    assert open_store().all() == []


# -- orders ------------------------------------------------------------------------------------------------


def test_orders_are_taken_once_and_in_turn(store: RunStore, no_runs: Path) -> None:
    store.enter(no_runs / "a", CONFIG, seen=None)
    store.order("a", "pause")
    store.order("b", "pause")
    store.order("a", "steer", "beta", 4.0)
    assert [(order.what, order.setting, order.value) for order in store.take_orders("a")] == [
        ("pause", "", None), ("steer", "beta", 4.0),
    ]
    assert store.take_orders("a") == []
    assert [order.run for order in store.take_orders("b")] == ["b"]


def test_orders_of_before_are_forgotten(store: RunStore, no_runs: Path) -> None:
    store.enter(no_runs / "a", CONFIG, seen=None)
    store.order("a", "pause")
    store.enter(no_runs / "a", CONFIG, seen=store.get("a"))
    assert store.take_orders("a") == []
    store.order("a", "pause")
    store.delete("a")
    assert store.take_orders("a") == []


def test_a_sweep_is_remembered_when_its_run_goes_on(store: RunStore, no_runs: Path) -> None:
    store.enter(no_runs / "a", CONFIG, seen=None, sweep="s")
    store.note("a", account={"step": 3}, job="j", host="h")
    store.enter(no_runs / "a", CONFIG, seen=store.get("a"))
    row = store.get("a")
    assert row is not None and (row.sweep, row.account, row.job, row.host, row.trashed) == ("s", None, "", "", None)
    store.enter(no_runs / "a", CONFIG, seen=row, sweep="")
    row = store.get("a")
    assert row is not None and row.sweep == ""


# -- tables of an older version ----------------------------------------------------------------------------

OLD_TABLE = """CREATE TABLE runs (
    name VARCHAR NOT NULL, folder VARCHAR NOT NULL, config JSON NOT NULL, state VARCHAR NOT NULL,
    request VARCHAR NOT NULL, message VARCHAR NOT NULL, pid INTEGER, created FLOAT NOT NULL, heartbeat FLOAT NOT NULL,
    step INTEGER NOT NULL, total INTEGER NOT NULL, samples_per_second FLOAT NOT NULL, seconds_left FLOAT,
    PRIMARY KEY (name))"""
"""As versions before steering made it."""
OLD_ROW = "INSERT INTO runs VALUES ('{}', '/tmp/old', '{{}}', 'finished', '', '', NULL, 1.0, 2.0, 3, 4, 5.0, NULL)"
OLD_WRITER = (
    "INSERT INTO runs (name, folder, config, state, request, message, created, heartbeat, step, total, "
    "samples_per_second) VALUES ('new', '/tmp/new', '{}', 'running', '', '', 1.0, 2.0, 3, 4, 5.0)"
)


def test_a_table_of_an_older_version_gets_its_columns_and_keeps_its_rows(no_runs: Path) -> None:
    with sqlite3.connect(no_runs / "runs.db") as old:
        old.execute(OLD_TABLE)
        old.execute(OLD_ROW.format("old"))
    store = open_store()
    store.order("old", "pause")
    row = store.get("old")
    assert row is not None and (row.state, row.step, row.account, row.sweep, row.job) == ("finished", 3, None, "", "")
    with sqlite3.connect(no_runs / "runs.db") as old:  # a worker of that version goes on telling of itself
        old.execute(OLD_WRITER)
    row = store.get("new")
    assert row is not None and (row.sweep, row.host, row.trashed) == ("", "", None)


def test_several_programs_may_mend_a_table_at_once(no_runs: Path) -> None:
    with sqlite3.connect(no_runs / "runs.db") as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.execute(OLD_TABLE)
        old.execute(OLD_ROW.format("old"))
    words = (sys.executable, "-c", "from vae_core.runs.database import open_store; print(open_store().all()[0].sweep)")
    programs = [
        subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [program.communicate(timeout=60) for program in programs] == [("\n", "")] * 4


# -- PostgreSQL --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def shared_store(no_runs: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    monkeypatch.setenv("LATENTARIUM_DATABASE", postgres_url)
    store = open_store()
    yield store
    with store.engine.begin() as connection:
        module.Base.metadata.drop_all(connection)
    store.engine.dispose()
    module._stores.clear()


@pytest.mark.timeout(120)
def test_postgresql_keeps_the_same_laws(shared_store: RunStore, no_runs: Path) -> None:
    for law in (test_a_row_tells_its_settings, test_newest_first):
        law(shared_store, no_runs)
        for row in shared_store.all():
            shared_store.delete(row.name)
    test_orders_are_taken_once_and_in_turn(shared_store, no_runs)
    shared_store.delete("a")
    test_of_many_starts_at_once_one_wins(shared_store, no_runs, None)
    shared_store.delete("a")
    test_of_many_starts_at_once_one_wins(shared_store, no_runs, "failed")
    assert not (no_runs / "runs.db").exists()


@pytest.mark.timeout(120)
def test_postgresql_gets_columns_that_an_older_table_lacks(shared_store: RunStore, postgres_url: str) -> None:
    with shared_store.engine.begin() as connection:
        module.Base.metadata.drop_all(connection)
        connection.execute(text(OLD_TABLE))
        connection.execute(text(OLD_ROW.format("old")))
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: RunStore(create_engine(postgres_url)), range(4)))
    for store in stores:
        assert [(row.name, row.sweep, row.account) for row in store.all()] == [("old", "", None)]
        store.engine.dispose()


@pytest.mark.timeout(120)
def test_postgresql_may_be_begun_by_several_at_once(shared_store: RunStore, postgres_url: str) -> None:
    for _ in range(5):
        with shared_store.engine.begin() as connection:
            module.Base.metadata.drop_all(connection)
        with ThreadPoolExecutor(4) as pool:
            stores = list(pool.map(lambda _: RunStore(create_engine(postgres_url)), range(4)))
        for store in stores:
            assert store.all() == [] and store.take_orders("a") == []
            store.engine.dispose()
