"""Files of one's own: how they are read, and what holds for all of them."""

from __future__ import annotations

import os
from pathlib import Path

from vae_core.data.cards import DatasetError

MAX_BYTES = 64 << 20
MIN_SAMPLES = 10  # below that, validation or test split would be empty
SPLIT_SEED = 0


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises DatasetError where it is absent, no plain file, unreadable or beyond MAX_BYTES."""
    if not os.path.isfile(path):  # a pipe would be waited for
        raise DatasetError(f"There is no file {path}.")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(content) > MAX_BYTES:
        raise DatasetError(f"{path} is larger than the {MAX_BYTES >> 20} MB that are taken.")
    return content
