"""Lesson 9: a walk from one digit to another and on to a code that was drawn, through a VAE and an autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_core.lessons.card import Lesson, Material, Paper, Term
from vae_core.lessons.samples import as_pictures
from vae_core.lessons.scene import Cloud, Curves, Drag, Ellipse, Line, Number, Path, Pictures, Plane, Scene, Spot

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.models import Model

VAE, AUTOENCODER = "digits-10d", "digits-autoencoder"
RUNS = (VAE, AUTOENCODER)
HALF = 20  # steps from one digit to the next, and from there to the draw
WALKS, SHOWN = 120, 4
NEAR = 1.25  # times as far from a real digit as an unseen digit is: up to here a picture counts as near


class Walks(NamedTuple):
    """W walks of S steps through one model's codes."""

    codes: np.ndarray  # float32 [S, W, D]
    seen: np.ndarray  # float32 [N, D], a code drawn for each training sample; an autoencoder's have no spread
    pictures: Tensor  # [S, W, *sample_shape] in [0, 1]
    off_codes: np.ndarray  # [S], distance to the nearest code seen, in those that codes seen have; median over walks
    off_digits: np.ndarray  # [S], distance of the picture to the nearest training sample; mean over walks


def walked(model: Model, starts: Tensor, ends: Tensor, drawn: Tensor, training: Tensor) -> Walks:
    """Straight from the code of each start to that of its end, and on to a code that was drawn.

    Args:
        starts, ends, training: pictures [W, C, H, W'], [W, ...] and [N, ...], uint8.
        drawn: codes from N(0, I), [W, D].
    """
    import torch

    from vae_core.latent.geometry import lerp, nearest_distance, typical_distance
    from vae_core.metrics.likelihood import encoded

    first, second = (encoded(model, x, torch.arange(len(x))).mean.numpy() for x in (starts, ends))
    posterior = encoded(model, training, torch.arange(len(training)))
    seen = posterior.sample(torch.Generator().manual_seed(0)).numpy()  # what the decoder was taught on
    t = np.linspace(0, 1, HALF + 1)[:, None]
    there = lerp(first, second, t)  # [HALF + 1, W, D]
    codes = np.concatenate([there, lerp(second, drawn.numpy(), t[1:])]).astype(np.float32)  # [S, W, D]
    flat = codes.reshape(-1, codes.shape[-1])
    with torch.inference_mode():
        made = model.decode(torch.from_numpy(flat)).clamp(0, 1)
    off = nearest_distance(flat, seen).reshape(codes.shape[:2]) / typical_distance(seen).median
    digits = nearest_pixels(made, training).view(codes.shape[:2])
    pictures = made.view(*codes.shape[:2], *made.shape[1:])
    return Walks(codes, seen, pictures, np.median(off, axis=1), digits.mean(1).double().numpy())


def nearest_pixels(made: Tensor, training: Tensor) -> Tensor:
    """Euclidean distance of pictures [n, ...] in [0, 1] to the nearest of the training samples [N, ...], uint8: [n]."""
    import torch

    return torch.cdist(made.flatten(1), training.flatten(1).float() / 255).amin(1)


