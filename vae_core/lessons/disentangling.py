"""Lesson 10: a code turned in a plane costs and redraws the same, and its dimensions mean something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.kinds import other_kind, vae_of
from vae_core.lessons.samples import as_pictures
from vae_core.lessons.scene import Arrow, Cloud, Curves, Drag, Line, Number, Pictures, Plane, Scene

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.metrics.disentanglement import MigResult
    from vae_core.models import Posterior
    from vae_core.models.vae import VAE

RUN = "sprites-beta4"
ANGLES = np.arange(0, 91, 5)  # degrees
COUNTED, PRICED, DOTS = 3000, 64, 500  # samples: for the gap, for the ELBO, on the plane
SWEEP = (-1.5, -0.5, 0.5, 1.5)
COLOURS = 4
CLOSE, CLEAR = 0.01, 0.02  # what rounding may change of nats and pixels; a change of the gap that counts


class Turned(NamedTuple):
    """What a model does once its code is turned; the encoder's answer is turned, the decoder turns it back first."""

    distortion: Tensor  # [B], nats
    rate: Tensor  # [B], nats
    pictures: Tensor  # [1 + 2 P, C, H, W]: the first sample, and the same with each of the two dimensions swept


def turn(dims: int, pair: tuple[int, int], degrees: float) -> np.ndarray:
    """R, [D, D]: turns codes in the plane of a pair of dimensions. R^T turns them back, since R^T R = I."""
    first, second = pair
    rotation, angle = np.eye(dims), np.radians(degrees)
    rotation[first, first] = rotation[second, second] = np.cos(angle)
    rotation[first, second], rotation[second, first] = np.sin(angle), -np.sin(angle)
    return rotation


def turned_rate(posterior: Posterior, rotation: Tensor) -> Tensor:
    """KL(N(R mu, R S R^T) || N(0, I)) of q(z|x) = N(mu, S) turned by R [D, D]: [B], nats.

    (tr S' + |mu'|^2 - D - log det S') / 2, and a turn leaves each of the four as it is.
    """
    import torch

    mean = posterior.mean.double() @ rotation.T  # [B, D]
    covariance = rotation @ torch.diag_embed(posterior.std.double().square()) @ rotation.T  # [B, D, D]
    trace = covariance.diagonal(dim1=1, dim2=2).sum(1)
    return 0.5 * (trace + mean.square().sum(1) - mean.shape[1] - torch.logdet(covariance))


def turned(model: VAE, x: Tensor, z: Tensor, posterior: Posterior, rotation: Tensor, pair: tuple[int, int]) -> Turned:
    """The same samples through a model whose code is turned.

    Args:
        x: samples in [0, 1], [B, C, H, W]. z: codes drawn from their posteriors, [B, D]. rotation: R, float64 [D, D].
        pair: the dimensions that are swept, one after the other.
    """
    import torch

    def decoded(codes: Tensor) -> Tensor:
        return model.decoder(model.told((codes @ rotation).float()))  # R^T z'; rows are codes

    own = posterior.mean[0].double() @ rotation.T
    swept = own.repeat(2, len(SWEEP), 1)  # [2, P, D]
    for row, dimension in enumerate(pair):
        swept[row, :, dimension] = torch.tensor(SWEEP, dtype=swept.dtype)
    with torch.no_grad():
        distortion = model.likelihood.nll(decoded(z.double() @ rotation.T), x)
        pictures = model.likelihood.mean(decoded(torch.cat([own[None], swept.flatten(0, 1)])))
    return Turned(distortion, turned_rate(posterior, rotation), pictures)


