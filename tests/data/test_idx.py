"""The idx reader: what is sound is read bit by bit, what lies is refused with the file's name."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.data import DatasetError
from vae_core.data.idx import read_idx

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
SOUND = struct.pack(">HBB3I", 0, 8, 3, 5, 4, 3) + IMAGES.tobytes()


def write(path: Path, content: bytes, zipped: bool) -> Path:
    path = path.with_suffix(".gz" if zipped else "")
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_a_sound_file(zipped: bool, tmp_path: Path) -> None:
    out, steps = np.zeros_like(IMAGES), []
    read_idx(write(tmp_path / "images", SOUND, zipped), out, steps.append)
    assert np.array_equal(out, IMAGES) and sum(steps) == IMAGES.size


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "begins with nothing"),
        (b"PK\x03\x04", "begins with 50 4b 03 04"),
        (b"\0\0\x0d\x03" + SOUND[4:], "00 00 08 03 belongs"),  # float32
        (b"\0\0\x08\x01" + SOUND[4:], "00 00 08 03 belongs"),  # one axis
        (SOUND[:9], "cut short inside its header"),
        (SOUND[:-1], "ends after 59 of 60 bytes"),
        (SOUND[:16], "ends after 0 of 60 bytes"),
        (SOUND + b"!", "goes on beyond"),
        (SOUND[:4] + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1), "4,294,967,295 x"),
        (SOUND[:4] + struct.pack(">3I", 5, 3, 4) + SOUND[16:], "5 x 3 x 4 bytes, where 5 x 4 x 3"),
    ],
)
def test_what_lies_is_refused(content: bytes, reason: str, zipped: bool, tmp_path: Path) -> None:
    path = write(tmp_path / "images", content, zipped)
    with pytest.raises(DatasetError) as caught:
        read_idx(path, np.zeros_like(IMAGES))
    assert str(path) in str(caught.value) and reason in str(caught.value)


def cut(content: bytes) -> bytes:
    return content[:-9]


def flip(content: bytes) -> bytes:
    return content[:-6] + bytes([content[-6] ^ 1]) + content[-5:]  # in the checksum


def plain(content: bytes) -> bytes:
    return gzip.decompress(content)  # not a gzip at all


@pytest.mark.parametrize("damage", [cut, flip, plain])
def test_a_damaged_gzip_is_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(damage(gzip.compress(SOUND)))
    with pytest.raises(DatasetError) as caught:
        read_idx(path, np.zeros_like(IMAGES))
    assert str(path) in str(caught.value)


def test_a_file_that_is_gone_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no longer there"):
        read_idx(tmp_path / "images", np.zeros_like(IMAGES))
    with pytest.raises(DatasetError, match="cannot be read"):
        read_idx(tmp_path, np.zeros_like(IMAGES))


def test_memory_stays_bounded_on_a_bomb(tmp_path: Path) -> None:
    """200 MB of zeros in 200 kB: refused after the announced bytes, not unpacked."""
    path = tmp_path / "images.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(SOUND)
        for _ in range(200):
            stream.write(bytes(1 << 20))
    out = np.zeros_like(IMAGES)
    tracemalloc.start()
    with pytest.raises(DatasetError, match="goes on beyond"):
        read_idx(path, out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


@given(content=st.binary(max_size=80), at=st.integers(0, len(SOUND)))
def test_any_bytes_are_read_or_refused(content: bytes, at: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "images"
    path.write_bytes(SOUND[:at] + content)
    out = np.zeros_like(IMAGES)
    try:
        read_idx(path, out)
    except DatasetError as error:
        assert str(path) in str(error)
    else:
        assert path.read_bytes()[16:] == out.tobytes()
