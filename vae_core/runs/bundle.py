"""A run folder as a .zip to take away, and such a .zip (or a folder) taken in: every file checked before it counts."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

from vae_core.runs import archive
from vae_core.runs.archive import check_no_pickle, opened, unpack
from vae_core.runs.check import check_run
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder
from vae_core.runs.incoming import check_free, discard, filling, free_name, settle

MB = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of all files in a .zip: the same run is the same bytes."""
KNOWN: dict[str, int] = {
    "config.json": MB,
    "model.safetensors": 512 * MB,
    "encoder.onnx": 200 * MB,
    "decoder.onnx": 200 * MB,
    "state.safetensors": 2048 * MB,
    "history.csv": 16 * MB,
    "codes.npz": 512 * MB,
    "maps/*.npz": 64 * MB,
    "film.npz": 64 * MB,
    "names.json": MB,
    "label.json": MB,
    "scores.json": MB,
    "preview.png": 8 * MB,
    "card.md": MB,
}
"""Files of a run, and bytes that each may have."""
MOST_MAPS = 100
PACKED = (".npz", ".png", ".safetensors", ".onnx")
"""Hardly shrink any more, and are kept as they are."""


def limit_of(path: str) -> int | None:
    """Bytes that the file of this name in a run folder may have; None for a file that is none of a run's."""
    return next((limit for pattern, limit in KNOWN.items() if _fits(path, pattern)), None)


def _fits(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) and path.count("/") == pattern.count("/")


# -- out ---------------------------------------------------------------------------------------------------


def write_bundle(folder: Path, to: IO[bytes], *, state: bool = False, film: bool = True, maps: bool = True) -> None:
    """Write a run as a .zip: the same run gives the same bytes.

    Args:
        state: also what resuming needs, which is three times the weights.
        film, maps: also the film of its training, and its maps, where there are some.

    Raises RunError where the run cannot be read.
    """
    RunFolder(folder).read_config()
    left_out = {"state.safetensors"} if not state else set()
    left_out |= {"film.npz"} if not film else set()
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if (name := path.relative_to(folder).as_posix()) not in left_out
        and limit_of(name) is not None
        and (maps or not name.startswith("maps/"))
        and stat.S_ISREG(path.lstat().st_mode)
    ]
    with zipfile.ZipFile(to, "w") as written:
        for path in found:
            info = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", EPOCH)
            info.external_attr = 0o644 << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
            try:
                with path.open("rb") as stream, written.open(info, "w") as out:
                    while chunk := stream.read(archive.CHUNK):
                        out.write(chunk)
            except OSError as error:
                raise RunError(f"{folder.name}/{path.name} cannot be read ({error.strerror}).") from None


# -- in ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """A run that came in: its folder, and the files that were left out, each with why."""

    folder: Path
    left_out: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.folder.name


Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Waiting:
    """A run that came in, every file checked, and that is not among the runs yet.

    Attributes:
        folder: where it waits; its `parent` goes with it.
        own_name: what it was called where it came from.
        left_out: files that were left out, each with why.
    """

    folder: Path
    own_name: str
    left_out: tuple[str, ...]

    def take(self, name: str = "") -> Taken:
        """Put it among the runs, under a free name like its own where none is given. Raises RunError."""
        target = settle(self.folder, name or free_name(self.own_name))
        discard(self.folder.parent)
        return Taken(target, self.left_out)


def stage_run(source: Path | IO[bytes], filename: str = "", progress: Progress | None = None) -> Waiting:
    """Unpack and check a run folder or its .zip, without taking it yet.

    Args:
        source: a folder, a .zip, or the .zip's bytes.
        filename: what the .zip is called, where only its bytes are here.
        progress: told how far it is, in 0..1, and what is being done.

    Raises:
        RunError: one sentence, where it is no run or could do harm. Nothing waits then.
    """
    shown = filename or (source.name if isinstance(source, Path) else "the .zip")
    check_no_pickle(shown)
    tell = progress or (lambda fraction, text: None)
    with filling(f"{shown} cannot be taken in") as waiting:
        folder = waiting / "run"
        folder.mkdir()
        tell(0.1, "Unpacking")
        if isinstance(source, Path) and source.is_dir():
            own_name, left_out = source.resolve().name, _copy_folder(source, folder)
        else:
            own_name, left_out = _unpack_run(source, shown, folder)
        tell(0.5, "Checking each file")
        return Waiting(folder, own_name, (*left_out, *check_run(folder)))


