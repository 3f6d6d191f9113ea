"""A real Ray cluster of one machine for tests: a head that lets nobody in without its token."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

START_SECONDS = 120.0
"""A head starts in 10 to 40 seconds, as busy as the machine is."""


@contextlib.contextmanager
def ray_head(cpus: int, token: str) -> Iterator[str]:
    """What LATENTARIUM_LAUNCHER is to be, where RAY_AUTH_MODE is token and RAY_AUTH_TOKEN the `token`.

    Skips the test where Ray is not installed. All of it is ended afterwards.
    """
    if importlib.util.find_spec("ray") is None or os.name == "nt":
        pytest.skip("needs Ray: pip install -r requirements-cluster.txt")
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # short: a socket's path has 107 bytes
    gcs, dashboard, agent, client, metrics = _free_ports(5)
    python = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",  # jobs are started by the name of python
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        "OMP_NUM_THREADS": "1",
    }
    for name in [name for name in environment if name.startswith("LATENTARIUM_")]:
        del environment[name]  # the cluster's machines know what they are told with each job
    command = [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--num-cpus={cpus}",
        "--node-ip-address=127.0.0.1", f"--port={gcs}", f"--temp-dir={folder}", "--object-store-memory=80000000",
        "--include-dashboard=true", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}",
        f"--dashboard-agent-listen-port={agent}", f"--ray-client-server-port={client}",
        f"--metrics-export-port={metrics}", "--include-log-monitor=false", "--disable-usage-stats",
    ]  # fmt: skip
    with (folder / "head.log").open("wb") as log:
        head = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True, cwd=folder)
    try:
        _await_answer(f"http://127.0.0.1:{dashboard}/api/version", head, folder / "head.log")
        yield f"ray://127.0.0.1:{dashboard}"
    finally:
        head.terminate()  # it ends its own first
        with contextlib.suppress(subprocess.TimeoutExpired):
            head.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)
        head.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _await_answer(url: str, head: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it wants a token, so it is there
        except OSError:
            assert head.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)  # a server's start gives no event to await
