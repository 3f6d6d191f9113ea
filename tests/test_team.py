"""Processes that train together reach what one process reaches, started by us or by torchrun."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vae_core.config import TrainConfig
from vae_core.runs import load_run
from vae_core.team import Team, is_follower, team_of
from vae_core.training import train

CPU = torch.device("cpu")
SHORT = {"latent_dim": 3, "hidden": (32,), "steps": 60, "batch_size": 64, "evaluations": 2, "device": "cpu"}


def words(config: TrainConfig, **more: object) -> list[str]:
    """The command line of a config."""
    given = {**config.model_dump(exclude_unset=True), **more}
    values = {key: value if isinstance(value, tuple) else (value,) for key, value in given.items()}
    return [part for key, value in values.items() for part in (f"--{key.replace('_', '-')}", *map(str, value))]


def run(command: list[str], timeout: float = 110) -> subprocess.CompletedProcess[str]:
    """A command in a group of its own, all of which ends with it."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_every_row_of_a_batch_is_trained_on_by_exactly_one() -> None:
    rows = torch.arange(12)
    shares = [Team(rank, 3).share(rows) for rank in range(3)]
    assert all(len(share) == 4 for share in shares)
    assert torch.cat(shares).sort().values.equal(rows)


def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    # without noise the mean gradient of two halves is that of the batch
    config = TrainConfig(**SHORT, bottleneck="point")
    done = run(["-m", "vae_core", "train", *words(config, devices=2, out=tmp_path / "two")])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The run is in") == 1, "one leads and tells; the other is silent"
    for _ in train(config.model_copy(update={"out": tmp_path / "one"})):
        pass
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=1e-4)
    assert load_run(tmp_path / "two").config.state == "finished"


def test_torchrun_starts_them_too_and_a_vae_reaches_the_same_loss(tmp_path: Path) -> None:
    config = TrainConfig(**SHORT)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = run([*torchrun, "-m", "vae_core", "train", *words(config, out=tmp_path / "two")])
    assert done.returncode == 0, done.stderr
    for _ in train(config.model_copy(update={"out": tmp_path / "one"})):
        pass
    one, two = (load_run(tmp_path / name).config.best for name in ("one", "two"))
    assert one is not None and two is not None
    assert two.objective == pytest.approx(one.objective, rel=0.01)


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_is_started() -> None:
    with pytest.raises(ValueError, match="batch of 63 cannot be shared evenly by 2"):
        team_of(TrainConfig(batch_size=63, devices=2), CPU)


@pytest.mark.parametrize(("name", "follows"), [("LOCAL_RANK", True), ("NODE_RANK", True), ("NOTHING", False)])
def test_who_follows(monkeypatch: pytest.MonkeyPatch, name: str, follows: bool) -> None:
    monkeypatch.setenv(name, "1")
    assert is_follower() is follows
