"""The scores of a run: cards with interval and self-test, and the job that computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

if TYPE_CHECKING:
    from vae_core.runs import Run


def matrix(run: Run, measure: str) -> np.ndarray | None:
    """The matrix [K, D] of a measure that comes with the scores; None where they have not been computed."""
    return None


def offer(run: Run, key: str) -> None:
    """The button that has the scores computed."""


def show(run: Run) -> None:
    """Cards of all scores."""
    from ui import cache

    found = cache.get_information(run.name)
    if found is not None:
        st.markdown(f"**MIG {found.mig.score:.2f}**")
