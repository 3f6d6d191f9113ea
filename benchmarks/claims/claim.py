"""What a claim is made of, and the rows that are kept of it. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RESULTS = Path(__file__).resolve().parents[1] / "results" / "claims.csv"
COLUMNS = (
    "claim", "cell", "seed", "split", "metric", "value", "samples", "how", "steps", "train_seconds", "score_seconds",
    "device", "date",
)  # fmt: skip

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Measured:
    """One figure. how: settings of the estimator, e.g. "200 importance samples"."""

    metric: str
    value: float
    split: Split
    samples: int
    how: str = ""


@dataclass(frozen=True)
class Trained:
    """What a cell comes to: its figures, and what it took."""

    figures: Sequence[Measured]
    steps: int = 0
    train_seconds: float = 0.0
    score_seconds: float = 0.0


Work = Callable[[int, Path], Trained]
"""(seed, folder of this cell's own) -> its figures. Broken off, it goes on where it was when it is called again."""


@dataclass(frozen=True)
class Cell:
    """One model or baseline, trained from several seeds.

    Attributes:
        key: its name in results and on the command line.
        title: in the table.
        work: does it.
        tried: settings that were compared on the validation split and not chosen: the test split stays untouched.
        wants: what a training takes that is started only where it is asked for by name.
        shipped: the name in checkpoints/ of the first seed's run, where it is worth a place there (--ship).
    """

    key: str
    title: str
    work: Work
    tried: bool = False
    wants: Literal["", "hours", "a GPU"] = ""
    shipped: str = ""


@dataclass(frozen=True)
class Published:
    """A number of others. verified: whether it was read in the paper itself."""

    value: float
    what: str
    source: str
    verified: bool = True


@dataclass(frozen=True)
class Target:
    """One line of the table: a figure of a cell beside what was published.

    Attributes:
        title: what is claimed.
        cell, metric: the figure; on the test split.
        limit: where it counts as reached.
        published: what it is compared with; None where no number was published.
        lower: whether lower is better.
        than: the cell whose same figure is the limit, in place of a number.
        beyond: what is added to that cell's figure to make the limit.
        mean: whether ours is the mean over seeds with their standard deviation, not the median with their range.
    """

    title: str
    cell: str
    metric: str
    published: Published | None = None
    limit: float | None = None
    lower: bool = True
    than: str = ""
    beyond: float = 0.0
    mean: bool = False


@dataclass(frozen=True)
class Claim:
    """One row of the plan. protocol: data, net, estimator, in a sentence or two. tried: what was done where a target is
    missed, or why something could not be run."""

    number: int
    key: str
    title: str
    protocol: str
    cells: tuple[Cell, ...]
    targets: tuple[Target, ...]
    tried: str = ""

    def cell(self, key: str) -> Cell:
        """Raises KeyError where there is none of this name."""
        return {cell.key: cell for cell in self.cells}[key]


def rows_of(rows: Sequence[dict[str, str]], claim: Claim, cell: str, **wanted: str) -> list[dict[str, str]]:
    """The kept rows of a cell that have these values, e.g. split="test"."""
    wanted |= {"claim": claim.key, "cell": cell}
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def figures_of(rows: Sequence[dict[str, str]], claim: Claim, cell: str, metric: str, split: str) -> list[float]:
    """The kept values of one figure, one a seed."""
    return [float(row["value"]) for row in rows_of(rows, claim, cell, metric=metric, split=split)]
