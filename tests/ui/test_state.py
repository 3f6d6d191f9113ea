"""The selection: what fits a tray, and how it stands in the address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.state import TRAY_LIMIT, format_tray, parse_tray

positions = st.lists(st.integers(0, 999_999_999), max_size=TRAY_LIMIT, unique=True).map(tuple)


@given(positions)
def test_a_tray_survives_its_address(tray: tuple[int, ...]) -> None:
    assert parse_tray(format_tray(tray)) == tray


def test_each_sample_is_in_the_tray_once_and_in_order() -> None:
    assert parse_tray("9.1.9.5.1") == (9, 1, 5)


def test_a_long_tray_is_cut() -> None:
    assert len(parse_tray(".".join(map(str, range(1000))))) == TRAY_LIMIT


@pytest.mark.parametrize("text", ["a", "1..2", "-1", "1.5.", "1e3", "²", "1" * 10, "1,2", " 1", "../.."])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole numbers joined by dots"):
        parse_tray(text)
