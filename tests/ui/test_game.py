"""The view of the matching game: its form, what becomes of a round's end, and the two doors of a class."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.toy import write_toy, write_toy_run
from ui.components import game as component
from ui.lab import game as view
from ui.lab.game_models import default_pair, plan_of, playable, title_of
from vae_core.runs import RunError, plays
from vae_core.runs.plays import PlayStore, open_plays

MODELS = (("toy", True), ("toy", False))


def script() -> None:
    from ui.lab import game
    from ui.widgets import told

    with told():
        game.show()


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the board was handed at each run, newest last."""
    calls: list[dict] = []
    monkeypatch.setattr(component, "_component", lambda **kwargs: calls.append(kwargs))
    return calls


@pytest.fixture
def toy(no_runs: Path) -> Path:
    return write_toy_run(no_runs, asleep=(1,))


def app(**params: str) -> AppTest:
    made = AppTest.from_function(script, default_timeout=30)
    for name, value in params.items():
        made.query_params[name] = value
    return made.run()


def test_without_a_model_it_says_how_to_get_one(no_runs: Path) -> None:
    assert "train one on pictures" in app().info[0].value


def test_play_begins_a_game_on_the_models_that_were_chosen(toy: Path, mounted: list[dict]) -> None:
    shown = app()
    shown.button(key="game-play").click().run()
    assert not shown.exception
    data = mounted[-1]["data"]
    assert (data["round"], data["rounds"], len(data["reach"]), data["close"]) == (1, 6, 3, 0.9)
    assert data["letter"] == "A" and all(abs(value) <= reach for value, reach in zip(data["target"], data["reach"]))  # noqa: B905
    assert not any("toy" in str(value) for name, value in data.items() if name not in ("decoder", "next", "serial"))
    shown.button(key="game-stop").click().run()
    assert shown.button(key="game-play")


def test_two_equal_models_are_no_game(toy: Path, mounted: list[dict]) -> None:
    shown = app()
    shown.selectbox(key="latentarium.game.form.first").set_value("toy").run()
    shown.button(key="game-play").click().run()
    assert "are the same" in shown.error[0].value and not mounted


def test_only_models_that_a_browser_draws_from_a_code_alone_are_offered(no_runs: Path) -> None:
    for family in ("gaussian", "autoencoder", "pca", "class", "quadrants", "gan", "vq", "ladder", "text", "table"):
        write_toy(no_runs, family)
    assert set(playable()) == {"gaussian", "autoencoder", "pca"}
    with pytest.raises(RunError, match="cannot be played on"):
        plan_of((("vq", False), ("pca", False)), 2, 0, 0.9)


def test_the_study_is_the_default_where_it_is_there() -> None:
    others = ["digits-2d", "sprites-beta4"]
    assert default_pair([]) is None
    assert default_pair(others) == (("sprites-beta4", True), ("sprites-beta4", False))
    first, second = default_pair([*others, "study-beta-1", "study-beta-4"]) or (None, None)
    assert (first, second) == (("study-beta-1", False), ("study-beta-4", False))


def test_the_run_that_was_chosen_is_the_default_and_the_one_all_begin_with_was_not() -> None:
    names = ["digits-2d", "digits-10d", "sprites-beta4"]
    assert default_pair(names, "digits-10d") == (("digits-10d", True), ("digits-10d", False))
    assert default_pair(names, "digits-2d") == default_pair(names, "not-playable") == default_pair(names)


def test_a_long_nickname_is_cut_with_a_word(toy: Path, mounted: list[dict]) -> None:
    row, _ = open_plays().begin_class(MODELS, 1, 5, 0.9)
    shown = app(**{"class": row.code})
    shown.text_input(key="latentarium.game.form.player").set_value("Ada Augusta King, Countess of Lovelace")
    shown.button[-1].click().run()
    assert not shown.exception and shown.session_state[view._GAME].player == "Ada Augusta King, Counte"
    assert any("you play as **Ada Augusta King, Counte**" in caption.value for caption in shown.caption)


def test_runs_of_one_title_are_told_apart(toy: Path, no_runs: Path) -> None:
    assert title_of(("toy", True)) == "The run toy, axes rotated"
    assert title_of(("gone", False)) == "gone"


# -- a round's end -----------------------------------------------------------------------------------------


def begun(rounds: int = 2, **change: Any) -> view.Game:
    return view.Game("g", plan_of(MODELS, rounds, 5, 0.9), **change)


def ended(game: view.Game, **change: Any) -> dict[str, Any]:
    """What a browser says that has found the target of the game's next round."""
    one = game.plan.rounds[game.done]
    return {
        "values": one.target.tolist(), "seconds": 9.0, "active": 8.0, "moves": 3, "travel": 1.0, "switches": 2,
        "skipped": False, "trace": [[0, 1, 1], [8, 0.2, 0.3]],
    } | change  # fmt: skip


def test_an_end_is_judged_by_its_code_and_kept(toy: Path) -> None:
    game = begun(player="Ada")
    after = view._kept(game, ended(game))
    assert (after.done, after.problem) == (1, "")
    last = view._kept(after, ended(after, values=[0.0] * 3, trace=[[0, 0, 0]]))
    first, second = open_plays().of_game("g")
    assert first.solved and first.distance == 0 and first.player == "Ada" and first.seconds == 9
    assert second.distance > 0 and second.code_distance > 0.5 and last.done == 2
    assert {first.rotated, second.rotated} == {True, False}


