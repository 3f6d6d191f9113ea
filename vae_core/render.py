"""Every sample has a picture: pixels are one already, a sentence is written out, a table's row becomes bars.

So trays, maps, films and sheets show any kind of sample in the same way.
"""

from __future__ import annotations

import textwrap
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vae_core.config import DataInfo
from vae_core.tokens import BEGIN, END, PADDING

TEXT_SIZE = (96, 160)  # pixels: height, width
BARS_SIDE = 128
BARS_REACH = 3.0  # standard deviations from the middle to the edge
PAPER, INK, FAINT, BELOW = 16, 235, 70, 150


def picture_shape(info: DataInfo) -> tuple[int, int, int]:
    """(C, H, W) of the pictures that `pictures` makes."""
    if info.kind == "text":
        return (1, *TEXT_SIZE)
    if info.kind == "table":
        return (1, BARS_SIDE, BARS_SIDE)
    channels, height, width = info.sample_shape  # type: ignore[misc]
    return channels, height, width


def pictures(info: DataInfo, samples: np.ndarray) -> np.ndarray:
    """uint8 [n, C, H, W] of samples: uint8 pixels, int64 tokens [n, T], or standardised rows [n, F]."""
    if info.kind == "image":
        return samples
    draw = _written if info.kind == "text" else _bars
    made = [draw(info, sample) for sample in samples]
    return np.stack(made)[:, None] if made else np.zeros((0, *picture_shape(info)), np.uint8)


def sentences(info: DataInfo, tokens: np.ndarray) -> list[str]:
    """Tokens [n, T] as text, up to each end token."""
    return [info.joiner.join(words(info, row)) for row in np.asarray(tokens)]


def words(info: DataInfo, tokens: np.ndarray) -> list[str]:
    """The words (or letters) of one sentence [T], up to its end."""
    row = np.asarray(tokens).tolist()
    until = row.index(END) if END in row else len(row)
    return [info.vocabulary[token] for token in row[:until] if token not in (PADDING, BEGIN)]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _written(info: DataInfo, tokens: np.ndarray) -> np.ndarray:
    """A sentence in as large letters as fit: uint8 [H, W]."""
    height, width = TEXT_SIZE
    (text,) = sentences(info, tokens[None])
    page = Image.new("L", (width, height), PAPER)
    pen = ImageDraw.Draw(page)
    for size in (30, 24, 20, 17, 14, 12, 10):
        lines = "\n".join(textwrap.wrap(text, max(1, int(width * 1.75 / size))))
        left, top, right, bottom = pen.multiline_textbbox((0, 0), lines, font=_font(size), align="center")
        if right - left <= width - 8 and bottom - top <= height - 8:
            break
    pen.multiline_text((width / 2, height / 2), lines, INK, font=_font(size), anchor="mm", align="center")
    return np.asarray(page)


def _bars(info: DataInfo, row: np.ndarray) -> np.ndarray:
    """A row of a table as bars from the data's mean, in its standard deviations, first column on top: uint8 [H, W]."""
    side, count = BARS_SIDE, len(row)
    page = np.full((side, side), PAPER, np.uint8)
    middle = side // 2
    edges = np.linspace(0, side, count + 1).round().astype(int)
    for value, top, bottom in zip(np.asarray(row, dtype=np.float64), edges[:-1], edges[1:], strict=True):
        length = int(np.clip(np.rint(value / BARS_REACH * middle), -middle, middle))
        thick = slice(top, max(top + 1, bottom - (bottom - top > 2)))
        if length >= 0:
            page[thick, middle : middle + length] = INK
        else:
            page[thick, middle + length : middle] = BELOW
    page[:, middle] = np.maximum(page[:, middle], FAINT)
    return page
