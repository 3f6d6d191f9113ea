"""The static binarisation of MNIST: small files in its real format, and the real ones where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from torch import Tensor

from vae_core.data import CARDS, DatasetError, is_available, load_dataset
from vae_core.data.cards import STATIC_FILES

SPLITS = (5, 3, 2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a static MNIST of 5 + 3 + 2 pictures; picture i has i white pixels in its first row."""
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path))
    monkeypatch.setitem(CARDS, "static-mnist", replace(CARDS["static-mnist"], n=10, splits=SPLITS))
    pixels = (np.arange(784) < np.arange(10)[:, None]).astype(np.uint8)
    (tmp_path / "static-mnist").mkdir()
    for name, part in zip(STATIC_FILES, np.split(pixels, np.cumsum(SPLITS)[:-1]), strict=True):
        savemat(tmp_path / "static-mnist" / name, {"X": part}, do_compression=True)
    return tmp_path / "static-mnist"


def test_pictures_and_splits_are_the_files(folder: Path) -> None:
    data = load_dataset("static-mnist")
    assert isinstance(data.x, Tensor) and data.sample_shape == (1, 28, 28) and data.y is None
    assert (data.x[:, 0, 0] == 255).sum(1).tolist() == list(range(10)) and not data.x[:, 0, 1:].any()
    assert [len(part) for part in data.splits.values()] == list(SPLITS)


def test_grey_pixels_are_refused(folder: Path) -> None:
    savemat(folder / STATIC_FILES[1], {"X": np.full((3, 784), 2, np.uint8)})
    with pytest.raises(DatasetError, match=rf"{STATIC_FILES[1]} holds pixels other than 0 and 1"):
        load_dataset("static-mnist")


def test_a_file_too_few_is_named(folder: Path) -> None:
    (folder / STATIC_FILES[2]).unlink()
    with pytest.raises(DatasetError, match=r"lacks binarized_mnist_test\.mat"):
        load_dataset("static-mnist")


def test_the_real_files(data_root: Path) -> None:
    if not is_available("static-mnist"):
        pytest.skip(f"needs the static binarisation of MNIST in {data_root}")
    data = load_dataset("static-mnist")
    assert isinstance(data.x, Tensor) and len(data) == 70_000 and data.x[::500].unique().tolist() == [0, 255]
    grey = load_dataset("mnist") if is_available("mnist") else None
    if grey is not None:  # each is a drawing of a digit of the same split of MNIST: white is not where that is black
        assert isinstance(grey.x, Tensor)
        white = (data.x[data.splits["test"][:20]] == 255).flatten(1).float()
        shades = grey.x[grey.splits["test"]].flatten(1)
        impossible = white @ (shades == 0).float().T + (1 - white) @ (shades == 255).float().T
        assert not impossible.min(1).values.any()
