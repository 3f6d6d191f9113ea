"""A long array of pictures in a file (.npy, .npz, idx, idx.gz), read piece by piece and never unpickled.

The file says its shape in a header; that is checked before any of it is read, and only that much is read.
"""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from vae_core.data.cards import DatasetError
from vae_core.data.own.files import MAX_SAMPLES, check_file
from vae_core.data.own.tree import archive_at

MAX_ARRAY = 4 << 30  # bytes of an array, unpacked
MAX_LABELS = 64 << 20
MAX_MEMBERS = 100
PIECE = 8 << 20  # bytes read at a time
IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
IDX_NAME = re.compile(r"(.*[-.]ubyte|.*\.idx\d?|.*\bidx\d)(\.gz)?", re.IGNORECASE)


@dataclass(frozen=True)
class Stack:
    """An array in a file: where it begins, its type and its shape [N, ...]. member: of an .npz; "" otherwise."""

    path: Path
    member: str
    start: int
    dtype: np.dtype
    shape: tuple[int, ...]

    def pieces(self) -> Iterator[np.ndarray]:
        """The rows, some at a time: [m, ...]. Raises DatasetError where the file is cut short or damaged."""
        row = self.dtype.itemsize * math.prod(self.shape[1:])
        count = max(1, PIECE // max(1, row))
        with _opened(self.path, self.member) as stream:
            _read(self.path, stream, self.start)
            for first in range(0, self.shape[0], count):
                rows = min(count, self.shape[0] - first)
                content = _read(self.path, stream, rows * row)
                yield np.frombuffer(content, self.dtype).reshape(rows, *self.shape[1:])

    def whole(self) -> np.ndarray:
        """All of it; for small arrays. Raises DatasetError as above, and where there is more than MAX_LABELS."""
        if self.dtype.itemsize * math.prod(self.shape) > MAX_LABELS:
            raise DatasetError(f"{self.path} holds labels of more than {MAX_LABELS >> 20} MB.")
        return np.concatenate([*self.pieces(), np.empty((0, *self.shape[1:]), self.dtype)])


def is_stack(path: Path) -> bool:
    """Whether the name is one of a file of arrays."""
    return path.suffix.lower() in (".npy", ".npz") or IDX_NAME.fullmatch(path.name) is not None


def stacks_in(path: Path) -> dict[str, Stack]:
    """The arrays of a file by their names; {"": ...} where it holds one. Raises DatasetError."""
    check_file(path)
    if path.suffix.lower() != ".npz":
        return {"": _stack(path, "")}
    with archive_at(path) as archive:
        names = archive.namelist()
    if len(names) > MAX_MEMBERS:
        raise DatasetError(f"{path} holds {len(names):,} arrays; up to {MAX_MEMBERS} are looked at.")
    return {name.removesuffix(".npy"): _stack(path, name) for name in names if name.endswith(".npy")}


def _stack(path: Path, member: str) -> Stack:
    idx = path.suffix.lower() not in (".npy", ".npz")
    with _opened(path, member) as stream:
        start, dtype, shape = _idx_header(path, stream) if idx else _numpy_header(path, stream)
    size = dtype.itemsize * math.prod(shape)
    if not shape or len(shape) > 5 or min(shape) < 0 or size > MAX_ARRAY or shape[0] > MAX_SAMPLES:
        raise DatasetError(
            f"{path} says it holds {' x '.join(f'{side:,}' for side in shape) or 'one'} numbers; up to {MAX_SAMPLES:,} "
            f"samples and {MAX_ARRAY >> 30} GB are taken."
        )
    return Stack(path, member, start, dtype, shape)


def _idx_header(path: Path, stream: IO[bytes]) -> tuple[int, np.dtype, tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES or not 1 <= magic[3] <= 4:
        raise DatasetError(
            f"{path} is no idx file: it begins with {magic.hex(' ') or 'nothing'}, where 00 00, a type and a number of "
            "axes belong."
        )
    sizes = _read(path, stream, 4 * magic[3])
    return 4 + 4 * magic[3], np.dtype(IDX_TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes)


def _numpy_header(path: Path, stream: IO[bytes]) -> tuple[int, np.dtype, tuple[int, ...]]:
    head = io.BytesIO(stream.read(12))  # magic, version, length of the header
    try:
        version = np.lib.format.read_magic(head)
        length = struct.unpack("<H" if version == (1, 0) else "<I", head.read(2 if version == (1, 0) else 4))[0]
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        if length > 10_000:  # numpy's own limit, beyond which a header may take very long
            raise ValueError("a header without end")
        start = (10 if version == (1, 0) else 12) + length
        rest = io.BytesIO(head.getvalue()[8:] + stream.read(start - 12))
        shape, by_columns, dtype = read(rest)
    except Exception:  # numpy reads the header as Python's literals, and raises what that raises
        raise DatasetError(f"{path} is no sound .npy array, or of a newer kind than 2.0.") from None
    if dtype.hasobject:
        raise DatasetError(f"{path} holds pickled objects; only plain numbers are read, and nothing is unpickled.")
    if dtype.kind not in "uifbUS" or dtype.itemsize > 1024:
        raise DatasetError(f"{path} holds {dtype} values; pictures are whole numbers or fractions.")
    if by_columns and len(shape) > 1:
        raise DatasetError(f"{path} is saved column by column; save numpy.ascontiguousarray of it.")
    return start, dtype, tuple(map(int, shape))


@contextmanager
def _opened(path: Path, member: str) -> Iterator[IO[bytes]]:
    """A stream of the file, or of a member of an .npz. What is wrong becomes a sentence."""
    try:
        if path.suffix.lower() == ".npz":
            with archive_at(path) as archive, archive.open(member) as stream:
                yield stream
        else:
            with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
                yield stream  # type: ignore[misc]
    except EOFError as error:
        raise DatasetError(f"{path} is cut short: copy it again.") from error
    except (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise DatasetError(f"{path} is damaged ({error}): copy it again.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error


def _read(path: Path, stream: IO[bytes], count: int) -> bytes:
    """So many bytes, which may come in pieces. Raises DatasetError where there are fewer."""
    parts: list[bytes] = []
    left = count
    while left:
        part = stream.read(min(left, PIECE))
        if not part:
            raise DatasetError(f"{path} is cut short: it ends {left:,} bytes before its header says. Copy it again.")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
