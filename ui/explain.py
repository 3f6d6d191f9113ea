"""How the pictures of traverse and morph are made, for a model as it is; and what a contrast to the VAE cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.abilities import Abilities

DRAG = "Drag along a film: the large picture follows, and each film shows what its dimension will do."
LET_GO = "Move a slider: the sample follows when you let go. Beneath each stands what its dimension will do."
CELLS = "A sample is a grid of codes out of a book. Choose a cell, give it another code, and see what changes."

RATE = (
    "The dimensions are sorted by **rate**, the mean over the data of $\\mathrm{KL}(q(z_d \\mid x)\\,\\|\\,p(z_d)) = "
    "\\tfrac12(\\mu_d^2 + \\sigma_d^2 - 1) - \\ln \\sigma_d$, in nats: how much a dimension tells about a sample. "
)
MIXED_RATE = (
    "The dimensions are sorted by **rate**, in nats: how much a dimension tells about a sample. Against this prior "
    "it has no closed form, and is estimated from one code of each sample. "
)
SPREAD = (
    "A point has no rate; the dimensions are sorted by the **spread** of the codes, the standard deviation over the "
    "data. "
)
SLEEP = (
    "A dimension **sleeps** where its code hardly varies (variance of $\\mu_d$ over the data at most 0.01, Burda et "
    "al. 2016). "
)
DISTANCE = (
    "The distance to the nearest of (up to 2,000) real codes is compared with the distances among those: inside "
    "covers 90% of them, the edge 99.9%."
)
BOOK = (
    "The encoder says a vector for each cell, and the nearest code of the book takes its place; the decoder's mean "
    "$p_\\theta(x \\mid z)$ is drawn from the whole grid (van den Oord et al. 2017). A code is not tied to its cell: "
    "the decoder looks at neighbours too, so a change spreads a little. The **perplexity** of the book is "
    "$\\exp(-\\sum_k p_k \\ln p_k)$ with $p_k$ the part of all cells that code $k$ has."
)
LADDER = (
    "A ladder's code is kept in coordinates in which the prior of all levels is N(0, I), whatever the coarser ones "
    "say. So the finer levels can be drawn anew without a word on the coarser (Vahdat and Kautz 2020). "
)
WORDS = (
    "A sentence is written word by word, the likeliest each time. What differs from the sentence you began with is "
    "marked; under a slider stand the sentences at its two ends. "
)
TABLE = "Bars are in the data's standard deviations from its mean; one to either side is shaded. "


def how_to_read(able: Abilities) -> str:
    """The sentence under the title of traverse."""
    return CELLS if able.cells else DRAG if able.in_browser else LET_GO


def how_to_walk(able: Abilities) -> str:
    """The sentence under the title of morph."""
    if able.cells:
        return "Walk from A to B: each cell's vector goes straight, and takes the nearest code of the book on its way."
    ways = "one walk goes straight, one keeps its distance from the centre."
    return f"Play the film from A to B: {ways}" if able.in_browser else f"Walk from A to B: {ways}"


def traverse(able: Abilities, *, has_rate: bool) -> str:
    """What stands behind "How is this made?"."""
    if able.cells:
        return BOOK
    where = "in your browser" if able.in_browser else "where the app runs"
    what = {"image": "picture", "text": "sentence", "table": "row"}[able.kind]
    parts = [f"Each {what} is the decoder's mean $p_\\theta(x \\mid z)$ at the code $z$, decoded {where}. "]
    if able.kind == "text":
        parts = [WORDS]
    elif able.kind == "table":
        parts.append(TABLE)
    if able.levels:
        parts.append(LADDER)
    parts.append((RATE if able.closed_rate else MIXED_RATE) if has_rate else SPREAD)
    parts.append(SLEEP)
    if able.in_browser:
        parts.append(
            "The line under a film marks the mean of the data's codes and one standard deviation to either side. "
        )
    return "".join([*parts, DISTANCE])


def contrast(able: Abilities, *, walk: bool = False) -> str:
    """One sentence on what is different with this model; "" for an ordinary VAE.

    walk: on the page of walks between samples.
    """
    if not able.encodes:
        here = "A and B are dreams, codes of its prior, not samples" if walk else "where it begins is a dream, too"
        return f"This model has **no encoder**: no sample has a code, so {here}."
    if able.cells and walk:
        return (
            "Between two **discrete** codes there is nothing: each cell snaps to the nearest code of the book, so the "
            "walk goes in steps, and there is no sphere to keep to."
        )
    if not able.samples and not able.cells:
        if walk:
            return (
                "This model has **no prior**: no sphere that its codes would lie near. The spherical walk is "
                "shown, but means little here."
            )
        return (
            "A point has **no rate**, so films are sorted by the spread of the codes. It has no prior either: beyond "
            "its codes nothing was ever asked of the decoder."
        )
    return ""
