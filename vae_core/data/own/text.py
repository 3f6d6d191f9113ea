"""A text file of one's own as a dataset: one sample a line, by words or by letters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

from vae_core.data.cards import DatasetCard, DatasetError
from vae_core.data.dataset import Dataset, from_card, shuffled_splits
from vae_core.data.own.files import MIN_SAMPLES, SPLIT_SEED, read_bytes
from vae_core.data.text import SPECIAL, pieces, tokenise_all

MAX_LINES = 500_000
MAX_LENGTH = 64  # tokens of a sample, its end among them; longer lines are cut
MAX_VOCABULARY = 10_000  # tokens, the special ones among them
MAX_WORD = 40  # letters; what is longer is an address or a mishap, and unknown


def text_dataset(name: str, path: Path, joiner: str) -> Dataset:
    """The lines of a text file in UTF-8; joiner " " takes words, "" letters. Blank lines are left out.

    The vocabulary is made of the training split, the most frequent first; what it lacks is unknown.
    Raises DatasetError, one sentence, where the file is absent, too large, no text, or too short.
    """
    lines = _lines(path)
    splits = shuffled_splits(len(lines), SPLIT_SEED)
    vocabulary = _vocabulary([lines[position] for position in splits["train"].tolist()], joiner)
    length = min(MAX_LENGTH, 1 + max(len(pieces(line, joiner)) for line in lines))
    card = DatasetCard(
        name=name,
        title=path.stem,
        description=f"{len(lines):,} lines of {path.name}.",
        n=len(lines),
        sample_shape=(length,),
        class_names=(),
        factor_names=(),
        factor_sizes=(),
        licence="your own",
        source=str(path),
        download_mb=0.0,
        kind="text",
    )
    x = tokenise_all(lines, vocabulary, joiner, length)
    return from_card(card, x, None, splits, vocabulary=vocabulary, joiner=joiner)


def _lines(path: Path) -> list[str]:
    content = read_bytes(path)
    if b"\0" in content:
        raise DatasetError(f"{path} is no text: it holds bytes that no text has.")
    try:
        text = unicodedata.normalize("NFC", content.decode("utf-8-sig"))  # letters with their accents: one letter
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is no text in UTF-8 (byte {error.start:,}); save it in that encoding.") from error
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < MIN_SAMPLES:
        raise DatasetError(f"{path} holds {len(lines)} lines that are not blank; at least {MIN_SAMPLES} are needed.")
    if len(lines) > MAX_LINES:
        raise DatasetError(f"{path} holds {len(lines):,} lines; up to {MAX_LINES:,} are taken.")
    return lines


def _vocabulary(lines: list[str], joiner: str) -> tuple[str, ...]:
    """The special tokens, then the pieces of these lines, the most frequent first."""
    counts = Counter(piece for line in lines for piece in pieces(line, joiner)[: MAX_LENGTH - 1])
    known = [piece for piece in counts if piece not in SPECIAL and len(piece) <= MAX_WORD]
    known.sort(key=lambda piece: (-counts[piece], piece))
    return (*SPECIAL, *known[: MAX_VOCABULARY - len(SPECIAL)])
