"""The matching game: a plan is a function of its seed, distances are distances, and no figure is believed unread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pages.toy import TOYS, write_toy_run
from vae_core import game, load_run
from vae_core.game import Board, End, Play, RefusedError


def codes(n: int = 400, dims: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Codes [n, D] of different spread, two dimensions asleep, and which are awake."""
    rng = np.random.default_rng(3)
    awake = np.array([True, True, False, True, True, False])
    spread = np.where(awake, np.linspace(0.6, 1.4, dims), 0.01)
    return rng.standard_normal((n, dims)) * spread, awake


def board(rotated: bool = False, seed: int = 0, start: float = 0.0) -> Board:
    mean, awake = codes()
    return game.board("a", mean, awake, np.full(6, start), rotated=rotated, seed=seed)


# -- boards and plans --------------------------------------------------------------------------------------


def test_sliders_move_active_dimensions_alone_and_start_at_the_start() -> None:
    one = board(start=0.25)
    assert one.sliders == 4
    np.testing.assert_allclose(one.code(np.zeros(4)), np.full(6, 0.25))
    moved = one.code(np.array([1.0, -2.0, 0.5, 3.0])) != 0.25
    assert moved.tolist() == [True, True, False, True, True, False]


def test_targets_are_codes_of_samples_with_sleeping_dimensions_at_the_start() -> None:
    mean, awake = codes()
    for one in (board(), board(rotated=True)):
        made = np.array([one.code(values) for values in one.targets])
        nearest = np.abs(made[:, None, awake] - mean[None][:, :, awake]).max(axis=2).min(axis=1)
        assert nearest.max() < 1e-9
        assert (made[:, ~awake] == 0).all()
        assert (np.abs(one.targets) <= one.reach).all()


def test_a_rotation_changes_the_axes_and_no_distance() -> None:
    plain, turned = board(), board(rotated=True)
    step = np.eye(4)
    assert [(np.abs(row) > 1e-9).sum() for row in step @ plain.basis] == [1] * 4
    assert [(np.abs(row) > 0.05).sum() for row in step @ turned.basis] == [4] * 4
    a, b = np.array([0.3, -1.0, 0.4, 2.0]), np.array([1.0, 0.1, -0.7, 0.2])
    inverse = np.linalg.pinv(plain.basis)  # the same two codes as seen from the other board
    there = [(turned.code(u) - plain.start) @ inverse for u in (a, b)]
    assert game.code_distance(*there) == pytest.approx(game.code_distance(a, b))


@pytest.mark.parametrize("k", [2, 3, 5, 10])
def test_a_mixing_rotation_is_one_and_mixes(k: int) -> None:
    for seed in range(6):
        turn = game.mixing(k, np.random.default_rng(seed))
        np.testing.assert_allclose(turn @ turn.T, np.eye(k), atol=1e-9)
        assert np.linalg.det(turn) == pytest.approx(1), "no reflection"
        assert np.abs(turn).max() < 0.87


def test_the_same_seed_is_the_same_game_and_models_take_turns() -> None:
    boards = (board(), board(rotated=True))
    first, again, other = (game.plan(boards, 4, seed) for seed in (7, 7, 8))
    assert [one.place for one in first.rounds] == [one.place for one in first.rounds[:2]] * 4
    assert {one.place for one in first.rounds} == {0, 1}
    assert first.letter(first.rounds[0]) == "A" and first.letter(first.rounds[1]) == "B"
    assert all((a.target == b.target).all() for a, b in zip(first.rounds, again.rounds, strict=True))
    assert not all((a.target == b.target).all() for a, b in zip(first.rounds, other.rounds, strict=True))
    assert {game.plan(boards, 1, seed).order for seed in range(20)} == {(0, 1), (1, 0)}
    for one in first.rounds:
        assert game.code_distance(one.target, np.zeros(4)) >= 0.6


def test_the_order_of_sliders_hides_the_order_of_dimensions() -> None:
    orders = {tuple(np.abs(board(seed=seed).basis).argmax(axis=1)) for seed in range(12)}
    assert len(orders) > 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rounds": 0}, "1 to 12 rounds"),
        ({"rounds": 13}, "1 to 12 rounds"),
        ({"close": 1.0}, "between 0.5 and 0.99"),
        ({"close": float("nan")}, "between 0.5 and 0.99"),
        ({"boards": 1}, "two models"),
    ],
)
def test_a_senseless_game_is_one_sentence(change: dict[str, Any], words: str) -> None:
    boards = (board(), board())[: change.get("boards", 2)]
    with pytest.raises(ValueError, match=words):
        game.plan(boards, change.get("rounds", 3), 0, change.get("close", 0.9))


