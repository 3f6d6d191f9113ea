"""What every test shares: where the data is, and run folders that a test may write to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared" / "data"

# Set before anything of the project is imported, and for the servers that tests start.
if "LATENTARIUM_DATA" not in os.environ and SHARED.is_dir():
    os.environ["LATENTARIUM_DATA"] = str(SHARED)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with real data (MNIST, dSprites, ...); the test skips where there is none."""
    root = Path(os.environ.get("LATENTARIUM_DATA", ""))
    if not os.environ.get("LATENTARIUM_DATA") or not root.is_dir():
        pytest.skip("needs real data: set LATENTARIUM_DATA to a folder that holds it")
    return root


@pytest.fixture
def no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty run roots: returns the folder of own runs; nothing is shipped either."""
    own, shipped = tmp_path / "runs", tmp_path / "checkpoints"
    own.mkdir()
    shipped.mkdir()
    monkeypatch.setenv("LATENTARIUM_RUNS", str(own))
    monkeypatch.setenv("LATENTARIUM_CHECKPOINTS", str(shipped))
    return own
