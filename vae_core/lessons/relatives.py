"""Lesson 11: the same sample through the relatives of the VAE, and what each of them makes anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.family import FAMILY, code_of, lacks, size_of
from vae_core.lessons.samples import sample_of
from vae_core.lessons.scene import Bars, Drag, Number, Pictures, Scene, Words
from vae_core.lessons.tiles import DREAMS, pictures_of, text_of

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.data import Dataset
    from vae_core.models import Model


DIGITS = tuple(place for place, one in enumerate(FAMILY) if one.key not in ("transformer", "text"))
ASKED = ("pca", "vae", "vq", "gan")


class Measured(NamedTuple):
    """On held-out samples: error of redrawing, parts of white (RMSE); distance of dreams, in the same unit."""

    error: float
    dreams: float


def measured(model: Model, x: Tensor, y: Tensor | None, seed: int = 0) -> Measured:
    """How well held-out samples are redrawn, and how far as many dreams lie from them.

    Args:
        x: pictures, uint8 [n, C, H, W]. y: their classes, int64 [n], for models that are told one.

    The distance is the root of the energy distance: 0 for equal sets alone. A model without an encoder has an error of
    nan.
    """
    import torch

    from vae_core.metrics.samples import energy_distance
    from vae_core.redraw import told_of

    told, real = told_of(model, x, y), x.float() / 255
    with torch.no_grad():
        drawn = model.sample_prior(len(x), told, generator=torch.Generator().manual_seed(seed))
        distance = energy_distance(model.decode(drawn, told).clamp(0, 1), real) ** 0.5
        if not model.spec.abilities.encodes:
            return Measured(float("nan"), distance)
        redrawn = model.decode(model.encode(x, told).mean, told).clamp(0, 1)
    return Measured(float((redrawn - real).square().mean().sqrt()), distance)


def scene(material: Material) -> Scene:
    """A stop a relative: the sample, redrawn and dreamt; what is measured of it is added as the visitor goes on."""
    from vae_core.data import load_dataset

    runs = [material.run(one.run) for one in FAMILY]
    sample, data = sample_of(material, runs[0]), load_dataset(runs[0].config.data.name)
    rows = data.splits["test"]
    x, y = data.x[rows], None if data.y is None else data.y[rows]
    found = {place: measured(runs[place].model, x, y) for place in DIGITS}
    tiles, words = [], []
    for one, run in zip(FAMILY, runs, strict=True):
        here = (
            text_of(run, load_dataset(run.config.data.name))
            if one.key == "text"
            else pictures_of(one, run.model, sample.x, sample.y)
        )
        tiles.append(here)
        words.append(
            (
                f"{one.title}: {one.is_}",
                f"Code: {code_of(one, run)}.",
                f"What it makes anew: {one.dreams}.",
                lacks(one, run.config.model.abilities),
            )
        )
    errors = np.array([found[place].error for place in DIGITS])
    distances = np.array([found[place].dreams for place in DIGITS])
    stops = len(FAMILY)
    reached = np.arange(stops)[:, None] >= np.array(DIGITS)[None]  # [S, B]
    names, keys = tuple(FAMILY[place].title for place in DIGITS), tuple(FAMILY[place].key for place in DIGITS)
    of = dict(zip(keys, errors, strict=True))
    asked = np.array([of[key] for key in ASKED])
    best, dreamer = int(np.nanargmin(errors)), int(np.argmin(distances))
    titles = dict(zip(keys, names, strict=True))
    sizes = {key: size_of(runs[place]) for key, place in zip(keys, DIGITS, strict=True)}
    named = tuple(f"{titles[key]} ({sizes[key]})" if sizes[key] else titles[key] for key in keys)
    told = ", ".join(
        f"{titles[key]} none" if np.isnan(of[key]) else f"{titles[key]} {of[key]:.3f} with {sizes[key]}"
        for key in ASKED
    )
    real = _real(data)
    labels = ("the sample", "redrawn", *(f"new {place + 1}" for place in range(DREAMS)))
    return Scene(
        drag=Drag("relative", tuple(one.title for one in FAMILY), 0, low=FAMILY[0].title, high=FAMILY[-1].title),
        panels=(
            Pictures(
                "The sample, redrawn, and four new ones",
                "What each relative makes of the same sample, and four samples that it makes anew. A grey tile: it "
                "cannot redraw.",
                np.stack(tiles), labels,
            ),
            Words("What it is", "What this relative is, what its code is, and what it lacks.", tuple(words)),
            Bars(
                "Error of redrawing held-out digits, and the size of the code",
                "How far redrawn digits are from the digits, a bar for each relative; none for one without an encoder.",
                named, np.where(reached, errors, np.nan), "RMSE of a pixel, parts of white", keys, digits=3,
            ),
            Bars(
                "How far new digits are from held-out ones", "The distance between new and held-out digits, a bar for "
                "each relative.",
                names, np.where(reached, distances, np.nan), "root of the energy distance", keys,
                line=(real, f"{real:.2f}, training digits"),
            ),
        ),
        answer=int(np.nanargmin(asked)),
        because=(
            f"The errors, in parts of white: {told}; without an encoder nothing can be redrawn. Codes differ in size, "
            f"so a smaller error may only mean a larger code. Among all relatives {_the(names[best])} has the "
            f"smallest error, and the new digits of {_the(names[dreamer])} are nearest to held-out ones. Redrawing "
            f"and making anew are two skills: the autoencoder's error is {of['plain']:.3f}, and its new digits are "
            f"{distances[keys.index('plain')] / distances[dreamer]:.1f} times as far off as those of "
            f"{_the(names[dreamer])}."
        ),
        see=tuple(range(DIGITS[-1], stops)),
        made_of=(
            f"Computed by {len(set(one.run for one in FAMILY))} runs from {sample.label}; errors and distances "
            f"on the {len(rows)} held-out digits and as many new ones. The Text VAE learnt names, so it has neither."
        ),
        numbers=(
            Number("error", "error of redrawing", _by_stop(errors), "of white", 3),
            Number("dreams", "distance of new samples", _by_stop(distances), "", 3),
        ),
    )  # fmt: skip


def _the(title: str) -> str:
    """A relative's title in a sentence."""
    return title if title == "PCA" else f"the {title}"


