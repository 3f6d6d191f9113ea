"""Words of other people in our pages: titles, names and sentences that must be read as they are, never as markup."""

from __future__ import annotations

import re

# What begins markup in Streamlit's Markdown anywhere: emphasis, links, code, HTML, formulas, colours, addresses.
_ANYWHERE = re.compile(r"[\\`*_\[\]<>$~|@&]|:(?=\S)|(?<=www)\.", re.IGNORECASE)
# And what does at the start: headings, lists, quotes.
_BULLET = re.compile(r"^(?=[#+\-=])")
_NUMBER = re.compile(r"^(\d+)(?=[.)])")


def plain(text: str) -> str:
    """The text as one line of Markdown that shows this text (but for :emoji:, which Streamlit puts in afterwards)."""
    line = " ".join(text.split())
    escaped = _ANYWHERE.sub(lambda found: f"\\{found[0]}", line)
    return _NUMBER.sub(r"\1\\", _BULLET.sub(r"\\", escaped))
