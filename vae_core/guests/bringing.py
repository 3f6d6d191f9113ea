"""From anything that is brought to a sample: what was drawn, a file, a line of text, a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vae_core.guests.guest import GuestError

if TYPE_CHECKING:
    from vae_core.config import DataInfo

SIDE_LIMIT = 1024  # pixels of a run's pictures, along a side


def pixels_of(info: DataInfo, content: bytes) -> np.ndarray:
    """Pixels as a drawing pad sends them, row by row and channel after channel: uint8 [C, H, W].

    Raises GuestError where they are not exactly as many as this run's pictures have.
    """
    if info.kind != "image":
        raise GuestError(f"The samples of {info.name} are no pictures, so nothing can be drawn for it.")
    wanted = int(np.prod(info.sample_shape))
    if len(content) != wanted:
        raise GuestError(f"A picture of this model has {wanted:,} values, and {len(content):,} came.")
    return np.frombuffer(content, dtype=np.uint8).reshape(info.sample_shape).copy()


def picture(content: bytes, shape: tuple[int, int, int], *, whole: bool = True) -> np.ndarray:
    """A file's bytes (PNG, JPEG, WebP and others) as a picture of another size: uint8 [C, H, W].

    Its size is looked at before it is decoded; it is turned upright as the camera says, transparency becomes white, and
    it comes in grey or colour as `shape` has it.

    Args:
        shape: (C, H, W), C being 1 or 3.
        whole: with bars where the sides differ; else the middle is cut out.

    Raises:
        GuestError: it is no picture, damaged, or too large; nothing of it was decoded in the last case.
    """
    from vae_core.data.own.choices import Choices
    from vae_core.data.own.pixels import Unfit, decode

    channels, height, width = shape
    side = max(height, width)
    if channels not in (1, 3) or not 1 <= side <= SIDE_LIMIT:
        raise GuestError(f"No picture can be brought to {height} x {width} pixels with {channels} channels.")
    choices = Choices(side=side, colour="grey" if channels == 1 else "rgb", fit="pad" if whole else "crop")
    try:
        made = decode(content, choices)
    except Unfit as error:
        detail = f" ({error.detail})" if error.detail else ""
        raise GuestError(f"This file cannot be used: it is {error.why}{detail}.") from None
    top, left = (side - height) // 2, (side - width) // 2
    return np.ascontiguousarray(made[:, top : top + height, left : left + width])


def sentence(info: DataInfo, text: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """A line of text as the run reads it: int64 [T], and the words (or letters) that it does not know.

    Raises GuestError where nothing is left to read, or the line is longer than its sentences.
    """
    from vae_core.data.text import pieces, tokenise

    line = " ".join(text.split())
    parts, most = pieces(line, info.joiner), info.sample_shape[0] - 1
    what = "words" if info.joiner else "letters"
    if not parts:
        raise GuestError("There is nothing to read: write a line first.")
    if len(parts) > most:
        raise GuestError(f"This model reads up to {most} {what}, and this line has {len(parts):,}.")
    known = set(info.vocabulary)
    unknown = tuple(dict.fromkeys(part for part in parts if part not in known))
    if len(unknown) == len(set(parts)):
        raise GuestError(f"This model knows none of these {what}.")
    return tokenise(line, info.vocabulary, info.joiner, info.sample_shape[0]).numpy(), unknown


def row(info: DataInfo, values: Sequence[float]) -> np.ndarray:
    """A table's row in real units, as the run reads it: float32 [F], in the columns' standard deviations.

    Raises GuestError where there are too few values or one is no finite number.
    """
    if len(values) != len(info.columns):
        raise GuestError(f"A row of {info.name} has {len(info.columns)} numbers, and {len(values)} came.")
    real = np.asarray(values, dtype=np.float64)
    if not np.isfinite(real).all():
        missing = info.columns[int(np.flatnonzero(~np.isfinite(real))[0])]
        raise GuestError(f"{missing} has no number: each column of the row needs one.")
    return ((real - np.asarray(info.centre)) / np.asarray(info.scale)).clip(-1e6, 1e6).astype(np.float32)
