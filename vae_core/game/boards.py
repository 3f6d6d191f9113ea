"""What a game is played on: a model's sliders, and the rounds on two models in turn, all from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vae_core.metrics.activity import active_units

if TYPE_CHECKING:
    from vae_core.runs import Run

CLOSE = 0.9
"""Agreement at which a round is solved: the paper's for dSprites."""
MOST_ROUNDS = 12
"""Rounds on each model, at most."""
REACH = 3.0
"""A slider goes at least so far to either side, standard deviations."""
MOST_SLIDERS = 40
"""Nobody finds a way among more."""
NEAR = 0.6
"""A target nearer to the start than this (code distance) is no task."""
DRAWS = 300
"""Rotations looked at for the one that mixes most."""
LETTERS = "AB"


# -- a model as it is played -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Board:
    """A model as it is played: its code is start + u @ basis, u the values of its k sliders.

    Attributes:
        run: the run's name.
        rotated: whether the sliders turn the model's axes into each other.
        start: float64 [D], where every round begins (all sliders at 0).
        basis: float64 [k, D], what one unit of each slider adds to the code.
        reach: float64 [k], how far each slider goes to either side.
        targets: float64 [n, k], codes of held-out samples as slider values, each within reach.
    """

    run: str
    rotated: bool
    start: np.ndarray
    basis: np.ndarray
    reach: np.ndarray
    targets: np.ndarray

    @property
    def sliders(self) -> int:
        return len(self.reach)

    def code(self, values: np.ndarray) -> np.ndarray:
        """The code [D] at slider values [k]."""
        return np.asarray(self.start + np.asarray(values, dtype=np.float64) @ self.basis)


def board_of_run(run: Run, held_out: np.ndarray, *, rotated: bool = False, seed: int = 0) -> Board:
    """A run as a board: its active dimensions, from the prior's mean, or the mean of its codes where 0 is none.

    Args:
        held_out: int [m], rows of its codes whose samples it was not trained on, for targets; of none, all are taken.

    Raises:
        RunError: its codes cannot be read. ValueError: as `board`.
    """
    codes = run.codes.mean[: len(run.codes)]
    start = np.zeros(run.latent_dim) if run.config.model.abilities.centred else codes.mean(axis=0, dtype=np.float64)
    targets = codes[held_out] if len(held_out) else codes
    return board(run.name, targets, active_units(codes), start, rotated=rotated, seed=seed)


def board(
    run: str, codes: np.ndarray, awake: np.ndarray, start: np.ndarray, *, rotated: bool = False, seed: int = 0
) -> Board:
    """A model with a slider for each active dimension, in an order that the seed decides.

    Args:
        codes: [n, D] of held-out samples, from which targets are drawn; sleeping dimensions stay at the start.
        awake: bool [D], the active dimensions (Burda et al. 2016).
        start: [D], the prior's mean, or the mean of the codes where there is no prior.
        rotated: every slider moves all active dimensions. The pictures that can be made, the prior (it is as round as
            before) and the number of sliders are the same: what differs is the axes alone.

    Raises:
        ValueError: fewer than two active dimensions or more than MOST_SLIDERS, or no code.
    """
    codes, start = np.asarray(codes, dtype=np.float64), np.asarray(start, dtype=np.float64)
    dims = np.flatnonzero(awake)
    if len(dims) < 2:
        raise ValueError(f"{run} has {len(dims)} active dimension{'' if len(dims) == 1 else 's'}: a game needs two.")
    if len(dims) > MOST_SLIDERS:
        raise ValueError(f"{run} has {len(dims)} active dimensions: a game has {MOST_SLIDERS} sliders at most.")
    if not len(codes):
        raise ValueError(f"{run} has no held-out codes to draw targets from.")
    rng = np.random.default_rng([seed, int(rotated), 1])
    spread = codes[:, dims].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    basis = np.zeros((len(dims), codes.shape[1]))
    basis[np.arange(len(dims)), dims] = spread
    values = (codes[:, dims] - start[dims]) / spread  # [n, k]
    if rotated:
        turn = mixing(len(dims), rng)
        basis, values = turn @ basis, values @ turn.T
    order = rng.permutation(len(dims))
    basis, values = basis[order], values[:, order]
    far = np.quantile(np.abs(values), 0.995, axis=0)  # a lone outlier does not make a slider coarse for all
    reach = np.maximum(REACH, np.ceil(2 * far) / 2)
    within = values[(np.abs(values) <= reach).all(axis=1)]
    return Board(run, rotated, start, basis, reach, within if len(within) else np.clip(values, -reach, reach))


def mixing(k: int, rng: np.random.Generator) -> np.ndarray:
    """A rotation [k, k] in which every axis is a good part of every other: the best of many drawn evenly.

    Drawn as the Q of a Gaussian matrix with its signs put right (Mezzadri 2007), the first row's such that none is a
    reflection; the one whose largest entry is smallest is taken, since of few dimensions a chance rotation may come out
    close to none.
    """
    found = []
    for _ in range(DRAWS):
        q, r = np.linalg.qr(rng.standard_normal((k, k)))
        turn = q * np.sign(np.diag(r))
        turn[0] *= np.sign(np.linalg.det(turn))  # no reflection
        found.append(turn)
    return min(found, key=lambda turn: float(np.abs(turn).max()))


# -- the plan of a game ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """One target. number: from 0 on. place: which board (0 or 1). target: float64 [k], its slider values."""

    number: int
    place: int
    target: np.ndarray


@dataclass(frozen=True)
class Plan:
    """A game: the models take turns, and which is A follows from the seed, so that players are blind to it.

    It is small enough to be kept for each player: its boards have no targets any more.
    """

    boards: tuple[Board, ...]
    rounds: tuple[Round, ...]
    order: tuple[int, ...]
    """Places of the boards in the order in which they are played: the first is A."""
    seed: int
    close: float

    def letter(self, one: Round) -> str:
        """What players call its model."""
        return LETTERS[self.order.index(one.place)]


def plan(boards: Sequence[Board], rounds: int, seed: int, close: float = CLOSE) -> Plan:
    """The rounds of a game: `rounds` on each of two models, taking turns. The same arguments give the same game.

    Targets are different codes, none nearer to the start than NEAR where there are enough of others.
    """
    if len(boards) != len(LETTERS):
        raise ValueError(f"A game is played on two models, not {len(boards)}.")
    if not 1 <= rounds <= MOST_ROUNDS:
        raise ValueError(f"A game has 1 to {MOST_ROUNDS} rounds on each model, not {rounds}.")
    if not 0.5 <= close <= 0.99:
        raise ValueError(f"A round is solved at an agreement between 0.5 and 0.99, not {close}.")
    rng = np.random.default_rng([seed, 2])
    order = tuple(int(place) for place in rng.permutation(len(boards)))
    drawn = [_targets(one, rounds, rng) for one in boards]
    turns = tuple(
        Round(number, place, drawn[place][number // len(boards)])
        for number, place in enumerate(place for _ in range(rounds) for place in order)
    )
    bare = tuple(replace(one, targets=np.empty((0, one.sliders))) for one in boards)
    return Plan(bare, turns, order, seed, close)


def _targets(one: Board, count: int, rng: np.random.Generator) -> np.ndarray:
    """Slider values [count, k]."""
    far = np.sqrt((one.targets**2).mean(axis=1)) >= NEAR  # the code distance to the start
    pool = one.targets[far] if far.sum() >= count else one.targets
    return pool[rng.choice(len(pool), count, replace=len(pool) < count)]
