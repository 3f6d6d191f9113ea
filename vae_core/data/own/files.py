"""Files of one's own: how they are read, and what holds for all of them."""

from __future__ import annotations

import os
from pathlib import Path

from vae_core.data.cards import DatasetError

MAX_BYTES = 64 << 20  # of a file that is read whole
MAX_TAKEN = 1 << 30  # bytes of the pictures of one dataset, as they are kept
MIN_SAMPLES = 10  # below that, validation or test split would be empty
MAX_SAMPLES = 1_000_000
SPLIT_SEED = 0


def check_file(path: Path) -> None:
    """Raises DatasetError where there is no plain file: a pipe would be waited for."""
    if not os.path.isfile(path):
        raise DatasetError(f"There is no file {path}.")


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises DatasetError where it is absent, no plain file, unreadable or beyond MAX_BYTES."""
    check_file(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(content) > MAX_BYTES:
        raise DatasetError(f"{path} is larger than the {MAX_BYTES >> 20} MB that are taken.")
    return content


def check_count(path: Path, n: int, what: str, most: int = MAX_SAMPLES) -> None:
    """Raises DatasetError where these are too few or too many samples."""
    if n < MIN_SAMPLES:
        raise DatasetError(f"{path} holds {n} {what}; at least {MIN_SAMPLES} are needed.")
    if n > most:
        raise DatasetError(f"{path} holds {n:,} {what}; up to {most:,} are taken.")