def scene(material: Material) -> Scene:
    """The same pairs of held-out digits and the same draws through both models."""
    import torch

    from vae_core.data import load_dataset

    runs = [material.run(name) for name in RUNS]
    info = runs[0].config.data
    data = load_dataset(info.name)
    training, held_out = data.x[data.splits["train"]], data.x[data.splits["test"]]
    generator = torch.Generator().manual_seed(0)
    walks = min(WALKS, len(held_out))
    order = torch.randperm(len(held_out), generator=generator)
    starts, ends = held_out[order[:walks]], held_out[order.roll(1)[:walks]]
    drawn = runs[0].model.sample_prior(walks, generator=generator)
    vae, plain = (walked(run.model, starts, ends, drawn, training) for run in runs)
    real = float(nearest_pixels(held_out.float() / 255, training).mean())
    far = [walk.off_digits[-1] / real for walk in (vae, plain)]
    near = [ratio <= NEAR for ratio in far]
    titles = [run.config.train.title for run in runs]
    steps = np.arange(2 * HALF + 1)
    at = steps / HALF
    numbers = {
        "vae": (vae.off_digits, "distance of the VAE's pictures", ""),
        "plain": (plain.off_digits, "distance of the autoencoder's pictures", ""),
        "real": (np.full(len(steps), real), "distance of unseen digits", ""),
        "vae_off": (vae.off_codes, "distance of the VAE's codes", "typical distances"),
        "plain_off": (plain.off_codes, "distance of the autoencoder's codes", "typical distances"),
    }
    captions = tuple(f"walk {place + 1}" for place in range(SHOWN))
    return Scene(
        drag=Drag("the walk", tuple(_stop(step) for step in range(len(steps))), 0, "z", "digit A", "the draw"),
        panels=(
            Pictures(
                f"Decoded by the VAE ({titles[0]})",
                "Four walks from digit A over digit B to a drawn code, decoded by the VAE.",
                as_pictures(vae.pictures[:, :SHOWN]), captions, ("vae",) * SHOWN,
            ),
            Pictures(
                f"Decoded by the plain autoencoder ({titles[1]})",
                "The same four walks, decoded by the autoencoder.",
                as_pictures(plain.pictures[:, :SHOWN]), captions, ("plain",) * SHOWN,
            ),
            Curves(
                "How far what is decoded lies from the nearest real digit",
                "Two curves over the walk, one of the VAE and one of the autoencoder, and the level of unseen digits.",
                at,
                (
                    Line("VAE", vae.off_digits, "vae"), Line("autoencoder", plain.off_digits, "plain"),
                    Line("unseen digits", np.full(len(steps), real), "real", dashed=True),
                ),
                "walk: 0 digit A, 1 digit B, 2 the draw", "distance; a white pixel is 1",
            ),
            _plane("The VAE's codes, in the two dimensions least like N(0, 1)", vae, "vae"),
            _plane("The autoencoder's codes, in the two dimensions least like N(0, 1)", plain, "plain"),
        ),
        numbers=tuple(Number(key, label, values, unit) for key, (values, label, unit) in numbers.items()),
        sums=(
            "VAE: its pictures are {vae} away, its codes {vae_off} typical distances",
            "autoencoder: its pictures are {plain} away, its codes {plain_off} typical distances",
        ),
        answer=0 if all(near) else 1 if near[0] else 2 if near[1] else 3,
        because=(
            f"Unseen digits are {real:.2f} away from the nearest training digit. Pictures that the VAE decodes from "
            f"draws are {vae.off_digits[-1]:.2f} away, the autoencoder's {plain.off_digits[-1]:.2f}. Halfway from "
            f"digit A to digit B the VAE's pictures are {vae.off_digits[HALF // 2]:.2f} away, the autoencoder's "
            f"{plain.off_digits[HALF // 2]:.2f}. Draws from N(0, I) have a standard deviation of 1 a dimension. The "
            f"VAE's codes have {vae.seen.std(0).mean():.1f}, the autoencoder's {plain.seen.std(0).mean():.1f}: "
            "nothing in the autoencoder's loss asked for 1."
        ),
        see=tuple(int(step) for step in steps[-3:]),
        made_of=(
            f"Computed by “{titles[0]}” and “{titles[1]}” on the same {walks} pairs of held-out digits and the same "
            f"{walks} draws; near means at most {NEAR:g} times as far as unseen digits are."
        ),
    )  # fmt: skip


def _plane(title: str, walk: Walks, term: str) -> Plane:
    """The two dimensions whose codes are least like N(0, 1), the prior in them, and the first walk."""
    mean, std = walk.seen.mean(0), walk.seen.std(0)
    unlike = 0.5 * (mean**2 + std**2 - 1) - np.log(std)  # the rate of N(mean, std^2), nats
    first, second = np.sort(np.argsort(-unlike)[:2])
    chosen = walk.codes[:, 0][:, [first, second]]
    return Plane(
        title,
        "A code of each training digit as a point, N(0, I) as a circle of two standard deviations around zero, and the "
        "first walk as a line with a spot where it stands.",
        clouds=(Cloud(walk.seen[:, [first, second]], None, "codes of training digits", "seen"),),
        ellipses=(Ellipse(np.zeros((1, 2)), np.full((1, 2), 2.0), "N(0, I), 2 σ", "prior"),),
        paths=(Path(chosen, "walk 1", "z", dashed=True),),
        spots=(Spot(chosen, "z", term),),
        x_label=f"dimension {first + 1}",
        y_label=f"dimension {second + 1}",
    )


