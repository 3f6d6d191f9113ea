"""The nearest training sample of a dream, and how far held-out samples are from theirs: whether dreams are copies.

Distances: of pictures the root mean square of differences between pixels from 0 to 1; of tables the same between
columns in standard deviations; of sentences the number of tokens to insert, delete or replace (Levenshtein 1966).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_core.tokens import END, PADDING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.spatial import cKDTree

    from vae_core.config import DataInfo
    from vae_core.data import Dataset

UNITS = {"image": "grey levels (0 black, 1 white; root mean square)", "table": "standard deviations (root mean square)",
         "text": "changes of a token"}  # fmt: skip
MOST_NUMBERS = 64_000_000
"""Of the training samples that are looked at: 55,000 pictures of 28 x 28 are all, of 64 x 64 a random 15,625."""
HELD_OUT = 200
HELD_OUT_SENTENCES = 100
"""Counting edits takes longer."""
CHUNK_NUMBERS = 4_000_000
"""Of one piece of them, as float32 in memory."""
SAMPLES_A_PASS = 256
"""Of those whose neighbours are looked for: their distances to a whole piece are held at once."""
FINALISTS = 4
"""Of each piece, compared again exactly: a matrix product's rounding must not choose between neighbours."""


@dataclass(frozen=True)
class Nearest:
    """For each of n samples: how far its nearest training sample is, float64 [n], and its place, int64 [n].

    place: in the full dataset. looked: at how many training samples, of `of`.
    """

    distance: np.ndarray
    place: np.ndarray
    looked: int
    of: int


@dataclass(frozen=True)
class Usual:
    """How far held-out samples are from their nearest training sample, sorted: float64 [m].

    Where dreams are to be of one class, these are samples of that class: a hand-written 1 is nearer to another 1 than
    an 8 to another 8, and the same measure for both would make copies of all dreams of a 1.

    decoded: the same of what the model decodes from their codes, sorted; [0] where it has no encoder. A decoder's
    mean is smoother than a sample, as dreams are, and so nearer to everything.
    """

    distance: np.ndarray
    decoded: np.ndarray

    @property
    def decoded_closer(self) -> float:
        """Share of the decoded ones that are closer than the median of held-out samples."""
        return float((self.decoded < self.median).mean())

    @property
    def own_closer(self) -> float:
        """The same share of the held-out samples: a half, or less where several are equally far (edits are whole)."""
        return float((self.distance < self.median).mean())

    @property
    def median(self) -> float:
        return float(np.median(self.distance))

    def closer(self, distance: float | np.ndarray) -> np.ndarray:
        """Share of held-out samples that are at least as close to a training sample: float64, of each distance."""
        return np.searchsorted(self.distance, np.asarray(distance) + 1e-9, side="right") / len(self.distance)

    def nearer_than_usual(self, distance: np.ndarray) -> int:
        """How many of these distances are smaller than the median of held-out samples."""
        return int((np.asarray(distance) < self.median).sum())


def training_rows(data: Dataset) -> np.ndarray:
    """Positions in `data` of the training samples that are looked at: int64 [m], all where they are few enough."""
    rows = data.splits["train"].numpy()
    most = max(1, MOST_NUMBERS // int(np.prod(data.sample_shape)))
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).permutation(rows)[:most])


def nearest(info: DataInfo, samples: np.ndarray, data: Dataset) -> Nearest:
    """The nearest training sample of each of samples [n, ...], as `decode_samples` returns them (n >= 1)."""
    rows = training_rows(data)
    find = _by_edits if info.kind == "text" else _by_numbers
    best, place = np.full(len(samples), np.inf), np.zeros(len(samples), dtype=np.int64)
    for part, held in _pieces(data, rows):
        found = [
            find(samples[start : start + SAMPLES_A_PASS], held) for start in range(0, len(samples), SAMPLES_A_PASS)
        ]
        distance, at = (np.concatenate(each) for each in zip(*found, strict=True))
        closer = distance < best
        best[closer], place[closer] = distance[closer], part[at[closer]]
    return Nearest(best, data.index.numpy()[place], len(rows), len(data.splits["train"]))


