"""What one chooses of data of one's own, and what one is shown of it before it is taken. Light: no torch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vae_core.data.catalogue import Kind

if TYPE_CHECKING:
    import numpy as np

SIDES = (8, 16, 28, 32, 48, 64, 96, 128)
"""Pixels that a picture's sides can be brought to; all but 16 suit convolutions."""
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
"""Endings of the files that are read as pictures."""
MAX_NAMED = 200  # skipped files that are named one by one; the others are counted
MAX_SHOWN = 100  # letters of a file's name as it is shown


@dataclass(frozen=True)
class Choices:
    """How a path is to be read. What is left at its default follows from what is seen there.

    side: pixels, one of SIDES; 0 takes what suits the pictures. fit: cut the middle out of a picture that is no
    square, or pad it. classes: whether folders, labels or a column of classes become the samples' classes. labels: a
    file of labels for .npy and idx; "" looks beside the file. text: what a table is read for, its numbers or a column
    of text. column, columns, label: of a table, its text, its numbers (none: all) and its classes ("": looked for).
    strict: rows with gaps and columns of text are refused rather than left out.
    """

    side: int = 0
    colour: Literal["auto", "grey", "rgb"] = "auto"
    fit: Literal["crop", "pad"] = "crop"
    classes: bool = True
    labels: str = ""
    text: bool = False
    pieces: Literal["words", "letters"] = "words"
    column: str = ""
    columns: tuple[str, ...] = ()
    label: str = ""
    strict: bool = False

    @property
    def joiner(self) -> str:
        """What stands between two pieces of a text."""
        return " " if self.pieces == "words" else ""


@dataclass(frozen=True)
class Skipped:
    """What is not taken. reasons: each with how many; first: (file or row, why) of the first MAX_NAMED."""

    total: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    first: tuple[tuple[str, str], ...] = ()


@dataclass
class Skips:
    """Collects what is not taken, in bounded memory."""

    counts: Counter[str] = field(default_factory=Counter)
    first: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, why: str, detail: str = "", count: int = 1) -> None:
        """`why` is one of few phrases, for these are counted; what differs from file to file is `detail`."""
        self.counts[why] += count
        if len(self.first) < MAX_NAMED:
            self.first.append((shown(name), f"{why} ({detail})" if detail else why))

    def so_far(self) -> Skipped:
        return Skipped(sum(self.counts.values()), tuple(self.counts.most_common()), tuple(self.first))


@dataclass(frozen=True)
class Column:
    """A column of a table: whether it holds numbers, how many different values and gaps, and what stands first."""

    name: str
    numbers: bool
    different: int
    gaps: int
    example: str


@dataclass(frozen=True)
class Preview:
    """What would be taken.

    Attributes:
        choices: those in force: nothing is left to be seen.
        n: samples; of `unread` of them only the names are known, for looking at all would have taken long.
        classes: (name, samples) of each.
        seen: what the file holds, in a few words.
        notes: sentences on what one might not expect.
        pictures, captions: samples as they would be taken, uint8 [k, C, H, W].
        lines: the same of text. rows: of a table, cells as text under the names `columns_taken`.
        columns: all that a table has.
        problem: why it cannot be taken with these choices, one sentence; "" where it can.
    """

    kind: Kind
    choices: Choices
    n: int
    sample_shape: tuple[int, ...]
    seen: str
    skipped: Skipped = Skipped()
    classes: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    unread: int = 0
    pictures: np.ndarray | None = None
    captions: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    columns_taken: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    columns: tuple[Column, ...] = ()
    problem: str = ""

    @property
    def bytes(self) -> int:
        """Of the samples as they are kept."""
        size = 1
        for side in self.sample_shape:
            size *= side
        return self.n * size * {"image": 1, "text": 8, "table": 8}[self.kind]


def shown(name: str) -> str:
    """A name of somebody else's as it can be shown, kept in JSON and compared: printable, not endless."""
    from unicodedata import normalize

    whole = normalize("NFC", name.encode("utf-8", "replace").decode())
    clean = "".join(letter if letter.isprintable() else "?" for letter in whole)
    return clean if len(clean) <= MAX_SHOWN else f"{clean[: MAX_SHOWN - 1]}…"