def scene(material: Material) -> Scene:
    """The two dimensions that each tell one factor best are turned into each other."""
    import torch

    from vae_core.data import load_dataset
    from vae_core.metrics.disentanglement import mig
    from vae_core.models.base import unit_range

    run = material.run(RUN)
    model, codes, info = vae_of(run), run.codes, run.config.data
    if codes.factors is None:
        raise other_kind(run, "has data without factors, and this lesson asks what tells them")
    means, factors = codes.mean[:COUNTED], codes.factors[:COUNTED]
    pair, told = _told_best(mig(means, factors))
    here = int(np.argmin(np.linalg.norm(means[:, pair], axis=1)))
    data = load_dataset(info.name)
    x = unit_range(data.x[torch.from_numpy(codes.index[[here, *range(PRICED)]])])
    with torch.no_grad():
        posterior = model.encode(x)
    z = posterior.sample(torch.Generator().manual_seed(0))
    found, gaps = [], []
    for degrees in ANGLES:
        rotation = turn(run.latent_dim, pair, float(degrees))
        found.append(turned(model, x, z, posterior, torch.from_numpy(rotation), pair))
        gaps.append(mig(means @ rotation.T, factors))
    distortion = np.array([float(each.distortion.mean()) for each in found])
    rate = np.array([float(each.rate.mean()) for each in found])
    pictures = torch.stack([each.pictures for each in found])  # [S, 1 + 2 P, C, H, W]
    small = torch.nn.functional.avg_pool2d(pictures.flatten(0, 1), 2).unflatten(0, pictures.shape[:2])
    strips = as_pictures(small[:, 1:].clamp(0, 1))
    score = np.array([gap.score for gap in gaps])
    own = np.stack([gap.gaps[list(told)] for gap in gaps])  # [S, 2]
    elbo = -distortion - rate
    names = [info.factor_names[factor] for factor in told]
    axes = np.stack([turn(2, (0, 1), float(degrees)) for degrees in ANGLES])  # rows: the two new axes
    moved = float((pictures[:, 0] - pictures[0, 0]).abs().max())
    half = int(np.argmin(np.abs(ANGLES - 45)))
    redrew = moved > CLOSE or float(np.ptp(elbo)) > CLOSE
    gap_moved = float(np.ptp(score)) > CLEAR
    captions = tuple(f"{value:+.1f}".replace("-", "−") for value in SWEEP)
    x_label, y_label = (f"dimension {dimension + 1}" for dimension in pair)
    numbers = {
        "angle": (ANGLES.astype(float), "angle", "degrees", 0), "distortion": (distortion, "distortion", "nats", 3),
        "rate": (rate, "rate", "nats", 3), "elbo": (elbo, "ELBO", "nats", 3),
        "gap": (score, "mutual information gap, over all factors", "", 3),
        "gap_one": (own[:, 0], f"gap of {names[0]}", "", 3), "gap_two": (own[:, 1], f"gap of {names[1]}", "", 3),
    }  # fmt: skip
    return Scene(
        drag=Drag("turn the code", tuple(f"{degrees}°" for degrees in ANGLES), 0, "angle", "as learnt", "swapped"),
        panels=(
            Plane(
                "Two dimensions of the code, and the axes it is told along",
                f"Codes of held-out sprites, coloured by {names[0]}; two arrows from zero are the axes, which turn.",
                clouds=(Cloud(means[:DOTS][:, pair], _parts(factors[:DOTS, told[0]]), f"codes by {names[0]}"),),
                arrows=(
                    Arrow(np.zeros((1, 2)), 2 * axes[:, 0], "first", "one"),
                    Arrow(np.zeros((1, 2)), 2 * axes[:, 1], "second", "two"),
                ),
                class_names=tuple(f"{names[0]}, part {part + 1} of {COLOURS}" for part in range(COLOURS)),
                x_label=x_label, y_label=y_label,
            ),
            Pictures(
                "A held-out sprite, and what is redrawn",
                "A sprite, and what is redrawn of it once the code is turned.",
                as_pictures(torch.stack([x[0].expand_as(pictures[:, 0]), pictures[:, 0]], 1)),
                ("the sprite", "redrawn"), ("", "distortion"),
            ),
            Pictures(
                "The first turned dimension, set to four values",
                "The sprite, decoded with the first of the two turned dimensions set to four values.",
                strips[:, : len(SWEEP)], captions, ("one",) * len(SWEEP),
            ),
            Pictures(
                "The second turned dimension, set to four values",
                "The sprite, decoded with the second of the two turned dimensions set to four values.",
                strips[:, len(SWEEP) :], captions, ("two",) * len(SWEEP),
            ),
            Curves(
                "What a turn changes", "Four curves over the angle, in per cent of their value without a turn: the "
                "ELBO, the gap of all factors, and the gaps of two factors.",
                ANGLES.astype(float),
                (
                    Line("ELBO", 100 * elbo / elbo[0], "elbo"), Line("gap, all factors", 100 * score / score[0], "gap"),
                    Line(f"gap of {names[0]}", 100 * own[:, 0] / own[0, 0], "gap"),
                    Line(f"gap of {names[1]}", 100 * own[:, 1] / own[0, 1], "gap"),
                ),
                "angle, degrees", "% of the value at 0°",
            ),
        ),
        numbers=tuple(Number(key, label, values, unit, digits)
                      for key, (values, label, unit, digits) in numbers.items()),
        sums=(
            "ELBO: {elbo} = −({distortion} + {rate})",
            f"gap: {{gap}} over all factors, {{gap_one}} of {names[0]}, {{gap_two}} of {names[1]}",
        ),
        answer=(2 if gap_moved else 1) if redrew else (3 if gap_moved else 0),
        because=(
            f"The ELBO is {elbo[0]:.2f} nats at 0° and {elbo[half]:.2f} at {ANGLES[half]}°. {_told_moved(moved)} The "
            f"mutual information gap is {score[0]:.2f} at 0° and {score[half]:.2f} at {ANGLES[half]}°. Of {names[0]} "
            f"alone it is {own[0, 0]:.2f} and {own[half, 0]:.2f}. At {ANGLES[-1]}° the two dimensions have swapped "
            f"places, and the gap is {score[-1]:.2f}."
        ).replace(" -", " −"),
        see=tuple(range(half - 2, half + 3)),
        made_of=(
            f"Computed by “{run.config.train.title}”: the ELBO on {PRICED} held-out sprites, the gap on {COUNTED:,} "
            "codes in 20 equally wide bins a dimension."
        ),
    )  # fmt: skip