def test_a_model_asleep_or_of_too_many_sliders_is_no_game() -> None:
    mean, _ = codes()
    with pytest.raises(ValueError, match="1 active dimension: a game needs two"):
        game.board("a", mean, np.arange(6) == 1, np.zeros(6))
    wide = np.random.default_rng(0).standard_normal((50, 41))
    with pytest.raises(ValueError, match="41 active dimensions: a game has 40 sliders at most"):
        game.board("a", wide, np.ones(41, dtype=bool), np.zeros(41))
    with pytest.raises(ValueError, match="no held-out codes"):
        game.board("a", mean[:0], np.ones(6, dtype=bool), np.zeros(6))


@pytest.mark.parametrize(("family", "centred"), [("gaussian", True), ("autoencoder", False)])
def test_a_run_is_played_from_the_middle_of_its_codes_at_held_out_ones(
    family: str, centred: bool, no_runs: Path
) -> None:
    train, info = TOYS[family]
    run = load_run(write_toy_run(no_runs, train=train, info=info, asleep=(1,)))
    mean = run.codes.mean.astype(np.float64)
    one = game.board_of_run(run, np.array([3, 8]))
    assert (one.run, one.rotated, one.sliders) == ("toy", False, run.latent_dim - 1)
    np.testing.assert_allclose(one.start, 0 if centred else mean.mean(axis=0), atol=1e-12)
    awake = np.arange(run.latent_dim) != 1
    made = [one.code(target)[awake] for target in one.targets]
    assert made and all(np.abs(mean[[3, 8]][:, awake] - code).max(axis=1).min() < 1e-6 for code in made)
    assert len(game.board_of_run(run, np.empty(0, dtype=int)).targets) > 2, "of none that is held out, all are taken"


# -- distances ---------------------------------------------------------------------------------------------


def picture(level: int, place: int) -> np.ndarray:
    made = np.full((1, 12, 12), level, dtype=np.uint8)
    made[0, 3:7, place : place + 4] = 255
    return made


def test_the_picture_distance_is_the_papers_on_black_and_ignores_the_ground() -> None:
    a, b, far = picture(0, 2), picture(0, 4), picture(0, 7)
    p, t = a.astype(float), b.astype(float)
    assert game.picture_distance(a, b) == pytest.approx(np.abs(p - t).sum() / (p + t).sum()) == 0.5
    assert game.picture_distance(a, a) == 0 and game.picture_distance(a, far) == 1
    assert game.picture_distance(picture(90, 2), picture(90, 4)) == pytest.approx(0.5)
    black = np.zeros((3, 4, 4), dtype=np.uint8)
    assert game.picture_distance(black, black) == 0


# -- what a browser says -----------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "values": [0.5, -1, 2.0, 0], "seconds": 12.5, "active": 11.0, "moves": 6, "travel": 1.4, "switches": 3,
    "skipped": False, "trace": [[0, 1.0, 1.1], [4.0, 0.6, 0.8], [12.0, 0.05, 0.1]],
}  # fmt: skip


def test_a_sane_end_is_read() -> None:
    end = game.read_end(GOOD, board())
    assert (end.seconds, end.moves, end.switches, end.skipped, end.trace.shape) == (12.5, 6, 3, False, (3, 3))


