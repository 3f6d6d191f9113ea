"""EMNIST, CIFAR-10, SVHN and CelebA out of small files in their real formats; downloads of archives."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import loadmat, savemat
from torch import Tensor

from tests.data.test_load import check_splits, idx_bytes
from vae_core.data import CARDS, Dataset, DatasetError, is_available, load_dataset
from vae_core.data import download as fetching
from vae_core.data.cards import CELEBA_FILES, CIFAR_FILES, EMNIST_FILES, SVHN_FILES
from vae_core.data.download import Remote
from vae_core.data.mat import read_mat

RNG = np.random.default_rng(0)
N, SPLITS = 24, (15, 5, 4)  # four samples for each of CIFAR's six files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, with all these datasets shrunk to 15 + 5 + 4 samples."""
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path / "data"))
    for name in ("kmnist", "emnist", "cifar-10", "svhn", "celeba"):
        monkeypatch.setitem(CARDS, name, replace(CARDS[name], n=N, splits=SPLITS))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def refused(name: str) -> str:
    with pytest.raises(DatasetError) as caught:
        load_dataset(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def in_order(data: Dataset, labels: np.ndarray, pictures: np.ndarray) -> None:
    check_splits(data)
    assert [len(part) for part in data.splits.values()] == list(SPLITS)
    assert data.y is not None and data.y.dtype == torch.int64 and data.y.tolist() == labels.tolist()
    assert isinstance(data.x, Tensor) and data.x.dtype == torch.uint8
    assert data.sample_shape == CARDS[data.name].sample_shape
    np.testing.assert_array_equal(data.x.numpy(), pictures)


def emnist() -> tuple[dict[str, bytes], np.ndarray, np.ndarray]:
    grey = RNG.integers(0, 256, (N, 28, 28), dtype=np.uint8)
    labels = (np.arange(N, dtype=np.uint8) * 2) % 47
    arrays = (grey[:20], labels[:20], grey[20:], labels[20:])
    files = {f"{stem}.gz": gzip.compress(idx_bytes(array)) for stem, array in zip(EMNIST_FILES, arrays, strict=True)}
    return files, labels, grey.transpose(0, 2, 1)[:, None]


def cifar() -> tuple[dict[str, bytes], np.ndarray, np.ndarray]:
    pictures = RNG.integers(0, 256, (N, 3, 32, 32), dtype=np.uint8)
    labels = (np.arange(N) % 10).astype(np.uint8)
    rows = np.concatenate([labels[:, None], pictures.reshape(N, -1)], axis=1)
    return {stem: rows[4 * k : 4 * k + 4].tobytes() for k, stem in enumerate(CIFAR_FILES)}, labels, pictures


def mat(pictures: np.ndarray, labels: np.ndarray, *, compressed: bool = True) -> bytes:
    stream = io.BytesIO()
    content = {"X": pictures.transpose(2, 3, 1, 0), "y": np.where(labels == 0, 10, labels)[:, None]}
    savemat(stream, content, do_compression=compressed)
    return stream.getvalue()


def svhn() -> tuple[dict[str, bytes], np.ndarray, np.ndarray]:
    pictures = RNG.integers(0, 256, (N, 3, 32, 32), dtype=np.uint8)
    labels = (np.arange(N) % 10).astype(np.uint8)
    contents = (mat(pictures[:20], labels[:20]), mat(pictures[20:], labels[20:]))
    return dict(zip(SVHN_FILES, contents, strict=True)), labels, pictures


SETS = {"emnist": emnist, "cifar-10": cifar, "svhn": svhn}
FOLDERS = {
    "emnist": ("EMNIST/raw", "emnist"),
    "cifar-10": ("cifar-10-batches-bin", "cifar-10"),
    "svhn": ("svhn", "SVHN"),
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("place", [0, 1])
def test_sound_files(name: str, place: int, folder: Path) -> None:
    assert not is_available(name)
    said = refused(name)
    assert f"vae_core download {name}" in said and str(folder / FOLDERS[name][1]) in said
    files, labels, pictures = SETS[name]()
    put(folder / FOLDERS[name][place], files)
    assert is_available(name)
    told: list[float] = []
    data = load_dataset(name, progress=lambda fraction, text: told.append(fraction))
    in_order(data, labels, pictures)
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)
    missing = next(iter(files))
    (folder / FOLDERS[name][place] / missing).unlink()
    assert f"lacks {missing}" in refused(name)


def test_kmnist_has_a_layout_of_its_own(folder: Path) -> None:
    files, labels, pictures = emnist()
    stems = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    ten = idx_bytes((labels[:20] % 10).astype(np.uint8)), idx_bytes((labels[20:] % 10).astype(np.uint8))
    contents = [gzip.decompress(content) for content in files.values()]
    contents[1], contents[3] = ten
    put(folder / "KMNIST" / "raw", {f"{stem}-ubyte": content for stem, content in zip(stems, contents, strict=True)})
    in_order(load_dataset("kmnist"), labels % 10, pictures.transpose(0, 1, 3, 2))  # upright as it is


def test_class_names_of_emnist_are_torchvisions() -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    assert CARDS["emnist"].class_names == tuple(datasets.EMNIST.classes_split_dict["balanced"])
    assert CARDS["kmnist"].class_names == tuple(datasets.KMNIST.classes)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda whole: whole[:-1], "holds 12,291 bytes, where 12,292 are right"),
        (lambda whole: whole + b"!", "holds 12,293 bytes"),
        (lambda whole: b"\x0a" + whole[1:], "label 10"),
        (lambda whole: pickle.dumps(["never read"]), "bytes, where"),
    ],
)
def test_a_damaged_file_of_cifar(damage: Callable[[bytes], bytes], sentence: str, folder: Path) -> None:
    files, _, _ = cifar()
    files["data_batch_3.bin"] = damage(files["data_batch_3.bin"])
    put(folder / "cifar-10", files)
    said = refused("cifar-10")
    assert sentence in said and "data_batch_3.bin" in said


