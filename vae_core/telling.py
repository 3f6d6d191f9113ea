"""How far a job on the command line is, in lines."""

from __future__ import annotations

import sys
from collections.abc import Callable


def teller(aside: bool = False) -> Callable[[float, str], None]:
    """Says how far a job is, in lines of whole per cent, none of them twice in a row.

    aside: on standard error, where what is printed may be JSON.
    """
    said = ""

    def tell(fraction: float, text: str) -> None:
        nonlocal said
        line = f"{fraction:4.0%} {text}"
        if line != said:
            print(line, file=sys.stderr if aside else sys.stdout, flush=True)
            said = line

    return tell
