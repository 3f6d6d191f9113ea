"""The birth of a worker: a process of this machine, or whatever else LATENTARIUM_LAUNCHER names."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from vae_core.config import PROJECT, checkpoints_folder
from vae_core.launch import cluster
from vae_core.runs.database import database_url
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder

LOG_LIMIT = 1 << 20
"""Bytes of worker.log; what goes beyond is dropped with all before it."""


@dataclass(frozen=True)
class Spawned:
    """A worker that was started: by its process id here, or by its job elsewhere."""

    pid: int | None = None
    job: str = ""


def spawn(folder: RunFolder, words: list[str]) -> Spawned:
    """Start `python -m vae_core worker WORDS` for the run in `folder`, where LATENTARIUM_LAUNCHER says.

    It outlives this process. Raises OSError or RunError where it cannot be started.
    """
    launcher = os.environ.get("LATENTARIUM_LAUNCHER", "").strip()
    if launcher in ("", "local"):
        return _here(folder, words)
    if "://" in launcher:
        return Spawned(job=cluster.submit(launcher, folder, resume="--resume" in words))
    raise RunError(
        f"LATENTARIUM_LAUNCHER={launcher} names no launcher: leave it out to train on this machine, or name a Ray "
        "cluster (ray://head:8265)."
    )


def _here(folder: RunFolder, words: list[str]) -> Spawned:
    """A process in a session of its own. Its end is awaited by a thread, so that it never stays as a zombie."""
    environment = {
        **os.environ,
        "LATENTARIUM_RUNS": str(folder.path.parent),
        "LATENTARIUM_CHECKPOINTS": str(checkpoints_folder().resolve()),
        "LATENTARIUM_DATABASE": database_url(),
        "OMP_NUM_THREADS": str(worker_threads()),
    }
    if os.environ.get("LATENTARIUM_DATA", "").strip():  # the worker runs in another folder than this process
        environment["LATENTARIUM_DATA"] = str(Path(os.environ["LATENTARIUM_DATA"]).expanduser().resolve())
    log = folder.path / "worker.log"
    bound(log)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "vae_core", "worker", *words],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows' nearest thing
        )
    threading.Thread(target=process.wait, name=f"reaper of {folder.path.name}", daemon=True).start()
    return Spawned(pid=process.pid)


def bound(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        os.truncate(log, 0)


def worker_threads() -> int:
    """Cores for torch: the app keeps one. Two threads beside a busy process run at half the speed of one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return max(1, cores - 1)
