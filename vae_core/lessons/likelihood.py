"""Lesson 5: what a wrong pixel costs: Bernoulli, squared error, and a Gaussian whose sigma is the best one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.kinds import other_kind, vae_of
from vae_core.lessons.samples import as_pictures, sample_of
from vae_core.lessons.scene import Curves, Drag, Line, Number, Pictures, Scene

if TYPE_CHECKING:
    from torch import Tensor

RUN = "digits-10d"
SQUARED = math.sqrt(0.5)
"""The sigma at which a Gaussian's nll is the plain squared error and a constant."""
GRID = np.geomspace(0.03, 1.5, 37)
CLOSE = 0.03  # of the logarithms of two sigmas
WHITE = 3.0  # errors of so many σ are drawn white


def gaussian_nll(redrawn: Tensor, x: Tensor, sigma: float) -> Tensor:
    """-log N(x; redrawn, sigma^2 I) of pictures [B, C, H, W]: [B], nats of a density."""
    squared = (x - redrawn).square().flatten(1)  # [B, P]
    return squared.sum(1) / (2 * sigma**2) + squared.shape[1] / 2 * math.log(2 * math.pi * sigma**2)


def bernoulli_nll(redrawn: Tensor, x: Tensor) -> Tensor:
    """-sum_i x_i log redrawn_i + (1 - x_i) log(1 - redrawn_i), pixel by pixel: [B, C, H, W], nats."""
    return -(x.xlogy(redrawn) + (1 - x).xlogy(1 - redrawn))


def optimal_sigma(redrawn: Tensor, x: Tensor) -> float:
    """The root mean square error, at which the Gaussian's nll is least (Rybkin et al. 2021, eq. 5)."""
    return float((x - redrawn).square().mean().sqrt())


def stops_with(*exact: float) -> np.ndarray:
    """The grid of sigmas with these among them; of two that could not be told apart the earlier one stays."""
    stops: list[float] = []
    for sigma in (*exact, *GRID.tolist()):
        if all(abs(math.log(sigma / other)) > CLOSE for other in stops):
            stops.append(sigma)
    return np.sort(stops)


