"""Datasets by name: shapes, fixed splits, folders that are read only, absent or damaged, and the download."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from vae_core.data import CARDS, Dataset, DatasetError, data_folder, is_available, load_dataset
from vae_core.data.cards import IDX_FILES, PROJECT

# For ever: runs refer to samples by position, and a held-out sample must stay held out.
SPLIT_HASHES = {
    "digits": "13285df5b8afd7c6",
    "sprites": "bb72f330bddc3c13",
    "dsprites-subset": "569509dd8fc44fc1",
    "grammar": "ad91e25063973039",
    "names": "f10e22d00e6cd846",
    "lines": "96aec0342cb98481",
    "sprites-colour": "a910972b9abe0dea",
    "wine": "18e7b3633a23ed8e",
    "breast-cancer": "861fbe81d4801d93",
}


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def tiny_files() -> dict[str, bytes]:
    """Four idx files of 12 + 4 pictures, by stem; picture i is grey i, its label i mod 10."""
    grey = np.broadcast_to(np.arange(16, dtype=np.uint8)[:, None, None], (16, 28, 28)).copy()
    labels = (np.arange(16) % 10).astype(np.uint8)
    arrays = (grey[:12], labels[:12], grey[12:], labels[12:])
    return {stem: idx_bytes(array) for stem, array in zip(IDX_FILES, arrays, strict=True)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, with MNIST and Fashion-MNIST shrunk to 12 + 4 pictures."""
    root = tmp_path / "data"
    root.mkdir()
    monkeypatch.setenv("LATENTARIUM_DATA", str(root))
    for name in ("mnist", "fashion-mnist"):
        monkeypatch.setitem(CARDS, name, replace(CARDS[name], n=16, splits=(9, 3, 4)))
    return root


def put(folder: Path, *, zipped: bool = True) -> None:
    folder.mkdir(parents=True)
    for stem, content in tiny_files().items():
        (folder / (f"{stem}.gz" if zipped else stem)).write_bytes(gzip.compress(content) if zipped else content)


def snapshot(root: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(root)), path.stat().st_mtime_ns) for path in root.rglob("*"))


def check_splits(data: Dataset) -> None:
    """Disjoint, covering, int64, within range."""
    assert list(data.splits) == ["train", "validation", "test"]
    joined = torch.cat(list(data.splits.values()))
    assert joined.dtype == torch.int64
    assert torch.equal(joined.sort().values, torch.arange(len(data)))


def check_card(data: Dataset) -> None:
    card = CARDS[data.name]
    assert data.x.shape == (card.n, *card.sample_shape) and data.kind == card.kind
    assert data.x.dtype == {"image": torch.uint8, "text": torch.int64, "table": torch.float32}[data.kind]
    assert data.sample_shape == card.sample_shape and len(data) == card.n
    assert data.class_names == card.class_names and data.factor_sizes == card.factor_sizes
    assert data.y is not None and data.y.dtype == torch.int64 and data.y.shape == (card.n,)
    assert sorted(data.y.unique().tolist()) == list(range(len(card.class_names)))
    assert torch.equal(data.index, torch.arange(card.n))
    if data.factors is not None:
        assert data.factors.shape == (card.n, len(card.factor_names))
        assert tuple((data.factors.amax(0) + 1).tolist()) == card.factor_sizes


