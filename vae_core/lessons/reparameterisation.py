"""Lesson 4: randomness moved out of the way of the gradient, and what it would be without."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.kinds import vae_of
from vae_core.lessons.samples import as_pictures, sample_of
from vae_core.lessons.scene import (
    Arrow,
    Bars,
    Cloud,
    Curves,
    Drag,
    Ellipse,
    Line,
    Number,
    Path,
    Pictures,
    Plane,
    Scene,
    Spot,
)

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.models import Posterior
    from vae_core.models.vae import VAE

RUN = "digits-2d"
STOPS = np.round(np.linspace(-3, 3, 61), 1)
DRAWS, SHOWN = 4000, 250  # of epsilon, for means and spreads; of these, as points
FAR = 2.0  # from here on epsilon has been to where estimates differ: all draws are shown
OUTSIDE = 1e6  # of the picture: where points are that are not shown yet
AS_MUCH, MUCH = 1.25, 5.0  # ratios of the spreads: below the first alike, beyond the second many times


class Gradients(NamedTuple):
    """Of the distortion f(z) with respect to mu, one estimate a row of noise. nats per unit of mu."""

    distortion: Tensor  # [N], nats
    path: Tensor  # [N, D], with the trick
    score: Tensor  # [N, D], without it
    bare: Tensor  # [N, D], without it and without a baseline


def gradients(model: VAE, x: Tensor, posterior: Posterior, noise: Tensor, baseline: float) -> Gradients:
    """Two estimates of the same gradient from each epsilon: through the decoder, and from the loss alone.

    Kingma and Welling 2014, section 2.4; the score function is Williams 1992 (REINFORCE), with a baseline.

    Args:
        x: one sample as pixels in [0, 1], [1, C, H, W].
        noise: epsilon, [N, D].
        baseline: what is taken off the loss before it weighs the score; any constant leaves the mean as it is.
    """
    import torch

    mean = posterior.mean.detach().expand_as(noise).clone().requires_grad_()
    std = posterior.std.detach()
    z = mean + std * noise  # [N, D]: what is random comes in from the side
    loss = model.likelihood.nll(model.decoder(model.told(z)), x.expand(len(noise), *x.shape[1:]))  # [N]
    (path,) = torch.autograd.grad(loss.sum(), mean)
    f = loss.detach()
    log_q_slope = noise / std  # d log q(z) / d mu of N(mu, std^2) = (z - mu) / std^2
    return Gradients(f, path, (f - baseline)[:, None] * log_q_slope, f[:, None] * log_q_slope)


def spread(estimates: Tensor) -> float:
    """How far estimates [N, D] lie from their mean: the root of the mean squared distance."""
    return float(estimates.var(0, correction=0).sum().sqrt())


def scene(material: Material) -> Scene:
    """One digit on the plane; epsilon is the same in both dimensions, so that one slider moves it."""
    import torch

    from vae_core.models.base import unit_range

    run = material.run(RUN)
    sample, model = sample_of(material, run), vae_of(run)
    x = unit_range(sample.x)
    with torch.no_grad():
        posterior = model.encode(sample.x)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(DRAWS, model.latent_dim, generator=generator)
    baseline = float(gradients(model, x, posterior, noise, 0.0).distortion.mean())
    many = gradients(model, x, posterior, noise, baseline)
    along = torch.from_numpy(STOPS).float()[:, None].expand(-1, model.latent_dim)  # [S, D]
    here = gradients(model, x, posterior, along, baseline)
    path, score, bare = spread(many.path), spread(many.score), spread(many.bare)
    far = np.abs(STOPS) >= FAR  # [S]
    mean, std = posterior.mean[0].numpy(), posterior.std[0].numpy()
    z = mean + std * along.numpy()  # [S, D]
    with torch.no_grad():
        decoded = model.decode(torch.from_numpy(z).float())
        middle = model.decode(posterior.mean)
    length = float(np.abs(std).max() * 3 / max(here.path.norm(dim=1).max(), here.score.norm(dim=1).max()))
    ratio = score / path
    pixels = as_pictures(torch.stack([x.expand_as(decoded), middle.expand_as(decoded), decoded], 1))  # [S, 3, H, W]
    low, high = mean - 4.2 * std.max(), mean + 4.2 * std.max()
    numbers = {
        "epsilon": (STOPS, "ε", ""), "z": (z[:, 0], "z, dimension 1", ""), "mu": (mean[:1], "μ, dimension 1", ""),
        "sigma": (std[:1], "σ, dimension 1", ""), "loss": (here.distortion.numpy(), "f(z), the distortion", "nats"),
        "baseline": (np.array([baseline]), "the baseline b, the mean of f over q", "nats"),
        "path": (here.path[:, 0].numpy(), "with the trick, dimension 1", "nats per unit"),
        "score": (here.score[:, 0].numpy(), "without it, dimension 1", "nats per unit"),
    }  # fmt: skip
    return Scene(
        drag=Drag("ε, in both dimensions", tuple(map(_signed, STOPS)), 30, "epsilon", "below μ", "above μ"),
        panels=(
            Plane(
                "Where z falls, and where each estimate would push μ: downhill",
                f"The posterior of {sample.label} as an ellipse of two standard deviations; z moves through it along "
                "its diagonal with epsilon. Two arrows start at z: where each estimate would push the mean.",
                clouds=(Cloud(run.codes.mean[:, :2], run.codes.y, "codes of all samples"),),
                paths=(Path(z, "where z can go", "epsilon", dashed=True),),
                ellipses=(Ellipse(mean[None], 2 * std[None], "2 σ", "sigma"),),
                arrows=(
                    Arrow(z, z - length * here.score.numpy(), "without", "score"),
                    Arrow(z, z - length * here.path.numpy(), "with the trick", "path"),
                ),
                spots=(Spot(mean[None], "μ", "mu"), Spot(z, "z", "z")),
                class_names=run.config.data.class_names,
                view=(low[0], high[0], low[1], high[1]),
            ),
            Pictures(
                "The sample, and what is decoded",
                f"{sample.label}, what its mean decodes to, and what z decodes to.",
                pixels, ("the sample x", "decoded from μ", "decoded from z"), ("", "mu", "z"),
                tuple(("", "", f"f(z) = {loss:.1f} nats") for loss in here.distortion),
            ),
            Curves(
                "Each estimate of ∂f/∂μ₁, over ε",
                "Two curves over epsilon: the estimate with the trick, and the one without it.",
                STOPS,
                (
                    Line("with the trick", here.path[:, 0].numpy(), "path"),
                    Line("without it", here.score[:, 0].numpy(), "score"),
                ),
                "ε", "nats per unit of μ₁",
            ),
            _scatter(many, noise),
            Bars(
                f"How far single estimates scatter, over {DRAWS:,} draws of ε",
                "Three bars, which come once ε has been far out: with the trick, without it, and without it and b.",
                ("with the trick", "without it", "without it, and b = 0"),
                np.where(far[:, None], [path, score, bare], np.nan), "nats per unit of μ",
                ("path", "score", "baseline"), digits=1,
            ),
        ),
        numbers=tuple(
            Number(key, label, np.broadcast_to(values, STOPS.shape).astype(float), unit)
            for key, (values, label, unit) in numbers.items()
        ),
        sums=("{z} = {mu} + {sigma} · {epsilon}", "{score} = ({loss} − {baseline}) · {epsilon} / {sigma}"),
        answer=int(np.searchsorted([1 / AS_MUCH, AS_MUCH, MUCH], ratio)),
        because=(
            f"Single estimates scatter by {path:.1f} nats per unit with the trick and by {score:.1f} without it: "
            f"{ratio:.1f} times as much. Without the trick and without the baseline b it would be {bare:.1f}, or "
            f"{bare / path:.0f} times as much. Averaged over {DRAWS:,} draws of ε both give the same gradient, but for "
            f"sampling error: ({_pair(many.path)}) with the trick, ({_pair(many.score)}) without it."
        ),
        see=tuple(np.flatnonzero(far).tolist()),
        made_of=f"Computed from {sample.label}, by the model “{run.config.train.title}”, with {DRAWS:,} draws of ε.",
    )  # fmt: skip


def _scatter(many: Gradients, noise: Tensor) -> Plane:
    """Estimates of both kinds as points: those of draws no farther out than the slider's epsilon, at its ends all."""
    reach = np.where(np.abs(STOPS) < FAR, np.abs(STOPS), np.inf)[:, None]  # [S, 1]
    there = noise[:SHOWN].norm(dim=1).numpy() <= reach  # [S, N]
    clouds, ellipses = [], []
    for estimates, term, title in ((many.score, "score", "without it"), (many.path, "path", "with the trick")):
        places, middle = estimates[:SHOWN].numpy(), estimates.mean(0).numpy()
        clouds.append(Cloud(np.where(there[..., None], places, OUTSIDE), None, title, term))
        centre = np.where(np.isinf(reach), middle, OUTSIDE)
        ellipses.append(Ellipse(centre, estimates.std(0).numpy()[None], title, term))
    mean, room = many.path.mean(0).tolist(), 2.5 * many.score.std(0).max().item()
    return Plane(
        "Estimates of the gradient: a point a draw of ε",
        f"{SHOWN} estimates of either kind as points, more of them the farther out ε is dragged; at the ends an "
        "ellipse of one standard deviation around each kind.",
        clouds=tuple(clouds), ellipses=tuple(ellipses),
        x_label="∂f/∂μ₁, nats per unit", y_label="∂f/∂μ₂",
        view=(mean[0] - room, mean[0] + room, mean[1] - room, mean[1] + room),
    )  # fmt: skip


