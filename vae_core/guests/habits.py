"""What the pictures of a dataset are like, so that drawings can be made to look like them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EVEN, CENTRED = 0.7, 0.08  # the share of the border that is paper; the spread of centres of mass, of a side
DARK = 127


@dataclass(frozen=True)
class Habit:
    """How the pictures of a dataset are made, for a pad whose drawings should look like them.

    Attributes:
        light: dark ink on light paper, rather than the other way round.
        centred: their centres of mass all lie about `middle`, on even paper.
        middle: (row, column) of that, in pixels from the upper left corner.
        reach: the longer side of what is drawn, in pixels.
        brush: how thick it is drawn, in pixels.
    """

    light: bool
    centred: bool
    middle: tuple[float, float]
    reach: float
    brush: float


def habit_of(pixels: np.ndarray) -> Habit:
    """The habit of pictures uint8 [n, H, W] or [n, H, W, 3].

    The brush is twice the ink over its outline, for a stroke w thick and L long has wL of ink and 2L of outline. The
    outline is the total variation (coarea formula), less pi/4 since differences along the axes measure it too long.
    """
    grey = pixels.astype(np.float64).mean(axis=3) if pixels.ndim == 4 else pixels.astype(np.float64)  # [n, H, W]
    height, width = grey.shape[1:]
    border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1)
    paper = float(np.median(border))
    ink = np.abs(grey - paper)
    ink = ink[ink.max(axis=(1, 2)) > 32]
    if not len(ink):
        return Habit(paper > DARK, False, (height / 2, width / 2), float(max(height, width)), max(1.0, height / 10))
    total = ink.sum(axis=(1, 2))
    rows = (ink.sum(axis=2) @ (np.arange(height) + 0.5)) / total
    columns = (ink.sum(axis=1) @ (np.arange(width) + 0.5)) / total
    strong = ink > ink.max(axis=(1, 2), keepdims=True) / 8
    reach = np.median(np.maximum(_extent(strong.any(axis=2)), _extent(strong.any(axis=1))))
    framed = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    outline = np.abs(np.diff(framed, axis=1)).sum(axis=(1, 2)) + np.abs(np.diff(framed, axis=2)).sum(axis=(1, 2))
    brush = float(np.median(2 * total / (outline * np.pi / 4)))
    even = float((np.abs(border - paper) < 32).mean())
    return Habit(
        light=paper > DARK,
        centred=bool(even > EVEN and rows.std() < CENTRED * height and columns.std() < CENTRED * width),
        middle=(float(rows.mean()), float(columns.mean())),
        reach=float(reach),
        brush=float(np.clip(brush, 1.0, max(height, width) / 6)),
    )


def _extent(there: np.ndarray) -> np.ndarray:
    """From the first to the last True of each row of [n, L]: int [n]."""
    return there.shape[1] - np.argmax(there[:, ::-1], axis=1) - np.argmax(there, axis=1)
