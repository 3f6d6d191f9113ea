"""A player of the matching game that is no person: it moves one slider at a time to where the pictures agree most.

    python -m benchmarks.game_player sprites-beta4 colour-factor

It takes the sliders in turn (the order drawn anew for each pass), looks along the whole of each and leaves it at its
best place: one move. It sees as people do from afar, pictures blurred at three widths beside the sharp ones, so that
it knows the direction before the pictures overlap. That says how hard the axes make the task for the simplest
strategy there is; what it says of people only people can tell.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.ndimage import gaussian_filter

from vae_core import game, load_run
from vae_core.data import load_dataset
from vae_core.export import decode_pictures
from vae_core.game import Board
from vae_core.runs import Run

TARGETS = 40
MOST_MOVES = 40
PLACES = 41  # along a slider
BLURS = (0.0, 0.04, 0.1, 0.2)  # of the picture's side


def eyes(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 [n, C, H, W] as they are compared: float [n, features], each width of blur counting alike."""
    seen = []
    for blur in BLURS:
        sigma = blur * pictures.shape[-1]
        made = gaussian_filter(pictures.astype(np.float64), (0, 0, sigma, sigma)) if sigma else pictures / 1.0
        flat = made.reshape(len(made), -1)
        seen.append(flat / max(np.abs(flat[0]).sum(), 1e-9))
    return np.concatenate(seen, axis=1)


def play(run: Run, board: Board, target: np.ndarray, rng: np.random.Generator) -> int | None:
    """Moves until the target was reached, None where MOST_MOVES did not do."""
    values = np.zeros(board.sliders)
    goal = decode_pictures(run.model, run.config.data, board.code(target)[None].astype(np.float32))
    moves = 0
    while moves < MOST_MOVES:
        for slider in rng.permutation(board.sliders):
            tried = np.repeat(values[None], PLACES, axis=0)
            tried[:, slider] = np.linspace(-board.reach[slider], board.reach[slider], PLACES)
            codes = (board.start + tried @ board.basis).astype(np.float32)
            made = decode_pictures(run.model, run.config.data, codes)
            seen = eyes(np.concatenate([goal, made]))
            best = int(np.abs(seen[1:] - seen[0]).sum(axis=1).argmin())
            values = tried[best]
            moves += 1
            if 1 - min(game.picture_distance(picture, goal[0]) for picture in made) >= game.CLOSE:
                return moves  # it passes the place, and a round ends there
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--targets", type=int, default=TARGETS)
    chosen = parser.parse_args()
    print(f"{chosen.targets} targets, at most {MOST_MOVES} moves; medians count what was not solved as the most.\n")
    print("| model | sliders | axes | solved | moves, median (quartiles) |\n|---|---|---|---|---|")
    for name in chosen.runs:
        run = load_run(name)
        held_out = run.codes.rows(load_dataset(run.config.data.name).splits["test"].numpy())
        held_out = held_out[held_out >= 0]
        for rotated in (False, True):
            rng = np.random.default_rng(0)
            moves = []
            for number in range(chosen.targets):  # another rotation and order of sliders each time
                board = game.board_of_run(run, held_out, rotated=rotated, seed=number)
                far = np.flatnonzero(np.sqrt((board.targets**2).mean(axis=1)) >= game.NEAR)
                moves.append(play(run, board, board.targets[rng.choice(far)], rng))
            counted = [MOST_MOVES if move is None else move for move in moves]
            low, middle, high = np.quantile(counted, (0.25, 0.5, 0.75))
            solved = np.mean([move is not None for move in moves])
            axes = "rotated" if rotated else "its own"
            print(f"| {name} | {board.sliders} | {axes} | {solved:.0%} | {middle:g} ({low:g}–{high:g}) |", flush=True)


if __name__ == "__main__":
    main()
