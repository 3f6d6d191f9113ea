"""Maps that take long are made in a process of their own; the page only looks how far it is.

One job a map, whoever asks: the processes this server started are known here, and one started by an earlier
server, or by hand, is known by the lock it holds. The map itself is the result, on disk with the run.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vae_core.latent.projection import MapSettings

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class JobState:
    """How far a map is. part: 0..1. text: what is being done, or what went wrong."""

    state: Literal["none", "running", "failed"]
    part: float = 0.0
    text: str = ""
    stoppable: bool = False


_jobs: dict[Path, subprocess.Popen[bytes]] = {}
_lock = Lock()


def _progress_file(path: Path) -> Path:
    return path.with_name(f".{path.stem}.progress")


def start(run_folder: Path, settings: MapSettings) -> None:
    """Starts making a map, unless somebody does already.

    Raises:
        OSError: the run's folder cannot be written, or no process can be started.
    """
    from vae_core.latent.projection import map_path

    path = map_path(run_folder, settings)
    with _lock:
        if _is_running(path):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "vae_core", "project", str(run_folder.resolve())]
        for name in ("method", "samples", "neighbors", "min_dist", "epochs", "seed"):
            words += [f"--{name.replace('_', '-')}", str(getattr(settings, name))]
        with open(_progress_file(path), "wb") as said:
            _jobs[path] = subprocess.Popen(
                words,
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _is_running(path: Path) -> bool:
    from vae_core.latent.projection import is_being_made

    job = _jobs.get(path)
    return job.poll() is None if job is not None else is_being_made(path)


def look(run_folder: Path, settings: MapSettings) -> JobState:
    """How far the map is; "none" where nobody makes it: it is there, was not asked for, or was stopped."""
    from vae_core.latent.projection import map_path

    path = map_path(run_folder, settings)
    with _lock:
        job = _jobs.get(path)
        if _is_running(path):
            part, text = _last_word(_progress_file(path))
            return JobState("running", part, text, stoppable=job is not None)
        if job is None:
            return JobState("none")
        if job.returncode > 0:
            return JobState("failed", text=_last_line(_progress_file(path)) or "The map could not be made.")
        _forget(path)
        return JobState("none")


def stop(run_folder: Path, settings: MapSettings) -> None:
    """Ends a job that this server started; nothing of it remains."""
    from vae_core.latent.projection import map_path

    path = map_path(run_folder, settings)
    with _lock:
        job = _jobs.get(path)
        if job is None:
            return
        job.terminate()
        try:
            job.wait(5)
        except subprocess.TimeoutExpired:
            job.kill()
            job.wait()
        _forget(path)


def _forget(path: Path) -> None:
    _jobs.pop(path, None)
    _progress_file(path).unlink(missing_ok=True)


def _last_line(file: Path) -> str:
    try:
        lines = file.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:400] if lines else ""


def _last_word(file: Path) -> tuple[float, str]:
    """Part done and what is being done, from the last line `45% Arranging the map`."""
    found = re.fullmatch(r"\s*(\d+)% (.*)", _last_line(file))
    return (int(found[1]) / 100, found[2]) if found else (0.0, "Starting")
