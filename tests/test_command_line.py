"""The command line, as a user types it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vae_core.__main__ import READING, main
from vae_core.config import PROJECT, TrainConfig, Turn
from vae_core.runs.finish import command


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "vae_core", *words], cwd=PROJECT, text=True, capture_output=True)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What is said on standard error of words that cannot be, in this process."""

    def call(*words: str, status: tuple[int, ...] = (1,)) -> str:
        monkeypatch.chdir(PROJECT)
        monkeypatch.setattr(sys, "argv", ["vae_core", *words])
        try:
            found = main()
        except SystemExit as end:
            found = end.code
        assert found in status
        return capsys.readouterr().err

    return call


def test_train_then_evaluate(tmp_path: Path) -> None:
    out = tmp_path / "my-run"
    done = _call("train", "--data", "digits", "--latent-dim", "3", "--beta", "4", "--epochs", "2", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "ELBO" in done.stdout
    report = json.loads(_call("evaluate", str(out), "--json", "--importance", "10").stdout)
    assert report["latent_dim"] == 3 and report["split"] == "test"
    assert report["elbo"] == pytest.approx(-report["distortion"] - report["rate"])
    assert report["importance_bound"] > report["elbo"]
    again = _call("train", "--out", str(out))
    assert again.returncode == 1 and "There is a run in my-run already" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "--data", "nonsense"), "nonsense"),
        (("train", "--beta", "-1"), "greater than or equal to 0"),
        (("evaluate", "no-such-run"), "no run called no-such-run"),
        (("resume", "no-such-run"), "missing"),
        (("train", "--net", "conv", "--data", "digits", "--device", "mps"), "mps"),
        (("train", "--sigma", "0.1"), "with the bernoulli one: choose the likelihood gaussian"),
        (("train", "--turns", "3000:beta"), "STEP:SETTING:VALUE, e.g. 3000:beta:0.5"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    refused: Callable[..., str], words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused(*words, status=(1, 2))  # 2: refused by the command line's own reader


@pytest.mark.parametrize(
    "switched",
    [
        {},
        {"binarise": True},
        {"bottleneck": "vq", "restarts": False},
        {"condition": "quadrants", "seen": "0010"},
        {"turns": (Turn(step=10, setting="gamma", value=30.5), Turn(step=20, setting="gamma", value=1e-3))},
    ],
)
def test_the_cards_command_makes_the_same_settings(switched: dict[str, Any]) -> None:
    import tyro

    config = TrainConfig(
        data="sprites",
        latent_dim=7,
        hidden=(64, 32),
        beta=4,
        steps=100,
        learning_rate=5e-4,
        title="A title",
        about='It\'s "quoted".',
        objective="capacity",
        **switched,
    )
    words = shlex.split(command(config, "name"))
    assert words[:4] == ["python", "-m", "vae_core", "train"] and words[-2:] == ["--out", "runs/name"]
    assert tyro.cli(TrainConfig, args=words[4:-2], registry=READING) == config


def test_a_sweep_trains_each_pair_and_tells_of_each_end(no_runs: Path) -> None:
    words = ("sweep", "--steps", "5", "--evaluations", "1", "--vary", "beta=1,4", "--name", "two")
    done = _call(*words)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2 runs are queued") and len(lines) == 3
    assert {line.split()[3] for line in lines[1:]} == {"two-beta1", "two-beta4"}
    assert all("finished" in line and "ELBO" in line for line in lines[1:])
    assert {path.parent.name for path in no_runs.glob("*/codes.npz")} == {"two-beta1", "two-beta4"}
    again = _call(*words)
    assert again.returncode == 1 and "There is a run or a sweep called two-beta1 already" in again.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--vary", "beta=1,4", "--out", "here"), "leave --out away"),
        (("--vary", "beta"), "β has no values yet"),
        (("--vary", "gamma=1,2"), "changes nothing"),
        (("--vary", "seed=" + ",".join(map(str, range(65)))), "65 runs"),
    ],
)
def test_a_sweep_that_cannot_be_starts_nothing(
    no_runs: Path, refused: Callable[..., str], words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("sweep", *words)
    assert not list(no_runs.glob("*/config.json"))
