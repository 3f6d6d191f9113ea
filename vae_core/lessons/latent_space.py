"""Lesson 3: the same plane with and without the price of the rate, looked at in circles around the prior's middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.kinds import other_kind
from vae_core.lessons.samples import as_pictures
from vae_core.lessons.scene import Cloud, Curves, Drag, Ellipse, Line, Number, Pictures, Plane, Scene, Spot

if TYPE_CHECKING:
    from vae_core.runs import Run

WITH, WITHOUT = "digits-2d", "digits-2d-autoencoder"
RADII = 0.25 * 2 ** (np.arange(41) / 6)  # 0.25 to 25.4, each an eighth more than the last
ASKED = 18  # where the radius is 2
DRAWS = 2000  # of N(0, I)
SHAPE = 1.45  # width of a plane by its height, so that both fit on a screen
TURNS = np.arange(6) * np.pi / 3
LIMITS = (0.1, 0.6, 0.9)  # shares from which the next option is the right one


def share_within(codes: np.ndarray, radius: float) -> float:
    """The share of codes [n, 2] no farther than `radius` from 0, the prior's middle."""
    return float((np.linalg.norm(codes, axis=1) <= radius).mean())


def prior_within(radius: np.ndarray) -> np.ndarray:
    """The share of N(0, I)'s draws on the plane no farther than that: 1 - exp(-r^2 / 2), Rayleigh's distribution."""
    return 1 - np.exp(-(radius**2) / 2)


def ring(radius: float) -> np.ndarray:
    """Six codes on the circle, beginning to the right, against the clock: float32 [6, 2]."""
    return (radius * np.stack([np.cos(TURNS), np.sin(TURNS)], 1)).astype(np.float32)


def commonest_class(run: Run) -> tuple[str, float]:
    """The class that is nearest to most draws of N(0, I), and its share of them."""
    from scipy.spatial import cKDTree

    draws = np.random.default_rng(0).standard_normal((DRAWS, 2))
    nearest = cKDTree(run.codes.mean).query(draws)[1]
    if run.codes.y is None:
        raise other_kind(run, "has no classes, and this lesson counts them")
    counts = np.bincount(run.codes.y[nearest])
    return run.config.data.class_names[counts.argmax()], float(counts.max() / DRAWS)


def scene(material: Material) -> Scene:
    """Two planes under one circle whose radius is the slider."""
    import torch

    runs = {name: material.run(name) for name in (WITH, WITHOUT)}
    rings = np.stack([ring(radius) for radius in RADII])  # [S, 6, 2]
    planes, pictures, shares, pulls = [], [], {}, {}
    for name, run in runs.items():
        codes, title = run.codes.mean, "With the KL" if name == WITH else "Without the KL"
        term = "with" if name == WITH else "without"
        shares[name] = np.array([share_within(codes, radius) for radius in RADII])
        pulls[name] = float((codes**2).sum(1).mean() / 2)
        with torch.no_grad():
            made = run.model.decode(torch.from_numpy(rings).flatten(0, 1)).unflatten(0, rings.shape[:2])
        reach = 1.05 * float(np.abs(codes).max())
        planes.append(
            Plane(
                f"{title}: {run.config.train.title}",
                f"The codes of all digits, {title.lower()}, and a circle around 0.",
                clouds=(Cloud(codes, run.codes.y, "codes", term),),
                ellipses=(Ellipse(np.zeros((1, 2)), np.repeat(RADII[:, None], 2, 1), "r", "radius"),),
                spots=(Spot(rings[:, 0], "", "radius"),),
                class_names=() if name == WITH else run.config.data.class_names,  # one legend for both
                view=(-SHAPE * reach, SHAPE * reach, -reach, reach),
            )
        )
        pictures.append(
            Pictures(
                f"{title}: decoded from six places on the circle",
                "Six decoded pictures, from the place on the right around against the clock.",
                as_pictures(made),
                tuple(f"{degrees:.0f}°" for degrees in np.degrees(TURNS)),
                (term,) * len(TURNS),
            )
        )
    expected = prior_within(RADII)
    ratio = shares[WITHOUT][ASKED]
    (other, seldom), (kind, often) = (commonest_class(run) for run in runs.values())
    farthest = {name: float(np.linalg.norm(run.codes.mean, axis=1).max()) for name, run in runs.items()}
    return Scene(
        drag=Drag("Radius r", tuple(f"{radius:.2f}" for radius in RADII), 6, "radius", "at the middle", "far out"),
        panels=(
            *planes,
            *pictures,
            Curves(
                "How many codes lie within r",
                "Three curves over the radius: the share of codes with the KL, without it, and of the prior's draws.",
                RADII,
                (
                    Line("with the KL", shares[WITH], "with"),
                    Line("without it", shares[WITHOUT], "without"),
                    Line("draws of N(0, I)", expected, "prior", dashed=True),
                ),
                "radius r",
                "share",
                log_x=True,
            ),
        ),
        numbers=(
            Number("radius", "r", RADII),
            Number("prior", "of N(0, I) within r", 100 * expected, "%", 0),
            Number("with", "of the codes with the KL", 100 * shares[WITH], "%", 0),
            Number("without", "of the codes without it", 100 * shares[WITHOUT], "%", 0),
        ),
        sums=(
            "within {radius} of 0: {prior} % of N(0, I),",
            "{with} % of the codes with the KL, {without} % without it",
        ),
        answer=int(np.searchsorted(LIMITS, ratio, side="right")),
        because=(
            f"Within {RADII[ASKED]:.0f} of the middle lie {ratio:.0%} of the codes without the KL and "
            f"{shares[WITH][ASKED]:.0%} of the codes with the KL. The farthest code without the KL is at "
            f"{farthest[WITHOUT]:.1f}, the farthest with the KL at {farthest[WITH]:.1f}. Being far out costs |μ|² / 2: "
            f"the codes without the KL would pay {pulls[WITHOUT]:.1f} nats a digit for it, the codes with the KL pay "
            f"{pulls[WITH]:.1f}. Now draw {DRAWS:,} codes from N(0, I) and take the digit whose code is nearest to "
            f"each. Without the KL {often:.0%} of these digits are of one class, the {kind}; with the KL the commonest "
            f"class, the {other}, has {seldom:.0%}."
        ),
        see=(ASKED - 1, ASKED, ASKED + 1),
        made_of=(
            f"Computed from the codes of all {len(runs[WITH].codes):,} digits in two runs of the same nets, data and "
            f"likelihood: “{runs[WITH].config.train.title}” and “{runs[WITHOUT].config.train.title}”."
        ),
    )


