"""Originals and what stands in for them: absent and damaged data, one offer to download, samples by their place."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.data.test_load import put
from tests.pages.toy import write_toy_run
from ui import cache
from vae_core.data import CARDS
from vae_core.export import decode_pictures
from vae_core.runs import load_run


@pytest.fixture
def data(tmp_path: Path, no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of MNIST shrunk to 16 pictures, and its data folder, with nothing in it."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LATENTARIUM_DATA", str(folder))
    monkeypatch.setitem(CARDS, "mnist", replace(CARDS["mnist"], n=16, splits=(9, 3, 4)))
    write_toy_run(no_runs, data="mnist", sample_shape=(1, 28, 28), size=16, codes=5)
    cache.data._get_dataset.clear()
    yield folder
    cache.data._get_dataset.clear()


def offer(name: str) -> AppTest:
    def script(name: str) -> None:
        from ui import downloads

        downloads.offer_originals(name)

    shown = AppTest.from_function(script, args=(name,), default_timeout=30).run()
    assert not shown.exception
    return shown


def test_a_file_cut_short_gives_decoded_pictures_and_says_why(data: Path, no_runs: Path) -> None:
    put(data / "MNIST" / "raw")
    cut = data / "MNIST" / "raw" / "t10k-images-idx3-ubyte.gz"
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-20])
    pictures = cache.get_pictures("toy", (0, 3))
    assert "t10k-images" in pictures.decoded
    run = load_run(no_runs / "toy")
    np.testing.assert_array_equal(
        pictures.pixels, decode_pictures(run.model, run.config.data, run.codes.mean[:2])[:, 0]
    )
    shown = offer("mnist")
    assert "t10k-images" in shown.markdown[0].value and shown.button[0].label.startswith("Download MNIST")
    cut.write_bytes(whole)  # mended: the originals come back
    os.utime(cut, ns=(1, 1))
    pictures = cache.get_pictures("toy", (0, 3))
    assert not pictures.decoded and (pictures.pixels[1] == 3).all()
    assert not offer("mnist").markdown


def test_absent_data_is_offered_once_and_the_download_is_shared(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(cache, "start_download", begun.append)
    shown = offer("mnist")
    assert "MNIST is not on this machine" in shown.markdown[0].value
    shown.button[0].click().run()
    assert begun == ["mnist"]
    monkeypatch.setattr(cache, "get_download", lambda name: cache.Download(0.4, "Downloading MNIST"))
    assert not offer("mnist").button


@pytest.mark.parametrize("name", ["dsprites-subset", "a-set-of-ones-own"])
def test_what_has_no_download_is_not_offered(name: str, data: Path) -> None:
    shown = offer(name)
    assert "not on this machine" in shown.markdown[0].value and not shown.button


def test_codes_find_their_samples(no_runs: Path) -> None:
    codes = load_run(write_toy_run(no_runs)).codes
    assert codes.rows([0, 3, 4, 177, -1, 10**6]).tolist() == [0, 1, -1, 59, -1, -1]
    assert codes.rows([]).tolist() == []
