"""Lesson 2: a code is not a point but a place with a spread, and the spread says how sure the encoder is."""

from __future__ import annotations

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.samples import as_pictures, sample_of
from vae_core.lessons.scene import Arrow, Cloud, Curves, Drag, Ellipse, Line, Number, Path, Pictures, Plane, Scene, Spot

RUN = "digits-2d"
FADES = np.linspace(0, 1, 21)  # how much of the ink is gone
HALF = 10
ROOM = 1.1  # that is shown around all places of μ
ALIKE = 1.1  # areas within a tenth of each other are called the same


def scene(material: Material) -> Scene:
    """One digit whose ink fades to nothing; its posterior on the plane at each stop."""
    import torch

    from vae_core.models.base import unit_range

    run = material.run(RUN)
    sample, model = sample_of(material, run), run.model
    ink = torch.from_numpy(1 - FADES).float().view(-1, 1, 1, 1)
    faded = unit_range(sample.x) * ink  # [S, C, H, W]
    with torch.no_grad():
        posterior = model.encode(faded)
        mean, std = posterior.mean.double().numpy(), posterior.std.double().numpy()  # [S, 2]
        # the ends of the ellipse of two standard deviations, dimension by dimension
        ways = torch.tensor([(0.0, 0.0), (-2.0, 0.0), (2.0, 0.0), (0.0, -2.0), (0.0, 2.0)])  # [5, 2]
        codes = posterior.mean[:, None] + ways * posterior.std[:, None]  # [S, 5, 2]
        made = model.decode(codes.flatten(0, 1)).unflatten(0, codes.shape[:2])  # [S, 5, C, H, W]
    area = np.pi * std.prod(1)  # of the ellipse of one standard deviation
    change = area[HALF] / area[0]
    answer = 0 if change > ALIKE else 1 if change < 1 / ALIKE else 2
    widest = int(area.argmax())
    first, second = std * (1, 0), std * (0, 1)
    prior = np.pi  # of N(0, I)
    return Scene(
        drag=Drag("Ink that is gone", tuple(f"{fade:.0%}" for fade in FADES), 0, "x", "as drawn", "an empty page"),
        panels=(
            Plane(
                "q(z|x) on the plane of codes",
                f"The posterior of {sample.label} as ellipses of one and two standard deviations among the codes of "
                "all samples; it moves and changes its size as the ink fades.",
                clouds=(Cloud(run.codes.mean, run.codes.y, "codes of all samples"),),
                paths=(Path(mean, "", "mu", dashed=True),),
                ellipses=(
                    Ellipse(mean, 2 * std, "2 σ", "sigma"),
                    Ellipse(mean, std, "", "log_var"),
                ),
                arrows=(
                    Arrow(mean, mean + first, "σ₁", "sigma_1"),
                    Arrow(mean, mean + second, "σ₂", "sigma_2"),
                ),
                spots=(Spot(mean, "μ", "mu"),),
                class_names=run.config.data.class_names,
                view=around(mean),
            ),
            Pictures(
                "What the encoder sees, and what its codes stand for",
                f"{sample.label} with less and less ink; what is decoded from the posterior's mean and from four "
                "places on its edge.",
                as_pictures(torch.cat([faded[:, None], made], 1)),
                ("x, faded", "decoded from μ", "μ − 2 σ₁", "μ + 2 σ₁", "μ − 2 σ₂", "μ + 2 σ₂"),
                ("x", "mu", "sigma_1", "sigma_1", "sigma_2", "sigma_2"),
            ),
            Curves(
                "The spread of q(z|x)",
                "Two curves over the ink that is gone: the standard deviation in each of the two dimensions.",
                FADES,
                (Line("σ₁", std[:, 0], "sigma_1"), Line("σ₂", std[:, 1], "sigma_2")),
                "ink that is gone",
                "standard deviation",
            ),
        ),
        numbers=tuple(
            Number(f"{key}_{dim + 1}", f"{letter}{'₁₂'[dim]}", values[:, dim])
            for key, letter, values in (("mu", "μ", mean), ("sigma", "σ", std))
            for dim in range(2)
        ),
        sums=("q(z|x) = N(z₁; {mu_1}, {sigma_1}²) · N(z₂; {mu_2}, {sigma_2}²)",),
        answer=answer,
        because=(
            f"With half of its ink the ellipse is {_times(change)}: its area is {area[0]:.3f} before, {area[HALF]:.3f} "
            f"now. It is largest with {FADES[widest]:.0%} of the ink gone: {area[widest]:.3f}. For an empty page it is "
            f"{area[-1]:.3f}. The prior N(0, I), what the model expects of a code before it sees any picture, has "
            f"{prior:.2f}. Training showed no empty page, so nobody has taught the encoder how unsure to be of one."
        ),
        see=tuple(range(HALF - 1, len(FADES))),
        made_of=f"Computed from {sample.label} by the run “{run.config.train.title}”; areas are π σ₁ σ₂.",
    )