def split_hash(data: Dataset) -> str:
    digest = hashlib.sha256()
    for name, positions in data.splits.items():
        digest.update(name.encode() + positions.numpy().astype("<i8").tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize("name", [name for name in SPLIT_HASHES if name != "dsprites-subset"])
def test_what_needs_no_download(name: str, folder: Path) -> None:
    if name == "names":
        pytest.importorskip("faker")
    assert is_available(name)
    data = load_dataset(name)
    check_card(data)
    check_splits(data)
    assert split_hash(data) == SPLIT_HASHES[name]
    sizes = [len(data.splits[split]) / len(data) for split in data.splits]
    assert sizes == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
    assert snapshot(folder) == []


def test_digits_use_the_whole_range_of_grey() -> None:
    x = load_dataset("digits").x
    assert isinstance(x, Tensor)
    assert x.unique().tolist() == np.rint(np.arange(17) * 255 / 16).astype(int).tolist()


def test_a_part_keeps_names_and_splits() -> None:
    data = load_dataset("digits")
    assert isinstance(data.x, Tensor) and data.y is not None
    test = data.split("test")
    assert torch.equal(test.index, data.splits["test"]) and len(test.splits["train"]) == 0
    assert torch.equal(test.splits["test"], torch.arange(len(test)))
    mixed = data.take([1700, 3, 3])
    assert torch.equal(mixed.x, data.x[[1700, 3, 3]]) and mixed.index.tolist() == [1700, 3, 3]
    check_splits(mixed)
    twice = test.take(torch.tensor([4, 1]))
    assert torch.equal(twice.index, data.splits["test"][[4, 1]])
    assert twice.y is not None and torch.equal(twice.y, data.y[twice.index])
    assert len(data.take([])) == 0


def test_wrong_names_and_positions_are_refused() -> None:
    with pytest.raises(DatasetError, match=r"no dataset called 'minst'; there are digits, sprites"):
        load_dataset("minst")
    assert not is_available("minst")
    data = load_dataset("digits")
    with pytest.raises(DatasetError, match=r"no split called 'valid'; there are train, validation, test\."):
        data.split("valid")
    for positions in ([1797], [-1]):
        with pytest.raises(IndexError, match="go from 0 to 1796"):
            data.take(positions)
    for positions in (torch.ones(1797, dtype=torch.bool), [0.5]):
        with pytest.raises(TypeError, match="Positions are integers"):
            data.take(positions)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_files(name: str, data_root: Path) -> None:
    if not is_available(name):
        pytest.skip(f"needs {name} in {data_root}")
    data = load_dataset(name)
    check_card(data)
    check_splits(data)
    starts = [(int(part[0]), len(part)) for part in data.splits.values()]
    assert starts == [(0, 55_000), (55_000, 5_000), (60_000, 10_000)]
    assert data.y is not None
    first = {"mnist": [5, 0, 4, 1], "fashion-mnist": [9, 0, 0, 3]}[name]
    assert data.y[:4].tolist() == first


def test_the_real_dsprites(data_root: Path) -> None:
    if not is_available("dsprites-subset"):
        pytest.skip(f"needs dSprites' subset in {data_root}")
    data = load_dataset("dsprites-subset")
    check_card(data)
    check_splits(data)
    assert split_hash(data) == SPLIT_HASHES["dsprites-subset"]
    assert isinstance(data.x, Tensor) and data.x[:50].unique().tolist() == [0, 255]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("layout", ["plain", "torchvision"])
def test_both_layouts_are_read_where_they_lie(name: str, zipped: bool, layout: str, folder: Path) -> None:
    assert not is_available(name)
    own = {"mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw"}[name] if layout == "torchvision" else name
    put(folder / own, zipped=zipped)
    assert is_available(name)
    before = snapshot(folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    told: list[float] = []
    data = load_dataset(name, download=True, progress=lambda fraction, text: told.append(fraction))
    assert snapshot(folder) == before
    assert isinstance(data.x, Tensor) and data.x[:, 0, 3, 3].tolist() == list(range(16))
    assert data.y is not None and data.y.tolist() == [i % 10 for i in range(16)]
    assert {split: part.tolist() for split, part in data.splits.items()} == {
        "train": list(range(9)),
        "validation": [9, 10, 11],
        "test": [12, 13, 14, 15],
    }
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


def test_absent_data_says_where_it_was_looked_for(folder: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset("mnist")
    sentence = str(caught.value)
    assert str(folder / "mnist") in sentence and "vae_core download mnist" in sentence and "12 MB" in sentence
    with pytest.raises(DatasetError, match="cannot be downloaded"):
        load_dataset("dsprites-subset")
    put(folder / "mnist")
    load_dataset("mnist")
    (folder / "mnist" / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DatasetError, match=r"lacks train-labels-idx1-ubyte\.gz"):
        load_dataset("mnist")
    shutil.rmtree(folder)
    assert not is_available("mnist")
    with pytest.raises(DatasetError, match="MNIST is not in"):
        load_dataset("mnist")


LABELS = "train-labels-idx1-ubyte"


def test_a_label_beyond_the_classes_is_refused(folder: Path) -> None:
    put(folder / "mnist", zipped=False)
    (folder / "mnist" / LABELS).write_bytes(idx_bytes(np.full(12, 10, dtype=np.uint8)))
    with pytest.raises(DatasetError, match=rf"{LABELS} holds the label 10"):
        load_dataset("mnist")


def test_data_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("LATENTARIUM_DATA")
    assert data_folder() == PROJECT / "data"


def test_cards_cost_no_heavy_import() -> None:
    code = (
        "import sys; from vae_core.data import CARDS, is_available; [is_available(name) for name in CARDS]; "
        "print([m for m in ('torch', 'torchvision', 'sklearn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("damage", ["cut", "text", "shape", "type", "second"])
def test_a_damaged_dsprites_file_is_named(damage: str, folder: Path) -> None:
    path = folder / "dsprites" / "dsprites_grid46080.npz"
    path.parent.mkdir()
    small = np.zeros((3, 64, 64), np.uint8)
    if damage == "text":
        path.write_text("not an archive")
    elif damage == "shape":
        np.savez(path, imgs=small)
    elif damage == "type":
        np.savez(path, imgs=np.array([{"pickled": True}], dtype=object))
    elif damage == "second":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("imgs.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff")  # a header of four gigabytes
    else:
        np.savez_compressed(path, imgs=small)
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DatasetError) as caught:
        load_dataset("dsprites-subset")
    assert str(path) in str(caught.value)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the test's console."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder served over HTTP as the only mirror of torchvision's MNIST, holding the tiny files."""
    datasets = pytest.importorskip("torchvision.datasets")
    served = tmp_path / "served"
    put(served)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))  # seconds until it sees a shutdown
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    sums = [(f"{stem}.gz", hashlib.md5((served / f"{stem}.gz").read_bytes()).hexdigest()) for stem in IDX_FILES]
    monkeypatch.setattr(datasets.MNIST, "resources", sums)
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def test_download_on_request_with_progress(folder: Path, mirror: Path) -> None:
    told: list[tuple[float, str]] = []
    data = load_dataset("mnist", download=True, progress=lambda *news: told.append(news))
    assert len(data) == 16
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] == pytest.approx(1.0)
    assert told[0][1].startswith("Downloading MNIST")
    kept = sorted(path.name for path in (folder / "MNIST" / "raw").iterdir())
    assert kept == sorted(f"{stem}.gz" for stem in IDX_FILES)
    shutil.rmtree(mirror)
    assert len(load_dataset("mnist", download=True)) == 16  # found, nothing fetched


def test_a_download_goes_on_where_it_broke_off(folder: Path, mirror: Path) -> None:
    hidden = mirror / f"{IDX_FILES[3]}.gz"
    content = hidden.read_bytes()
    hidden.unlink()
    with pytest.raises(DatasetError, match=r"MNIST could not be downloaded \(t10k-labels.*answered 404"):
        load_dataset("mnist", download=True)
    assert len(list((folder / "MNIST" / "raw").iterdir())) == 3
    hidden.write_bytes(content)
    (mirror / f"{IDX_FILES[0]}.gz").unlink()
    assert len(load_dataset("mnist", download=True)) == 16


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_cut_short_is_fetched_anew(ending: str, folder: Path, mirror: Path) -> None:
    put(folder / "MNIST" / "raw", zipped=bool(ending))
    cut = folder / "MNIST" / "raw" / f"{IDX_FILES[0]}{ending}"
    cut.write_bytes(cut.read_bytes()[:40])
    assert is_available("mnist")
    with pytest.raises(DatasetError, match=cut.name):
        load_dataset("mnist")
    told: list[float] = []
    assert len(load_dataset("mnist", download=True, progress=lambda part, text: told.append(part))) == 16
    assert told == sorted(told)
    assert len(load_dataset("mnist")) == 16, "the sound copy is found from now on"


def test_a_wrong_file_from_a_mirror_is_not_kept(folder: Path, mirror: Path) -> None:
    (mirror / f"{IDX_FILES[0]}.gz").write_bytes(b"<html>please log in</html>")
    with pytest.raises(DatasetError, match="wrong checksum"):
        load_dataset("mnist", download=True)
    assert list((folder / "MNIST" / "raw").iterdir()) == []


def test_an_unreachable_mirror_and_an_unwritable_folder(
    folder: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import datasets

    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:1/"])
    with pytest.raises(DatasetError, match="cannot be reached"):
        load_dataset("mnist", download=True)
    blocked = folder / "a file"
    blocked.write_text("")
    monkeypatch.setenv("LATENTARIUM_DATA", os.fspath(blocked))
    with pytest.raises(DatasetError, match="cannot be made"):
        load_dataset("mnist", download=True)
