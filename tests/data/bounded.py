"""Looks at files in a process that can have little memory, so that what takes more fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = """
import resource, sys, time
from pathlib import Path
import PIL.JpegImagePlugin, PIL.PngImagePlugin, PIL.BmpImagePlugin, pandas, pyarrow.parquet
from vae_core.data import DatasetError
from vae_core.data.own.reading import inspect

for line in sys.stdin.read().splitlines():
    megabytes, path = line.split(" ", 1)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + int(megabytes) * 2**20, resource.RLIM_INFINITY))
    began = time.monotonic()
    try:
        seen = inspect(Path(path))
        said = f"{seen.n} {seen.skipped.reasons}"
    except DatasetError as error:
        said = f"refused: {error}"
    print(round(time.monotonic() - began, 1), said, flush=True)
"""


def looked_at(asked: Mapping[Path, tuple[int, str]]) -> list[tuple[str, str]]:
    """(what is said of it, seconds) of each path, in a process that gets so many megabytes beyond what it has.

    What runs out of memory ends the process, and the test.
    """
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs Linux, to bound a process's memory")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input="".join(f"{megabytes} {path}\n" for path, (megabytes, _) in asked.items()),
        cwd=PROJECT, capture_output=True, text=True, timeout=100, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return [(said, seconds) for seconds, said in lines]
