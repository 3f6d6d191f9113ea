"""Sentences as rows of token numbers, and back.

A row is `w1 .. wn, end, padding ..`; the first four numbers mean the same in every vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from vae_core.tokens import BEGIN, END, PADDING, SPECIAL, UNKNOWN

__all__ = ["BEGIN", "END", "PADDING", "SPECIAL", "UNKNOWN", "detokenise", "pieces", "tokenise", "tokenise_all"]


def pieces(sentence: str, joiner: str) -> list[str]:
    """The words of a sentence, or its characters where the joiner is empty."""
    return sentence.split() if joiner else list(sentence)


def tokenise(sentence: str, vocabulary: Sequence[str], joiner: str, length: int) -> Tensor:
    """One sentence as int64 [length]; `tokenise_all` says how."""
    return tokenise_all([sentence], vocabulary, joiner, length)[0]


def tokenise_all(sentences: Iterable[str], vocabulary: Sequence[str], joiner: str, length: int) -> Tensor:
    """Sentences as int64 [n, length]: pieces, end, padding.

    A piece that the vocabulary lacks becomes unknown; a sentence of more than length - 1 pieces is cut to these.
    """
    number = {piece: token for token, piece in enumerate(vocabulary) if token >= len(SPECIAL)}
    rows = [
        [*(number.get(piece, UNKNOWN) for piece in pieces(sentence, joiner)[: length - 1]), END]
        for sentence in sentences
    ]
    out = np.full((len(rows), length), PADDING, dtype=np.int64)
    for row, tokens in zip(out, rows, strict=True):
        row[: len(tokens)] = tokens
    return torch.from_numpy(out)


def detokenise(
    tokens: Tensor | np.ndarray | Sequence[Sequence[int]], vocabulary: Sequence[str], joiner: str
) -> list[str]:
    """Rows of tokens [n, T] as sentences, each read up to its first end (or padding), begin left out."""
    return [joiner.join(vocabulary[token] for token in _until_end(row)) for row in torch.as_tensor(tokens).tolist()]


def _until_end(row: Sequence[int]) -> Iterable[int]:
    for token in row:
        if token in (PADDING, END):
            return
        if token != BEGIN:
            yield token