def _pieces(data: Dataset, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions [c] and their samples [c, ...], piece by piece."""
    size = max(1, CHUNK_NUMBERS // int(np.prod(data.sample_shape)))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        yield part, samples_at(data, part)


def _flat(samples: np.ndarray) -> np.ndarray:
    """[n, P] float32: pixels in [0, 1], columns as they are."""
    flat = samples.reshape(len(samples), -1)
    return flat.astype(np.float32) / np.float32(255) if flat.dtype == np.uint8 else flat.astype(np.float32)


def _by_numbers(samples: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance and place in `held` of the nearest of each sample."""
    a, b = _flat(samples), _flat(held)
    rough = np.square(b).sum(1) - 2 * (a @ b.T)  # [n, c], squared but for |a|^2
    few = min(FINALISTS, len(b))
    finalists = np.argpartition(rough, few - 1, axis=1)[:, :few]  # [n, few]
    exact = np.sqrt(np.square(a[:, None].astype(np.float64) - b[finalists]).mean(2))  # [n, few]
    won = exact.argmin(1)
    every = np.arange(len(a))
    return exact[every, won], finalists[every, won]


def _by_edits(samples: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    held_lengths = lengths(held)
    answers = [edits(row[:length], held, held_lengths) for row, length in zip(samples, lengths(samples), strict=True)]
    at = np.array([found.argmin() for found in answers])
    return np.array([found[place] for found, place in zip(answers, at, strict=True)], dtype=np.float64), at


def lengths(tokens: np.ndarray) -> np.ndarray:
    """Tokens of each sentence [n, T] before its end: int64 [n]."""
    over = (tokens == END) | (tokens == PADDING)
    return np.where(over.any(1), over.argmax(1), tokens.shape[1])


def edits(sentence: np.ndarray, others: np.ndarray, other_lengths: np.ndarray) -> np.ndarray:
    """Levenshtein's distance of a sentence [t] to each of others [n, T] of these lengths [n]: int64 [n].

    One row of the table a token, for all others at once: d[j] = min(d'[j-1] + (s != o_j), d'[j] + 1, d[j-1] + 1), whose
    last case is a running minimum of d[j] - j.
    """
    width = others.shape[1]
    steps = np.arange(width + 1, dtype=np.int16)
    row = np.repeat(steps[None], len(others), 0)  # [n, T + 1]
    for number, token in enumerate(sentence.tolist(), 1):
        kept = row[:, :-1] + (others != token)
        row = np.minimum(row + np.int16(1), np.concatenate([np.full((len(others), 1), number, np.int16), kept], 1))
        row = (np.minimum.accumulate(row - steps, axis=1) + steps).astype(np.int16)
    return row[np.arange(len(others)), other_lengths].astype(np.int64)


def usual(info: DataInfo, data: Dataset, rows: np.ndarray, decoded: np.ndarray | None = None) -> Usual:
    """How far held-out samples are from training samples.

    Args:
        rows: their positions in `data` (`held_out`), int64 [m].
        decoded: what a model decodes from the codes of these samples, [m, ...].

    Raises ValueError where no sample is held out.
    """
    if not len(rows):
        raise ValueError(f"{info.name} has no such held-out samples to compare with.")
    own = nearest(info, samples_at(data, rows), data).distance
    again = np.empty(0) if decoded is None else nearest(info, decoded, data).distance
    return Usual(np.sort(own), np.sort(again))


def held_out(data: Dataset, label: int = -1) -> np.ndarray:
    """Positions of the first samples of the test split (of a class, where one is named): int64 [m]."""
    rows = data.splits["test"]
    if label >= 0 and data.y is not None:
        rows = rows[data.y[rows] == label]
    return rows[: HELD_OUT_SENTENCES if data.kind == "text" else HELD_OUT].numpy()


def samples_at(data: Dataset, rows: np.ndarray) -> np.ndarray:
    """The samples at these positions [m]: [m, ...]."""
    import torch

    return data.x[torch.from_numpy(rows)].cpu().numpy()


@dataclass(frozen=True, eq=False)
class TaughtCodes:
    """Codes of training samples, the means of their posteriors, to be searched in the dimensions that are awake.

    Attributes:
        rows: of these among the run's codes, int64 [m]. dims: the dimensions.
        usual: how far held-out samples are from theirs, each by a draw of its posterior, as dreams are draws; the
            median, 0 where none is held out.
    """

    tree: cKDTree
    rows: np.ndarray
    dims: np.ndarray
    usual: float

    def nearest(self, code: np.ndarray) -> tuple[float, int]:
        """How far the nearest of them is from a code [D], and its row among the run's codes."""
        distance, at = self.tree.query(code[self.dims].astype(np.float64))
        return float(distance), int(self.rows[at])


def taught_codes(mean: np.ndarray, std: np.ndarray, rows: np.ndarray, held_out: np.ndarray) -> TaughtCodes | None:
    """The codes of a run's training samples; None where there are none, or all codes are alike.

    Args:
        mean, std: of all posteriors, [n, D] each; std is 0 where codes are points.
        rows, held_out: of the training and the held-out samples among these, int64; of the latter HELD_OUT take part.
    """
    from scipy.spatial import cKDTree

    from vae_core.metrics.activity import active_units

    dims = np.flatnonzero(active_units(mean))
    if not len(rows) or not len(dims):
        return None
    tree, some = cKDTree(mean[rows][:, dims].astype(np.float64)), held_out[:HELD_OUT]
    draws = mean[some] + std[some] * np.random.default_rng(0).standard_normal((len(some), mean.shape[1]))
    usual = float(np.median(tree.query(draws[:, dims])[0])) if len(some) else 0.0
    return TaughtCodes(tree, rows, dims, usual)