def _pair(estimates: Tensor) -> str:
    """The mean of estimates [N, 2] with its standard error, one number after the other."""
    mean, error = estimates.mean(0), estimates.std(0) / len(estimates) ** 0.5
    pairs = zip(mean.tolist(), error.tolist(), strict=True)
    return ", ".join(f"{_signed(value)} ± {wide:.1f}" for value, wide in pairs)


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


LESSON = Lesson(
    number=4,
    key="reparameterisation",
    title="How can a gradient pass through chance?",
    idea=(
        "The decoder is given a random code $z$ from the posterior, and the encoder must learn from how well it went. "
        "But a draw has no slope: how would the loss change if $\\mu$ were a little larger? The trick is to draw the "
        "noise first, $\\varepsilon$ from $\\mathcal N(0, 1)$, and to *compute* $z = \\mu + \\sigma\\varepsilon$. Now "
        "$z$ moves along with $\\mu$, and the gradient goes through the decoder as through any function. Without the "
        "trick one can only try codes and weigh each by how well it did."
    ),
    question=(
        "On average over ε both ways give the same gradient. How much does the estimate without the trick scatter, "
        "compared with the one with it?"
    ),
    options=("Less", "About as much", "More, up to five times as much", "More than five times as much"),
    drag="Drag ε to its ends: z moves through the posterior, two arrows say where μ should go, against the gradient.",
    formula=(
        r"\term{z}{z} = \term{mu}{\mu} + \term{sigma}{\sigma}\,\term{epsilon}{\varepsilon} \\ "
        r"\nabla_{\mu}\,\mathbb{E}_{q}[\term{loss}{f(z)}] = \mathbb{E}_{\varepsilon}[\term{path}{\nabla_{z} f(z)}] \\ "
        r"\nabla_{\mu}\,\mathbb{E}_{q}[f(z)] = "
        r"\mathbb{E}_{\varepsilon}\left[\term{score}{(f(z) - \term{baseline}{b})\,\frac{\varepsilon}{\sigma}}\right]"
    ),
    terms={
        "z": Term("The code that is decoded: it moves with ε.", ("z",)),
        "mu": Term("The posterior's mean, which the encoder gives; its gradient is wanted.", ("mean", "self.mean")),
        "sigma": Term("The posterior's standard deviation: how wide the ellipse is.", ("std", "self.std")),
        "epsilon": Term("Noise from N(0, 1), drawn before anything else.", ("noise",)),
        "loss": Term("The loss of this very code: its distortion, in nats.", ("f", "loss")),
        "path": Term("With the trick: the slope of the loss at z, by going back through the decoder.", ("path",)),
        "score": Term("Without it: how good this draw was, times which way it went.", ("log_q_slope",)),
        "baseline": Term(
            "The baseline b, a constant taken off the loss: the mean stays the same, the scatter becomes less.",
            ("baseline",),
        ),
    },
    code=("vae_core.models.base:Posterior.draw", "vae_core.lessons.reparameterisation:gradients"),
    runs=(RUN,),
    scene=scene,
    papers=(
        Paper("Kingma and Welling 2014, section 2.4", "https://arxiv.org/abs/1312.6114"),
        Paper("Rezende, Mohamed and Wierstra 2014", "https://arxiv.org/abs/1401.4082"),
        Paper("Mohamed and others 2020, on how such estimates scatter", "https://arxiv.org/abs/1906.10652"),
    ),
    then=(
        "With the trick each draw knows the slope of the loss at its place. Without it a draw knows only whether "
        "its loss was above or below the baseline, and a draw far out weighs most. Two dimensions are kind to the "
        "estimate without the trick: every further dimension adds noise to all others. The VAEs here are trained with "
        "the trick, most of them with one ε a sample."
    ),
    onward=(("pages/atlas.py", "Atlas: ellipses of any sample"), ("pages/train.py", "Train: this gradient at work")),
    sample=24,
    draws=True,
)  # fmt: skip