def around(places: np.ndarray) -> tuple[float, float, float, float]:
    """The part of the plane in which places [S, 2] and the ellipses around them can be seen well."""
    low, high = places.min(0) - ROOM, places.max(0) + ROOM
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _times(change: float) -> str:
    """A ratio of areas in words."""
    if change > ALIKE:
        return f"{change:.1f} times as large"
    return f"{change:.0%} of what it was" if change < 1 / ALIKE else "about as large as before"


LESSON = Lesson(
    number=2,
    key="encoder",
    title="The encoder gives a distribution",
    idea=(
        "A plain autoencoder maps a picture to a point. A VAE's encoder maps it to a small cloud of possible codes, "
        "the **posterior** $q(z|x)$: what is known of the code once $x$ is seen. It is a Gaussian whose middle $\\mu$ "
        "says *where* and whose standard deviation $\\sigma$ says *how exactly*. The net puts out $\\mu$ and "
        "$\\log\\sigma^2$, which may be any number, while $\\sigma$ has to be positive. On a plane with two dimensions "
        "such a Gaussian is an ellipse. Choose a digit or draw your own."
    ),
    question="The ink of this digit fades to half. What becomes of the ellipse of its codes?",
    options=(
        "It grows: a faint digit leaves more open",
        "It shrinks: there is less to be told",
        "It stays as it is and only moves",
    ),
    drag="Take away the ink and watch the ellipse; then go on to the empty page.",
    formula=(
        r"(\term{mu}{\mu},\ \term{log_var}{\log \sigma^2}) = f(\term{x}{x}) \\ "
        r"\term{sigma}{\sigma} = \exp\left(\frac{1}{2} \term{log_var}{\log \sigma^2}\right) \\ "
        r"q(z|\term{x}{x}) = \mathcal{N}(z_1; \term{mu}{\mu_1}, \term{sigma_1}{\sigma_1}^2)\ "
        r"\mathcal{N}(z_2; \term{mu}{\mu_2}, \term{sigma_2}{\sigma_2}^2)"
    ),
    terms={
        "x": Term("The picture that the encoder is shown.", ("x", "out")),
        "mu": Term(
            "The middle of the ellipse, to the right and upwards: where the encoder thinks the code is.", ("mean",)
        ),
        "log_var": Term(
            "The logarithm of the variance, as the net puts it out: the larger, the wider the ellipse.",
            ("log_variance",),
        ),
        "sigma": Term(
            "The standard deviation, always positive: the half axes of the inner ellipse; the outer one has 2 σ.",
            ("std",),
        ),
        "sigma_1": Term("The standard deviation in dimension 1: half the width of the inner ellipse."),
        "sigma_2": Term("The standard deviation in dimension 2: half the height of the inner ellipse."),
    },
    code=("vae_core.models.base:gaussian", "vae_core.models.base:Posterior"),
    runs=(RUN,),
    scene=scene,
    papers=(
        Paper("Kingma and Welling 2014, section 3 and appendix C.2", "https://arxiv.org/abs/1312.6114"),
        Paper("Kingma and Welling 2019, section 2.5", "https://arxiv.org/abs/1906.02691"),
    ),
    then=(
        "The ellipse is the encoder's answer to “which codes could have made this picture?”. The inner one has the "
        "standard deviations as half axes: $\\sigma_1$ to the right, $\\sigma_2$ upwards. The pictures at its edge "
        "show what it leaves open. Yet an encoder only knows what training showed it, and what it answers to an empty "
        "page means little."
    ),
    onward=(("pages/atlas.py", "Atlas: the ellipse of any sample"), ("pages/traverse.py", "Traverse: draw and drag")),
    sample=24,
    draws=True,
)