def scene(material: Material) -> Scene:
    """One digit and what the decoder makes of it, charged in three ways; sigma is the slider."""
    import torch

    from vae_core.likelihoods import FixedGaussian, OptimalGaussian
    from vae_core.models.base import unit_range

    run = material.run(RUN)
    sample, model = sample_of(material, run), vae_of(run)
    if not isinstance(model.likelihood, (OptimalGaussian, FixedGaussian)):
        raise other_kind(run, "has no Gaussian likelihood, and this lesson asks for its σ")
    x = unit_range(sample.x)
    with torch.no_grad():
        redrawn = model.decode(model.encode(x).mean).float()  # [1, C, H, W]
    best = optimal_sigma(redrawn, x)
    sigmas = stops_with(best, SQUARED)
    redrawn, x = redrawn.double(), x.double()
    nll = np.array([float(gaussian_nll(redrawn, x, sigma)) for sigma in sigmas])
    error, perfect = (x - redrawn).square(), bernoulli_nll(x, x)  # a perfect copy of grey pixels costs, too
    crossed = bernoulli_nll(redrawn, x) - perfect
    squared, entropy = float(error.sum()), float(perfect.sum())
    bernoulli, pixels = float(crossed.sum()) + entropy, x.numel()
    fit = squared / (2 * sigmas**2)
    place, at_squared = int(nll.argmin()), int(np.abs(sigmas - SQUARED).argmin())
    charged = torch.stack([error.sqrt() / sigma for sigma in sigmas])[:, 0] / WHITE  # [S, C, H, W]
    tops = [float(part.max()) for part in (error, crossed)]
    still = [part.expand_as(charged) for part in (x, redrawn, error / tops[0], crossed / tops[1])]
    typical = abs(math.log(sigmas[place] / best)) < CLOSE
    answer = 3 if typical else {0: 0, at_squared: 1}.get(place, 2)
    learnt = float(model.likelihood.variance.sqrt())
    return Scene(
        drag=Drag(
            "σ", tuple(f"{sigma:.3f}" for sigma in sigmas), at_squared, "sigma", "sure of every pixel", "sure of none"
        ),
        panels=(
            Pictures(
                "A picture, its copy, and what is wrong with each pixel",
                f"{sample.label}, what the decoder makes of it, and three pictures of what is wrong with each pixel: "
                "by the squared error, by the Bernoulli, and by the Gaussian with this sigma.",
                as_pictures(torch.stack([part.float() for part in (*still, charged)], 1)),
                (
                    "the sample x",
                    "redrawn, x̂",
                    f"squared error (white: {tops[0]:.2f})",
                    f"Bernoulli (white: {tops[1]:.2f} nats)",
                    f"Gaussian: error in σ (white: {WHITE:.0f} σ or more)",
                ),
                ("x", "redrawn", "squared", "bernoulli", "fit"),
                tuple(
                    ("", "", f"sum {squared:.2f}, no nats", f"{bernoulli - entropy:.1f} nats", f"{part:.1f} nats")
                    for part in fit.round(1)
                ),
            ),
            Curves(
                "Distortion of this picture, over σ",
                "A curve over sigma, its two parts, and two levels: Bernoulli and squared error.",
                sigmas,
                (
                    Line("Gaussian with this σ", nll, "nll"),
                    Line("what is wrong", fit, "fit", dashed=True),
                    Line("what being unsure costs", nll - fit, "width", dashed=True),
                    Line("Gaussian with σ² = 1/2", np.full(len(sigmas), nll[at_squared]), "squared", dashed=True),
                    Line("Bernoulli (no density)", np.full(len(sigmas), bernoulli), "bernoulli", dashed=True),
                ),
                "σ, grey levels from 0 to 1",
                "nats",
                log_x=True,
                digits=1,
            ),
        ),
        numbers=(
            Number("sigma", "σ", sigmas, digits=3),
            Number("nll", "−log N(x; x̂, σ²)", nll.round(1), "nats", 1),
            Number("fit", "what is wrong", fit.round(1), "nats", 1),
            # the rest of what is shown, so that the figures add up to the last digit
            Number("width", "what being unsure costs", nll.round(1) - fit.round(1), "nats", 1),
            Number("squared", "squared error", np.full(len(sigmas), squared)),
            Number("bernoulli", "Bernoulli", np.full(len(sigmas), bernoulli).round(1), "nats", 1),
            Number("wrong", "more than a perfect copy", np.full(len(sigmas), bernoulli - entropy).round(1), "nats", 1),
            Number(
                "perfect",
                "what a perfect copy costs",
                np.full(len(sigmas), bernoulli).round(1) - round(bernoulli - entropy, 1),
                "nats",
                1,
            ),
        ),
        sums=(
            "Gaussian: {nll} = {fit} + {width} nats",
            "{fit} ≈ {squared} / (2 · {sigma}²)",
            "Bernoulli: {bernoulli} = {wrong} + {perfect} nats for a perfect copy",
        ),
        answer=answer,
        because=(
            f"The curve is lowest at σ = {sigmas[place]:.3f}, with {nll[place]:.1f} nats; the root mean square error "
            f"of these {pixels} pixels is {best:.3f}. With σ² = 1/2 (plain squared error) it is {nll[at_squared]:.1f} "
            f"nats, with the smallest σ {nll[0]:.1f}. The plain squared error weighs every mistake "
            f"{SQUARED**2 / best**2:.0f} times less than the best σ does, while the rate weighs the same in both."
        ).replace("-", "−"),
        see=tuple(range(max(0, place - 1), place + 2)),
        made_of=(
            f"Computed from {sample.label}, redrawn by the run “{run.config.train.title}”, which found σ = "
            f"{learnt:.3f} for all its training digits together."
        ),
    )


