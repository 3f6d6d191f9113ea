"""The relatives of the VAE that lesson 11 goes through: what each is, what its code is, what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.abilities import Abilities
    from vae_core.runs import Run


@dataclass(frozen=True)
class Relative:
    """One stop. is_: what it is. dreams: what its new pictures are. key: its term."""

    key: str
    run: str
    title: str
    is_: str
    dreams: str = "decoded from a draw of its prior"


FAMILY = (
    Relative("vae", "digits-10d", "VAE", "Encoder, noise, decoder; the loss is distortion plus rate."),
    Relative("pca", "digits-pca", "PCA", "The same with straight lines for nets: its weights have a closed form."),
    Relative(
        "plain", "digits-autoencoder", "Autoencoder", "A VAE without noise and without rate: it only redraws.",
        "decoded from N(0, I), which it never asked for",
    ),
    Relative(
        "denoising", "digits-denoising", "Denoising AE",
        "An autoencoder that sees the sample with pixels blanked and must redraw it whole.",
        "decoded from N(0, I), which it never asked for",
    ),
    Relative(
        "condition", "digits-class", "Conditional VAE", "Both nets are told the class: the code keeps the hand.",
        "one code, four classes told: one hand writes them",
    ),
    Relative(
        "ladder", "digits-ladder", "Ladder VAE", "Hierarchical: a coarse code first, finer ones given the coarser.",
        "the sample's coarsest code, finer ones drawn",
    ),
    Relative(
        "vq", "digits-vq", "VQ-VAE", "The code is a grid of entries out of a book that is learnt.",
        "a grid drawn by its transformer",
    ),
    Relative(
        "transformer", "digits-vq", "Transformer",
        "Autoregressive: the chance of each entry of a grid, given those before it. It has no code of its own.",
        "the sample's upper half, gone on with",
    ),
    Relative("gan", "digits-gan", "GAN", "A decoder alone, trained to make samples that a critic takes for data.",
             "decoded from a draw of N(0, I)"),
    Relative("text", "names", "Text VAE", "Its decoder writes letter by letter, each given the code and those before.",
             "written from a draw of N(0, I)"),
)  # fmt: skip


def code_of(one: Relative, run: Run) -> str:
    """What a sample's code is, from the run's settings."""
    able, dims = run.config.model.abilities, run.latent_dim
    if one.key == "transformer":
        return "none"
    if able.cells is not None:
        rows, columns = able.cells
        return f"a grid of {rows} × {columns} entries out of a book of {able.codebook}"
    if able.levels:
        sizes = " + ".join(str(last - first) for first, last in able.levels)
        return f"{sizes} numbers, coarse to fine, each with a spread"
    spread = "each with a spread" if able.spreads else "without spread" if able.encodes else "drawn, never found"
    return f"{dims} numbers, {spread}{', beside the class' if able.classes else ''}"


def lacks(one: Relative, able: Abilities) -> str:
    """What it cannot do, from its abilities."""
    if one.key == "transformer":
        return "Lacks a code that sums the sample up; it must write entry by entry."
    if not able.encodes:
        return "Lacks an encoder and a likelihood: no sample has a code, and none has a price."
    if not able.samples:
        return "Lacks a rate and a prior: codes cost nothing, and lie where they like."
    return "Lacks nothing: encoder, prior and likelihood are all there."
