"""The tools around the project: finding a browser, and what the Makefile does without installing anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
FINDER = PROJECT / "scripts" / "find_chromium.py"


def find(tmp_path: Path, chromium: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CHROMIUM": chromium, "PATH": str(tmp_path)}
    command = (sys.executable, FINDER)
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_named_browser_is_taken(tmp_path: Path) -> None:
    wish = program(tmp_path / "my-browser")
    program(tmp_path / "chromium")
    assert find(tmp_path, str(wish)).stdout.strip() == str(wish)


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_system_browser_is_found(tmp_path: Path, name: str) -> None:
    there = program(tmp_path / name)
    assert find(tmp_path, "").stdout.strip() == str(there)


def test_a_wish_that_cannot_be_met_is_said(tmp_path: Path) -> None:
    program(tmp_path / "chromium")
    answer = find(tmp_path, str(tmp_path / "absent"))
    assert answer.returncode != 0
    assert "CHROMIUM is" in answer.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose requirements are empty, so that `make` can be run for real."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "requirements-dev.txt").write_text("")
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Of the make that may be running us nothing is handed on.
    environment = {
        name: value for name, value in os.environ.items() if "MAKE" not in name and name != "MFLAGS"
    }
    return subprocess.run(
        ("make", *arguments), cwd=checkout, capture_output=True, text=True, env=environment, timeout=100
    )


def test_a_second_start_installs_nothing(checkout: Path) -> None:
    first = make(checkout, ".venv/.app-installed", f"PYTHON={sys.executable}")
    assert first.returncode == 0, first.stderr
    assert "pip install" in first.stdout
    second = make(checkout, ".venv/.app-installed", f"PYTHON={sys.executable}")
    assert "pip" not in second.stdout


def test_an_old_python_is_refused_in_words(checkout: Path) -> None:
    old = program(checkout / "old-python")
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1\nexit 1\n')
    answer = make(checkout, "app", f"PYTHON={old}")
    assert answer.returncode != 0
    assert "needs Python 3.11 or newer" in answer.stdout
    assert "Python 3.9.1" in answer.stdout
    assert not (checkout / ".venv").exists()


def test_make_app_starts_streamlit_as_configured() -> None:
    recipe = (PROJECT / "Makefile").read_text()
    assert re.search(r"streamlit run app\.py", recipe)
    assert tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())["server"]["port"] == 8501


def test_requirements_are_plain_lower_bounds() -> None:
    """Ordinary index wheels: no pins that age, no index of their own."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (PROJECT / name).read_text().splitlines():
            assert re.fullmatch(r"[A-Za-z0-9_-]+(\[[a-z]+\])?>=[0-9.]+", line), f"{name}: {line}"
