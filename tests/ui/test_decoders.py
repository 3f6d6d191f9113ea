"""The route that hands a run's decoder to the browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.pages.toy import write_toy_run
from ui.decoders import ROUTES, decoder_url


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=ROUTES))


def test_the_address_has_a_version_and_is_kept(no_runs: Path, client: TestClient) -> None:
    folder = write_toy_run(no_runs)
    address = decoder_url("toy")
    answer = client.get(address)
    assert answer.status_code == 200 and answer.content[:4] == b"LTD1"
    assert "immutable" in answer.headers["cache-control"]
    assert client.get(address.split("?")[0]).headers["cache-control"] == "no-store"

    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    write_toy_run(no_runs, latent_dim=5)
    assert decoder_url("toy") != address, "another decoder has another address"


def test_a_new_name_leaves_the_address_as_it_is(no_runs: Path) -> None:
    from vae_core.runs import rename_dimension

    folder = write_toy_run(no_runs)
    address = decoder_url("toy")
    rename_dimension(folder, 0, "tilt")
    assert decoder_url("toy") == address


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2fcheckpoints", "a b"])
def test_what_is_no_run_is_not_found(name: str, no_runs: Path, client: TestClient) -> None:
    assert client.get(f"/latentarium/decoders/{name}.bin").status_code == 404


def test_a_broken_run_is_one_sentence(no_runs: Path, client: TestClient) -> None:
    folder = write_toy_run(no_runs)
    (folder / "codes.npz").write_bytes(b"broken")
    answer = client.get("/latentarium/decoders/toy.bin")
    assert answer.status_code == 404 and "codes.npz" in answer.text
