"""The four numbers that mean the same in every vocabulary of text. No torch: settings and pages know them too."""

from __future__ import annotations

SPECIAL = ("<pad>", "<begin>", "<end>", "<unknown>")
PADDING, BEGIN, END, UNKNOWN = range(len(SPECIAL))
