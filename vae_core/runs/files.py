"""Reading and writing single files safely: atomic writes, arrays without pickles, sizes looked at before memory is."""

from __future__ import annotations

import io
import math
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from vae_core.runs.errors import RunError


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step: a reader, a crash or a full disk never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_bounded(path: Path, limit: int) -> bytes:
    """The whole of a regular file of at most `limit` bytes. Raises RunError, one sentence, otherwise."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise RunError(f"{place(path)} is {size:,} bytes, more than the {limit:,} that such a file may have.")
        return path.read_bytes()
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        raise RunError(f"{place(path)} cannot be read ({error.strerror}).") from None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """A compressed .npz, written atomically."""
    write_atomically(path, packed_arrays(arrays))


def packed_arrays(arrays: Mapping[str, np.ndarray], effort: int = 6) -> bytes:
    """Arrays as a compressed .npz; `effort` 1 is several times faster than 6, for what is written again and again."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=effort) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()


def read_arrays(path: Path, limit: int) -> dict[str, np.ndarray]:
    """The arrays of an .npz of at most `limit` bytes unpacked; nothing is ever unpickled.

    Each member's header is read first, so that a bomb is refused before its memory is taken. Raises RunError.
    """
    where = place(path)
    try:
        with zipfile.ZipFile(path) as archive:
            total = 0
            for member in archive.infolist():
                with archive.open(member) as stream:
                    total += _announced_bytes(stream, member.filename, where)
            if total > limit:
                raise RunError(f"{where} would unpack to {total:,} bytes, more than the {limit:,} allowed.")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except RunError:
        raise
    except FileNotFoundError:
        raise missing(path) from None
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, KeyError, NotImplementedError) as error:
        raise RunError(f"{where} is cut short or not an .npz of plain numbers ({error}).") from None
    except zlib.error as error:
        raise RunError(f"{where} is damaged ({error}).") from None


def _announced_bytes(stream: IO[bytes], name: str, where: str) -> int:
    version = np.lib.format.read_magic(stream)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise RunError(f"{where} has the array {name} in the unknown format {version}.")
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise RunError(f"{where} holds pickled objects in {name}; only plain numbers are read.")
    return math.prod(map(int, shape)) * dtype.itemsize


def missing(path: Path) -> RunError:
    """What to raise where a run's file is not there."""
    return RunError(f"{place(path)} is missing: the run folder is incomplete; copy it again or train anew.")


def place(path: Path) -> str:
    """A file as errors name it: its run and its own name."""
    return f"{path.parent.name}/{path.name}"
