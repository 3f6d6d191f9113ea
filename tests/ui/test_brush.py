"""What a browser says was brushed away is read with care."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from ui.components.brush import read_hole


def said(bits: bytes) -> dict[str, object]:
    return {"seq": 1, "bits": base64.b64encode(bits).decode()}


def test_holes_come_back_as_they_were_packed() -> None:
    hole = np.random.default_rng(0).random((5, 7)) < 0.5
    packed = np.packbits(hole.ravel(), bitorder="little").tobytes()
    np.testing.assert_array_equal(read_hole(said(packed), 5, 7), hole)


@pytest.mark.parametrize(
    "nonsense", [None, 3, {}, {"bits": 3}, {"bits": "§"}, {"bits": "A" * 100_000}, said(b""), said(b"\0" * 4)]
)
def test_nonsense_is_no_hole(nonsense: object) -> None:
    assert read_hole(nonsense, 5, 7) is None
