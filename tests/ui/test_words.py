"""Words of other people are shown as they are: read by a Markdown reader, no markup is left in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.words import plain

MARKED = [
    "[link](https://example.org)", "![p](x.png)", "<a href=x>", "*a* _b_ `c` ~~d~~", "$x$", ":red[x]",
    "https://example.org", "www.example.org", "a@b.org", "| a | b |", "a&lt;b",
]  # fmt: skip


@pytest.mark.parametrize("text", MARKED)
def test_every_sign_of_markup_is_escaped(text: str) -> None:
    said = plain(text)
    unescaped = [
        sign for before, sign in zip(f" {said}", said, strict=False) if sign in "`*_[]<>$~|@&" and before != "\\"
    ]
    assert not unescaped and "https:/" not in said and "www." not in said


@pytest.mark.parametrize("text", ["# a", "- a", "+ a", "1. a", "2) a", "=== a"])
def test_a_line_begins_no_block(text: str) -> None:
    assert plain(text) != text and plain(text).replace("\\", "") == text


def test_plain_sentences_stay_as_they_are() -> None:
    for text in ("There is no run called absent: choose one.", "Digits, 10-d (beta 4)", "7", "T-shirt/top"):
        assert plain(text) == text


@given(st.text())
def test_nothing_is_lost_but_spaces(text: str) -> None:
    assert plain(text).replace("\\", "") == " ".join(text.split()).replace("\\", "")
