"""Maps that take long, and scores, are made in a process of their own; the page only looks how far it is.

One job a file, whoever asks, and one job at a time on this machine: the processes this server started are known
here, and one that was started by an earlier server, or by hand, is known by the locks it holds. The file itself is
the result, on disk with the run.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vae_core.latent.projection import MapSettings

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class JobState:
    """How far a map is. part: 0..1. text: what is being done, or what went wrong."""

    state: Literal["none", "waiting", "running", "failed"]
    part: float = 0.0
    text: str = ""
    stoppable: bool = False


_jobs: dict[Path, subprocess.Popen[bytes]] = {}
_lock = Lock()


def _progress_file(path: Path) -> Path:
    return path.with_name(f".{path.stem}.progress")


def start(run_folder: Path, settings: MapSettings) -> JobState:
    """Starts making a map, unless somebody does already, another one is being made, or the last try failed.

    Returns how far it is; `forget` what failed to have it tried again.

    Raises:
        OSError: the run's folder cannot be written, or no process can be started.
    """
    from vae_core.runs.maps import map_path

    words = ["project", str(run_folder.resolve())]
    for name in ("method", "samples", "neighbors", "min_dist", "epochs", "seed"):
        words += [f"--{name.replace('_', '-')}", str(getattr(settings, name))]
    return start_job(map_path(run_folder, settings), words)


def start_job(path: Path, words: list[str]) -> JobState:
    """Starts `python -m vae_core WORDS`, which is to write the file `path`; else as `start`."""
    with _lock:
        now = _look(path)
        if now.state != "none":
            return now
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(_progress_file(path), "wb") as said:
            job = _jobs[path] = subprocess.Popen(
                [sys.executable, "-m", "vae_core", *words],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # nobody may look at it any more: its end is awaited all the same, so that it never stays as a zombie
        Thread(target=job.wait, name=f"reaper of {path.name}", daemon=True).start()
        return _look(path)


def look(run_folder: Path, settings: MapSettings) -> JobState:
    """How far the map is.

    "none" where nobody makes it: it is there, was not asked for, or was stopped. "waiting" where nobody does
    and another map or other scores are being made, after which it can be started.
    """
    from vae_core.runs.maps import map_path

    return look_at_job(map_path(run_folder, settings))


def look_at_job(path: Path) -> JobState:
    """How far the job is that makes the file `path`; as `look`."""
    with _lock:
        return _look(path)


def _look(path: Path) -> JobState:
    from vae_core.runs.making import is_any_being_made, is_being_made

    job = _jobs.get(path)
    if job.poll() is None if job is not None else is_being_made(path):
        part, text = _last_word(_progress_file(path))
        return JobState("running", part, text, stoppable=job is not None)
    if job is not None and (job.returncode != 0 or not path.exists()):
        return JobState("failed", text=_what_went_wrong(job.returncode, path))
    _forget(path)
    if any(other.poll() is None for other in _jobs.values()) or is_any_being_made():
        return JobState("waiting", text="Another map or other scores are being made; this comes next.")
    return JobState("none")


def _what_went_wrong(code: int, path: Path) -> str:
    if code < 0:
        return (
            f"The system ended the process (signal {-code}); the machine's memory may not have sufficed. "
            "Fewer samples need less."
        )
    return _last_line(_progress_file(path)) or "The process ended without a word."


def stop(run_folder: Path, settings: MapSettings) -> None:
    """Ends a job that this server started; nothing of it remains."""
    from vae_core.runs.maps import map_path

    stop_job(map_path(run_folder, settings))


def stop_job(path: Path) -> None:
    """Ends the job that makes the file `path`, where this server started it."""
    with _lock:
        job = _jobs.pop(path, None)  # as of now nobody takes its end for a failure
    if job is None:
        return
    job.terminate()
    try:
        job.wait(5)  # without the lock: others go on looking at their jobs
    except subprocess.TimeoutExpired:
        job.kill()
        job.wait()
    with _lock:
        if path not in _jobs:
            _progress_file(path).unlink(missing_ok=True)


def forget(run_folder: Path, settings: MapSettings) -> None:
    """Forgets a job that failed, so that `start` tries again."""
    from vae_core.runs.maps import map_path

    forget_job(map_path(run_folder, settings))


def forget_job(path: Path) -> None:
    """Forgets the job that was to make the file `path`, where it failed."""
    with _lock:
        if _look(path).state == "failed":
            _forget(path)


def _forget(path: Path) -> None:
    if _jobs.pop(path, None) is not None:
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
