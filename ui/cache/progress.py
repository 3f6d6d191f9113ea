"""How far something is that goes on in a thread of its own: visitors come and go meanwhile, and all see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Progress:
    """fraction: 0 to 1, and a little more where a size was guessed. problem: one sentence where it failed."""

    fraction: float = 0.0
    text: str = ""
    problem: str = ""
    ended: bool = False

    def tell(self, fraction: float, text: str) -> None:
        self.fraction, self.text = fraction, text
