"""The relatives of the VAE that lesson 11 goes through: what each is, what its code is, what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.abilities import Abilities
    from vae_core.runs import Run


@dataclass(frozen=True)
class Relative:
    """One stop. is_: what it is. dreams: what its new samples are. key: its term."""

    key: str
    run: str
    title: str
    is_: str
    dreams: str = "decoded from a draw of its prior"


FAMILY = (
    Relative("vae", "digits-10d", "VAE", "Encoder, noise, decoder; the loss is distortion plus rate."),
    Relative(
        "pca", "digits-pca", "PCA", "A matrix in place of each net, computed at once: no step of training is needed.",
    ),
    Relative(
        "plain", "digits-autoencoder", "Autoencoder", "A VAE without noise and without rate: it only redraws.",
        "decoded from draws of N(0, I), though it has no prior",
    ),
    Relative(
        "denoising", "digits-denoising", "Denoising AE",
        "An autoencoder that sees the sample with pixels blanked and must redraw it whole.",
        "decoded from draws of N(0, I), though it has no prior",
    ),
    Relative(
        "condition", "digits-class", "Conditional VAE",
        "Both nets are told the class, so the code tells the handwriting alone.",
        "four classes, decoded from one and the same code",
    ),
    Relative(
        "ladder", "digits-ladder", "Ladder VAE",
        "Hierarchical: first a coarse code, then finer codes that depend on it.",
        "decoded from the sample's own coarse code with new fine codes",
    ),
    Relative(
        "vq", "digits-vq", "VQ-VAE", "Vector-quantised: the code is a grid of entries out of a learnt book.",
        "decoded from a grid that its transformer draws",
    ),
    Relative(
        "transformer", "digits-vq", "Transformer",
        "Autoregressive: it draws entry after entry of a grid, each given all entries before it.",
        "the sample's upper half of entries, and a new lower half",
    ),
    Relative(
        "gan", "digits-gan", "GAN",
        "A decoder alone, trained against a critic that learns to tell its samples from data.",
        "decoded from a draw of N(0, I)",
    ),
    Relative("text", "names", "Text VAE", "A VAE of names, not of digits: its decoder writes letter by letter.",
             "names written from draws of N(0, I)"),
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


def size_of(run: Run) -> str:
    """How large its code is, in a word or two; "" where it has none."""
    able = run.config.model.abilities
    if able.cells is not None:
        return f"{able.cells[0] * able.cells[1]} entries"
    return f"{run.latent_dim} numbers" if able.encodes else ""


def lacks(one: Relative, able: Abilities) -> str:
    """What it cannot do, from its abilities; or that it has all."""
    if one.key == "transformer":
        return "It lacks a code of its own that sums the sample up."
    if not able.encodes:
        return "It lacks an encoder and a likelihood: no sample has a code, and none has a price in nats."
    if not able.samples:
        return "It lacks a rate and a prior: nothing in its loss says where codes should lie."
    return "It has all three: an encoder, a prior and a likelihood."
