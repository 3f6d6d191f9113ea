"""A real PostgreSQL for tests: a cluster of its own in a folder of its own, heard on a socket there alone."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SETTINGS = "-c listen_addresses='' -c fsync=off -c shared_buffers=16MB -c max_connections=40"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database for LATENTARIUM_DATABASE; skips the test where no server can be started."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("needs psycopg: pip install 'psycopg[binary]'")
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has 107 bytes
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = str(folder / "data")
        run = {"check": True, "capture_output": True, "cwd": folder, "user": user, "timeout": 60}
        subprocess.run([initdb, "-D", data, "-U", "tester", "-A", "trust", "-N"], **run)  # type: ignore[call-overload]
        started = [pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", f"{SETTINGS} -k {folder}", "start"]
        # the server inherits what it prints to: a pipe would keep us waiting for its end
        subprocess.run(
            started, check=True, cwd=folder, user=user, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            subprocess.run([pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"], **run)  # type: ignore[call-overload]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    """Debian keeps them beside the path."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql")
    return found


def _user() -> str | None:
    """PostgreSQL refuses to run as root: whom to be instead, None where we are not root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    pytest.skip("PostgreSQL refuses to run as root, and there is no other user to be")
