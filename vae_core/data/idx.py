"""A reader of idx files (the format of MNIST) that believes nothing a file says before checking it.

torchvision's own reader maps the whole file to memory and takes sizes from the header, so a damaged file ends
in an assertion, or in a tensor of another shape. Here the caller says what shape is right, and only that much
is read.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vae_core.data.cards import DatasetError

_UNSIGNED_BYTE = 0x08
_CHUNK = 1 << 20


def read_idx(
    path: Path, out: np.ndarray[Any, np.dtype[np.uint8]], advance: Callable[[int], None] | None = None
) -> None:
    """Fill `out` (uint8, C-contiguous, already of the right shape) from a plain or gzipped idx file.

    `advance(bytes)` is told of each piece read. Memory beyond `out`: one megabyte, whatever the file claims.
    Raises DatasetError naming the file where it is gone, is no idx file of unsigned bytes, has another shape,
    ends too early, goes on too long, or is a damaged gzip.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            _read_header(path, stream, out.shape)
            flat = out.reshape(-1).data
            filled = 0
            while filled < len(flat):
                count = stream.readinto(flat[filled : filled + _CHUNK])
                if not count:
                    raise DatasetError(
                        f"{path} ends after {filled:,} of {len(flat):,} bytes of data: it is cut short; "
                        "delete it and fetch it again."
                    )
                filled += count
                if advance is not None:
                    advance(count)
            if stream.read(1):  # this read also makes gzip compare its checksum
                raise DatasetError(f"{path} goes on beyond the {len(flat):,} bytes of its header; fetch it again.")
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is no longer there; put it back or fetch it again.") from error
    except EOFError as error:
        raise DatasetError(f"{path} is cut short; delete it and fetch it again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(f"{path} is damaged ({error}); delete it and fetch it again.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error


def _read_header(path: Path, stream: gzip.GzipFile | io.BufferedReader, shape: tuple[int, ...]) -> None:
    """Check magic number and sizes (big-endian: two zeros, type, rank, then one 32-bit size per axis)."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != _UNSIGNED_BYTE or magic[3] != len(shape):
        raise DatasetError(
            f"{path} is not an idx file of unsigned bytes with {len(shape)} axes: it begins with "
            f"{magic.hex(' ') or 'nothing'}, where 00 00 08 {len(shape):02x} belongs."
        )
    raw = stream.read(4 * len(shape))
    if len(raw) < 4 * len(shape):
        raise DatasetError(f"{path} is cut short inside its header; delete it and fetch it again.")
    sizes = struct.unpack(f">{len(shape)}I", raw)
    if sizes != shape:
        raise DatasetError(f"{path} says it holds {_times(sizes)} bytes, where {_times(shape)} are right.")


def _times(sizes: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in sizes)
