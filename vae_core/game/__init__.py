"""The matching game: make a model's picture like a target with its sliders, and see what its axes are worth.

After Ross, Chen, Hang, Glassman, Doshi-Velez, "Evaluating the Interpretability of Generative Models by Interactive
Reconstruction" (CHI 2021). As there: the target is a picture that the model itself can make, a bar says how close the
pictures are, a round is solved at 90 % agreement, it may be skipped after 30 seconds of trying, and time, slider
movements and the error over time are kept. Other than there: every round begins at the prior's mean (theirs at a
random code), so that rounds can be compared, and a model may be played with its axes rotated.

Sliders are in standard deviations of the codes, so that a unit means as much on each of them.
"""

from vae_core.game.boards import (
    CLOSE,
    LETTERS,
    MOST_ROUNDS,
    NEAR,
    Board,
    Plan,
    Round,
    board,
    board_of_run,
    mixing,
    plan,
)
from vae_core.game.distances import code_distance, picture_distance
from vae_core.game.ends import (
    LONGEST,
    MOST_MARKS,
    PAUSE,
    SKIP_AFTER,
    TOLERANCE,
    End,
    RefusedError,
    judge,
    read_end,
)
from vae_core.game.results import Play, Summary, area, distance_at, signed, slope, summarise

__all__ = [
    "CLOSE",
    "LETTERS",
    "LONGEST",
    "MOST_MARKS",
    "MOST_ROUNDS",
    "NEAR",
    "PAUSE",
    "SKIP_AFTER",
    "TOLERANCE",
    "Board",
    "End",
    "Plan",
    "Play",
    "RefusedError",
    "Round",
    "Summary",
    "area",
    "board",
    "board_of_run",
    "code_distance",
    "distance_at",
    "judge",
    "mixing",
    "picture_distance",
    "plan",
    "read_end",
    "signed",
    "slope",
    "summarise",
]
