"""The applications as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vae_core.__main__ import main

PROJECT = Path(__file__).resolve().parents[2]
QUICK = {
    "anomaly": ("breast-cancer", "--samples", "20", "--steps", "5"),
    "impute": ("breast-cancer", "--samples", "10", "--draws", "4", "--codes", "40", "--columns", "mean radius", "3"),
    "augment": ("digits-m2", "--per-class", "10", "--repeats", "2"),
    "probe": ("digits-2d", "--training", "200", "--samples", "100"),
    "arithmetic": ("digits-10d", "--source", "3", "--target", "8"),
    "semi": ("digits-m2", "--counts", "2", "5"),
}


def said(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["vae_core", "apply", *words])
    return main()


@pytest.mark.parametrize("application", QUICK)
def test_each_prints_a_table_or_json_with_a_baseline(
    application: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (application, *QUICK[application])
    assert said(monkeypatch, *words, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["application"] == application and report["run"] == words[1]
    assert {merit["baseline"] for merit in report["merits"]} == {True, False}
    assert report["verdict"] and report["measure"]
    assert said(monkeypatch, *words) == 0
    printed = capsys.readouterr().out
    assert report["verdict"] in printed
    assert all(f"{merit['title']}" in printed for merit in report["merits"])


def test_what_was_made_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made.npz"
    assert said(monkeypatch, "augment", *QUICK["augment"], "--out", str(out)) == 0
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["x"].shape == (100, 1, 8, 8) and arrays["y"].max() == 9


def test_what_is_wrong_is_said_in_a_sentence_by_a_command_of_its_own() -> None:
    words = (sys.executable, "-m", "vae_core", "apply", "impute", "digits-vq")
    done = subprocess.run(words, cwd=PROJECT, text=True, capture_output=True)
    assert done.returncode == 1 and "no posterior to draw from" in done.stderr and "Traceback" not in done.stderr
