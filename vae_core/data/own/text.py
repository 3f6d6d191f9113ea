"""Lines of text of one's own: of a .txt, a sample a line, or of a column of a .csv."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from vae_core.data.cards import DatasetCard, DatasetError
from vae_core.data.dataset import Dataset, from_card, shuffled_splits
from vae_core.data.own.choices import Choices, Preview, Skipped
from vae_core.data.own.files import SPLIT_SEED, check_count, read_bytes
from vae_core.data.text import SPECIAL, pieces, tokenise_all

MAX_LINES = 500_000
MAX_LENGTH = 64  # tokens of a sample, its end among them; longer lines are cut
MAX_VOCABULARY = 10_000  # tokens, the special ones among them
MAX_WORD = 40  # letters; what is longer is an address or a mishap, and unknown
MAX_LETTERS = 4_000  # of a line as it is kept
SHOWN = 12
MARK = "\ufeff"  # of the order of bytes, which editors put in unasked
NONE = Skipped()


@dataclass(frozen=True)
class Lines:
    """Lines, none of them blank. y, class_names: of each, where a table had them; skipped: what stood beside them."""

    path: Path
    lines: tuple[str, ...]
    y: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    skipped: Skipped = NONE

    @classmethod
    def at(cls, path: Path) -> Lines:
        """Of a text file in UTF-8. Raises DatasetError, one sentence, where it is absent, too large or no text."""
        content = read_bytes(path)
        if b"\0" in content:
            raise DatasetError(f"{path} is no text: it holds bytes that no text has.")
        try:
            # letters with their accents: one letter
            text = unicodedata.normalize("NFC", content.decode("utf-8").replace(MARK, ""))
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"{path} is no text in UTF-8 (byte {error.start:,}); save it in that encoding."
            ) from error
        lines, count = [], 0
        for found in re.finditer(r"[^\n]+", text):  # not all at once: a file of line breaks has millions of lines
            if line := found[0].strip():
                count += 1
                if count <= MAX_LINES:
                    lines.append(line[:MAX_LETTERS])
        check_count(path, count, "lines that are not blank", MAX_LINES)
        return cls(path, tuple(lines))

    def settle(self, choices: Choices) -> Choices:
        return replace(choices, text=True, classes=choices.classes and bool(self.class_names))

    def preview(self, choices: Choices) -> Preview:
        """The first lines, how long they are, and what of them is known."""
        settled = self.settle(choices)
        splits = shuffled_splits(len(self.lines), SPLIT_SEED)
        words = _vocabulary([self.lines[place] for place in splits["train"].tolist()], choices.joiner)
        longest = max(len(pieces(line, choices.joiner)) for line in self.lines)
        cut = sum(len(pieces(line, choices.joiner)) >= MAX_LENGTH for line in self.lines)
        notes = [f"{cut:,} lines are longer than {MAX_LENGTH - 1} {choices.pieces} and will be cut."] if cut else []
        if len(words) == MAX_VOCABULARY:
            notes.append(f"The {MAX_VOCABULARY:,} most frequent {choices.pieces} are known, others are not.")
        counts = np.bincount(self.y, minlength=len(self.class_names)) if self.y is not None else np.empty(0, int)
        return Preview(
            kind="text",
            choices=settled,
            n=len(self.lines),
            sample_shape=(text_length(self.lines, choices.joiner),),
            seen=f"{len(self.lines):,} lines of up to {longest:,} {choices.pieces}, {len(words) - len(SPECIAL):,} "
            "different ones",
            skipped=self.skipped,
            classes=tuple(zip(self.class_names, counts.tolist(), strict=True)) if settled.classes else (),
            notes=tuple(notes),
            lines=self.lines[:SHOWN],
        )


def one_line(text: str) -> str:
    """A text as a line that is the same again once it was written down and read."""
    whole = unicodedata.normalize("NFC", text[: 2 * MAX_LETTERS].replace(MARK, "").replace("\0", ""))
    return " ".join(whole.split())[:MAX_LETTERS].rstrip()


def text_length(lines: tuple[str, ...] | list[str], joiner: str) -> int:
    """Tokens of a sample: those of the longest line and its end, at most MAX_LENGTH."""
    return min(MAX_LENGTH, 1 + max(len(pieces(line, joiner)) for line in lines))


def lines_dataset(card: DatasetCard, lines: tuple[str, ...] | list[str], joiner: str, y: np.ndarray | None) -> Dataset:
    """Lines as tokens; joiner " " takes words, "" letters.

    The vocabulary is made of the training split, the most frequent first; what it lacks is unknown.
    """
    splits = shuffled_splits(len(lines), SPLIT_SEED)
    vocabulary = _vocabulary([lines[position] for position in splits["train"].tolist()], joiner)
    x = tokenise_all(lines, vocabulary, joiner, card.sample_shape[0])
    labels = None if y is None else torch.from_numpy(y.astype(np.int64))
    return from_card(card, x, labels, splits, vocabulary=vocabulary, joiner=joiner)


def _vocabulary(lines: list[str], joiner: str) -> tuple[str, ...]:
    """The special tokens, then the pieces of these lines, the most frequent first."""
    counts = Counter(piece for line in lines for piece in pieces(line, joiner)[: MAX_LENGTH - 1])
    known = [piece for piece in counts if piece not in SPECIAL and len(piece) <= MAX_WORD]
    known.sort(key=lambda piece: (-counts[piece], piece))
    return (*SPECIAL, *known[: MAX_VOCABULARY - len(SPECIAL)])
