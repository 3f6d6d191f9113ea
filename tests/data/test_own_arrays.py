"""Arrays of pictures of one's own: .npy, .npz and idx, with labels beside; never unpickled, never believed."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.bounded import looked_at
from vae_core.data import DatasetError, load_dataset
from vae_core.data.own.choices import Choices
from vae_core.data.own.reading import inspect

RNG = np.random.default_rng(0)
N = 12
PIXELS = RNG.integers(0, 256, (N, 28, 28), np.uint8)
COLOURS = RNG.integers(0, 256, (N, 32, 32, 3), np.uint8)
Y = np.arange(N) % 3


def saved(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def refusal(path: Path, choices: Choices | None = None) -> str:
    with pytest.raises(DatasetError) as caught:
        inspect(path, choices)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 500 and str(path.parent) in sentence
    return sentence


@pytest.mark.parametrize(
    ("x", "made"),
    [
        (PIXELS, PIXELS[:, None]),
        (PIXELS[..., None], PIXELS[:, None]),
        (PIXELS[:, None], PIXELS[:, None]),
        (COLOURS, COLOURS.transpose(0, 3, 1, 2)),
        (COLOURS.transpose(0, 3, 1, 2).copy(), COLOURS.transpose(0, 3, 1, 2)),
        (PIXELS.astype(np.float32) / 255, PIXELS[:, None]),
        (PIXELS.astype(np.float64) / 127.5 - 1, PIXELS[:, None]),
        ((PIXELS / 255 * 1.01).astype(np.float32), np.rint(PIXELS[:, None] * 1.01).clip(0, 255)),
        (PIXELS.astype(">i4"), PIXELS[:, None]),
        (PIXELS > 127, 255 * (PIXELS > 127)[:, None]),
        ((PIXELS > 127).astype(np.uint8), 255 * (PIXELS > 127)[:, None]),
        (np.repeat(PIXELS[..., None], 3, 3), PIXELS[:, None]),
    ],
    ids=["grey", "channel last", "channel first", "colour last", "colour first", "fractions", "around zero",
         "a little beyond", "integers", "true and false", "ones", "grey in three channels"],
)  # fmt: skip
def test_layouts_and_ranges(x: np.ndarray, made: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", x)
    saved(tmp_path / "x.npz", images=x, labels=Y)
    for name in ("x.npy", "x.npz"):
        data = load_dataset(str(tmp_path / name))
        np.testing.assert_array_equal(data.x.numpy(), made)
    assert data.y is not None and data.y.tolist() == Y.tolist() and data.class_names == ("0", "1", "2")
    seen = inspect(tmp_path / "x.npz")
    assert seen.n == N and seen.classes == (("0", 4), ("1", 4), ("2", 4)) and seen.pictures is not None
    assert not inspect(tmp_path / "x.npz", Choices(classes=False)).classes
    assert inspect(tmp_path / "x.npz", Choices(side=16, colour="rgb")).pictures.shape == (N, 3, 16, 16)  # type: ignore[union-attr]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_with_its_labels_beside(ending: str, tmp_path: Path) -> None:
    pack = gzip.compress if ending else bytes
    pictures = tmp_path / f"train-images-idx3-ubyte{ending}"
    pictures.write_bytes(pack(idx(PIXELS)))
    assert inspect(pictures).classes == ()
    (tmp_path / f"train-labels-idx1-ubyte{ending}").write_bytes(pack(idx(Y.astype(np.uint8))))
    data = load_dataset(str(pictures))
    np.testing.assert_array_equal(data.x.numpy()[:, 0], PIXELS)
    assert data.y is not None and data.y.tolist() == Y.tolist()
    other = tmp_path / "my.idx"
    other.write_bytes(idx(PIXELS))
    given = inspect(other, Choices(labels=str(tmp_path / f"train-labels-idx1-ubyte{ending}")))
    assert given.classes == (("0", 4), ("1", 4), ("2", 4))
    (tmp_path / f"train-labels-idx1-ubyte{ending}").write_bytes(pack(idx(Y[:5].astype(np.uint8))))
    assert "does not hold 12 labels" in refusal(pictures)


def test_labels_with_names_and_pictures_that_are_no_numbers(tmp_path: Path) -> None:
    x = PIXELS.astype(np.float32) / 255
    x[3, 5, 5] = np.nan
    x[7, 0, 0] = np.inf
    seen = inspect(saved(tmp_path / "a.npz", x=x, y=np.array(["owl", "cat", "a\nb"])[Y], other=np.zeros(N)))
    assert seen.n == N - 2 and seen.classes == (("a?b", 4), ("cat", 3), ("owl", 3))
    assert seen.skipped.reasons == (("numbers that are none (NaN or infinite)", 2),)
    assert seen.skipped.first[0][0] == "picture 3"


def raw_npy(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header


def member(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content)
    return path


class Boom:
    """A pickle that makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    trap = np.array([Boom(tmp_path / "pwned")] * N, dtype=object)
    np.save(tmp_path / "x.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=trap, allow_pickle=True)
    np.savez(tmp_path / "y.npz", x=PIXELS, y=trap, allow_pickle=True)
    for name in ("x.npy", "x.npz", "y.npz"):
        assert "nothing is unpickled" in refusal(tmp_path / name)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no sound .npy"),
        (b"\x93NUMPY\x01\0", "no sound .npy"),
        (raw_npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (12, 28, 28), }\n"), "cut short"),
        (raw_npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (12, 999999, 999999), }\n"), "says it holds"),
        (raw_npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (12, -5, 28), }\n"), "says it holds"),
        (raw_npy(b"{'descr': '|u1', 'fortran_order': True, 'shape': (12, 28, 28), }\n"), "column by column"),
        (raw_npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (12, 28, 28), }\n"), "nothing is unpickled"),
        (raw_npy(b"{'descr': '<c8', 'fortran_order': False, 'shape': (12, 28, 28), }\n"), "complex64"),
        (raw_npy(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,), }\n"), "holds"),
        (raw_npy(b"[" * 9000 + b"\n"), "no sound .npy"),
        (b"\x93NUMPY\x02\0\xff\xff\xff\xff{", "no sound .npy"),
    ],
)
def test_headers_that_lie(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    assert sentence in refusal(tmp_path / "x.npy")
    assert sentence in refusal(member(tmp_path / "x.npz", content))


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (PIXELS[:9], "9 pictures; at least 10"),
        (PIXELS.astype(np.float32) * 1e30, "pixels go from 0 to 255"),
        (PIXELS.astype(np.int16) - 300, "pixels go from 0 to 255"),
        (np.full((N, 8, 8), np.nan), "0 pictures of finite numbers"),
        (np.zeros((N, 100_000, 1), np.uint8), "100,000 pixels"),
        (np.zeros((N, 0, 5), np.uint8), "not taken"),
        (np.zeros((N, 5, 7, 9), np.uint8), "1, 3 or 4 channels"),
        (np.zeros((N, 784), np.uint8), "holds no array of pictures"),
        (np.array(["a"] * N), "holds no array of pictures"),
    ],
)
def test_arrays_that_are_no_pictures(x: np.ndarray, sentence: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", x)
    assert sentence in refusal(tmp_path / "x.npy")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no idx file"),
        (b"PK\x03\x04", "no idx file"),
        (struct.pack(">BBBB", 0, 0, 8, 9), "no idx file"),
        (struct.pack(">BBBB3I", 0, 0, 8, 3, 4_000_000_000, 28, 28), "says it holds"),
        (idx(PIXELS)[:-1], "cut short"),
        (idx(PIXELS)[:9], "cut short"),
    ],
)
def test_idx_files_that_lie(content: bytes, sentence: str, tmp_path: Path) -> None:
    for name, packed in (("a.idx", content), ("a.idx.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(packed)
        assert sentence in refusal(tmp_path / name)
    (tmp_path / "b.idx.gz").write_bytes(gzip.compress(idx(PIXELS))[:-300])
    assert "cut short" in refusal(tmp_path / "b.idx.gz")
    (tmp_path / "c.idx.gz").write_bytes(content + b"no gzip")
    assert refusal(tmp_path / "c.idx.gz")


def test_large_arrays_are_read_piece_by_piece(tmp_path: Path) -> None:
    """300 MB of zeros in a .npz of 300 KB, and 3 GB said but not there, in a process that gets 150 MB."""
    header = raw_npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (100000, 64, 64), }\n")
    bomb = tmp_path / "zeros.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as stream:
        stream.write(header)
        for _ in range(50):
            stream.write(bytes(2000 * 64 * 64))
    lying = tmp_path / "lying.idx.gz"
    lying.write_bytes(gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, 900_000, 60, 60) + bytes(60 << 20)))
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((N, 8, 8), np.uint8))
    names = tmp_path / "names.npz"
    with zipfile.ZipFile(names, "w") as archive:
        for k in range(300):
            archive.writestr(f"{k}.npy", buffer.getvalue())
    asked = {bomb: (150, "100000 ()"), lying: (150, "cut short"), names: (100, "up to 100 are looked at")}
    for (path, (_, words)), (printed, seconds) in zip(asked.items(), looked_at(asked), strict=True):
        assert words in printed and float(seconds) < 30, f"{path.name}: {printed} after {seconds} s"