@pytest.mark.parametrize(
    "change",
    [{"values": [9.0, 0, 0]}, {"values": [math.nan, 0, 0]}, {"seconds": 1e9}, {"moves": -1}, {"trace": []}],
)
def test_a_senseless_end_is_refused_and_the_round_played_again(toy: Path, change: dict[str, Any]) -> None:
    game = begun()
    after = view._kept(game, ended(game, **change))
    assert after.done == 0 and after.replay and after.problem.startswith("This round was not counted:")
    assert open_plays().of_game("g") == []


def test_a_round_whose_class_is_gone_says_so(toy: Path) -> None:
    game = begun(class_code="AAAAAA")
    after = view._kept(game, ended(game))
    assert after.done == 0 and not after.replay and "no class AAAAAA" in after.problem


# -- a class -----------------------------------------------------------------------------------------------


def test_a_class_that_was_made_by_a_click_before_is_shown(toy: Path) -> None:
    from vae_core.runs.plays import open_plays

    shown = app()
    row, key = open_plays().begin_class(MODELS, 1, 3, 0.9)
    shown.session_state["latentarium.game.form.once"](lambda: (row.code, key), tuple)  # its callback ended too early
    shown.button(key="game-class-make").click().run()
    assert not shown.exception and row.code in shown.code[0].value and key in shown.code[-1].value


def test_a_class_has_a_door_for_players_and_one_for_its_instructor(toy: Path, mounted: list[dict]) -> None:
    shown = app()
    shown.button(key="game-class-make").click().run()
    assert not shown.exception and "No round has come in yet" in shown.info[0].value
    said = shown.query_params["class"]
    code = said if isinstance(said, str) else said[0]
    players, own = shown.code[0].value, shown.code[-1].value
    assert players.endswith(f"class={code}") and "key" not in shown.query_params, "an address is projected"
    again = app(view="game", **{"class": code.lower(), "key": own.partition("key=")[2]})
    assert again.code[0].value == players and "key" not in again.query_params

    player = app(**{"class": code.lower(), "key": "wrong"})
    assert not player.code
    player.text_input(key="latentarium.game.form.player").set_value(" \u200b ")
    player.button[-1].click().run()
    assert "at least one letter" in player.error[0].value
    player.text_input(key="latentarium.game.form.player").set_value(" Ada *bold* ")
    player.button[-1].click().run()
    game = player.session_state[view._GAME]
    assert (game.player, game.class_code, mounted[-1]["data"]["rounds"]) == ("Ada *bold*", code, 6)
    row = open_plays().get_class(code)
    assert row is not None and (row.seed, 2 * row.rounds) == (game.plan.seed, len(game.plan.rounds))
    view._kept(game, ended(game))

    shown.run()
    assert "1 round in 1 game so far" in "".join(text.value for text in shown.markdown)
    assert "Ada *bold*" in shown.dataframe[-1].value["Player"].tolist()
    shown.checkbox(key="game-class-sure").check().run()
    shown.button(key="game-class-delete").click().run()
    assert open_plays().get_class(code) is None and "class" not in shown.query_params


def test_an_instructors_view_is_drawn_anew_only_where_rounds_came_in(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(plays, "to_csv", lambda rounds: asked.append("a download") or b"")
    row, key = open_plays().begin_class(MODELS, 2, 5, 0.9)
    view._kept(game := begun(class_code=row.code), ended(game))
    shown = app(**{"class": row.code, "key": key})
    assert not shown.exception and shown.get("download_button") and not asked, "a file is made when it is asked for"

    monkeypatch.setattr("streamlit.rerun", lambda scope: asked.append(scope))
    shown.run()
    assert not asked
    monkeypatch.setattr(PlayStore, "count_of_class", lambda *_: 2)
    shown.run()
    assert asked == ["app"]


def test_a_class_that_is_not_there_is_one_sentence(toy: Path) -> None:
    shown = app(**{"class": "<b>NO"})
    assert "no class" in shown.error[0].value
    shown.button(key="game-class-leave").click().run()
    assert "class" not in shown.query_params and shown.button(key="game-play")


def test_results_are_reopened_by_their_address(toy: Path) -> None:
    view._kept(view._kept(begun(1), ended(begun(1))), ended(begun(1, done=1)))
    shown = app(played="g")
    assert not shown.exception and shown.dataframe[0].value["Rounds"].tolist() == [1, 1]
    assert "The run toy, axes rotated" in shown.dataframe[0].value["Model"].tolist()
    shown = app(played="nobody")
    assert "no such game" in shown.error[0].value
    shown.button(key="game-again").click().run()
    assert shown.button(key="game-play")


def test_a_run_that_is_taken_away_leaves_a_way_out(toy: Path, mounted: list[dict]) -> None:
    shown = app()
    shown.button(key="game-play").click().run()
    shutil.rmtree(toy)
    shown.run()
    assert shown.error and not shown.exception
    shown.button(key="game-stop").click().run()
    assert not shown.exception and shown.info
