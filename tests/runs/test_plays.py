"""Rounds of the matching game in the database: kept once, bounded, and of a player the nickname alone."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import inspect

from tests.postgres import postgres
from tests.runs.test_database import OLD_TABLE
from vae_core.game import Play
from vae_core.runs import RunError
from vae_core.runs import database as database_module
from vae_core.runs import plays as module
from vae_core.runs.plays import PlayStore, nickname, open_plays, to_csv

TRACE = np.array([[0.0, 1.0, 1.2], [3.5, 0.25, 0.3]])
PLAY = Play(
    run="sprites", rotated=True, number=0, sliders=3, seconds=7.25, active=6.0, moves=4, travel=1.5, switches=2,
    solved=True, distance=0.08, code_distance=0.2, trace=TRACE, seed=7, close=0.9, game="g1", player="Ada",
)  # fmt: skip
MODELS = (("sprites", True), ("sprites", False))


@pytest.fixture
def store(no_runs: Path) -> PlayStore:
    return open_plays()


def test_a_round_comes_back_as_it_was(store: PlayStore) -> None:
    store.keep(replace(PLAY, number=1, solved=False))
    store.keep(PLAY)
    first, second = store.of_game("g1")
    assert replace(first, trace=TRACE, created=0.0) == replace(PLAY, trace=TRACE) and first.created > 1.7e9
    np.testing.assert_allclose(first.trace, TRACE)
    assert (second.number, second.solved) == (1, False)
    assert store.of_game("g2") == [] and open_plays() is store


def test_a_round_that_is_sent_twice_is_kept_once(store: PlayStore) -> None:
    store.keep(PLAY)
    store.keep(replace(PLAY, seconds=1.0))
    assert [play.seconds for play in store.of_game("g1")] == [7.25]


def test_a_class_has_its_own_rounds_and_its_key(store: PlayStore) -> None:
    row, key = store.begin_class(MODELS, 4, 7, 0.9)
    store.keep(replace(PLAY, class_code=row.code))
    store.keep(replace(PLAY, game="g2"))
    assert [play.game for play in store.of_class(row.code)] == ["g1"] and store.of_class("") == []
    assert store.count_of_class(row.code) == 1 and store.count_of_class("") == 0
    found = store.get_class(row.code.lower())
    assert found is not None and [tuple(model) for model in found.models] == list(MODELS)
    assert (found.rounds, found.seed, found.close) == (4, 7, 0.9)
    assert store.may_see(found, key) and not store.may_see(found, key + "x") and not store.may_see(found, "")
    assert key not in found.key_hash and store.get_class("NOSUCH") is None
    store.delete_class(row.code)
    assert store.of_class(row.code) == [] and store.get_class(row.code) is None and store.of_game("g2")
    with pytest.raises(RunError, match="no class"):
        store.keep(replace(PLAY, class_code=row.code, number=3))


def test_the_tables_are_bounded(store: PlayStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_CLASS", 2)
    monkeypatch.setattr(module, "MOST_ALONE", 3)
    monkeypatch.setattr(module, "MOST_CLASSES", 1)
    row, _ = store.begin_class(MODELS, 4, 7, 0.9)
    with pytest.raises(RunError, match="delete one"):
        store.begin_class(MODELS, 4, 7, 0.9)
    for number in range(2):
        store.keep(replace(PLAY, class_code=row.code, number=number))
    with pytest.raises(RunError, match="all that is kept"):
        store.keep(replace(PLAY, class_code=row.code, number=2))
    for number in range(5):
        store.keep(replace(PLAY, game="alone", number=number))
    assert [play.number for play in store.of_game("alone")] == [2, 3, 4]
    assert len(store.of_class(row.code)) == 2


def test_a_class_that_nobody_played_makes_room(store: PlayStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CLASSES", 2)
    played, _ = store.begin_class(MODELS, 4, 7, 0.9)
    store.keep(replace(PLAY, class_code=played.code))
    unused, _ = store.begin_class(MODELS, 4, 7, 0.9)
    with pytest.raises(RunError, match="delete one"):
        store.begin_class(MODELS, 4, 7, 0.9)  # it may still be played
    monkeypatch.setattr(module, "UNUSED", -1.0)
    row, _ = store.begin_class(MODELS, 4, 7, 0.9)
    assert store.get_class(unused.code) is None and store.get_class(row.code) and store.of_class(played.code)
    assert store.get_class(played.code) is not None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Ada \n Lovelace\t", "Ada Lovelace"), ("x" * 500, "x" * 24), ("\x00\u202e\u200b", ""),
     ("Zoë 王", "Zoë 王"), ("a\u202eb", "a b"), ("= @-1+1", "1+1"), ("@ada", "ada"), ("=", "")],
)  # fmt: skip
def test_a_nickname_is_one_short_visible_line(typed: str, kept: str, store: PlayStore) -> None:
    assert nickname(typed) == kept
    store.keep(replace(PLAY, player=typed))
    assert store.of_game("g1")[0].player == kept


def test_only_what_a_game_needs_is_kept(store: PlayStore) -> None:
    kept = {column["name"] for column in inspect(store.engine).get_columns("plays")}
    assert kept == {*module.FIGURES, "id", "trace"}


def test_csv_is_a_line_a_round_and_no_formula() -> None:
    plays = [replace(PLAY, player=player) for player in ("Ada", "=HYPERLINK(1)", 'a "b", c', "")]  # one of long ago
    rows = list(csv.DictReader(io.StringIO(to_csv(plays).decode("utf-8-sig"))))
    assert [row["player"] for row in rows] == ["Ada", "'=HYPERLINK(1)", 'a "b", c', ""]
    assert rows[0]["seconds"] == "7.25" and rows[0]["round"] == "1" and rows[0]["agreement"] == "0.9200"
    assert rows[0]["rotated"] == "1" and rows[0]["solved"] == "1" and rows[0]["played_at"].endswith("Z")
    assert tuple(rows[0]) == module.COLUMNS


def test_a_database_of_before_the_game_gets_its_tables(no_runs: Path) -> None:
    with sqlite3.connect(no_runs / "runs.db") as old:
        old.execute(OLD_TABLE)
    open_plays().keep(PLAY)
    assert len(open_plays().of_game("g1")) == 1


# -- PostgreSQL --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.mark.timeout(120)
def test_postgresql_keeps_the_same_laws(no_runs: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_DATABASE", postgres_url)
    laws = (
        test_a_round_comes_back_as_it_was,
        test_a_round_that_is_sent_twice_is_kept_once,
        test_a_class_has_its_own_rounds_and_its_key,
    )
    for law in laws:
        store = open_plays()
        law(store)
        with store.engine.begin() as connection:
            database_module.Base.metadata.drop_all(connection)
        store.engine.dispose()
        database_module._stores.clear()
