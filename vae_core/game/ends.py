"""What a browser says of a round's end, number by number, and what of it is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vae_core.game.boards import Board, Plan, Round
from vae_core.game.distances import code_distance, picture_distance
from vae_core.game.results import Play

TOLERANCE = 0.01
"""Of agreement: the browser decodes with half-precision weights, and is believed that far."""
SKIP_AFTER = 30.0
"""Seconds of trying until a round may be skipped, as in the paper."""
SLACK = 1.0
"""Seconds that a browser's clock may be off."""
PAUSE = 3.0
"""A longer gap between two movements counts as no trying, as in the paper."""
LONGEST = 1800.0
"""Seconds of a round, at most."""
MOST_MOVES = 10_000
MOST_MARKS = 120
"""Marks of a round's trace, at most: the browser thins it."""


class RefusedError(ValueError):
    """What a browser sent is no end of a round; one sentence."""


@dataclass(frozen=True)
class End:
    """How a round ended, as the browser says.

    Attributes:
        values: float64 [k], where the sliders were.
        seconds: from the first sight of the target; `active` without gaps of more than PAUSE.
        moves: how often a slider was taken and moved (the tries).
        travel: how far sliders went in all, in their lengths.
        switches: how often another slider was taken.
        skipped: whether the player gave up.
        trace: float64 [m, 3]: seconds, picture distance, code distance.
    """

    values: np.ndarray
    seconds: float
    active: float
    moves: int
    travel: float
    switches: int
    skipped: bool
    trace: np.ndarray


def read_end(said: Any, one: Board) -> End:
    """What a browser sent, number by number. Raises RefusedError where it cannot be the end of a round."""
    if not isinstance(said, Mapping):
        raise RefusedError("The end of a round is a table of its figures.")
    try:
        return _read(said, one)
    except OverflowError:
        raise RefusedError("A round's figures are numbers of a sane size.") from None


def _read(said: Mapping[str, Any], one: Board) -> End:
    seconds = _number(said, "seconds", LONGEST)
    values = _values(said.get("values"), one)
    skipped = said.get("skipped")
    if not isinstance(skipped, bool):
        raise RefusedError("A round was skipped or it was not: true or false.")
    active = _number(said, "active", seconds + 1e-3)
    if (
        skipped and active < SKIP_AFTER - SLACK and seconds < LONGEST - 1 - SLACK
    ):  # where the browser ends a round itself
        raise RefusedError(f"A round may be skipped after {SKIP_AFTER:g} seconds of trying, not after {active:.0f}.")
    return End(
        values=values,
        seconds=seconds,
        active=active,
        moves=int(_number(said, "moves", MOST_MOVES, whole=True)),
        travel=_number(said, "travel", 100.0 * MOST_MOVES),
        switches=int(_number(said, "switches", MOST_MOVES, whole=True)),
        skipped=skipped,
        trace=_trace(said.get("trace"), seconds, one),
    )


def _number(said: Mapping[str, Any], name: str, most: float, *, whole: bool = False) -> float:
    value = said.get(name)
    fits = isinstance(value, int) if whole else isinstance(value, int | float)
    if value is None or isinstance(value, bool) or not fits or not 0 <= value <= most:
        raise RefusedError(f"A round's {name} is a {'whole ' if whole else ''}number from 0 to {most:g}.")
    return float(value)


def _values(said: Any, one: Board) -> np.ndarray:
    fits = isinstance(said, list) and len(said) == one.sliders
    if not fits or not all(type(value) in (int, float) and math.isfinite(value) for value in said):
        raise RefusedError(f"This model has {one.sliders} sliders, and each stands at a number.")
    values = np.array(said, dtype=np.float64)
    if (np.abs(values) > one.reach + 1e-6).any():
        raise RefusedError("A slider stands beyond its end.")
    return values


def _trace(said: Any, seconds: float, one: Board) -> np.ndarray:
    if not isinstance(said, list) or not 1 <= len(said) <= MOST_MARKS:
        raise RefusedError(f"A round's trace has 1 to {MOST_MARKS} marks.")
    if not all(
        isinstance(mark, list) and len(mark) == 3 and all(type(number) in (int, float) for number in mark)
        for mark in said
    ):
        raise RefusedError("A mark of the trace is a time and two distances.")
    trace = np.array(said, dtype=np.float64)
    most = np.array([seconds + 1e-3, 1.0 + 1e-6, 2 * one.reach.max() + 1e-6])
    if not np.isfinite(trace).all() or (trace < 0).any() or (trace > most).any():
        raise RefusedError("A mark of the trace lies outside its round or beyond any distance.")
    if (np.diff(trace[:, 0]) < 0).any():
        raise RefusedError("The marks of the trace run on in time.")
    return trace


def judge(game: Plan, one: Round, end: End, picture: np.ndarray, target: np.ndarray) -> Play:
    """The round as it is kept.

    Args:
        picture, target: uint8 [C, H, W], decoded at end.values and at the round's target.
    """
    played = game.boards[one.place]
    distance = picture_distance(picture, target)
    close = 1.0 - distance >= game.close - TOLERANCE
    return Play(
        run=played.run, rotated=played.rotated, number=one.number, sliders=played.sliders, seconds=end.seconds,
        active=end.active, moves=end.moves, travel=end.travel, switches=end.switches,
        solved=close and end.moves > 0 and not end.skipped, distance=distance,
        code_distance=code_distance(end.values, one.target), trace=end.trace, seed=game.seed, close=game.close,
    )  # fmt: skip