def _stop(step: int) -> str:
    if step in (0, HALF, 2 * HALF):
        return ("digit A", "digit B", "the draw")[step // HALF]
    return f"{step % HALF / HALF:.0%} {'A to B' if step < HALF else 'B to the draw'}"


LESSON = Lesson(
    number=9,
    key="sampling",
    title="What becomes of codes that no sample had?",
    idea=(
        "To make a new digit, draw a code from the prior $\\mathcal N(0, I)$ and decode it. To go from one digit to "
        "another, walk between their codes and decode on the way (*interpolation*). Both lead to codes that no "
        "training digit had. Two models do so here, with ten dimensions each. The VAE was trained with noise in its "
        "codes and pays a rate for them. The plain autoencoder was trained with neither. Nobody tells a decoder what "
        "to draw for a code that it never met."
    ),
    question=(
        "Draw codes from N(0, I) and decode them. Whose pictures are about as near to a training digit as real digits "
        "are that no model has seen?"
    ),
    options=("Both models'", "The VAE's alone", "The autoencoder's alone", "Neither's"),
    drag="Drag from digit A to digit B, and on to the code that was drawn.",
    formula=(
        r"\term{z}{z_t} = (1 - t)\,\term{a}{z_A} + t\,\term{b}{z_B} \\ "
        r"\term{prior}{z \sim \mathcal{N}(0, I)} \\ "
        r"\term{vae}{d_{\mathrm{VAE}}},\ \term{plain}{d_{\mathrm{AE}}},\ \term{real}{d_{\mathrm{unseen}}} = "
        r"\mathrm{mean}\,\min_n \lVert x - \term{seen}{x_n} \rVert"
    ),
    terms={
        "z": Term("The code on its way.", ("lerp",)),
        "a": Term("Where the walk begins: the code of a digit.", ("np.asarray(a, dtype=np.float64)",)),
        "b": Term("Where it goes: the code of another digit, and then a draw.",
                  ("np.asarray(b, dtype=np.float64)",)),
        "prior": Term("What codes are drawn from: independent numbers with spread 1.", ("randn", "sample_prior")),
        "vae": Term("What the VAE decodes, and its distance to the nearest training digit.", ("made",)),
        "plain": Term("What the autoencoder decodes, and its distance to the nearest training digit.", ()),
        "real": Term("Unseen digits: held out from training. Their distance to the nearest training digit.", ()),
        "seen": Term("The training digits. The distance of a picture is that to the nearest training digit. The "
                     "distance of a code is that to the nearest training digit's code, divided by what is typical "
                     "between such codes.", ("training",)),
    },
    code=(
        "vae_core.latent.geometry:lerp",
        "vae_core.models.base:Model.sample_prior",
        "vae_core.lessons.sampling:nearest_pixels",
    ),
    runs=RUNS,
    scene=scene,
    papers=(
        Paper("Kingma and Welling 2014, section 2", "https://arxiv.org/abs/1312.6114"),
        Paper("Ghosh and others 2020 (From variational to deterministic autoencoders)",
              "https://arxiv.org/abs/1903.12436"),
        Paper("White 2016, on walks between codes", "https://arxiv.org/abs/1609.04468"),
    ),
    then=(
        "The rate pulls all posteriors towards N(0, I), and the noise fills the gaps between codes: so a VAE's "
        "decoder has met codes like those that are drawn. An autoencoder's codes lie elsewhere. Nearness to a digit "
        "is not all, since a blur is near to many digits. An autoencoder can be repaired after training: fit a "
        "density to its codes, and draw from that density in place of N(0, I)."
    ),
    onward=(
        ("pages/generate.py", "Generate: draws, and a density fitted to the codes"),
        ("pages/morph.py", "Morph: walks between samples of your choice"),
    ),
)  # fmt: skip
