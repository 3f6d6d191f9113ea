"""The files in a folder or a .zip, as a list; none of them is unpacked to the disk, no link is followed."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vae_core.data.cards import DatasetError
from vae_core.data.own.choices import Skips
from vae_core.data.own.pixels import BIG, BROKEN, MAX_FILE, Unfit

MAX_FILES = 200_000
MAX_DEPTH = 16  # folders in folders
MAX_UNPACKED = 8 << 30  # bytes that all files of a .zip may have together
MAX_RATIO = 100  # how many times its own size a .zip may unpack to, beyond FREE bytes
FREE = 64 << 20
MAX_DIRECTORY = 32 << 20  # bytes of a .zip's list of files, which is read whole

ELSEWHERE = "a name that leads out of the archive"
LINK = "a link, and links are not followed"
NESTED = "an archive in the archive"
SYSTEM = "a file of the system, not yours"
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_SYSTEM_NAMES = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Entry:
    """A file: its folders and name, and where it is."""

    parts: tuple[str, ...]
    place: Path | zipfile.ZipInfo

    @property
    def name(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True)
class Tree:
    """The files below `path`, in order of their names; `folders` are all that are there, empty ones too."""

    path: Path
    entries: tuple[Entry, ...]
    folders: frozenset[tuple[str, ...]]

    @contextmanager
    def opened(self) -> Iterator[zipfile.ZipFile | None]:
        """The archive, for reading many entries; None where this is a folder."""
        if self.path.is_dir():
            yield None
            return
        with archive_at(self.path) as archive:
            yield archive


def list_tree(path: Path, skips: Skips) -> Tree:
    """What is in a folder or a .zip. Raises DatasetError, one sentence, where it cannot be read or is a bomb."""
    entries, folders = _list_folder(path, skips) if path.is_dir() else _list_archive(path, skips)
    return Tree(path, tuple(sorted(entries, key=lambda entry: entry.parts)), frozenset(folders))


def read_entry(entry: Entry, archive: zipfile.ZipFile | None) -> bytes:
    """The bytes of a file of at most MAX_FILE. Raises Unfit."""
    try:
        if archive is not None and isinstance(entry.place, zipfile.ZipInfo):
            if entry.place.file_size > MAX_FILE:
                raise Unfit(BIG, f"{entry.place.file_size >> 20:,} MB")
            with archive.open(entry.place) as stream:
                return stream.read(MAX_FILE + 1)
        handle = os.open(entry.place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))  # type: ignore[arg-type]
        with os.fdopen(handle, "rb") as file:
            return file.read(MAX_FILE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, Unfit):
            raise
        raise Unfit(BROKEN, type(error).__name__) from None
    except OSError as error:
        raise Unfit("not readable", error.strerror or type(error).__name__) from None


def _is_systems(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part in _SYSTEM_NAMES for part in parts)


# -- a folder ----------------------------------------------------------------------------------------------


def _list_folder(path: Path, skips: Skips) -> tuple[list[Entry], set[tuple[str, ...]]]:
    entries: list[Entry] = []
    folders: set[tuple[str, ...]] = set()
    ahead: list[tuple[Path, tuple[str, ...]]] = [(path, ())]
    seen = 0
    while ahead:
        folder, above = ahead.pop()
        try:
            with os.scandir(folder) as found:
                for item in found:
                    seen += 1
                    if seen > MAX_FILES:
                        raise DatasetError(f"{path} holds more than the {MAX_FILES:,} files that are taken.")
                    parts = (*above, item.name)
                    if item.is_symlink():
                        skips.add("/".join(parts), LINK)
                    elif _is_systems(parts):
                        skips.add("/".join(parts), SYSTEM)
                    elif item.is_dir(follow_symlinks=False):
                        if len(parts) > MAX_DEPTH:
                            raise DatasetError(f"{path} holds folders more than {MAX_DEPTH} deep in each other.")
                        folders.add(parts)
                        ahead.append((Path(item.path), parts))
                    elif item.is_file(follow_symlinks=False):
                        entries.append(Entry(parts, Path(item.path)))
                    else:
                        skips.add("/".join(parts), "no plain file")
        except OSError as error:
            if not above:
                raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
            skips.add("/".join(above), "a folder that cannot be read")
    return entries, folders


# -- a .zip ------------------------------------------------------------------------------------------------


class _Guarded(io.BufferedReader):
    """A file of which never more than MAX_DIRECTORY bytes are asked for at once.

    zipfile reads an archive's whole list of files in one go, as long as the archive says it is.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise zipfile.LargeZipFile("its list of files")
        return super().read(size)


@contextmanager
def archive_at(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with _Guarded(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except zipfile.LargeZipFile:
        raise DatasetError(f"{path} holds more than the {MAX_FILES:,} files that are taken.") from None
    except zipfile.BadZipFile as error:
        raise DatasetError(f"{path} is no sound .zip ({error}): make or copy it again.") from None
    except (ValueError, NotImplementedError, EOFError, IndexError, UnicodeError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path} is no sound .zip ({type(error).__name__}): make or copy it again.") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error


def _list_archive(path: Path, skips: Skips) -> tuple[list[Entry], set[tuple[str, ...]]]:
    entries: list[Entry] = []
    folders: set[tuple[str, ...]] = set()
    names: set[tuple[str, ...]] = set()
    with archive_at(path) as archive:
        members = archive.infolist()
        if len(members) > MAX_FILES:
            raise DatasetError(f"{path} holds {len(members):,} files; up to {MAX_FILES:,} are taken.")
        unpacked, packed = sum(member.file_size for member in members), path.stat().st_size
        if unpacked > MAX_UNPACKED or unpacked > FREE + MAX_RATIO * packed:
            raise DatasetError(
                f"{path} would unpack to {unpacked / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB: no pictures do that, "
                "and it is left alone."
            )
        for member in members:
            parts = tuple(part for part in member.filename.split("/") if part not in ("", "."))
            if why := _refusal(member, parts):
                skips.add(member.filename, why)
            elif member.is_dir():
                folders.add(parts)
            elif parts in names:
                skips.add(member.filename, "a second file of the same name")
            else:
                names.add(parts)
                entries.append(Entry(parts, member))
    return entries, folders


def _refusal(member: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    """Why a member is left out; "" where it is not."""
    name = member.filename
    if not parts or ".." in parts or name.startswith("/") or "\\" in name or ":" in parts[0]:
        return ELSEWHERE
    if stat.S_ISLNK(member.external_attr >> 16):
        return LINK
    if len(parts) > MAX_DEPTH:
        return f"more than {MAX_DEPTH} folders deep"
    if _is_systems(parts):
        return SYSTEM
    if member.is_dir():
        return ""
    if name.lower().endswith(ARCHIVES):
        return NESTED
    if member.flag_bits & 0x1:
        return "locked with a password"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in a way that is not taken"
    return ""