PICTURES = np.zeros((20, 3, 32, 32), np.uint8)
LABELS = np.ones(20, np.uint8)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "train_32x32.mat"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(512), "train_32x32.mat"),
        (mat(PICTURES, LABELS)[:200], "train_32x32.mat"),
        (mat(PICTURES[:19], LABELS[:19]), "X of (32, 32, 3, 19), where (32, 32, 3, 20) is right"),
        (mat(PICTURES.astype(float), LABELS), "no pictures but float64"),
        (mat(PICTURES.astype(np.int32), LABELS), "no pictures but int32"),
        (mat(PICTURES, LABELS + 10), "labels other than 1 to 10"),
        (mat(PICTURES, LABELS * 1.5), "labels other than 1 to 10"),
    ],
)
def test_a_damaged_file_of_svhn(content: bytes, sentence: str, folder: Path) -> None:
    files, _, _ = svhn()
    put(folder / "svhn", {**files, "train_32x32.mat": content})
    said = refused("svhn")
    assert sentence in said and "train_32x32.mat" in said


@pytest.mark.parametrize("compressed", [True, False])
def test_any_changed_byte_of_svhn_is_read_or_refused(compressed: bool, folder: Path) -> None:
    files, _, _ = svhn()
    put(folder / "svhn", files)
    whole = mat(PICTURES, LABELS, compressed=compressed)
    path = folder / "svhn" / "train_32x32.mat"
    rng = np.random.default_rng(1)
    for at in (*range(116, 220), *rng.integers(220, len(whole), 100).tolist()):
        hurt = bytearray(whole)
        hurt[at % len(whole)] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(hurt))
        try:
            load_dataset("svhn")
        except DatasetError as error:
            assert "train_32x32.mat" in str(error)


def test_arrays_are_read_as_scipy_reads_them(data_root: Path) -> None:
    path = data_root / "static-mnist" / "binarized_mnist_valid.mat"
    if not path.is_file():
        pytest.skip("needs a file that MATLAB wrote")
    expected = loadmat(path)["X"]
    np.testing.assert_array_equal(read_mat(path, {"X": expected.shape})["X"], expected)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "f4", "f8"])
