"""From anything to a sample: laws of size, orientation and colour, and what is refused, in bounded memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pages.toy import PICTURES, SENTENCES, TABLE
from vae_core.guests import GuestError, picture, pixels_of, row, sentence

PROJECT = Path(__file__).resolve().parents[2]


def packed(pixels: np.ndarray, **settings: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, str(settings.pop("format", "PNG")), **settings)
    return buffer.getvalue()


def test_a_picture_of_the_right_size_comes_back_as_it_is() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    assert (picture(packed(grey), (1, 28, 28))[0] == grey).all()
    colour = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert (picture(packed(colour), (3, 64, 64)) == np.moveaxis(colour, -1, 0)).all()


def test_a_wide_picture_keeps_its_whole_with_bars_or_its_middle_alone() -> None:
    wide = np.zeros((40, 120, 3), dtype=np.uint8)
    wide[:, :40, 0], wide[:, 40:80, 1], wide[:, 80:, 2] = 255, 255, 255  # red, green, blue
    whole, middle = (picture(packed(wide), (3, 12, 12), whole=choice) for choice in (True, False))
    assert (whole[:, 0] == 0).all() and whole[0, 6, 1] > 200 and whole[2, 6, 10] > 200
    assert (middle[1] > 200).all() and middle[0].max() < 60 and middle[2].max() < 60


def test_a_shape_that_is_no_square_is_met_exactly() -> None:
    assert picture(packed(np.full((30, 30), 9, np.uint8)), (1, 10, 16), whole=False).shape == (1, 10, 16)


def test_the_camera_says_which_side_is_up_and_transparency_is_white() -> None:
    upper = np.zeros((8, 8), dtype=np.uint8)
    upper[:4] = 255
    tags = Image.Exif()
    tags[0x0112] = 3  # upside down
    assert (picture(packed(upper, exif=tags), (1, 8, 8))[0] == upper[::-1]).all()
    clear = np.zeros((8, 8, 4), dtype=np.uint8)
    clear[2, 2] = (0, 0, 0, 255)
    seen = picture(packed(clear), (1, 8, 8))[0]
    assert seen[2, 2] == 0 and seen[0, 0] == 255


def huge_png(side: int) -> bytes:
    """A PNG that says it is side x side, in a few bytes."""
    head = side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    chunks = b""
    for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1 << 20))), (b"IEND", b"")):
        chunks += len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (huge_png(100_000), "larger than what is taken"),
        (b"", "an empty file"),
        (b"GIF89a and nothing else", "damaged|no picture"),
        (b"<svg></svg>", "no picture"),
        (packed(np.zeros((50, 50), np.uint8), format="WEBP")[:-40], "damaged"),
    ],
)
def test_what_is_no_use_is_refused_in_one_sentence(content: bytes, words: str) -> None:
    with pytest.raises(GuestError, match=words) as refused:
        picture(content, (1, 28, 28))
    assert str(refused.value).count("\n") == 0


def test_a_bomb_is_refused_within_bounded_memory(tmp_path: Path) -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs Linux, to bound a process's memory")
    (tmp_path / "bomb.png").write_bytes(huge_png(100_000))
    script = """
import resource, sys
from pathlib import Path
import PIL.PngImagePlugin
from vae_core.data.own import choices, pixels
from vae_core.guests import GuestError, picture
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 64 * 2**20, resource.RLIM_INFINITY))
try:
    picture(Path(sys.argv[1]).read_bytes(), (1, 28, 28))
except GuestError as error:
    print("refused:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "bomb.png")], cwd=PROJECT, capture_output=True, text=True,
        timeout=60, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stdout.startswith("refused:") and "36 million pixels" in done.stdout, done.stderr


def test_drawn_pixels_are_as_many_as_the_run_has_or_refused() -> None:
    drawn = np.arange(64, dtype=np.uint8)
    assert (pixels_of(PICTURES, drawn.tobytes()) == drawn.reshape(1, 8, 8)).all()
    with pytest.raises(GuestError, match="64 values, and 63 came"):
        pixels_of(PICTURES, bytes(63))
    with pytest.raises(GuestError, match="no pictures"):
        pixels_of(TABLE, bytes(3))


def test_a_line_goes_through_the_runs_vocabulary() -> None:
    tokens, unknown = sentence(SENTENCES, "  the cat   yodels ")
    assert tokens.tolist()[:2] == [4, 5] and unknown == ("yodels",) and tokens.shape == (6,)
    for line, words in (("", "nothing to read"), ("a " * 9, "up to 5 words, and this line has 9"), ("zzz", "none")):
        with pytest.raises(GuestError, match=words):
            sentence(SENTENCES, line)


def test_a_row_is_measured_in_the_columns_standard_deviations() -> None:
    assert np.allclose(row(TABLE, [13.8, 2.3, 0.5]), [1, 0, -2])
    with pytest.raises(GuestError, match="malic acid has no number"):
        row(TABLE, [13, float("nan"), 1])
    with pytest.raises(GuestError, match="has 3 numbers, and 2 came"):
        row(TABLE, [13, 1])
