"""Lesson 6: log p(x) is the ELBO and a gap, with every integral taken on a grid over the plane of codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.kinds import vae_of
from vae_core.lessons.samples import as_pictures, sample_of
from vae_core.lessons.scene import Bars, Cloud, Curves, Drag, Ellipse, Line, Number, Path, Pictures, Plane, Scene, Spot

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.models.vae import VAE

RUN = "digits-2d"
REACH, CELL = 6.0, 0.05  # the grid goes from -6 to 6 in both dimensions: far beyond any draw of N(0, I)
SHIFTS = np.round(np.linspace(-2, 2, 41), 1)  # of q's mean along dimension 1
DRAWS = 400  # points that stand for the true posterior
SHOWN = 2.6  # half the side of what is shown of the plane
SAME = 1e-6  # nats below which log p(x) counts as one number


class Parts(NamedTuple):
    """Of log p(x), nats; [S] each, log p(x) as often."""

    log_px: Tensor
    elbo: Tensor
    gap: Tensor
    distortion: Tensor
    rate: Tensor


def parts_on_grid(log_likelihood: Tensor, log_prior: Tensor, log_q: Tensor) -> Parts:
    """The parts of log p(x), each integral a sum over the cells of a grid.

    Args:
        log_likelihood: log p(x|z) in each cell, [G].
        log_prior, log_q: logs of the probability of each cell, [G] and [S, G]; they sum to one.
    """
    log_joint = log_prior + log_likelihood  # log p(x, z)
    log_px = log_joint.logsumexp(-1)  # log p(x) = log sum_z p(x, z)
    log_posterior = log_joint - log_px  # log p(z|x), by Bayes
    q = log_q.exp()
    distortion = -(q * log_likelihood).sum(-1)
    rate = (q * (log_q - log_prior)).sum(-1)
    elbo = -distortion - rate
    gap = (q * (log_q - log_posterior)).sum(-1)
    return Parts(log_px.expand_as(elbo), elbo, gap, distortion, rate)


def cells() -> Tensor:
    """The middles of the grid's cells, float64 [G, 2]."""
    import torch

    axis = torch.arange(-REACH, REACH + CELL / 2, CELL, dtype=torch.float64)
    return torch.cartesian_prod(axis, axis)