@pytest.mark.parametrize(
    "change",
    [
        None, [], "x",
        {"values": [0.5, 1]}, {"values": [0.5, -1, 2.0, 99]}, {"values": [0.5, -1, 2.0, float("nan")]},
        {"values": [0.5, -1, 2.0, True]}, {"values": [0.5, -1, 2.0, "1"]}, {"values": [0.5, -1, 2.0, 10**400]},
        {"seconds": -1}, {"seconds": 1e9}, {"seconds": float("inf")}, {"seconds": None}, {"seconds": "3"},
        {"active": 13.0}, {"moves": 2.5}, {"moves": -1}, {"moves": 10**9}, {"moves": True}, {"travel": float("nan")},
        {"switches": [1]}, {"skipped": 1}, {"skipped": None},
        {"trace": []}, {"trace": [[0, 1, 1]] * 121}, {"trace": [[0, 1]]}, {"trace": [[0, 1.5, 1]]},
        {"trace": [[13, 1, 1]]}, {"trace": [[5, 1, 1], [4, 1, 1]]}, {"trace": [[0, float("nan"), 1]]},
        {"trace": [[0, 1, 10**400]]}, {"trace": {"0": 1}},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(change: Any) -> None:
    said = {**GOOD, **change} if isinstance(change, dict) else change
    with pytest.raises(RefusedError) as refusal:
        game.read_end(said, board())
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


def test_a_round_is_skipped_after_thirty_seconds_of_trying_or_when_it_has_lasted_too_long() -> None:
    def skipped(seconds: float, active: float) -> End:
        return game.read_end({**GOOD, "seconds": seconds, "active": active, "skipped": True}, board())

    with pytest.raises(RefusedError, match="after 30 seconds of trying, not after 12"):
        skipped(90, 12)
    assert skipped(90, game.SKIP_AFTER - 0.5).skipped and skipped(game.LONGEST - 1, 3).skipped


def judged(place: int, **change: Any) -> Play:
    plan = game.plan((board(), board(rotated=True)), 1, 0)
    end = replace(game.read_end(GOOD, board()), **change)
    return game.judge(plan, plan.rounds[0], end, picture(0, place), picture(0, 2))


def test_a_round_is_solved_by_its_picture_not_by_its_browser() -> None:
    assert judged(2).solved and judged(2).distance == 0
    assert not judged(4).solved  # whatever the trace says
    assert not judged(2, moves=0).solved and not judged(2, skipped=True).solved


# -- results -----------------------------------------------------------------------------------------------


def play(run: str = "a", *, seconds: float = 10.0, falls: bool = True, **change: Any) -> Play:
    times = np.linspace(0, seconds, 101)[:-1]
    distance = 1 - times / seconds if falls else np.ones(100)
    made = Play(
        run=run, rotated=False, number=0, sliders=4, seconds=seconds, active=seconds, moves=5, travel=2.0, switches=1,
        solved=falls, distance=float(not falls), code_distance=0.1, game="g",
        trace=np.stack([times, distance, distance], axis=1),
    )  # fmt: skip
    return replace(made, **change)


def test_slope_and_area_of_a_straight_fall() -> None:
    assert game.slope(play(seconds=20)) == pytest.approx(-0.5, rel=0.02)  # from 1 to 0 in 20 s, per 10 s
    assert game.area(play(seconds=20)) == pytest.approx(10, rel=0.02)
    assert game.slope(play(falls=False)) == pytest.approx(0) and game.area(play(falls=False)) == pytest.approx(10)
    assert [game.slope(replace(play(), seconds=seconds)) for seconds in (0.0, 5e-324, 1e-200)] == [0, 0, 0]
    np.testing.assert_allclose(game.distance_at(play(), np.array([0, 5, 10, 99])), [1, 0.5, 0, 0], atol=0.011)


def test_the_curve_of_a_solved_round_ends_at_its_threshold_or_below() -> None:
    """The browser saw 0.1 and below; decoded here, the same picture may be a hair farther."""
    assert game.distance_at(play(distance=0.105), np.array([99.0])) == pytest.approx(0.1)
    assert game.distance_at(play(distance=0.105, solved=False), np.array([99.0])) == pytest.approx(0.105)


def test_a_summary_has_medians_of_each_model() -> None:
    plays = [play("a", seconds=s, moves=m) for s, m in ((5, 3), (10, 4), (60, 20))]
    plays += [play("b", seconds=80, falls=False, game="h"), play("b", seconds=40), play("a", rotated=True)]
    first, second, third = game.summarise(plays)
    assert (first.run, first.rounds, first.seconds, first.moves, first.solved) == ("a", 3, 10, 4, 1)
    assert (second.run, second.rounds, second.players, second.solved, second.seconds) == ("b", 2, 2, 0.5, 60)
    assert (third.run, third.rotated) == ("a", True)
    assert game.summarise([]) == []


def test_an_end_is_frozen() -> None:
    with pytest.raises(AttributeError):
        game.read_end(GOOD, board()).seconds = 1.0  # type: ignore[misc]
    assert isinstance(game.read_end(GOOD, board()), End)
