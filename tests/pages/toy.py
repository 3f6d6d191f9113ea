"""Runs that were never trained: random weights, codes drawn at random; enough for any page to open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vae_core.config import DataInfo, Figures, RunConfig, TrainConfig, model_spec
from vae_core.models import Model, build
from vae_core.runs import Codes, RunFolder
from vae_core.runs.codes import write_codes
from vae_core.runs.weights import write_tensors

DIGITS = tuple("0123456789")
WORDS = ("<pad>", "<begin>", "<end>", "<unknown>", "the", "cat", "dog", "owl", "sleeps", "sees", "a", "did", "not")
PICTURES = DataInfo(name="digits", sample_shape=(1, 8, 8), size=1797, class_names=DIGITS)
SENTENCES = DataInfo(
    name="made-up-text", kind="text", sample_shape=(6,), size=300, vocabulary=WORDS, joiner=" ",
    class_names=("statement", "question"),
)  # fmt: skip
TABLE = DataInfo(
    name="made-up-table", kind="table", sample_shape=(3,), size=300, class_names=("red", "white"),
    columns=("alcohol", "malic acid", "hue"), centre=(13.0, 2.3, 0.96), scale=(0.8, 1.1, 0.23),
)  # fmt: skip

TOYS: dict[str, tuple[TrainConfig, DataInfo]] = {
    name: (TrainConfig(data=info.name, **{"latent_dim": 4, "hidden": (16,), **settings}), info)  # type: ignore[arg-type]
    for name, (settings, info) in {
        "gaussian": ({}, PICTURES),
        "autoencoder": ({"bottleneck": "point"}, PICTURES),
        "pca": ({"bottleneck": "linear", "hidden": ()}, PICTURES),
        "class": ({"condition": "class"}, PICTURES),
        "quadrants": ({"condition": "quadrants"}, PICTURES),
        "vamp": ({"prior": "vamp", "pseudo_inputs": 4}, PICTURES),
        "m2": ({"bottleneck": "class"}, PICTURES),
        "m1m2": ({"bottleneck": "stacked", "first_dim": 6}, PICTURES),
        "gan": ({"bottleneck": "none", "objective": "adversarial"}, PICTURES),
        "ladder": ({"bottleneck": "ladder", "levels": (2, 3)}, PICTURES),
        "vq": ({"bottleneck": "vq", "codebook": 8, "code_dim": 2, "prior_width": 16}, PICTURES),
        "fsq": ({"bottleneck": "fsq", "fsq_levels": (3, 3), "prior_width": 16}, PICTURES),
        "text": ({}, SENTENCES),
        "text-class": ({"condition": "class"}, SENTENCES),
        "table": ({}, TABLE),
    }.items()
}
"""Settings and data of one toy of each family."""


def write_toy_run(
    root: Path,
    name: str = "toy",
    *,
    data: str = "digits",
    sample_shape: tuple[int, int, int] = (1, 8, 8),
    size: int = 1797,
    latent_dim: int = 4,
    asleep: tuple[int, ...] = (),
    classes: tuple[str, ...] = DIGITS,
    codes: int = 60,
    train: TrainConfig | None = None,
    info: DataInfo | None = None,
) -> Path:
    """Writes the run and returns its folder.

    Args:
        asleep: dimensions whose codes stay at 0.
        codes: how many of the dataset's samples have codes: every third, from the first on.
        train: settings of any family (see TOYS), instead of a plain VAE of `latent_dim`.
        info: what its data is, instead of pictures of `sample_shape`, `size` and `classes` of the dataset `data`.
    """
    torch.manual_seed(0)
    train = train or TrainConfig(data=data, latent_dim=latent_dim)
    train = train.model_copy(update={"title": f"The run {name}"})
    best = Figures(step=1, distortion=20.0, rate=3.0, objective=23.0)
    info = info or DataInfo(name=data, sample_shape=sample_shape, size=size, class_names=classes)
    spec = model_spec(train, info)
    folder = RunFolder(root / name)
    folder.path.mkdir()
    folder.write_config(RunConfig(train=train, model=spec, data=info, best=best, state="finished"))
    model = build(spec).eval()
    model.begin(_samples(info))
    write_tensors(folder.weights, model.state_dict())
    write_codes(folder.codes, _codes(model, info, codes, asleep))
    return folder.path


def write_toy(root: Path, family: str) -> Path:
    """The toy of a family, called like it."""
    train, info = TOYS[family]
    return write_toy_run(root, family, train=train, info=info)


def _samples(info: DataInfo, n: int = 40) -> torch.Tensor:
    if info.kind == "image":
        return torch.randint(0, 256, (n, *info.sample_shape), dtype=torch.uint8)
    if info.kind == "table":
        return torch.randn(n, *info.sample_shape)
    return torch.randint(4, len(info.vocabulary), (n, *info.sample_shape))


def _codes(model: Model, info: DataInfo, count: int, asleep: tuple[int, ...]) -> Codes:
    generator, able = np.random.default_rng(0), model.spec.abilities
    if able.cells:
        with torch.no_grad():
            mean = model.sample_prior(count).numpy()
    else:
        mean = generator.standard_normal((count, model.latent_dim)).astype(np.float32)
    std = np.full(mean.shape, 0.3 if able.spreads else 0.0, np.float32)
    mean[:, list(asleep)] = 0
    if able.spreads:
        std[:, list(asleep)] = 1
    return Codes(
        index=3 * np.arange(count) if able.encodes else info.size + np.arange(count),
        mean=mean,
        std=std,
        distortion=generator.uniform(10, 20, count).astype(np.float32),
        y=np.arange(count) % len(info.class_names) if able.encodes and info.class_names else None,
        factors=None,
        rates=None if able.closed_rate else np.full_like(mean, 0.5 if able.spreads else 0.0),
    )
