"""How much of a codebook is used."""

from __future__ import annotations

import numpy as np


def perplexity(counts: np.ndarray) -> float:
    """exp of the entropy of how often each code is chosen: K where all K are used alike, 1 where one is.

    counts: [K], whole numbers. Raises ValueError where nothing was counted.
    """
    total = counts.sum()
    if total == 0:
        raise ValueError("Nobody chose a code: there is no usage to measure.")
    share = counts[counts > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))


def part_used(counts: np.ndarray) -> float:
    """Part of the codes that were chosen at all, 0 to 1; counts: [K], how often each was."""
    return float((counts > 0).mean())