def _told_moved(moved: float) -> str:
    """How much pixels of the redrawn sprite change at most, which is a part of white."""
    if moved < CLOSE / 100:
        return "No pixel of the redrawn sprite changes by as much as a ten-thousandth of white."
    return f"Pixels of the redrawn sprite change by up to {100 * moved:.2g} % of white."


def _told_best(gap: MigResult) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two dimensions, and the two factors that they tell: those of the largest gaps with a dimension each."""
    best = gap.information.argmax(1)  # [K]
    first, *others = np.argsort(-gap.gaps, kind="stable").tolist()
    second = next(factor for factor in others if best[factor] != best[first])
    return (int(best[first]), int(best[second])), (first, second)


def _parts(values: np.ndarray) -> np.ndarray:
    """A factor's values in COLOURS equally wide parts: int64 [n]."""
    return values * COLOURS // (int(values.max()) + 1)


LESSON = Lesson(
    number=10,
    key="disentangling",
    title="When does one dimension mean one thing?",
    idea=(
        "Sprites are drawn from a shape, a size, an angle and a place: the *factors*. A code is called *disentangled* "
        "where each factor is told by one dimension alone. The **mutual information gap** measures it: what the best "
        "dimension tells about a factor, less what the second best tells. Now turn two dimensions into each other by "
        "an angle, as one turns a sheet of paper: the encoder turns its answer, the decoder turns it back before it "
        "draws. The prior $\\mathcal N(0, I)$ is round, and looks the same from every side."
    ),
    question="Turn two dimensions that tell one factor each by 45°. What changes?",
    options=(
        "Nothing at all",
        "What is redrawn, or the ELBO; not the gap",
        "The gap, and what is redrawn or the ELBO too",
        "The gap; neither what is redrawn nor the ELBO",
    ),
    drag="Drag the angle from 0° to 90°, and watch what each of the two dimensions does to the sprite.",
    formula=(
        r"z' = \term{angle}{R}\,z,\quad \term{angle}{R^{\top} R} = I,\quad \lVert z' \rVert = \lVert z \rVert \\ "
        r"\term{one}{z'_a} = \cos\varphi\, z_a + \sin\varphi\, z_b \\ "
        r"\term{two}{z'_b} = -\sin\varphi\, z_a + \cos\varphi\, z_b \\ "
        r"\term{elbo}{\mathrm{ELBO}} = -\left(\term{distortion}{D(R^{\top} z')} + "
        r"\term{rate}{\mathrm{KL}(q' \,\Vert\, \mathcal{N}(0, I))}\right) \\ "
        r"\term{gap}{\mathrm{gap}} = \frac{1}{K}\sum_k \frac{\term{best}{I(v_k; z_{\mathrm{best}})} - "
        r"\term{next}{I(v_k; z_{\mathrm{second}})}}{H(v_k)}"
    ),
    terms={
        "angle": Term("The turn: a matrix that changes directions and no lengths.", ("rotation",)),
        "one": Term("The first of the two dimensions, turned.", ("first",)),
        "two": Term("The second of the two dimensions, turned.", ("second",)),
        "elbo": Term("What training maximises: it cannot see the turn.", ()),
        "distortion": Term("How badly the decoder redraws the sample, after turning its code back.", ("distortion",)),
        "rate": Term("What the turned posterior costs against N(0, I).", ("turned_rate",)),
        "gap": Term("The mutual information gap, mean over the factors; not the gap of lesson 6.", ("gaps_of",)),
        "best": Term("What the dimension that knows most about a factor tells of it, in nats.",
                     ("ranked[:, -1]",)),
        "next": Term("What the next best dimension tells of the same factor.", ("ranked[:, -2]",)),
    },
    code=(
        "vae_core.lessons.disentangling:turn",
        "vae_core.lessons.disentangling:turned",
        "vae_core.lessons.disentangling:turned_rate",
        "vae_core.metrics.disentanglement.information:gaps_of",
    ),
    runs=(RUN,),
    scene=scene,
    papers=(
        Paper("Locatello and others 2019, theorem 1", "https://arxiv.org/abs/1811.12359"),
        Paper("Burgess and others 2018", "https://arxiv.org/abs/1804.03599"),
        Paper("Chen and others 2018 (β-TCVAE), eq. 6, on the gap", "https://arxiv.org/abs/1802.04942"),
    ),
    then=(
        "The ELBO is the same for the turned code and for the code as learnt: whoever only sees pictures has no "
        "reason to prefer either. So no objective finds the factors by itself; what helps are habits of nets and of "
        "posteriors whose axes are their own, a dear rate that leaves few dimensions awake, or a few labels. In "
        "practice some runs come out disentangled and others of the same settings do not."
    ),
    onward=(
        ("pages/disentangle.py", "Disentangle: all scores, and the matching game"),
        ("pages/traverse.py", "Traverse: what each dimension does"),
    ),
)  # fmt: skip
