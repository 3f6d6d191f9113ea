"""Where guests are kept: a small, bounded folder beside the visitor's own runs."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vae_core.config import runs_folder
from vae_core.guests.guest import END, FIRST, UNTOLD, Guest, GuestError, is_guest, kind_of
from vae_core.runs.errors import RunError
from vae_core.runs.files import read_arrays, write_arrays

if TYPE_CHECKING:
    from vae_core.config import DataInfo

MOST = 256  # guests that are kept; the oldest go
MOST_BYTES = 64 << 20  # that their files may fill


@dataclass(frozen=True)
class Store:
    """The guests of all visitors, a file each, in a folder a kind; bounded, the oldest go."""

    folder: Path

    @classmethod
    def here(cls) -> Store:
        """Beside the visitor's own runs."""
        return cls(runs_folder() / ".guests")

    def add(self, info: DataInfo, x: np.ndarray, y: int = UNTOLD) -> Guest:
        """Keeps a sample of this data's shape. Raises GuestError where it has another, or cannot be written."""
        wanted = {"image": np.uint8, "text": np.int64, "table": np.float32}[info.kind]
        if x.shape != info.sample_shape or x.dtype != wanted:
            raise GuestError(f"A sample of {info.name} has the shape {info.sample_shape}, not {x.shape}.")
        if not (y == UNTOLD or 0 <= y < len(info.class_names)):
            raise GuestError(f"{info.name} has {len(info.class_names)} classes, and none of them is number {y}.")
        x = np.ascontiguousarray(x)
        content = kind_of(info).encode() + x.tobytes() + str(y).encode()
        number = FIRST + int.from_bytes(hashlib.sha256(content).digest()[:8], "big") % (END - FIRST)
        guest = Guest(number, x, y)
        while (there := self.get(info, guest.number)) is not None and not _same(there, guest):
            guest = replace(guest, number=FIRST + (guest.number + 1 - FIRST) % (END - FIRST))
        try:
            if there is None:
                write_arrays(self._file(info, guest.number), {"x": x, "y": np.array(y, dtype=np.int64)})
            else:
                os.utime(self._file(info, guest.number))  # brought again: it is the newest
            self._prune()
        except OSError as error:
            raise GuestError(f"The guest cannot be kept: {error.strerror or error}.") from None
        return guest

    def get(self, info: DataInfo, number: int) -> Guest | None:
        """The guest of this number, None where it is gone, damaged, or of another kind of data."""
        file = self._file(info, number)
        if not is_guest(number) or not file.is_file():
            return None
        try:
            arrays = read_arrays(file, 64 << 20)
        except RunError:
            return None
        x, y = arrays.get("x"), arrays.get("y")
        kind = {"image": "u", "text": "i", "table": "f"}[info.kind]
        if x is None or y is None or x.shape != info.sample_shape or x.dtype.kind != kind or y.shape != ():
            return None
        if info.kind == "text" and not ((x >= 0) & (x < len(info.vocabulary))).all():
            return None
        return Guest(number, x, int(y) if 0 <= int(y) < len(info.class_names) else UNTOLD)

    def has(self, info: DataInfo, number: int) -> bool:
        """Whether the guest of this number is kept for this kind of data; does not read it."""
        return is_guest(number) and self._file(info, number).is_file()

    def _file(self, info: DataInfo, number: int) -> Path:
        return self.folder / kind_of(info) / f"{number}.npz"

    def _prune(self) -> None:
        """Lets the oldest go, down to MOST guests and MOST_BYTES."""
        found = []
        for file in self.folder.glob("*/*.npz"):
            try:
                stat = file.stat()
            except FileNotFoundError:  # another visitor's guest came just now, too
                continue
            found.append((stat.st_mtime_ns, stat.st_size, file))
        size = 0
        for place, (_, length, file) in enumerate(sorted(found, reverse=True)):
            size += length
            if place >= MOST or (size > MOST_BYTES and place):
                file.unlink(missing_ok=True)


def _same(one: Guest, other: Guest) -> bool:
    return one.y == other.y and np.array_equal(one.x, other.x)
