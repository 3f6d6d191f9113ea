"""One picture out of the bytes of a file that somebody sent: looked at before it is decoded, brought to one size.

Nothing larger than MAX_PIXELS is ever unpacked, so a decoder's memory is bounded: four bytes a pixel, twice.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vae_core.data.own.choices import Choices

MAX_FILE = 32 << 20  # bytes
MAX_PIXELS = 36_000_000
MAX_SIDE = 20_000  # pixels
MAX_SCANS = 100  # of a JPEG; each is a walk over all its pixels
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # no EPS, which would start another program
SAME = 3  # grey levels by which the channels of a grey picture may differ after rounding

BIG = "larger than what is taken"
BROKEN = "damaged or cut short"
NO_PICTURE = "no picture, whatever its name says"
FLOATS = "pixels that are fractions, with no black and white"


class Unfit(ValueError):
    """A picture that is left out: (why, detail) as `Skips.add` takes them."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why)
        self.why, self.detail = why, detail


@dataclass(frozen=True)
class Seen:
    """A picture's size, and whether it is grey."""

    width: int
    height: int
    grey: bool


def look(content: bytes) -> Seen:
    """Size and colour, decoding a thumbnail of it. Raises Unfit."""
    with _opened(content) as picture:
        width, height = picture.size
        pixels = _decoded(picture, Choices(side=32, colour="rgb"))
    spread = pixels.max(axis=0).astype(np.int16) - pixels.min(axis=0)
    return Seen(width, height, bool((spread <= SAME).all()))


def decode(content: bytes, choices: Choices) -> np.ndarray:
    """uint8 [C, side, side]: the middle of the picture, or the whole with bars. Raises Unfit.

    choices: side and colour are settled.
    """
    with _opened(content) as picture:
        return _decoded(picture, choices)


def _opened(content: bytes) -> Image.Image:
    """The picture, of whose file no more than the head has been read."""
    if len(content) > MAX_FILE:
        raise Unfit(BIG, f"more than {MAX_FILE >> 20} MB")
    if content[:2] == b"\xff\xd8" and content.count(b"\xff\xda") > MAX_SCANS:
        raise Unfit(BIG, f"a JPEG of more than {MAX_SCANS} scans")
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise Unfit(BIG, f"more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except Image.UnidentifiedImageError:
        raise Unfit(NO_PICTURE if content else "an empty file") from None
    except Exception as error:  # a decoder raises what it likes at bytes that make no sense
        raise Unfit(BROKEN, type(error).__name__) from None
    width, height = picture.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        picture.close()
        raise Unfit(BIG, f"{width:,} × {height:,} pixels")
    return picture


def _decoded(picture: Image.Image, choices: Choices) -> np.ndarray:
    try:
        return _squared(picture, choices)
    except Unfit:
        raise
    except MemoryError:
        raise Unfit(BIG, "no memory for it") from None
    except Exception as error:  # as above
        raise Unfit(BROKEN, type(error).__name__) from None


def _squared(picture: Image.Image, choices: Choices) -> np.ndarray:
    side = choices.side
    if picture.format == "JPEG":
        picture.draft(None, (2 * side, 2 * side))  # a photograph is decoded at a fraction of its size
    picture.load()
    upright = picture.getexif().get(0x0112, 1)  # a camera's word on which side is up
    plain, paper = _plain(picture)
    small = squared(plain, side, choices.fit, paper)
    if plain.mode == "RGBA":
        back = Image.new("RGBA", small.size, paper)
        small = Image.alpha_composite(back, small)
    if upright in _TURNS:
        small = small.transpose(_TURNS[upright])
    pixels = np.asarray(small.convert("L" if choices.colour == "grey" else "RGB"))
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _plain(picture: Image.Image) -> tuple[Image.Image, str]:
    """The picture in grey, colour, or colour with transparency; and what stands round it."""
    if picture.mode.startswith(("I;16", "I")):  # sixteen bits: Pillow's own conversion would cut at 255
        return Image.fromarray((np.asarray(picture).clip(0, 65_535) // 257).astype(np.uint8)), "black"
    if picture.mode == "F":
        raise Unfit(FLOATS)
    if "transparency" in picture.info or picture.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return picture.convert("RGBA"), "white"
    return picture if picture.mode in ("L", "RGB") else picture.convert("L" if picture.mode == "1" else "RGB"), "black"


def squared(picture: Image.Image, side: int, fit: str, paper: str) -> Image.Image:
    """A picture of side x side: its middle, or the whole of it with bars of the colour `paper`."""
    width, height = picture.size
    if fit == "pad" and width != height:
        scale = side / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        whole = Image.new(picture.mode, (side, side), paper)
        whole.paste(_resized(picture, size), ((side - size[0]) // 2, (side - size[1]) // 2))
        return whole
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    return _resized(picture, (side, side), (left, top, left + short, top + short))


def _resized(
    picture: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Image.Image:
    if picture.size == size:
        return picture
    shrinks = (box[2] - box[0] if box else picture.width) > size[0]
    how = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return picture.resize(size, how, box=box, reducing_gap=3.0 if shrinks else None)


def from_array(pixels: np.ndarray, choices: Choices) -> np.ndarray:
    """uint8 [H, W] or [H, W, 1 or 3] or with transparency [H, W, 4] -> uint8 [C, side, side], as `decode` does it."""
    wanted = (choices.side, choices.side, 1 if choices.colour == "grey" else 3)
    if pixels.shape in (wanted, wanted[:2] if wanted[2] == 1 else wanted):
        return np.ascontiguousarray(pixels.reshape(wanted).transpose(2, 0, 1))
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    plain, paper = _plain(Image.fromarray(np.ascontiguousarray(flat)))
    small = squared(plain, choices.side, choices.fit, paper)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, paper), small)
    made = np.asarray(small.convert("L" if choices.colour == "grey" else "RGB"))
    return made[None] if made.ndim == 2 else np.ascontiguousarray(made.transpose(2, 0, 1))