def import_run(source: Path | IO[bytes], filename: str = "", name: str = "", progress: Progress | None = None) -> Taken:
    """Take in a run folder or its .zip, called `name`, or by a free name like its own. Raises RunError as above."""
    if name:
        check_free(name)
    waiting = stage_run(source, filename, progress)
    try:
        return waiting.take(name)
    finally:
        discard(waiting.folder.parent)


def _unpack_run(source: Path | IO[bytes], shown: str, folder: Path) -> tuple[str, list[str]]:
    """The run's files in a .zip to an empty folder: what the run is called, and what was left out."""
    with opened(source, shown) as (held, entries):
        root = run_root([entry.path for entry in entries], shown)
        inside, left_out = [], []
        for entry in entries:
            under = entry.path.is_relative_to(root)
            inner = entry.path.relative_to(root).as_posix() if under else ""
            limit = limit_of(inner) if under else None
            if limit is None:
                left_out.append(entry.path.as_posix())
                continue
            if entry.size > limit:
                raise RunError(f"{inner} would have {entry.size:,} bytes; up to {limit:,} are taken.")
            inside.append((entry, inner, limit))
        _check_maps(inner for _, inner, _ in inside)
        for entry, inner, limit in inside:
            unpack(held, entry, folder / inner, limit)
        name = root.name or PurePosixPath(shown).stem
        return name, [f"{path[:100]}: no file of a run" for path in left_out if not _litter(path)]


def run_root(paths: Sequence[PurePosixPath], shown: str) -> PurePosixPath:
    """The folder inside an archive that is the run. Raises RunError where there is none, or more than one."""
    roots = [path.parent for path in paths if path.name == "config.json" and len(path.parts) <= 3]
    roots = [root for root in roots if not _litter(root.as_posix())]
    if not roots:
        pickle = next((path for path in paths if path.suffix.lower() in archive.PICKLES), None)
        if pickle is not None:
            check_no_pickle(pickle.name)
        raise RunError(
            f"{shown} holds no run: its config.json is missing. A run is a folder with config.json, model.safetensors "
            "and codes.npz; a model from elsewhere is encoder.onnx and decoder.onnx."
        )
    if len(roots) > 1:
        raise RunError(f"{shown} holds {len(roots)} runs: bring them one by one.")
    return roots[0]


def _litter(path: str) -> bool:
    """What archivers of some systems put in unasked."""
    return path.startswith("__MACOSX") or path.endswith((".DS_Store", "Thumbs.db"))


def _copy_folder(source: Path, folder: Path) -> list[str]:
    """The run's files in a folder to an empty folder; what was left out."""
    if not (source / "config.json").is_file():
        raise RunError(f"{source.name} holds no run: its config.json is missing.")
    names, left_out = [], []
    maps = () if (source / "maps").is_symlink() else (source / "maps").glob("*")
    for at, path in enumerate(sorted([*source.iterdir(), *maps])):
        if at > archive.MOST_ENTRIES:
            raise RunError(f"{source.name} holds more than {archive.MOST_ENTRIES:,} files: that is no run.")
        inner = path.relative_to(source).as_posix()
        if path.name.startswith(".") or inner == "maps":  # locks
            continue
        if limit_of(inner) is None or not stat.S_ISREG(path.lstat().st_mode):
            left_out.append(f"{inner[:100]}: {'a link' if path.is_symlink() else 'no file of a run'}")
            continue
        names.append(inner)
    _check_maps(names)
    for inner in names:
        handle = os.open(source / inner, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(handle, "rb") as stream:
            archive.copy(stream, folder / inner, limit_of(inner) or 0, inner)
    return left_out


def _check_maps(names: Iterable[str]) -> None:
    maps = [name for name in names if name.startswith("maps/")]
    if len(maps) > MOST_MAPS:
        raise RunError(f"A run with {len(maps):,} maps is not taken: up to {MOST_MAPS} are.")