LESSON = Lesson(
    number=5,
    key="likelihood",
    title="The decoder and its likelihood",
    idea=(
        "The decoder says what it expects, $\\hat x$. What does a pixel cost that is a little off? The "
        "**likelihood** says so: how probable $x$ is, given $\\hat x$. The distortion is its negative logarithm, in "
        "nats. The *Bernoulli* takes each pixel as the probability of white (BCE, cross-entropy). A *Gaussian* takes "
        "it as a mean, with a standard deviation $\\sigma$: errors are counted in units of $\\sigma$, and a large "
        "$\\sigma$ costs nats of its own. Whoever takes the plain squared error has chosen $\\sigma^2 = 1/2$ without "
        "saying so."
    ),
    question="One picture and one copy of it. Which σ makes the picture likeliest?",
    options=(
        "The smallest: the copy should be trusted",
        "0.71, where it is the plain squared error",
        "The largest: then no error matters",
        "One as large as a pixel's typical error",
    ),
    drag="Drag σ down from 0.71, past the lowest place of the curve, and watch what each pixel costs.",
    formula=(
        r"\term{nll}{-\log \mathcal{N}(x; \hat{x}, \sigma^2)} = "
        r"\term{fit}{\frac{\sum_i (\term{x}{x_i} - \term{redrawn}{\hat{x}_i})^2}{2 \term{sigma}{\sigma}^2}} + "
        r"\term{width}{\frac{P}{2} \log(2 \pi \term{sigma}{\sigma}^2)} \\ "
        r"\term{sigma}{\sigma^{\ast}}^2 = \frac{1}{P} \sum_i (x_i - \hat{x}_i)^2 \\ "
        r"\term{squared}{\mathrm{squared\ error}}:\ \sum_i (x_i - \hat{x}_i)^2 \quad (\mathrm{no\ nats}) \\ "
        r"\term{bernoulli}{\mathrm{BCE}}:\ -\sum_i \left[ x_i \log \hat{x}_i + (1 - x_i) \log(1 - \hat{x}_i) \right]"
    ),
    terms={
        "nll": Term("Minus the log-density of the picture: the distortion, in nats.", ("nll",)),
        "x": Term("The sample: grey values between 0 and 1.", ("x",)),
        "redrawn": Term("What the decoder expects after it was told the code.", ("redrawn",)),
        "sigma": Term("How far off a pixel may be; the best one is the root mean square error.", ("sigma",)),
        "fit": Term("What is wrong: half the square of each error in units of σ.", ("2 * sigma**2",)),
        "width": Term("What being unsure costs: the wider the bell, the lower it is.", ("2 * math.pi * sigma**2",)),
        "squared": Term(
            "The plain squared error, which has no unit. A Gaussian with σ² = 1/2 is the same number of nats and a "
            "constant: the dashed level.",
            ("squared",),
        ),
        "bernoulli": Term(
            "The cross-entropy. Even a perfect copy of grey pixels costs nats; the picture shows what is above that.",
            ("bernoulli_nll",),
        ),
    },
    code=(
        "vae_core.lessons.likelihood:gaussian_nll",
        "vae_core.lessons.likelihood:bernoulli_nll",
        "vae_core.lessons.likelihood:optimal_sigma",
    ),
    runs=(RUN,),
    scene=scene,
    papers=(
        Paper("Rybkin, Daniilidis and Levine 2021, eq. 4-5", "https://arxiv.org/abs/2006.13202"),
        Paper("Loaiza-Ganem and Cunningham 2019, grey pixels and the Bernoulli", "https://arxiv.org/abs/1907.06845"),
    ),
    then=(
        "With the best σ a typical error costs half a nat a pixel: it is neither ignored nor exaggerated. In training "
        "σ settles how much the pictures count against the rate; with too large a σ codes tell nothing. A Gaussian's "
        "nats are those of a density: they may be negative, and cannot be compared with a Bernoulli's."
    ),
    onward=(
        ("pages/train.py", "Train: choose the likelihood"),
        ("pages/compare.py", "Compare: runs beside each other"),
    ),
    sample=24,
    draws=True,
)