def test_arrays_of_all_types_come_back(dtype: str, compressed: bool, tmp_path: Path) -> None:
    array = RNG.integers(0, 100, (3, 4, 5)).astype(dtype)
    content = {"other": "text", "cell": np.array([1, "a"], dtype=object), "a": array, "bcdefg": array[0]}
    savemat(tmp_path / "a.mat", content, do_compression=compressed)
    found = read_mat(tmp_path / "a.mat", {"a": (3, 4, 5), "bcdefg": (4, 5)})
    np.testing.assert_array_equal(found["a"], array)
    np.testing.assert_array_equal(found["bcdefg"], array[0])
    with pytest.raises(DatasetError, match="holds no plain numbers in other"):
        read_mat(tmp_path / "a.mat", {"other": (1, 4)})
    with pytest.raises(DatasetError, match="holds no array absent"):
        read_mat(tmp_path / "a.mat", {"a": (3, 4, 5), "absent": (1, 1)})


def jpeg(width: int = 178, height: int = 218, colour: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "JPEG", quality=95)
    return stream.getvalue()


SMILES = [number % 3 == 0 for number in range(N)]


def celeba(folder: Path, *, zipped: bool = True) -> None:
    """Pictures in grey 10 k; every third smiles; the splits follow each other, as in the original."""
    names = [f"{number + 1:06d}.jpg" for number in range(N)]
    part = [0] * SPLITS[0] + [1] * SPLITS[1] + [2] * SPLITS[2]
    attributes = [f"{name} -1  {'1' if smile else '-1'}  1" for name, smile in zip(names, SMILES, strict=True)]
    put(
        folder,
        {
            "list_attr_celeba.txt": "\n".join([str(N), "Bald Smiling Young ", *attributes, ""]).encode(),
            "list_eval_partition.txt": "\n".join(f"{name} {k}" for name, k in zip(names, part, strict=True)).encode(),
        },
    )
    pictures = {name: jpeg(colour=(10 * number, 10 * number, 10 * number)) for number, name in enumerate(names)}
    if zipped:
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
            for name, content in pictures.items():
                archive.writestr(f"img_align_celeba/{name}", content)
    else:
        put(folder / "img_align_celeba", pictures)


@pytest.mark.parametrize("zipped", [True, False])
def test_celeba_is_prepared_once_and_mapped(zipped: bool, folder: Path) -> None:
    said = refused("celeba")
    assert "img_align_celeba.zip" in said and "Google Drive" in said and "vae_core download celeba" in said
    celeba(folder / "celeba", zipped=zipped)
    assert not is_available("celeba"), "not before it is prepared"
    told: list[float] = []
    data = load_dataset("celeba", download=True, progress=lambda fraction, text: told.append(fraction))
    assert told == sorted(told) and told[-1] == 1.0 and is_available("celeba")
    check_splits(data)
    assert [len(part) for part in data.splits.values()] == list(SPLITS)
    assert data.y is not None and data.y.tolist() == SMILES and data.class_names[1] == "smiling"
    assert isinstance(data.x, Tensor) and data.x.shape == (N, 3, 64, 64)
    assert (data.x.float() - 10 * torch.arange(N).view(-1, 1, 1, 1)).abs().max() <= 2
    assert {path.name for path in (folder / "celeba").iterdir() if path.suffix != ".txt"} - set(CELEBA_FILES) == {
        "img_align_celeba.zip" if zipped else "img_align_celeba"
    }
    stamp = (folder / "celeba" / CELEBA_FILES[0]).stat().st_mtime_ns
    load_dataset("celeba", download=True)
    assert (folder / "celeba" / CELEBA_FILES[0]).stat().st_mtime_ns == stamp


@pytest.mark.parametrize("damage", ["picture", "size", "missing", "attributes", "partition", "archive"])
def test_celeba_of_another_kind_is_refused(damage: str, folder: Path) -> None:
    place = folder / "celeba"
    celeba(place, zipped=damage == "archive")
    picture = place / "img_align_celeba" / "000007.jpg"
    expected = "000007.jpg"
    if damage == "picture":
        picture.write_bytes(b"GIF89a" + bytes(100))
    elif damage == "size":
        picture.write_bytes(jpeg(218, 178))
    elif damage == "missing":
        picture.unlink()
    elif damage == "attributes":
        path = place / "list_attr_celeba.txt"
        path.write_text(path.read_text().replace("000007.jpg", "../../7.jpg"))
        expected = "are not CelebA's"
    elif damage == "partition":
        path = place / "list_eval_partition.txt"
        path.write_text(path.read_text().replace("000007.jpg 0", "000007.jpg 3"))
        expected = "are not CelebA's"
    else:
        (place / "img_align_celeba.zip").write_bytes(b"PK\3\4 and no more")
        expected = "img_align_celeba.zip cannot be read"
    with pytest.raises(DatasetError, match=expected):
        load_dataset("celeba", download=True)
    assert not is_available("celeba") and not list(place.glob("*.part"))


