"""Reading a .zip that somebody sent: names that stay inside, no links, no doubles, sizes looked at before memory is."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from vae_core.runs.errors import RunError

MOST_BYTES = 2 << 30
MOST_ENTRIES = 2_000
MOST_RATIO = 100
"""How many times its own size an archive may unpack to, beyond FREE bytes: weights hardly shrink."""
FREE = 64 << 20
DIRECTORY = 4 << 20
"""Bytes that the list of an archive's entries may have: it is read whole."""
CHUNK = 1 << 20
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".h5", ".keras")
_END = struct.Struct("<4s4H2LH")  # PKWARE's APPNOTE 6.3.10, section 4.3.16


class _NoZip(Exception):
    pass


def check_no_pickle(name: str) -> None:
    """Raises RunError where a file's ending says that opening it would run whatever program its maker put in."""
    ending = PurePosixPath(name.lower()).suffix
    if ending in PICKLES:
        raise RunError(
            f"{name[:100]} is refused: opening a {ending} file can run any program that its maker hid in it. Export "
            "the model to ONNX (torch.onnx.export), or its weights to safetensors inside a run folder, and bring that."
        )


@dataclass(frozen=True)
class Entry:
    """A file in an archive."""

    path: PurePosixPath
    size: int
    info: zipfile.ZipInfo


@contextmanager
def opened(source: Path | IO[bytes], name: str) -> Iterator[tuple[zipfile.ZipFile, list[Entry]]]:
    """The archive and its files. Raises RunError, one sentence, where it is none or could do harm."""
    try:
        with source.open("rb") if isinstance(source, Path) else _rewound(source) as stream:
            _check_size(stream, name)
            with zipfile.ZipFile(stream) as archive:
                entries = _entries(archive, name)
                unpacked, packed = sum(entry.size for entry in entries), stream.seek(0, os.SEEK_END)
                if unpacked > FREE + MOST_RATIO * packed:
                    raise RunError(
                        f"{name} would unpack to {unpacked:,} bytes from {packed:,}: no model does that, and it is "
                        "left alone."
                    )
                yield archive, entries
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, _NoZip, struct.error, UnicodeError) as error:
        why = f" ({error})" if str(error) else ""
        raise RunError(f"{name} is cut short, damaged or no .zip{why}.") from None
    except FileNotFoundError:
        raise RunError(f"{name} is not there.") from None
    except OSError as error:
        raise RunError(f"{name} cannot be read ({error.strerror or error}).") from None


@contextmanager
def _rewound(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    stream.seek(0)
    yield stream


def _check_size(stream: IO[bytes], name: str) -> None:
    """The archive's size, and that of its list of entries, from the record at its end."""
    size = stream.seek(0, os.SEEK_END)
    if size > MOST_BYTES:
        raise RunError(f"{name} has {size:,} bytes; up to {MOST_BYTES:,} are taken.")
    tail = min(size, _END.size + (1 << 16))
    stream.seek(size - tail)
    content = stream.read(tail)
    at = content.rfind(b"PK\5\6")
    if at < 0 or len(content) - at < _END.size:
        raise _NoZip()
    _, _, _, _, entries, directory, _, _ = _END.unpack_from(content, at)
    if entries > MOST_ENTRIES or directory > DIRECTORY:
        raise RunError(
            f"{name} lists {entries:,} files or more; a model has few: up to {MOST_ENTRIES:,} are looked at."
        )
    stream.seek(0)


def _entries(archive: zipfile.ZipFile, name: str) -> list[Entry]:
    found: dict[str, Entry] = {}
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise RunError(f"{name} lists {len(infos):,} files; a model has few: up to {MOST_ENTRIES:,} are looked at.")
    for info in infos:
        shown = info.filename[:100]
        if info.is_dir():
            continue
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
            raise RunError(f"{name} holds {shown!r}, which leads out of its folder: nothing of it is taken.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise RunError(f"{name} holds the link {shown!r}: zip the files themselves.")
        if info.flag_bits & 1:
            raise RunError(f"{name} is locked with a password: zip it without.")
        if info.filename.casefold() in found:
            raise RunError(f"{name} holds {shown!r} twice: zip the folder anew.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RunError(f"{name} is packed in a way that is not read here: zip it with the usual method (deflate).")
        found[info.filename.casefold()] = Entry(path, info.file_size, info)
    return list(found.values())


def unpack(archive: zipfile.ZipFile, entry: Entry, target: Path, limit: int) -> None:
    """Write one file of at most `limit` bytes, counting what really comes out. Raises RunError."""
    with archive.open(entry.info) as stream:
        copy(stream, target, limit, str(entry.path))


def copy(stream: IO[bytes], target: Path, limit: int, name: str) -> None:
    """Write what `stream` holds, at most `limit` bytes of it, to a new file. Raises RunError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = limit
    with target.open("xb") as out:
        while chunk := stream.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise RunError(f"{name[:100]} has more than the {limit:,} bytes that such a file may have.")
            out.write(chunk)
