"""Where data of one's own comes from: an upload, or something in the data folder. Nothing else is read."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from filelock import FileLock, Timeout

from vae_core.data import DatasetError, data_folder
from vae_core.data.own.choices import PICTURES, shown

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_UPLOAD = "latentarium.library.upload"
_TIDIED = "latentarium.library.tidied"
_PREFIX = "latentarium-upload-"
_LOCK = ".lock"
BEING_MADE = 60.0  # seconds for which a folder without a lock may be one that somebody is just making
MAX_TOGETHER = 400 << 20  # bytes of several files
MAX_FILES = 2_000
MAX_NAME = 50  # letters; of four bytes each, a disk takes no more than sixty
LISTED = 300
LOOKED_INTO = 500  # folders
FILES = (".zip", ".npz", ".npy", ".txt", ".csv", ".parquet", ".idx", ".idx.gz", "-ubyte", "-ubyte.gz")


@dataclass(frozen=True)
class Source:
    """Something to be looked at.

    Attributes:
        path: the file or folder. labels: a file of labels that came along; "" where none did.
        title: what it is called. keep: what must stay alive for the path to exist.
        key: changes when it is another.
    """

    path: Path
    title: str
    key: str
    labels: str = ""
    keep: object = None


# -- an upload ---------------------------------------------------------------------------------------------


def uploaded(files: Sequence[UploadedFile]) -> Source:
    """Uploaded files in a folder of their own, which goes with the session. Raises DatasetError, one sentence."""
    key = "-".join(file.file_id for file in files)
    before = st.session_state.get(_UPLOAD)
    if before is not None and before.key == key:
        return before
    if len(files) > MAX_FILES or sum(file.size for file in files) > MAX_TOGETHER:
        raise DatasetError(
            f"These are {len(files):,} files of {sum(file.size for file in files) / 1e6:,.0f} MB; up to {MAX_FILES:,} "
            f"and {MAX_TOGETHER >> 20} MB are uploaded at once: put them into a .zip, or into the data folder."
        )
    try:
        folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        lock = FileLock(Path(folder.name) / _LOCK, thread_local=False)
        lock.acquire()  # for as long as somebody holds this source
        inside = Path(folder.name) / "files"
        inside.mkdir()
        paths = [_write(inside, file) for file in files]
    except OSError as error:
        raise DatasetError(f"The upload cannot be kept: {error.strerror or error}.") from error
    path, labels, title = _meant(inside, paths)
    source = st.session_state[_UPLOAD] = Source(path, title, key, labels, (folder, lock))
    return source


def tidy() -> None:
    """Throws away the uploads of an app that was killed, once a session: nobody holds their locks any more."""
    if st.session_state.get(_TIDIED):
        return
    st.session_state[_TIDIED] = True
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            facts = folder.lstat()
            ours = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
            if ours and stat.S_ISDIR(facts.st_mode) and time.time() - facts.st_mtime > BEING_MADE:
                with FileLock(folder / _LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
        except (OSError, Timeout):  # somebody is at it, or it went meanwhile
            continue


def _write(folder: Path, file: UploadedFile) -> Path:
    """A file under its own name, as far as that is a name and no way out of the folder."""
    last = os.path.basename(file.name.replace("\\", "/"))[-MAX_NAME:]  # its ending is what tells what it is
    name = shown(last).replace("/", "?").lstrip(".") or "file"
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{number}-{name}"
    path.write_bytes(file.getbuffer())
    return path


def _meant(folder: Path, paths: list[Path]) -> tuple[Path, str, str]:
    """What several files are together: pictures make a folder, an array and its labels a pair. Raises DatasetError."""
    if all(path.name.lower().endswith(PICTURES) for path in paths):
        return folder, "", f"{len(paths):,} pictures"
    if len(paths) == 1:
        return paths[0], "", paths[0].name
    labels = [
        path for path in paths if any(word in path.name.lower() for word in ("label", "target")) or path.stem == "y"
    ]
    if len(paths) == 2 and len(labels) == 1:
        main = next(path for path in paths if path not in labels)
        return main, str(labels[0]), main.name
    raise DatasetError(
        f"These {len(paths)} files don't go together: upload one file, several pictures, or an array and its labels."
    )


# -- the data folder ---------------------------------------------------------------------------------------


def listed() -> list[str]:
    """Files and folders of pictures in the data folder, two folders deep, as paths in it."""
    root, found = data_folder(), []
    ahead = [(root, 0)]
    for folder, depth in ahead:  # which grows meanwhile
        if len(found) >= LISTED:
            break
        try:
            items = sorted(os.scandir(folder), key=lambda item: item.name)[:2000]
        except OSError:
            continue
        for item in items:
            if item.name.startswith(".") or item.is_symlink() or (depth == 0 and item.name == "own"):
                continue
            if item.is_dir():
                if _has_pictures(Path(item.path)):
                    found.append(os.path.relpath(item.path, root))
                elif depth < 2 and len(ahead) < LOOKED_INTO:
                    ahead.append((Path(item.path), depth + 1))
            elif item.name.lower().endswith(FILES):
                found.append(os.path.relpath(item.path, root))
    return sorted(found)


def _has_pictures(folder: Path, depth: int = 0) -> bool:
    """Whether a picture is among the first files of a folder, or of the folders in it."""
    try:
        with os.scandir(folder) as items:
            for number, item in enumerate(items):
                if number > 50:
                    return False
                if item.name.lower().endswith(PICTURES) or (
                    depth < 1 and item.is_dir(follow_symlinks=False) and _has_pictures(Path(item.path), depth + 1)
                ):
                    return True
    except OSError:
        pass
    return False


def lying(text: str) -> Source:
    """What lies at this path in the data folder. Raises DatasetError where there is nothing, or it leads elsewhere."""
    root = data_folder().resolve()
    try:
        path = (root / Path(text.strip()).expanduser()).resolve()
        there = path.is_relative_to(root) and path != root and path.exists()
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        raise DatasetError(
            f"There is no file or folder {text!r} in the data folder, and the app reads no other: {root}."
        )
    return Source(path, path.name, f"lying-{path}")
