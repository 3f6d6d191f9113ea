"""Lesson 1: a few numbers are nearly enough, and a curved way of using them beats a straight one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.samples import as_pictures, sample_of
from vae_core.lessons.scene import Bars, Curves, Drag, Line, Number, Pictures, Scene

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.data import Dataset
    from vae_core.models import Model
    from vae_core.runs import Run

VAE_RUN, PCA_RUN = "digits-10d", "digits-pca"
PART = 0.9  # of the fall of the error that the question is about
LIMITS = (3, 5, 8)  # numbers from which the next option is the right one


def keep_first(z: Tensor, order: np.ndarray, k: int) -> Tensor:
    """Codes [B, D] of which only the k busiest dimensions are kept; the others are 0."""
    import torch

    kept = torch.zeros_like(z)
    busiest = order[:k].tolist()
    kept[:, busiest] = z[:, busiest]
    return kept


def mean_error(x: Tensor, redrawn: Tensor) -> float:
    """Mean over samples [B, C, H, W] of the squared error summed over pixels."""
    return float((x - redrawn).square().flatten(1).sum(1).mean())


def redrawn_by_count(model: Model, x: Tensor, order: np.ndarray) -> list[Tensor]:
    """Samples [B, C, H, W] in [0, 1] redrawn from 0, 1, ..., D of their numbers."""
    import torch

    with torch.no_grad():
        z = model.encode(x).mean
        return [model.decode(keep_first(z, order, k)) for k in range(model.latent_dim + 1)]


def busiest_first(run: Run) -> np.ndarray:
    """Dimensions from the one that says most (mean rate, nats) to the quietest: int64 [D]."""
    from vae_core.latent.dimensions import describe

    return describe(run.codes.mean, run.codes.rate).order


def straight_errors(data: Dataset) -> np.ndarray:
    """Squared error of held-out samples projected on the first 0, 1, ..., P components of the training samples."""
    train = data.x[data.splits["train"]].flatten(1).double().numpy() / 255
    test = data.x[data.splits["test"]].flatten(1).double().numpy() / 255
    centre = train.mean(0)
    directions = np.linalg.svd(train - centre, full_matrices=False)[2]  # [P, P], the widest first
    parts = ((test - centre) @ directions.T) ** 2  # [n, P]
    whole = ((test - centre) ** 2).sum(1).mean()
    return np.maximum(whole - np.append(0, parts.mean(0).cumsum()), 0)


def scene(material: Material) -> Scene:
    """One digit from k numbers, and all held-out ones counted; k is the slider."""
    import torch

    from vae_core.data import load_dataset
    from vae_core.models.base import unit_range

    run, straight = material.run(VAE_RUN), material.run(PCA_RUN)
    sample, data = sample_of(material, run), load_dataset(run.config.data.name)
    held_out, x = unit_range(data.x[data.splits["test"]]), unit_range(sample.x)
    orders = {VAE_RUN: busiest_first(run), PCA_RUN: busiest_first(straight)}
    errors, shown = {}, {}
    for one in (run, straight):
        many = redrawn_by_count(one.model, held_out, orders[one.name])
        errors[one.name] = np.array([mean_error(held_out, redrawn) for redrawn in many])
        shown[one.name] = torch.cat(redrawn_by_count(one.model, x, orders[one.name]))  # [S, C, H, W]
    curved, flat = errors[VAE_RUN], errors[PCA_RUN]
    counts = np.arange(len(curved))
    gain = (curved[0] - curved) / (curved[0] - curved[-1])
    enough = int(np.argmax(gain >= PART))
    pixels = as_pictures(torch.stack([x.expand_as(shown[VAE_RUN]), shown[VAE_RUN], shown[PCA_RUN]], 1))
    own = {name: ((x - made) ** 2).flatten(1).sum(1).numpy() for name, made in shown.items()}
    with torch.no_grad():
        code = run.model.encode(x).mean[0].numpy()[orders[VAE_RUN]]
    kept = np.where(counts[:, None] > np.arange(len(code)), code, 0.0)  # [S, D]
    size, as_good = int(np.prod(data.sample_shape)), int(np.argmax(straight_errors(data) <= curved[-1]))
    return Scene(
        drag=Drag(
            "Numbers kept, k", tuple(map(str, counts)), len(counts) - 1, "k", "none: one picture for all", "all of them"
        ),
        panels=(
            Pictures(
                f"{size} pixels, redrawn from k numbers",
                f"{sample.label}; beside it what the VAE and what PCA draw from its first k numbers.",
                pixels,
                ("the sample x", "VAE", "PCA"),
                ("x", "decode", "straight"),
                tuple(
                    (f"{size} numbers", f"error {vae:.2f}", f"error {pca:.2f}")
                    for vae, pca in zip(own[VAE_RUN], own[PCA_RUN], strict=True)
                ),
            ),
            Bars(
                "What the VAE's decoder is given: the code's numbers, the busiest first",
                "A bar for each number of this sample's code; those that are left out are 0.",
                tuple(f"{place}: z{subscript(dim + 1)}" for place, dim in enumerate(orders[VAE_RUN], 1)),
                kept,
                "value",
                terms=("kept",) * len(code),
            ),
            Curves(
                f"Error of {len(held_out)} held-out digits",
                "Two falling curves over k: the mean squared error of the VAE and of PCA.",
                counts.astype(float),
                (Line("VAE", curved, "error"), Line("PCA", flat, "straight")),
                "numbers kept, k",
                f"squared error, sum of {size} pixels",
            ),
        ),
        numbers=(
            Number("k", "k, numbers kept", counts.astype(float), digits=0),
            Number("error", "E(k), VAE", curved),
            Number("straight", "E(k), PCA", flat),
        ),
        sums=("k = {k}: E = {error} with the VAE, {straight} with PCA",),
        answer=int(np.searchsorted(LIMITS, enough, side="right")),
        because=(
            f"With no number at all the VAE's error is {curved[0]:.2f}, with all {counts[-1]} it is {curved[-1]:.2f}. "
            f"{enough} numbers bring {gain[enough]:.0%} of this gain, {enough - 1} bring {gain[enough - 1]:.0%}. "
            f"PCA's error with {counts[-1]} numbers is {flat[-1]:.2f}; it needs {as_good} numbers to be as good as the "
            f"VAE with {counts[-1]}. {_told_crossing(curved, flat)}"
        ),
        see=tuple(range(enough - 1, min(len(counts) - 1, enough + 2))),  # the last is where the slider stands at first
        made_of=(
            f"Computed from {len(held_out)} held-out digits, by the runs “{run.config.train.title}” and "
            f"“{straight.config.train.title}”, {counts[-1]} numbers each; the pictures are of {sample.label}."
        ),
    )


def _told_crossing(curved: np.ndarray, flat: np.ndarray) -> str:
    """From how many numbers on the VAE's error is the smaller one."""
    worse = np.flatnonzero(curved > flat)
    if not len(worse):
        return "However many numbers are kept, the VAE's error is the smaller one."
    if worse[-1] == len(curved) - 1:
        return f"With all {len(curved) - 1} numbers PCA's error is the smaller one."
    return (
        f"With {worse[-1]} numbers PCA's error is the smaller one, from {worse[-1] + 1} on the VAE's is: a VAE is "
        "trained with all its numbers, never with a few."
    )


def subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


LESSON = Lesson(
    number=1,
    key="why",
    title="Why compress?",
    idea=(
        "A small digit is a picture of 64 pixels, but 64 random pixels are no digit: a hand has only so many ways to "
        "write a 4. An **encoder** sums a picture $x$ up in a few numbers, its *code* $z$; a **decoder** draws the "
        "picture again from the code. Two models do so here. **PCA** (principal component analysis) is the straight "
        "way: each number adds one fixed picture, more or less of it. A **VAE** (variational autoencoder) has neural "
        "nets for encoder and decoder, so a number may change the picture in a curved way."
    ),
    question=(
        "A VAE sums each digit up in ten numbers. With all ten the error of redrawing is much smaller than with none. "
        "How many numbers, the busiest first, are enough for nine tenths of this gain?"
    ),
    options=("One or two", "Three or four", "Five to seven", "Eight or more"),
    drag="Drag k down: the quietest numbers are left out first. A number that is left out is put to 0.",
    formula=(
        r"\term{error}{E(\term{k}{k})} = \frac{1}{N} \sum_{n} \left\lVert \term{x}{x_n} - "
        r"\term{decode}{g}(\term{kept}{z_{(1)}, \dots, z_{(k)}, 0, \dots}) \right\rVert^2 \\ "
        r"\term{straight}{g_{\mathrm{PCA}}(z) = W z + \bar{x}}"
    ),
    terms={
        "error": Term(
            "The squared error, summed over pixels, averaged over held-out digits: digits that no training saw.",
            ("mean_error",),
        ),
        "k": Term("How many numbers of the code are kept.", ("k",)),
        "x": Term("A picture: 64 grey values between 0 and 1.", ("x",)),
        "decode": Term("The VAE's decoder, a net: it draws a picture from a code.", ("decode", "self.decoder")),
        "kept": Term(
            "The code's k busiest numbers, the one that says most first; the others are 0. The bars name the place "
            "that each has in the code.",
            ("kept",),
        ),
        "straight": Term("PCA's decoder: a matrix W times the code, and the mean picture.", ("W z + mu",)),
    },
    code=(
        "vae_core.lessons.why_compress:keep_first",
        "vae_core.lessons.why_compress:mean_error",
        "vae_core.models.vae:VAE.decode",
        "vae_core.models.linear:PCA.decode",
    ),
    runs=(VAE_RUN, PCA_RUN),
    scene=scene,
    papers=(
        Paper("Hinton and Salakhutdinov 2006", "https://www.cs.toronto.edu/~hinton/absps/science.pdf"),
        Paper("Kingma and Welling 2019, chapter 1", "https://arxiv.org/abs/1906.02691"),
    ),
    then=(
        "Few numbers are enough because digits fill only a thin, curved sheet among all pictures of 64 pixels. PCA "
        "lays a flat sheet through the digits, a VAE a curved one. A number that says next to nothing can be left out "
        "without anybody seeing it."
    ),
    onward=(
        ("pages/traverse.py", "Traverse: what each number does"),
        ("pages/compare.py", "Compare: PCA beside a VAE"),
    ),
    sample=24,
    draws=True,
)