def _by_stop(values: np.ndarray) -> np.ndarray:
    """Figures of the relatives that have some, a stop each: float [S]; nan for the others."""
    spread = np.full(len(FAMILY), np.nan)
    spread[list(DIGITS)] = values
    return spread


def _real(data: Dataset) -> float:
    """The distance between held-out samples and as many training samples: what real samples have."""
    from vae_core.metrics.samples import energy_distance

    held_out = data.x[data.splits["test"]].float() / 255
    return energy_distance(data.x[data.splits["train"]][: len(held_out)].float() / 255, held_out) ** 0.5


LESSON = Lesson(
    number=11,
    key="relatives",
    title="Who else is in the family?",
    idea=(
        "Change one part of a VAE and it becomes another model with a name of its own. With matrices for nets it is "
        "**PCA**. Without noise and rate it is an **autoencoder**, and with part of the input blanked a **denoising** "
        "one. Told the class it is **conditional**, with codes on several levels **hierarchical**. With codes out of a "
        "book it is a **VQ-VAE**, whose prior is a **transformer** that draws one entry after the other. With a critic "
        "in place of encoder and likelihood it is a **GAN**, with a decoder of letters a **text** VAE."
    ),
    question="Four relatives learnt the same digits. Which of them redraws held-out digits with the smallest error?",
    options=("PCA", "The VAE", "The VQ-VAE", "The GAN"),
    drag="Go from relative to relative; errors and distances are added as you pass.",
    formula=(
        r"\term{vae}{L_{\mathrm{VAE}}} = D + R, \quad \term{plain}{L_{\mathrm{AE}}} = D \\ "
        r"\term{denoising}{L_{\mathrm{DAE}}} = D(x \mid \tilde{x}), \quad "
        r"\term{pca}{z_{\mathrm{PCA}}} = M^{-1} W^{\top} (x - \mu) \\ "
        r"\term{condition}{p(x \mid z, y)}, \quad \term{ladder}{p(z_2 \mid z_1)}, \quad \term{gan}{x = G(z)} \\ "
        r"\term{vq}{k} = \mathrm{argmin}_j \lVert z - e_j \rVert \\ "
        r"\term{transformer}{p(k)} = \prod_t p(k_t \mid k_1 \ldots k_{t-1}) \\ "
        r"\term{text}{p(x \mid z)} = \prod_t p(x_t \mid z, x_1 \ldots x_{t-1}) \\ "
        r"\term{error}{\mathrm{RMSE}} = \sqrt{\mathrm{mean}\,(x - \hat{x})^2} \\ "
        r"\term{dreams}{d^2} = 2\,\mathbb{E}\lVert a - b \rVert - \mathbb{E}\lVert a - a' \rVert - "
        r"\mathbb{E}\lVert b - b' \rVert"
    ),
    terms={
        "vae": Term("Distortion and rate, with noise in the code.", ()),
        "plain": Term("The autoencoder: the distortion alone.", ()),
        "denoising": Term("The denoising autoencoder sees the sample with pixels blanked.", ("_corrupted", "lost")),
        "pca": Term("PCA: the code is a linear map of the sample.", ("self.encoder(unit_range(x).flatten(1))",)),
        "condition": Term("The conditional VAE: the decoder is told y beside the code.", ("y",)),
        "ladder": Term("The ladder: finer codes, given coarser ones.", ()),
        "vq": Term("The VQ-VAE: each cell takes the nearest entry of the book.", ("far", "self.codes")),
        "transformer": Term("The transformer: one entry after the other.", ("drawn", "logits")),
        "text": Term("The text VAE: one letter after the other, given the code.", ("tokens", "state")),
        "gan": Term("The GAN: a decoder of draws, trained against a critic.", ()),
        "error": Term("How far redrawn pixels are from the sample's: the root of the mean squared error.",
                      ("error", "redrawn")),
        "dreams": Term("The energy distance of new samples a and held-out ones b is d squared: 0 where both are alike.",
                       ("across", "among", "among_others")),
    },
    code=(
        "vae_core.models.vae:VAE._corrupted",
        "vae_core.models.linear:PCA.encode",
        "vae_core.models.vae:VAE.told",
        "vae_core.models.quantised:LearntCodes.nearest",
        "vae_core.models.transformer:Transformer.sample",
        "vae_core.sequences:SentenceDecoder.step",
        "vae_core.lessons.relatives:measured",
        "vae_core.metrics.samples:energy_distance",
    ),
    runs=tuple(dict.fromkeys(one.run for one in FAMILY)),
    scene=scene,
    papers=(
        Paper("Tipping and Bishop 1999 (PCA)", "https://doi.org/10.1111/1467-9868.00196"),
        Paper("Vincent and others 2008 (denoising)", "https://doi.org/10.1145/1390156.1390294"),
        Paper("Sohn and others 2015 (conditional)",
              "https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html"),
        Paper("Sønderby and others 2016 (ladder)", "https://arxiv.org/abs/1602.02282"),
        Paper("van den Oord and others 2017 (VQ-VAE)", "https://arxiv.org/abs/1711.00937"),
        Paper("Vaswani and others 2017 (transformer)", "https://arxiv.org/abs/1706.03762"),
        Paper("Goodfellow and others 2014 (GAN)", "https://arxiv.org/abs/1406.2661"),
        Paper("Bowman and others 2016 (text)", "https://arxiv.org/abs/1511.06349"),
    ),
    then=(
        "Redrawing asks for a code that tells much; making new samples asks for a prior that knows which codes there "
        "are. A VAE learns both with one loss. A larger code can redraw better, and then needs a better prior: the "
        "grid of the VQ-VAE needs its transformer. A GAN only makes new samples: it has no code for a given one."
    ),
    onward=(
        ("pages/home.py", "Home: all families, with their papers"),
        ("pages/compare.py", "Compare: one sample through several models"),
        ("pages/generate.py", "Generate: what each prior dreams"),
    ),
    sample=24,
    draws=True,
)  # fmt: skip
