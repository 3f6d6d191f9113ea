"""A run that was never trained: random weights, codes drawn at random; enough for any page to open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vae_core.config import DataInfo, Figures, RunConfig, TrainConfig, model_spec
from vae_core.models import build
from vae_core.runs import Codes, RunFolder
from vae_core.runs.codes import write_codes
from vae_core.runs.weights import write_tensors

DIGITS = tuple("0123456789")


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
) -> Path:
    """Writes the run and returns its folder.

    Args:
        asleep: dimensions whose codes stay at 0.
        codes: how many of the dataset's samples have codes: every third, from the first on.
    """
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    train = TrainConfig(data=data, latent_dim=latent_dim, title=f"The run {name}")
    best = Figures(step=1, distortion=20.0, rate=3.0, objective=23.0)
    info = DataInfo(name=data, sample_shape=sample_shape, size=size, class_names=classes)
    spec = model_spec(train, info)
    folder = RunFolder(root / name)
    folder.path.mkdir()
    folder.write_config(RunConfig(train=train, model=spec, data=info, best=best, state="finished"))
    write_tensors(folder.weights, build(spec).state_dict())
    mean = generator.standard_normal((codes, latent_dim)).astype(np.float32)
    std = np.full((codes, latent_dim), 0.3, np.float32)
    mean[:, list(asleep)], std[:, list(asleep)] = 0, 1
    write_codes(
        folder.codes,
        Codes(
            index=3 * np.arange(codes),
            mean=mean,
            std=std,
            distortion=generator.uniform(10, 20, codes).astype(np.float32),
            y=np.arange(codes) % len(classes) if classes else None,
            factors=None,
        ),
    )
    return folder.path
