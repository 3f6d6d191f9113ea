"""What a model cannot do and why, in one place: pages show these sentences instead of a picture that would lie."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Limit:
    """what: what is missing, in two or three words. why: one or two sentences. instead: what is shown for it."""

    what: str
    why: str
    instead: str = ""


NO_ENCODER = Limit(
    "No encoder",
    "This model was only taught to draw: a critic told it whether its samples look real. Nothing leads from a sample "
    "back to a code, so no sample has a place.",
    "What you see are {dreams:,} of its own dreams, each at the code that it was drawn from.",
)
NO_SPREAD = Limit(
    "No spread, no rate",
    "Each sample's code is a single point, not a distribution. So there is no ellipse, and nothing that could be "
    "measured as a rate.",
)
NO_PRIOR = Limit(
    "No prior",
    "Nothing ever told this model where codes should lie, so there is no distribution that its decoder was trained on.",
    "Codes from N(0, 1) mostly fall where no code has been; a mixture fitted to the codes afterwards gives it a prior "
    "(Ghosh et al. 2020).",
)
DISCRETE = Limit(
    "No numbers in between",
    "Each cell's code is one entry of a list, so there is nothing between two entries, and no ellipse.",
    "The map shows the entries' numbers, all cells together.",
)
NO_MIXTURE_OF_CELLS = Limit(
    "No mixture",
    "A Gaussian mixture would draw codes between the entries. The transformer, which was taught which entries go "
    "together, is the prior.",
)
NO_MIXTURE_OF_DREAMS = Limit(
    "No mixture",
    "A mixture is fitted to the codes of samples, and without an encoder no sample has one.",
)


def say(limit: Limit, **values: int) -> None:
    """The limit as a note on the page; `values` fill what the sentences leave open."""
    text = f"**{limit.what}.** {limit.why} {limit.instead}".strip()
    st.info(text.format(**values) if values else text, icon=":material/do_not_disturb_on:")
