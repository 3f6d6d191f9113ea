"""Runs on a Ray cluster: a real head, a sweep, a worker that is killed; and what is said where there is no cluster."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.ray_head import ray_head
from vae_core import launch, sweep
from vae_core.config import TrainConfig, runs_folder
from vae_core.data import load_dataset
from vae_core.launch import Standing, cluster, current_state, look, sentences, standing, start
from vae_core.launch.cluster_job import resources
from vae_core.runs import RunError, RunFolder
from vae_core.runs.database import open_store
from vae_core.training import train

PATIENCE = 400.0
"""Seconds; each process of Ray's loads Ray, each worker torch, and the machine may be shared."""


def config(runs: Path, name: str, **settings: object) -> TrainConfig:
    base = {"latent_dim": 2, "hidden": (16,), "steps": 600, "batch_size": 32, "evaluations": 12, "out": runs / name}
    return TrainConfig.model_validate({**base, **settings})


# -- a real cluster ----------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
def test_a_sweep_on_a_cluster_survives_the_death_of_a_worker(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", token := secrets.token_hex(32))
    with ray_head(cpus=2, token=token) as address:
        monkeypatch.setenv("LATENTARIUM_LAUNCHER", address)
        base = config(no_runs, "s")
        axes = [sweep.parse_axis("beta", "1,4"), sweep.parse_axis("latent_dim", "2,3")]
        planned = sweep.expand(base, axes, "s", load_dataset(base.data).info)
        names = [plan.name for plan in planned]
        assert len(names) == 4
        sweep.start(planned, "s")
        jobs = {open_store().get(name).job for name in names}
        assert len(jobs) == 1 and cluster.life_of(jobs.pop()) == "alive", "a sweep is one job"
        stopped = names[-1] + "-not"
        start(config(no_runs, stopped))
        launch.stop(stopped)

        killed = wait_for_one(names, lambda now: now.state == "running" and now.step >= 100)
        before = open_store().get(killed)
        os.kill(before.pid, signal.SIGKILL)
        wait_for_one([killed], lambda now: now.message == sentences.LOST or open_store().get(killed).pid != before.pid)
        for name in names:
            wait_for_one([name], lambda now: not now.live)
            assert (standing(name).state, standing(name).step) == ("finished", 600), standing(name)
            assert standing(name).has_weights
        assert open_store().get(killed).job == before.job
        wait_for_one([stopped], lambda now: not now.live)
        assert standing(stopped).message == "Stopped before it began."
        assert not (no_runs / ".places").exists(), "the cluster's places are Ray's"

    monkeypatch.delenv("LATENTARIUM_LAUNCHER")
    undisturbed = standing(killed).config.model_copy(update={"out": no_runs / "whole"})
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in train(undisturbed):
        pass
    torch.set_num_threads(threads)
    one, other = (load_file(no_runs / name / "model.safetensors") for name in (killed, "whole"))
    assert all(torch.equal(one[key], other[key]) for key in one), "it went on where it was"


def wait_for_one(names: list[str], wanted: Callable[[Standing], bool]) -> str:
    deadline = time.monotonic() + PATIENCE
    while True:
        found = next((name for name in names if wanted(standing(name))), None)
        if found is not None:
            return found
        assert time.monotonic() < deadline, [standing(name) for name in names]
        time.sleep(0.02)  # another process's row gives no event to await


# -- what a visitor is told --------------------------------------------------------------------------------


def test_a_cluster_has_an_address() -> None:
    for written in ("ray://head", "ray://head:8265", "http://head", "http://head:8265/"):
        assert cluster.address_of(written) == "http://head:8265"
    assert cluster.address_of("https://head:443") == "https://head:443"
    assert cluster.address_of("ray://[fd00::1]:9000") == "http://[fd00::1]:9000"
    for wrong in ("ray://", "ray://head/jobs", "ray://head:port", "gopher://head", "file:///etc/passwd"):
        with pytest.raises(RunError, match="names no Ray cluster: a right one is ray://head:8265"):
            cluster.address_of(wrong)


def test_a_cluster_that_cannot_be_reached_is_one_sentence(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install -r requirements-cluster.txt")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        monkeypatch.setenv("LATENTARIUM_LAUNCHER", f"ray://127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(RunError, match=r"The Ray cluster at http://127.0.0.1:\d+ cannot be reached"):
            start(config(no_runs, "a"))
    assert standing("a").state == "failed" and not launch.is_taken("a")


def test_a_file_is_no_database_for_a_cluster_elsewhere(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="set LATENTARIUM_DATABASE to a PostgreSQL's"):
        cluster.check_database("http://head:8265")
    cluster.check_database("http://127.0.0.1:8265")
    monkeypatch.setenv("LATENTARIUM_DATABASE", "postgresql+psycopg://me@head/latentarium")
    cluster.check_database("http://head:8265")


def test_a_run_of_several_processes_is_refused(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_LAUNCHER", "ray://127.0.0.1:9")
    with pytest.raises(RunError, match="A run on a Ray cluster has one process"):
        start(config(no_runs, "a", devices=2))


def test_runs_lie_in_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LATENTARIUM_RUNS", (tmp_path / "a folder").as_uri())
    assert runs_folder() == tmp_path / "a folder"
    for address in ("s3://bucket/runs", "file://elsewhere/runs"):
        monkeypatch.setenv("LATENTARIUM_RUNS", address)
        with pytest.raises(ValueError, match="is no folder: runs are kept in folders"):
            runs_folder()


def test_a_gpu_is_asked_for_where_it_can_be_used() -> None:
    assert resources({"device": "auto"}, gpus=0) == (1, 0)
    assert resources({"device": "auto"}, gpus=2) == (1, 1)
    assert resources({"device": "cpu"}, gpus=2) == (1, 0)
    assert resources({"device": "cuda"}, gpus=0) == (1, 1), "it waits for one"


# -- whether a run on a cluster lives ----------------------------------------------------------------------


@pytest.fixture
def head() -> Iterator[tuple[str, dict[str, str]]]:
    """A job API that knows the states it is told: (its address, state of each job)."""
    jobs: dict[str, str] = {}

    class Jobs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state = jobs.get(self.path.rpartition("/")[2])
            self.send_response(404 if state is None else 200)
            self.end_headers()
            self.wfile.write(b"" if state is None else f'{{"status": "{state}"}}'.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Jobs)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", jobs
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_silent_run_lives_as_long_as_its_job(
    no_runs: Path, head: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, jobs = head
    monkeypatch.setattr(cluster, "REMEMBERED", 1e-6)
    store = open_store()
    store.enter(no_runs / "a", config(no_runs, "a"), seen=None)
    store.note("a", job=f"{address}#one", host="far away", pid=1, state="running")
    assert current_state(store.get("a")) == "running", "a fresh heartbeat needs nobody's word"
    monkeypatch.setattr(look, "FAR", 0.0)
    for said, state in (("RUNNING", "running"), ("PENDING", "running"), ("FAILED", "interrupted"),
                        ("STOPPED", "interrupted"), ("SUCCEEDED", "interrupted")):  # fmt: skip
        jobs["one"] = said
        assert current_state(store.get("a")) == state, said
    del jobs["one"]
    assert current_state(store.get("a")) == "interrupted", "a head that was started anew knows it no more"
    store.note("a", job="http://127.0.0.1:9#one")
    assert current_state(store.get("a")) == "running", "nobody answers: not known yet"
    monkeypatch.setattr(look, "GONE", 0.0)
    assert current_state(store.get("a")) == "interrupted", "nor will it be"
    store.note("a", state="finished")
    assert current_state(store.get("a")) == "finished"


def test_a_run_that_goes_on_after_a_cluster_is_this_machines_again(no_runs: Path) -> None:
    store = open_store()
    store.enter(no_runs / "a", config(no_runs, "a"), seen=None)
    store.note("a", job="http://127.0.0.1:9#one", state="stopped")
    assert store.enter(no_runs / "a", config(no_runs, "a"), seen=store.get("a")).job == ""
    assert not RunFolder(no_runs / "a").weights.exists()
