"""Lesson 8: what a dearer rate does to the same net: less is told, pictures blur, dimensions fall asleep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.samples import as_pictures
from vae_core.lessons.scene import Bars, Curves, Drag, Line, Number, Pictures, Scene, Trail
from vae_core.studies import METHODS

if TYPE_CHECKING:
    from torch import Tensor

BETAS = METHODS["beta"].weights
RUNS = tuple(f"study-beta-{beta:g}" for beta in BETAS)
SHOWN, MEASURED = 4, 200  # held-out samples that are drawn; that sharpness is measured on
FEW, SOME = 2, 5  # dimensions: up to which the options of the question reach


def edges(pictures: np.ndarray) -> float:
    """How much neighbouring pixels differ: the sum of squared differences across and down.

    Args:
        pictures: [..., H, W], uint8 or in 0..255.
    """
    grey = pictures.astype(np.float64) / 255
    return float(np.square(np.diff(grey, axis=-1)).sum() + np.square(np.diff(grey, axis=-2)).sum())


def scene(material: Material) -> Scene:
    """Runs that differ in beta alone, on the same held-out sprites."""
    import torch

    from vae_core.data import load_dataset
    from vae_core.export import decode_samples
    from vae_core.metrics.activity import ACTIVE_VARIANCE, active_units

    runs = [material.run(name) for name in RUNS]
    info = runs[0].config.data
    index = runs[0].codes.index[:MEASURED]
    data = load_dataset(info.name)
    x: Tensor = data.x[torch.from_numpy(index)]
    sharp = edges(x.numpy())
    rates, distortions, variances, awake, sharpness, redrawn = [], [], [], [], [], []
    for run in runs:
        codes = run.codes
        made = decode_samples(run.model, info, codes.mean[codes.rows(index)])
        rates.append(float(codes.rate.mean(0).sum()))
        variances.append(np.sort(codes.mean.var(0))[::-1])
        distortions.append(float(codes.distortion.mean()))
        awake.append(int(active_units(codes.mean).sum()))
        sharpness.append(edges(made) / sharp)
        redrawn.append(as_pictures(torch.from_numpy(made[:SHOWN])))
    rate, distortion, betas = np.array(rates), np.array(distortions), np.array(BETAS, float)  # [S]
    stops = tuple(f"{beta:g}" for beta in BETAS)
    dims = runs[0].latent_dim
    numbers = {
        "beta": (betas, "β", "", 0), "distortion": (distortion, "distortion", "nats", 1),
        "rate": (rate, "rate", "nats", 1), "loss": (distortion + betas * rate, "what was minimised", "nats", 1),
        "elbo": (-distortion - rate, "ELBO", "nats", 1), "awake": (np.array(awake, float), "dimensions awake", "", 0),
        "sharpness": (100 * np.array(sharpness), "sharpness, of the sprites' own", "%", 1),
    }  # fmt: skip
    last = awake[-1]
    return Scene(
        drag=Drag("β, the price of a nat", stops, 0, "beta", "cheap", "dear"),
        panels=(
            Pictures(
                "Held-out sprites", "Four sprites that no model was trained on.",
                as_pictures(x[:SHOWN])[None], tuple(f"sprite {place + 1}" for place in range(SHOWN)),
            ),
            Pictures(
                "Redrawn at this β",
                "The same four, redrawn from their codes.",
                np.stack(redrawn), tuple(f"redrawn {place + 1}" for place in range(SHOWN)), ("distortion",) * SHOWN,
            ),
            Trail(
                "Rate and distortion",
                f"{len(runs)} models, one for each beta, by their rate and their distortion.",
                np.stack([rate, distortion], 1), "rate, nats", "distortion, nats", tuple(f"β = {s}" for s in stops),
                term="rate",
            ),
            Bars(
                "How much the mean of each dimension varies over the data, the most awake first",
                f"The variances of the means of {dims} dimensions, and the level from which one counts as awake.",
                tuple(str(place + 1) for place in range(dims)), np.stack(variances), "variance of the mean",
                ("awake",) * dims, (ACTIVE_VARIANCE, f"{ACTIVE_VARIANCE:g}, awake from here on"), 3,
            ),
            Curves(
                "Sharpness of what is redrawn",
                "Sharpness over beta, in per cent of the sprites' own.",
                betas, (Line("sharpness", 100 * np.array(sharpness), "sharpness"),), "β", "% of the sprites' own",
                log_x=True, digits=1,
            ),
        ),
        numbers=tuple(Number(key, label, values, unit, digits) for key, (values, label, unit, digits) in
                      numbers.items()),
        sums=("{loss} = {distortion} + {beta} · {rate}", "ELBO: {elbo} = −({distortion} + {rate})"),
        answer=0 if last == dims else 1 if last > SOME else 2 if last > FEW else 3,
        because=(
            f"{awake[0]} of {dims} dimensions are awake at β\u00a0=\u00a0{stops[0]}, {last} at "
            f"β\u00a0=\u00a0{stops[-1]}. A dimension is worth its price only if each nat of its rate saves β nats of "
            "distortion. A dimension that saves less falls asleep: its posterior becomes the prior. The rate goes "
            f"from {rate[0]:.1f} to {rate[-1]:.1f} nats, the sharpness from {100 * sharpness[0]:.1f} to "
            f"{100 * sharpness[-1]:.1f} % of the sprites' own."
        ),
        see=(len(stops) - 1,),
        made_of=(
            f"{len(runs)} models of the same net, trained alike on the {info.name} but for β; rates and distortions "
            f"are means over {len(runs[0].codes):,} held-out sprites, the sharpness over {len(x)}."
        ),
    )  # fmt: skip


LESSON = Lesson(
    number=8,
    key="weight",
    title="What if the rate costs more?",
    idea=(
        "The ELBO adds two prices in the same coin: the distortion and the rate. Nothing forces us to weigh them "
        "alike. The $\\beta$-VAE multiplies the rate by $\\beta$. With a dear rate the code tells only what saves much "
        "distortion. The decoder fills in the rest: it draws the mean of all that is still possible, which is a blur. "
        "A dimension whose mean hardly varies from sample to sample is asleep (*collapsed*). The samples here are "
        "*sprites*: small pictures of one white shape on black."
    ),
    question=f"How many of the ten dimensions are still awake at β\u00a0=\u00a0{BETAS[-1]:g}?",
    options=("All ten", f"{SOME + 1} to 9", f"{FEW + 1} to {SOME}", f"{FEW} or fewer"),
    drag="Drag β from cheap to dear. Each stop is another training of the same net.",
    formula=(
        r"\term{loss}{L} = \term{distortion}{D} + \term{beta}{\beta}\sum_d \term{rate}{R_d} \\ "
        r"d\ \term{awake}{\mathrm{awake}} \;\Leftrightarrow\; "
        r"\term{awake}{\mathrm{Var}_x\left(\mu_d(x)\right) > 0.01} \\ "
        r"\term{sharpness}{\mathrm{sharpness}} = \sum_{i,j} \left[ (x_{i+1,j} - x_{i,j})^2 + "
        r"(x_{i,j+1} - x_{i,j})^2 \right]"
    ),
    terms={
        "loss": Term("What training minimises: minus the ELBO only where β is 1.", ("beta_elbo", "_weighed")),
        "distortion": Term("How badly a sample is redrawn, in nats.", ("distortion",)),
        "beta": Term("What a nat of rate costs, in nats of distortion.", ("beta",)),
        "rate": Term("What the code tells about the sample, in nats; the sum over dimensions.", ("rate",)),
        "awake": Term(
            "A dimension d is awake where its mean μ varies over the data: with a variance above 0.01.",
            ("active_units", "ACTIVE_VARIANCE"),
        ),
        "sharpness": Term("How much neighbouring pixels differ; a blur has little of it.", ("edges",)),
    },
    code=(
        "vae_core.objectives.elbo:beta_elbo",
        "vae_core.objectives.elbo:_weighed",
        "vae_core.metrics.activity:active_units",
        "vae_core.lessons.weight:edges",
    ),
    runs=RUNS,
    scene=scene,
    papers=(
        Paper("Higgins and others 2017 (β-VAE), eq. 4", "https://openreview.net/forum?id=Sy2fzU9gl"),
        Paper("Alemi and others 2018 (Fixing a broken ELBO)", "https://arxiv.org/abs/1711.00464"),
        Paper("Burda and others 2016, on active units", "https://arxiv.org/abs/1509.00519"),
    ),
    then=(
        "The models lie on one curve: what is saved in rate is paid in distortion, and β chooses the place. "
        "Blur is no failure of the decoder: told little, it can draw nothing sharper. A dear rate is still wanted at "
        "times: the few dimensions that stay awake tend to say one thing each. Lesson 10 looks at them."
    ),
    onward=(
        ("pages/compare.py", "Compare: the same sprite through several models"),
        ("pages/train.py", "Train: a sweep of β of your own"),
        ("pages/disentangle.py", "Disentangle: which dimension carries what"),
    ),
)  # fmt: skip
