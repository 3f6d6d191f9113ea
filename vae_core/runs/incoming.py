"""Where what somebody brings waits until it is taken: a folder beside the runs, moved among them in one step."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from vae_core.config import NAME, check_name, checkpoints_folder, runs_folder
from vae_core.runs.errors import RunError

INCOMING = ".incoming"
WAITS = 24 * 3600.0
"""Seconds after which what nobody took goes."""
MOST = 20
"""Folders that wait at once; the oldest make room."""


def new_folder() -> Path:
    """An empty folder for what comes in, on the disk of the runs. Raises RunError where none can be made."""
    root = runs_folder().resolve() / INCOMING
    try:
        root.mkdir(parents=True, exist_ok=True)
        _tidy(root)
        folder = root / secrets.token_hex(8)
        folder.mkdir()
    except OSError as error:
        raise RunError(f"Nothing can be brought in: {root} cannot be written ({error.strerror}).") from None
    return folder


@contextlib.contextmanager
def filling(failed: str) -> Iterator[Path]:
    """A new folder to be filled; it goes again where that ends in an error. Raises RunError as `new_folder` does, and
    where the disk refuses: `failed` begins that sentence ("x.zip cannot be taken in").
    """
    folder = new_folder()
    try:
        yield folder
    except OSError as error:
        discard(folder)
        raise RunError(f"{failed} ({error.strerror or error}).") from None
    except BaseException:
        discard(folder)
        raise


def _tidy(root: Path) -> None:
    waiting = []
    for folder in root.iterdir():
        try:
            waiting.append((folder.stat().st_mtime, folder))
        except FileNotFoundError:  # taken while we looked
            continue
    waiting.sort()
    for rank, (changed, folder) in enumerate(waiting):
        if time.time() - changed > WAITS or rank < len(waiting) - MOST + 1:
            discard(folder)


def discard(folder: Path) -> None:
    """What came in goes again."""
    shutil.rmtree(folder, ignore_errors=True)


def is_free(name: str) -> bool:
    """Whether no run, shipped or one's own, has this name, waits to be trained under it, or may come back to it."""
    from vae_core.launch import LIVE_STATES
    from vae_core.runs.database import open_store
    from vae_core.runs.trash import trash

    if any((root / name).exists() for root in (checkpoints_folder(), runs_folder())):
        return False
    row = open_store().get(name)
    waits = row is not None and row.trashed is None and row.state in LIVE_STATES
    return not waits and all(gone.name != name for gone in trash())


def free_name(wanted: str) -> str:
    """A name like `wanted` that a run may have and none has: "my run" becomes my-run, or my-run-2 where it is taken."""
    letters = "".join(one if one.isascii() and (one.isalnum() or one in "._-") else "-" for one in wanted)
    base = letters.lstrip("._-")[:70].rstrip("._-") or "model"
    assert NAME.fullmatch(base)
    name, number = base, 1
    while not is_free(name):
        number += 1
        name = f"{base}-{number}"
    return name


def check_free(name: str) -> None:
    """Raises RunError where a run cannot have this name, with one that it could have."""
    try:
        check_name(name)
    except ValueError as error:
        raise RunError(f"{error}; {free_name(name)} would do.") from None
    if not is_free(name):
        raise RunError(f"There is a run called {name} already: {free_name(name)} is free.")


def settle(folder: Path, name: str) -> Path:
    """Move a folder that is complete among the runs, in one step. Raises RunError where that cannot be."""
    check_free(name)
    target = runs_folder().resolve() / name
    try:
        os.rename(folder, target)
    except OSError as error:
        if target.exists():  # somebody else was quicker
            raise RunError(f"There is a run called {name} already: {free_name(name)} is free.") from None
        raise RunError(f"The run cannot be kept in {target.parent} ({error.strerror}).") from None
    os.utime(target)
    return target