def gaussian_cells(z: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Logs of N(mean, diag(std^2))'s probabilities of the cells at z [G, 2]: [..., G] for means [..., 2]."""
    density = -0.5 * ((z - mean[..., None, :]) / std[..., None, :]).square().sum(-1)
    return density.log_softmax(-1)


def log_likelihood(model: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z) of one sample x [1, C, H, W] at codes z [G, 2]: float64 [G], nats."""
    import torch

    found = []
    with torch.no_grad():
        for part in z.float().split(8192):
            out = model.decoder(model.told(part)).float()
            found.append(-model.likelihood.nll(out, x.expand(len(part), *x.shape[1:])))
    return torch.cat(found).double()


def adding_up(parts: Parts) -> dict[str, np.ndarray]:
    """The parts with two digits, of which each sum holds to the last: what rounding leaves over is in the larger."""
    log_px, gap, rate = (values.numpy().round(2) for values in (parts.log_px, parts.gap, parts.rate))
    elbo = log_px - gap
    return {"log_px": log_px, "elbo": elbo, "gap": gap, "distortion": -elbo - rate, "rate": rate}


def scene(material: Material) -> Scene:
    """One sample, and q pushed aside along dimension 1."""
    import torch

    from vae_core.models.base import unit_range

    run = material.run(RUN)
    sample, model = sample_of(material, run), vae_of(run)
    x, z = unit_range(sample.x), cells()
    with torch.no_grad():
        posterior = model.encode(sample.x)
    mean, std = posterior.mean.double(), posterior.std.double()  # [1, 2]
    moved = mean + torch.from_numpy(SHIFTS)[:, None] * torch.tensor([1.0, 0.0], dtype=torch.float64)  # [S, 2]
    likely = log_likelihood(model, x, z)
    log_prior = gaussian_cells(z, torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    parts = parts_on_grid(likely, log_prior, gaussian_cells(z, moved, std.expand_as(moved)))
    shown = adding_up(parts)
    true = (log_prior + likely).softmax(-1)
    generator = torch.Generator().manual_seed(0)
    drawn = z[torch.multinomial(true, DRAWS, replacement=True, generator=generator)]
    drawn = drawn + CELL * (torch.rand(drawn.shape, generator=generator, dtype=torch.float64) - 0.5)  # in its cell
    with torch.no_grad():
        made = model.decode(moved.float())  # [S, C, H, W]
    q, width, middle = moved.numpy(), std.numpy(), len(SHIFTS) // 2
    elbo, gap = parts.elbo.numpy(), parts.gap.numpy()
    change = float(np.ptp(elbo + gap))
    told = "a millionth of a nat" if change < SAME else f"{change:.2g} nats"
    steepest = -1 if elbo[-1] < elbo[0] else 0
    view = (*(mean[0, 0] + torch.tensor([-SHOWN, SHOWN])).tolist(), *(mean[0, 1] + torch.tensor([-1.5, 1.5])).tolist())
    names = {
        "log_px": "log p(x)", "elbo": "ELBO", "gap": "KL(q ‖ p(z|x))", "distortion": "distortion", "rate": "rate",
    }  # fmt: skip
    return Scene(
        drag=Drag(
            "q's mean, aside by", tuple(f"{shift:+.1f}" for shift in SHIFTS), middle, "q", "to the left", "to the right"
        ),
        panels=(
            Plane(
                "q(z|x) and the true posterior p(z|x)",
                f"The true posterior of {sample.label} as {DRAWS} points; q as an ellipse of two standard deviations "
                "that is pushed to the left or right.",
                clouds=(
                    Cloud(run.codes.mean, run.codes.y, "codes of all samples"),
                    Cloud(drawn.numpy(), None, "draws of p(z|x)", "posterior"),
                ),
                paths=(Path(q, "", "q", dashed=True),),
                ellipses=(Ellipse(q, 2 * width, "", "q"),),
                spots=(Spot(drawn.mean(0, keepdim=True).numpy(), "p(z|x)", "posterior"), Spot(q, "q", "q")),
                class_names=run.config.data.class_names,
                view=view,
            ),
            Pictures(
                "The sample, and what q's mean decodes to",
                f"{sample.label} and the picture decoded from the middle of q.",
                as_pictures(torch.stack([x.expand_as(made), made], 1)),
                ("the sample x", "decoded from q's mean"),
                ("x", "distortion"),
            ),
            Curves(
                "log p(x) and the ELBO below it",
                "Two curves over how far q is pushed aside: log p(x), and below it the ELBO.",
                SHIFTS,
                (Line("log p(x)", shown["log_px"], "log_px"), Line("ELBO", shown["elbo"], "elbo")),
                "q's mean, aside by",
                "nats",
            ),
            Bars(
                "−log p(x) is always distortion + rate − gap",
                "Three bars, distortion, rate and gap: the first two, less the third, are minus log p(x).",
                ("distortion", "rate", "gap"),
                np.stack([shown[part] for part in ("distortion", "rate", "gap")], 1),
                "nats",
                terms=("distortion", "rate", "gap"),
            ),
        ),
        numbers=tuple(Number(key, label, shown[key], "nats") for key, label in names.items()),
        sums=(
            "1. log p(x) = log ∫ p(x|z) p(z) dz = {log_px}",
            "2. ELBO = −{distortion} − {rate} = {elbo}",
            "3. KL(q ‖ p(z|x)) = {gap}",
            "4. {log_px} = {elbo} + {gap}",
        ),
        answer=2 if change < SAME else 0 if (elbo + gap)[steepest] < (elbo + gap)[middle] else 1,
        because=(
            f"Where the encoder puts q, the ELBO is {shown['elbo'][middle]:.2f} nats and the gap "
            f"{shown['gap'][middle]:.2f}. With q pushed aside by {abs(SHIFTS[steepest]):.0f} they are "
            f"{shown['elbo'][steepest]:.2f} and {shown['gap'][steepest]:.2f}. Their sum, log p(x), is "
            f"{shown['log_px'][0]:.2f} at all {len(SHIFTS)} places and differs by {told} at most: decoder and prior "
            "alone decide log p(x), and q only decides how much of it the ELBO shows."
        ).replace("-", "−"),
        see=(*range(8), *range(len(SHIFTS) - 8, len(SHIFTS))),
        made_of=(
            f"Computed from {sample.label} by the run “{run.config.train.title}”: its decoder at {len(z):,} codes on a "
            f"grid of {CELL} between −{REACH:.0f} and {REACH:.0f}; every integral is a sum over them."
        ),
    )


LESSON = Lesson(
    number=6,
    key="elbo",
    title="The ELBO, step by step",
    idea=(
        "A good model gives its samples a high probability: $\\log p(x)$ should be large. But $p(x) = \\int "
        "p(x|z)\\,p(z)\\,dz$ asks *every* code how well it explains $x$, and in many dimensions nobody can. A VAE "
        "asks only the codes of $q(z|x)$, and gets a lower bound, the **ELBO** (evidence lower bound). With two "
        "dimensions we can do both: the decoder is asked at tens of thousands of codes on a grid, so that the bound, "
        "the truth and the gap between them are all known, for this very sample."
    ),
    question="We push q aside, away from where the encoder puts it. What becomes of log p(x)?",
    options=(
        "It falls together with the ELBO",
        "It rises as the ELBO falls",
        "It stays as it is",
    ),
    drag="Push q to the left or the right, by 1.3 or more, and read the four lines of figures as you go.",
    formula=(
        r"\term{log_px}{\log p(x)} = \log \int p(\term{x}{x}|z)\,p(z)\,dz \\ "
        r"= \log \frac{p(x|z)\,p(z)}{\term{posterior}{p(z|x)}} \quad \text{for every } z \\ "
        r"= \mathbb{E}_{\term{q}{q}}\left[\log \frac{p(x|z)\,p(z)}{q(z|x)}\right] + "
        r"\mathbb{E}_{\term{q}{q}}\left[\log \frac{q(z|x)}{\term{posterior}{p(z|x)}}\right] \\ "
        r"= \term{elbo}{\mathrm{ELBO}} + \term{gap}{\mathrm{KL}(q\,\|\,p(z|x))} \\ "
        r"\term{elbo}{\mathrm{ELBO}} = -\term{distortion}{\mathbb{E}_{q}[-\log p(x|z)]} - "
        r"\term{rate}{\mathrm{KL}(q\,\|\,p(z))}"
    ),
    terms={
        "log_px": Term("The log-probability of this sample: what one would like to raise.", ("log_px",)),
        "x": Term("The sample.", ("x",)),
        "q": Term("The encoder's Gaussian, here pushed aside.", ("q", "log_q")),
        "posterior": Term("The true posterior: what x says of z, by Bayes; here as points.", ("log_posterior",)),
        "elbo": Term("The bound: never above log p(x), and all that training sees.", ("elbo",)),
        "gap": Term("What the bound lacks: how far q is from the true posterior. Never negative.", ("gap",)),
        "distortion": Term("How badly codes of q explain the sample.", ("distortion",)),
        "rate": Term("How far q is from the prior.", ("rate",)),
    },
    code=(
        "vae_core.lessons.elbo:parts_on_grid",
        "vae_core.models.base:Terms.elbo",
        "vae_core.models.base:Posterior.rate",
    ),
    runs=(RUN,),
    scene=scene,
    papers=(
        Paper("Kingma and Welling 2014, eq. 1-3", "https://arxiv.org/abs/1312.6114"),
        Paper("Jordan and others 1999, variational methods", "https://doi.org/10.1023/A:1007665907178"),
        Paper("Cremer, Li and Duvenaud 2018, what the gap is made of", "https://arxiv.org/abs/1801.03558"),
    ),
    then=(
        "log p(x) is a property of decoder and prior; q only decides how close the ELBO comes to it. So raising the "
        "ELBO over the encoder closes the gap, and raising it over the decoder lifts log p(x) or moves the true "
        "posterior towards what q can reach. There are two reasons why some gap is left where the encoder puts q: "
        "the true posterior is not quite a Gaussian along the axes, and one net must serve all samples."
    ),
    onward=(("pages/atlas.py", "Atlas: q of any sample"), ("pages/train.py", "Train: watch the ELBO rise")),
    sample=1642,
    draws=True,
)
