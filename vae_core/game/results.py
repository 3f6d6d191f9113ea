"""Rounds as they were played, and what they come to on each model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vae_core.game.boards import CLOSE

SHORTEST = 0.01
"""Seconds of a round that has a slope."""


@dataclass(frozen=True)
class Play:
    """One round as it was played.

    Attributes:
        run, rotated: on which model; number: the how-manieth round of its game.
        sliders: how many there were.
        solved: whether the pictures agreed at the end (as decoded here, not as the browser says).
        distance, code_distance: between the last picture (code) and the target's.
        trace: float64 [m, 3], as of End.
        game, player, class_code: whose it is.
    """

    run: str
    rotated: bool
    number: int
    sliders: int
    seconds: float
    active: float
    moves: int
    travel: float
    switches: int
    solved: bool
    distance: float
    code_distance: float
    trace: np.ndarray = field(repr=False)
    seed: int = 0
    close: float = CLOSE
    game: str = ""
    player: str = ""
    class_code: str = ""
    created: float = 0.0

    @property
    def model(self) -> tuple[str, bool]:
        return self.run, self.rotated


def signed(play: Play, *, game: str, player: str = "", class_code: str = "") -> Play:
    """The same with whose it is."""
    return replace(play, game=game, player=player, class_code=class_code)


@dataclass(frozen=True)
class Summary:
    """What the rounds on one model come to; medians over rounds.

    Attributes:
        solved: share of the rounds that were solved.
        seconds, moves, travel: of all rounds, solved or not.
        area: picture distance integrated over the time, seconds (the paper's error AUC, with its distance).
        slope: how fast the picture distance falls, per 10 seconds (least squares); 0 or above is no progress.
        code_distance: at the end.
    """

    run: str
    rotated: bool
    sliders: int
    rounds: int
    players: int
    solved: float
    seconds: float
    moves: float
    travel: float
    area: float
    slope: float
    code_distance: float


def summarise(plays: Sequence[Play]) -> list[Summary]:
    """One summary a model, in the order in which they first appear."""
    found = []
    for model in dict.fromkeys(play.model for play in plays):
        part = [play for play in plays if play.model == model]
        found.append(
            Summary(
                run=model[0], rotated=model[1], sliders=part[0].sliders, rounds=len(part),
                players=len({play.game for play in part}),
                solved=float(np.mean([play.solved for play in part])),
                seconds=_median(play.seconds for play in part),
                moves=_median(play.moves for play in part),
                travel=_median(play.travel for play in part),
                area=_median(area(play) for play in part),
                slope=_median(slope(play) for play in part),
                code_distance=_median(play.code_distance for play in part),
            )
        )  # fmt: skip
    return found


def _median(values: Iterable[float]) -> float:
    return float(np.median(list(values)))


def distance_at(play: Play, seconds: np.ndarray) -> np.ndarray:
    """The picture distance at these times [n]: it stays what it was at the last mark before, and at the end.

    A solved round ends at its threshold or below: what is decoded here may be a hair off what the browser drew.
    """
    last = min(play.distance, 1.0 - play.close) if play.solved else play.distance
    marks = np.append(play.trace[:, 0], play.seconds)
    values = np.append(play.trace[:, 1], last)
    return np.asarray(values[np.searchsorted(marks, seconds, side="right").clip(1) - 1])


def area(play: Play) -> float:
    """The integral of the picture distance over the round, seconds."""
    times = np.append(play.trace[:, 0], play.seconds)
    return float((np.diff(times) * play.trace[:, 1]).sum() + times[0] * play.trace[0, 1])


def slope(play: Play) -> float:
    """The slope of the picture distance over the round's time, per 10 seconds: least squares over even moments.

    0 of a round too short to have one, which only a browser that lies can send.
    """
    if play.seconds < SHORTEST:
        return 0.0
    times = np.linspace(0.0, play.seconds, 100)
    return float(10.0 * np.polyfit(times, distance_at(play, times), 1)[0])
