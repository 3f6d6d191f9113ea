"""What a browser says was drawn is read with care."""

from __future__ import annotations

import base64

import pytest

from ui.components.pad import read_added

SAID = {"pixels": base64.b64encode(bytes(range(64))).decode(), "action": "add", "label": -1, "serial": 3}


def test_what_was_drawn_comes_back() -> None:
    added = read_added(SAID, ["add"])
    assert added is not None
    assert (added.pixels, added.action, added.label, added.serial) == (bytes(range(64)), "add", -1, 3)


@pytest.mark.parametrize(
    "nonsense",
    [None, 3, {}, *({**SAID, **wrong} for wrong in (
        {"pixels": 3}, {"pixels": "§§§§"}, {"pixels": "A"}, {"pixels": "A" * 10_000_000}, {"action": "delete"},
        {"action": None}, {"action": ["add"]}, {"label": True}, {"label": "1"}, {"serial": 1.5},
    ))],
)  # fmt: skip
def test_nonsense_is_no_drawing(nonsense: object) -> None:
    assert read_added(nonsense, ["add"]) is None
