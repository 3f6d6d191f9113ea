"""Which numbers of a sample are missing: masks, True where a number is to be filled in. numpy only."""

from __future__ import annotations

import re

import numpy as np

from vae_core.apply.outcome import ApplyError

HALVES = ("lower", "upper", "left", "right")


def by_chance(n: int, size: int, share: float, seed: int = 0, *, channels: int = 1) -> np.ndarray:
    """bool [n, size]: each number is missing with this probability, the same holes for every method of one seed.

    Of colours (`channels` of a picture after each other) whole pixels are missing: red would tell green. At least one
    number of each sample stays.
    """
    if not 0 < share < 1:
        raise ApplyError(f"The share that is missing lies between 0 and 1, not at {share}.")
    drawn = np.random.default_rng(seed).random((n, size // channels))
    holes = drawn < share
    holes[np.arange(n), drawn.argmax(1)] = False
    return np.tile(holes, (1, channels))


def channels_of(shape: tuple[int, ...]) -> int:
    """Numbers of a pixel of samples of this shape; 1 where they are no pictures."""
    return shape[0] if len(shape) == 3 else 1


def half(n: int, shape: tuple[int, ...], which: str) -> np.ndarray:
    """bool [n, P]: the same half of every picture (C, H, W) is missing."""
    if len(shape) != 3:
        raise ApplyError("Only pictures have halves: name the columns that are missing, or a share.")
    if which not in HALVES:
        raise ApplyError(f"There is no {which} half: choose {', '.join(HALVES)}.")
    hole = np.zeros(shape, bool)
    _, height, width = shape
    rows = slice(height // 2, None) if which == "lower" else slice(height // 2) if which == "upper" else slice(None)
    columns = slice(width // 2) if which == "left" else slice(width // 2, None) if which == "right" else slice(None)
    hole[:, rows, columns] = True
    return np.tile(hole.ravel(), (n, 1))


def of_columns(n: int, names: tuple[str, ...], missing: tuple[str, ...]) -> np.ndarray:
    """bool [n, F]: these columns of a table are missing in every row; by name, or by number where that is no name."""
    hole = np.zeros(len(names), bool)
    for name in missing:
        number = names.index(name) if name in names else int(name) if name.isdecimal() else -1
        if not 0 <= number < len(names):
            raise ApplyError(f"There is no column {name}: choose among {', '.join(names) or 'none (no table)'}.")
        hole[number] = True
    if not hole.any() or hole.all():
        raise ApplyError("Some columns must be missing, and some must be there.")
    return np.tile(hole, (n, 1))


def checked(holes: np.ndarray, n: int, size: int) -> np.ndarray:
    """A mask that somebody drew, as bool [n, size]; one for all samples may have n = 1. Raises ApplyError."""
    given = np.asarray(holes)
    if given.dtype != bool or given.size == 0 or given.reshape(len(given), -1).shape[1] != size:
        raise ApplyError(f"A mask is True or False for each of {size} numbers, not {given.dtype} {given.shape}.")
    flat = given.reshape(len(given), -1)
    if len(flat) not in (1, n):
        raise ApplyError(f"There are {len(flat)} masks for {n} samples: give one for each, or one for all.")
    if flat.all(1).any():
        raise ApplyError("Some numbers of every sample must be seen.")
    return np.broadcast_to(flat, (n, size)).copy()


def of_text(n: int, size: int, text: str) -> np.ndarray:
    """bool [n, size]: the same numbers are missing in every sample, written as `as_text` does: "0-7,12"."""
    hole = np.zeros(size, bool)
    for part in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,9})(?:-([0-9]{1,9}))?\s*", part)
        if found is None:
            raise ApplyError(f"Holes are whole numbers and ranges of them, as in 0-7,12, not {part[:20]!r}.")
        begin, end = int(found[1]), int(found[2] or found[1])
        if not begin <= end < size:
            raise ApplyError(f"The numbers of a sample are 0 to {size - 1}: {part[:20].strip()} is no range of them.")
        hole[begin : end + 1] = True
    if hole.all():
        raise ApplyError("Some numbers of every sample must be seen.")
    return np.tile(hole, (n, 1))


def as_text(hole: np.ndarray) -> str:
    """Which numbers are missing, bool [size], in ranges: "0-7,12"; "" where none is."""
    edges = np.flatnonzero(np.diff(np.r_[False, np.asarray(hole, bool).ravel(), False].astype(np.int8)))
    pairs = [(int(begin), int(end) - 1) for begin, end in edges.reshape(-1, 2)]
    return ",".join(f"{begin}-{end}" if end > begin else str(begin) for begin, end in pairs)