LESSON = Lesson(
    number=3,
    key="space",
    title="Latent space, with and without the KL",
    idea=(
        "To *make* a digit, draw a code from the **prior** $\\mathcal N(0, I)$ and decode it. It matters which codes "
        "lie where the prior falls. Two models with the same nets put the same digits on a plane. Both pay the "
        "**distortion**: how badly a digit is redrawn. One pays the **rate**, too: the KL divergence of $q(z|x)$ from "
        "the prior. A KL divergence says how far one distribution is from another, in *nats*, a unit of information "
        "(1 nat is 1.44 bits). Being far from 0 costs nats, and so does being narrow. The other model is a plain "
        "autoencoder: its code is a point and may be anywhere."
    ),
    question="86% of the draws of N(0, I) lie within 2 of the middle. How many of the codes without the KL do?",
    options=(
        "Hardly any: fewer than one in ten",
        "A part: one to six in ten",
        "About as many: six to nine in ten",
        "Nearly all: they have no reason to be far out",
    ),
    drag="Drag the circle to radius 2, then outwards, and compare the six digits on it.",
    formula=(
        r"\term{rate}{\mathrm{KL}} = \sum_{d} \left[ \frac{\term{mu}{\mu_d^2} + "
        r"\term{sigma}{\sigma_d^2} - 1}{2} - \term{sigma}{\log \sigma_d} \right] \\ "
        r"P(|z| \le \term{radius}{r}) = \term{prior}{1 - e^{-r^2/2}} \\ "
        r"\term{with}{\mathrm{loss} = \mathrm{distortion} + \mathrm{rate}} \\ "
        r"\term{without}{\mathrm{loss} = \mathrm{distortion}}"
    ),
    terms={
        "rate": Term("The rate: the KL divergence of q(z|x) from the prior N(0, I), in nats.", ("rate",)),
        "mu": Term("Being far from 0 costs half the square of the distance.", ("mean", "self.mean")),
        "sigma": Term("Being narrow costs, too: a width of 1 is free.", ("std", "self.std")),
        "radius": Term("How far around 0 we look: the circle.", ("radius",)),
        "prior": Term("The share of the prior's draws within the circle.", ("np.exp(-(radius**2) / 2)",)),
        "with": Term("The model that pays the rate.", ("gaussian",)),
        "without": Term("The model that does not: its posterior has no width and its rate is not counted.", ("point",)),
    },
    code=(
        "vae_core.models.base:Posterior.rate",
        "vae_core.models.vae:VAE._posterior",
        "vae_core.lessons.latent_space:prior_within",
    ),
    runs=(WITH, WITHOUT),
    scene=scene,
    papers=(
        Paper("Kingma and Welling 2014, appendix B", "https://arxiv.org/abs/1312.6114"),
        Paper("Ghosh and others 2020, autoencoders without the KL", "https://arxiv.org/abs/1903.12436"),
    ),
    then=(
        "With the KL the codes of all digits together fill the prior: wherever N(0, I) falls there is a digit. "
        "Without the KL codes lie wherever training left them, many of them far out, and draws of N(0, I) meet the "
        "same few classes again and again. On a plane there is little room, and a straight line between two codes may "
        "well meet other codes in both models. Lesson 9 looks at samples and walks in ten dimensions."
    ),
    onward=(
        ("pages/atlas.py", "Atlas: the plane, sample by sample"),
        ("pages/generate.py", "Generate: draws of the prior"),
    ),
)
