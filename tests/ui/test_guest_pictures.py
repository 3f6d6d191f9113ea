"""The routes of guests: their pictures, how the data's are made, and a file that becomes a few pixels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.pages.toy import PICTURES, write_toy, write_toy_run
from ui import guest_pictures
from ui.guest_pictures import ROUTES, pad_urls, picture_url
from vae_core.guests import FIRST, Store


@pytest.fixture
def client(no_runs: Path) -> TestClient:
    write_toy_run(no_runs)
    return TestClient(Starlette(routes=ROUTES))


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_guests_picture_is_its_pixels_and_is_kept_for_ever(client: TestClient) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, PICTURES.sample_shape, dtype=np.uint8)
    guest = Store.here().add(PICTURES, pixels)
    answer = client.get(picture_url("toy", guest.number))
    assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
    assert (np.asarray(Image.open(io.BytesIO(answer.content))) == pixels[0]).all()


@pytest.mark.parametrize("number", [FIRST + 1, 3, 10**9])
def test_what_is_no_guest_has_no_picture(number: int, client: TestClient) -> None:
    assert client.get(picture_url("toy", number)).status_code == 404


def test_the_habit_is_that_of_the_runs_samples(client: TestClient) -> None:
    said = client.get(pad_urls("toy")["habit"]).json()
    assert said["reach"] == 8 and said["light"] is False and 1 <= said["brush"] < 3


def test_a_file_comes_back_as_pixels_of_the_runs_shape(client: TestClient) -> None:
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, 20:] = 255
    where = pad_urls("toy")["picture"]
    whole = np.frombuffer(client.post(where, content=png(wide)).content, np.uint8).reshape(8, 8)
    middle = np.frombuffer(client.post(f"{where}?fit=middle", content=png(wide)).content, np.uint8).reshape(8, 8)
    assert (whole[:2] == 0).all() and whole[4, 7] > 200  # bars above and below
    assert (middle[:, 6:] > 200).all() and (middle[:, :2] < 50).all()


def test_bad_files_get_one_sentence(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    where = pad_urls("toy")["picture"]
    answer = client.post(where, content=b"no picture at all")
    assert answer.status_code == 422 and "no picture" in answer.text and "\n" not in answer.text
    monkeypatch.setattr(guest_pictures, "MOST_BYTES", 1 << 20)
    answer = client.post(where, content=bytes((1 << 20) + 1))
    assert answer.status_code == 413 and "larger than the 1 MB" in answer.text


def test_only_runs_of_pictures_have_a_pad(client: TestClient, no_runs: Path) -> None:
    write_toy(no_runs, "table")
    for name in ("table", "nobody"):
        assert client.get(pad_urls(name)["habit"]).status_code == 404
        assert client.post(pad_urls(name)["picture"], content=b"x").status_code == 404