def test_a_damaged_preparation_is_refused(folder: Path) -> None:
    celeba(folder / "celeba")
    load_dataset("celeba", download=True)
    pictures, facts = (folder / "celeba" / name for name in CELEBA_FILES)
    whole = facts.read_bytes()
    np.save(facts, np.zeros((N, 2), np.uint8))
    assert "other splits" in refused("celeba")
    facts.write_bytes(whole)
    pictures.write_bytes(pictures.read_bytes()[:-1])
    assert CELEBA_FILES[0] in refused("celeba")
    np.save(pictures, np.array([{"never": "unpickled"}], dtype=object))
    assert CELEBA_FILES[0] in refused("celeba")
    assert len(load_dataset("celeba", download=True)) == N, "prepared anew"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the test's console."""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, bytes]], list[Remote]]]:
    """Serves files over HTTP: given their contents, what is to be fetched."""
    place = tmp_path / "served"
    place.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(place)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))  # seconds until it sees a shutdown
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def serve(files: dict[str, bytes]) -> list[Remote]:
        put(place, files)
        found = [
            Remote(name, (f"http://127.0.0.1:{server.server_port}/{name}",), hashlib.md5(content).hexdigest())
            for name, content in files.items()
        ]
        monkeypatch.setattr(fetching, "remotes", lambda name: found)
        return found

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


def packed(name: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files as they are offered: in an archive, with others, or as they are."""
    stream = io.BytesIO()
    if name == "emnist":
        with zipfile.ZipFile(stream, "w") as archive:
            for file, content in {**files, "emnist-letters-train-images-idx3-ubyte.gz": b"not wanted"}.items():
                archive.writestr(f"gzip/{file}", content)
        return {"gzip.zip": stream.getvalue()}
    if name == "cifar-10":
        with tarfile.open(fileobj=stream, mode="w:gz") as tape:
            for file, content in {**files, "readme.html": b"not wanted"}.items():
                member = tarfile.TarInfo(f"cifar-10-batches-bin/{file}")
                member.size = len(content)
                tape.addfile(member, io.BytesIO(content))
        return {"cifar-10-binary.tar.gz": stream.getvalue()}
    return files


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("by_hand", [True, False])
def test_downloads(name: str, by_hand: bool, folder: Path, served: Callable) -> None:
    files, labels, pictures = SETS[name]()
    offered = packed(name, files)
    served(offered)
    if by_hand:
        put(folder / FOLDERS[name][0], offered)
    told: list[float] = []
    data = load_dataset(name, download=True, progress=lambda fraction, text: told.append(fraction))
    in_order(data, labels, pictures)
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)
    kept = {path.name for path in (folder / FOLDERS[name][0]).iterdir()}
    assert kept == set(files) | (set(offered) if by_hand else set()), "what was fetched to be unpacked is gone again"
    cut = folder / FOLDERS[name][0] / next(iter(files))
    cut.write_bytes(cut.read_bytes()[:50])
    refused(name)
    in_order(load_dataset(name, download=True), labels, pictures)


def test_what_there_is_to_be_fetched() -> None:
    pytest.importorskip("torchvision.datasets")
    for name, count in [("mnist", 4), ("fashion-mnist", 4), ("kmnist", 4), ("emnist", 1), ("cifar-10", 1), ("svhn", 2)]:
        found = fetching.remotes(name)
        assert len(found) == count
        for remote in found:
            assert len(remote.md5) == 32 and all(url.endswith(f"/{remote.name}") for url in remote.urls)
        assert not any("python" in remote.name for remote in found), "CIFAR-10's pickles are not wanted"


def test_an_archive_that_is_none(folder: Path, served: Callable) -> None:
    served({"cifar-10-binary.tar.gz": b"hello"})
    with pytest.raises(DatasetError, match=r"cifar-10-binary\.tar\.gz cannot be unpacked"):
        load_dataset("cifar-10", download=True)
