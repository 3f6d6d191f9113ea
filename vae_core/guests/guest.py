"""What a guest is: its number, its content, and which runs can use it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vae_core.config import DataInfo

FIRST = 500_000_000
"""Numbers of guests begin here and have nine digits; no dataset is that large."""
END = 1_000_000_000
UNTOLD = -1  # the class of a guest of which nobody said one


class GuestError(ValueError):
    """What was brought cannot take part: one sentence, shown to the visitor as it is."""


@dataclass(frozen=True)
class Guest:
    """number: FIRST..END-1. x: uint8 [C, H, W], int64 [T] or float32 [F], as the data has its samples. y: its class."""

    number: int
    x: np.ndarray
    y: int = UNTOLD


def is_guest(index: int) -> bool:
    """Whether a sample's number is a guest's."""
    return FIRST <= index < END


def name_of(number: int) -> str:
    """What a guest is called."""
    return f"guest {number % 1000:03d}"


def kind_of(info: DataInfo) -> str:
    """A short name for the runs that can use the same guests: pictures of one shape, one vocabulary, one table."""
    shape = "x".join(map(str, info.sample_shape))
    if info.kind == "image":
        return f"image-{shape}"
    made_of = json.dumps([info.vocabulary, info.joiner, info.columns, info.centre, info.scale])
    return f"{info.kind}-{shape}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"
