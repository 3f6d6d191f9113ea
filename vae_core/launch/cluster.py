"""Runs on a Ray cluster, as the studio's side sees it: handing a run in as a job, and asking whether it still lives.

`LATENTARIUM_LAUNCHER=ray://HEAD` names the cluster by the address of its job API (its dashboard's, usually port
8265). Ray does the queueing; what the run does on the cluster is in cluster_job.py. The package vae_core itself goes
along with each job, so the cluster trains with the studio's own code; folders and the database must be shared.
"""

from __future__ import annotations

import json
import os
import shlex
import time
import urllib.error
import urllib.request
import uuid
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy import make_url

from vae_core.config import PROJECT, checkpoints_folder
from vae_core.data.cards import data_folder
from vae_core.runs.database import database_url, open_store
from vae_core.runs.errors import RunError
from vae_core.runs.folder import RunFolder

PORT = 8265
"""Of Ray's dashboard, whose job API takes runs."""
PATIENCE = 5.0
"""Seconds for the head to answer a visitor who starts a run."""
GLANCE = 2.0
"""Seconds for the head to answer a page that only looks."""
REMEMBERED = 5.0
"""Seconds for which an answer about a job is good."""
LIVE_JOBS = ("PENDING", "RUNNING")
HERE = ("localhost", "127.0.0.1", "::1")

Life = Literal["alive", "over", "unknown"]


def address_of(launcher: str) -> str:
    """The job API that LATENTARIUM_LAUNCHER names: ray://head, ray://head:8265 and http://head:8265 are the same.

    Raises RunError.
    """
    wrong = RunError(
        f"LATENTARIUM_LAUNCHER={launcher} names no Ray cluster: a right one is ray://head:{PORT}, the address of the "
        "head's dashboard."
    )
    try:
        parts = urlsplit(launcher)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("ray", "http", "https") or not host or parts.path.strip("/") or parts.query:
        raise wrong
    scheme = "http" if parts.scheme == "ray" else parts.scheme
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{port or PORT}"


def submit(launcher: str, folder: RunFolder, *, resume: bool) -> str:
    """Hand the run in `folder` to the cluster; returns its job: the job API's address and the job's id there.

    The runs of a sweep share a job. One that is resumed gets a job of its own, with the studio's code of now.

    Raises RunError, with one sentence, where the cluster cannot be reached or does not take it.
    """
    address = address_of(launcher)
    check_database(address)
    row = open_store().get(folder.path.name)
    if row is not None and row.config.get("devices", 1) * row.config.get("nodes", 1) > 1:
        raise RunError(
            "A run on a Ray cluster has one process: take one device on one machine, or train on several with "
            "torchrun (docs/cluster.md)."
        )
    try:
        from ray.job_submission import JobSubmissionClient
    except ImportError:
        raise RunError("Runs on a Ray cluster need Ray here too: pip install -r requirements-cluster.txt.") from None
    _check_reachable(address)
    sweep = "" if row is None or resume else row.sweep
    shared = _job_of_sweep(address, sweep) if sweep else None
    if shared is not None:
        return shared
    name = f"{sweep or folder.path.name}-{uuid.uuid4().hex[:8]}"
    job = f"{address}#{name}"
    try:
        JobSubmissionClient(address).submit_job(
            entrypoint=f"python -m vae_core.launch.cluster_job {shlex.quote(job)}",
            submission_id=name,
            runtime_env={
                "py_modules": [str(PROJECT / "vae_core")],
                "excludes": ["__pycache__"],
                "env_vars": _environment(folder),
            },
        )
    except (RuntimeError, ValueError, OSError) as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise RunError(f"The Ray cluster at {address} did not take the run: {said[:300]}") from error
    return job


def _job_of_sweep(address: str, sweep: str) -> str | None:
    """The job that has the other runs of this sweep, where it lives."""
    jobs = dict.fromkeys(row.job for row in open_store().all() if row.sweep == sweep and row.job.startswith(address))
    return next((job for job in jobs if life_of(job) == "alive"), None)


def check_database(address: str) -> None:
    """Raises RunError where the cluster's machines could not reach the database of runs."""
    if make_url(database_url()).get_backend_name() == "sqlite" and urlsplit(address).hostname not in HERE:
        raise RunError(
            "Runs on a cluster need a database that all its machines reach, and SQLite's is a file of this one: "
            "set LATENTARIUM_DATABASE to a PostgreSQL's, such as postgresql+psycopg://me:secret@head/latentarium."
        )


def _environment(folder: RunFolder) -> dict[str, str]:
    """What a worker on another machine is told. Folders are the same paths on all machines."""
    return {
        "LATENTARIUM_RUNS": str(folder.path.parent),
        "LATENTARIUM_CHECKPOINTS": str(checkpoints_folder().resolve()),
        "LATENTARIUM_DATABASE": database_url(),
        "LATENTARIUM_DATA": str(data_folder().resolve()),
        "PYDANTIC_ERRORS_INCLUDE_URL": "0",
    }


def _check_reachable(address: str) -> None:
    try:
        _get(f"{address}/api/version", PATIENCE)
    except urllib.error.HTTPError:
        return  # somebody is there; Ray's client says better what is wrong
    except OSError as error:
        why = getattr(error, "reason", None) or error
        said = getattr(why, "strerror", None) or str(why) or type(why).__name__
        raise RunError(
            f"The Ray cluster at {address} cannot be reached ({said}): see that its head runs (ray start --head), and "
            "that LATENTARIUM_LAUNCHER names its dashboard's address."
        ) from error


def life_of(job: str) -> Life:
    """Whether a job (as `submit` returned it) still waits or runs; 'unknown' where the head does not answer."""
    return _life(job, int(time.monotonic() / REMEMBERED))


@lru_cache(maxsize=256)
def _life(job: str, _moment: int) -> Life:
    address, _, name = job.rpartition("#")
    try:
        status = json.loads(_get(f"{address}/api/jobs/{name}", GLANCE)).get("status")
    except urllib.error.HTTPError as error:
        return "over" if error.code == 404 else "unknown"  # a head that was started anew knows no job of before
    except (OSError, ValueError, AttributeError):
        return "unknown"
    return "alive" if status in LIVE_JOBS else "over"


def _get(url: str, seconds: float) -> bytes:
    """What the job API answers, within bounds. Ray's own client would wait for as long as the network does."""
    token = os.environ.get("RAY_AUTH_TOKEN", "").strip()
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        return bytes(answer.read(1 << 20))
