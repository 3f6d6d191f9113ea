"""Lesson 5: what a wrong pixel costs: Bernoulli, squared error, and a Gaussian whose sigma is the best one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.samples import as_pictures, sample_of
from vae_core.lessons.scene import Curves, Drag, Line, Number, Pictures, Scene

if TYPE_CHECKING:
    from torch import Tensor

RUN = "digits-10d"
SQUARED = math.sqrt(0.5)
"""The sigma at which a Gaussian's nll is the plain squared error and a constant."""
GRID = np.geomspace(0.03, 1.5, 37)
CLOSE = 0.03  # of the logarithms of two sigmas
WHITE = 3.0  # nats a pixel that are drawn white where σ moves


def gaussian_nll(out: Tensor, x: Tensor, sigma: float) -> Tensor:
    """-log N(x; mean(out), sigma^2 I) of pictures [B, C, H, W]: [B], nats of a density."""
    import torch

    from vae_core.likelihoods import OptimalGaussian

    likelihood = OptimalGaussian().eval()
    likelihood.set_variance(torch.tensor(sigma**2))
    return likelihood.nll(out, x)


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

    from vae_core.likelihoods import Bernoulli, OptimalGaussian
    from vae_core.models.base import unit_range
    from vae_core.models.vae import VAE

    run = material.run(RUN)
    sample, model = sample_of(material, run), run.model
    assert isinstance(model, VAE) and isinstance(model.likelihood, OptimalGaussian)  # as digits-10d has them
    x = unit_range(sample.x)
    with torch.no_grad():
        out = model.decoder(model.told(model.encode(x).mean)).float()  # logits of the picture, [1, C, H, W]
        redrawn, best = torch.sigmoid(out), optimal_sigma(torch.sigmoid(out), x)
        sigmas = stops_with(best, SQUARED)
        nll = np.array([float(gaussian_nll(out, x, sigma)) for sigma in sigmas])
        bernoulli, squared = float(Bernoulli().nll(out, x)), float((x - redrawn).square().sum())
        entropy = float(Bernoulli().nll(x.logit(1e-6), x))  # what even a perfect copy costs
        error = (x - redrawn).square().double()  # [1, C, H, W]
        crossed = torch.nn.functional.binary_cross_entropy_with_logits(out, x, reduction="none")
        crossed = crossed - torch.special.entr(x) - torch.special.entr(1 - x)
    pixels = x.numel()
    fit = squared / (2 * sigmas**2)
    place, at_squared = int(nll.argmin()), int(np.abs(sigmas - SQUARED).argmin())
    charged = torch.stack([error / (2 * sigma**2) for sigma in sigmas])[:, 0] / WHITE  # [S, C, H, W]
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
                "What each pixel costs, in nats",
                f"{sample.label}, what the decoder makes of it, and three pictures of what each pixel costs: by the "
                "squared error, by the Bernoulli, and by the Gaussian with this sigma.",
                as_pictures(torch.stack([part.float() for part in (*still, charged)], 1)),
                (
                    "the sample x",
                    "redrawn, x̂",
                    f"squared error, white: {tops[0]:.2f}",
                    f"Bernoulli, white: {tops[1]:.2f}",
                    f"Gaussian, white: {WHITE:.0f}",
                ),
                ("x", "redrawn", "squared", "bernoulli", "fit"),
                tuple(
                    ("", "", f"{squared:.2f} in all", f"{bernoulli - entropy:.2f} in all", f"{part:.1f} in all")
                    for part in fit
                ),
            ),
            Curves(
                "Distortion of this picture, over σ",
                "A curve over sigma with one lowest place, its two parts, and two levels: Bernoulli and squared error.",
                sigmas,
                (
                    Line("Gaussian with this σ", nll, "nll"),
                    Line("what is wrong", fit, "fit", dashed=True),
                    Line("what being unsure costs", nll - fit, "width", dashed=True),
                    Line("squared error: σ² = 1/2", np.full(len(sigmas), nll[at_squared]), "squared", dashed=True),
                    Line("Bernoulli (no density)", np.full(len(sigmas), bernoulli), "bernoulli", dashed=True),
                ),
                "σ, grey levels from 0 to 1",
                "nats",
                log_x=True,
            ),
        ),
        numbers=(
            Number("sigma", "σ", sigmas, digits=3),
            Number("nll", "−log N(x; x̂, σ²)", nll.round(1), "nats", 1),
            Number("fit", "what is wrong", fit.round(1), "nats", 1),
            # the rest of what is shown, so that the figures add up to the last digit
            Number("width", "what being unsure costs", nll.round(1) - fit.round(1), "nats", 1),
            Number("squared", "squared error", np.full(len(sigmas), squared)),
            Number("bernoulli", "Bernoulli", np.full(len(sigmas), bernoulli), "nats", 1),
        ),
        sums=("{nll} = {fit} + {width}", "{fit} ≈ {squared} / (2 · {sigma}²)"),
        answer=answer,
        because=(
            f"The curve is lowest at σ = {sigmas[place]:.3f}, with {nll[place]:.1f} nats; the root mean square error "
            f"of these {pixels} pixels is {best:.3f}. With σ² = 1/2 (plain squared error) it is "
            f"{nll[at_squared]:.1f} nats, with the smallest σ {nll[0]:.1f}. Against a rate in nats the squared error "
            f"alone weighs every mistake {SQUARED**2 / best**2:.0f} times too little."
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
        "The decoder says what it expects, $\\hat x$. How much does a pixel cost that is a little off? That is for the "
        "**likelihood** to say, and the distortion is its negative logarithm. The *Bernoulli* takes each pixel as the "
        "probability of white (BCE, cross-entropy). A *Gaussian* takes it as a mean, with a standard deviation "
        "$\\sigma$: errors are counted in units of $\\sigma$, and a large $\\sigma$ costs nats of its own. Whoever "
        "takes the plain squared error (MSE, here summed over pixels) has chosen $\\sigma^2 = 1/2$ without saying so."
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
        r"\term{squared}{\mathrm{squared\ error}}:\ \sum_i (x_i - \hat{x}_i)^2 \\ "
        r"\term{bernoulli}{\mathrm{BCE}}:\ -\sum_i \left[ x_i \log \hat{x}_i + (1 - x_i) \log(1 - \hat{x}_i) \right]"
    ),
    terms={
        "nll": Term("Minus the log-density of the picture: the distortion, in nats.", ("nll",)),
        "x": Term("The sample: grey values between 0 and 1.", ("x",)),
        "redrawn": Term("What the decoder expects after it was told the code.", ("out", "redrawn")),
        "sigma": Term("How far off a pixel may be; the best one is the root mean square error.", ("variance",)),
        "fit": Term("What is wrong, in units of σ.", ("error",)),
        "width": Term("What being unsure costs: the wider the bell, the lower it is.", ("2 * math.pi",)),
        "squared": Term("The plain squared error: a Gaussian with σ² = 1/2, but for a constant.", ("square",)),
        "bernoulli": Term(
            "The cross-entropy; the picture shows what it is more than that of a perfect copy.",
            ("_CrossEntropy", "softplus"),
        ),
    },
    code=(
        "vae_core.likelihoods:OptimalGaussian.nll",
        "vae_core.likelihoods:Bernoulli.nll",
        "vae_core.lessons.likelihood:optimal_sigma",
    ),
    runs=(RUN,),
    scene=scene,
    papers=(
        Paper("Rybkin, Daniilidis and Levine 2021, eq. 4-5", "https://arxiv.org/abs/2006.13202"),
        Paper("Loaiza-Ganem and Cunningham 2019, grey pixels and the Bernoulli", "https://arxiv.org/abs/1907.06845"),
    ),
    then=(
        "The best σ makes a typical error cost half a nat a pixel: neither ignored nor exaggerated. In training it "
        "settles how much the pictures count against the rate; too large a σ, and codes go to sleep. A Gaussian's nats "
        "are those of a density, may be negative, and cannot be compared with a Bernoulli's in height."
    ),
    onward=(
        ("pages/train.py", "Train: choose the likelihood"),
        ("pages/compare.py", "Compare: runs beside each other"),
    ),
    sample=24,
    draws=True,
)
