"""Runs to measure on: shipped ones where they fit, else made here with random weights, the same each time."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from vae_core.config import DataInfo, Figures, ModelSpec, RunConfig, TrainConfig, model_spec
from vae_core.models import build
from vae_core.runs import Codes, Run, RunFolder, load_run
from vae_core.runs.codes import write_codes
from vae_core.runs.weights import write_tensors

PROJECT = Path(__file__).resolve().parents[1]
SHIPPED = PROJECT / "checkpoints"
CLASSES = tuple(str(digit) for digit in range(10))
LIVELY = 1.8
"""Random decoders are grey; weights so many times as large make pictures that change as a slider moves."""


@dataclass(frozen=True)
class Fixture:
    """A run to measure on. `origin` says where it comes from, for the table's notes."""

    name: str
    origin: str


def shipped_runs() -> list[Path]:
    """Folders of the shipped runs that are whole (a run that is being trained has no codes yet)."""
    return sorted(file.parent for file in SHIPPED.glob("*/codes.npz") if (file.parent / "model.safetensors").exists())


def copy_shipped(root: Path) -> None:
    """The shipped runs, without what only resuming needs."""
    for folder in shipped_runs():
        ignored = shutil.ignore_patterns("state.safetensors", "live.npz", ".*")
        shutil.copytree(folder, root / folder.name, ignore=ignored)


def write_run(root: Path, name: str, side: int, latent_dim: int, samples: int) -> Fixture:
    """A run folder with random weights and codes in ten clouds.

    Args:
        root: the run root to write to.
        side: pixels of the square grey pictures.
        samples: how many codes it has.
    """
    train = TrainConfig(data="made-up", latent_dim=latent_dim, title=f"Made up, {side}x{side}, {samples:,} samples")
    data = DataInfo(name=train.data, sample_shape=(1, side, side), size=samples, class_names=CLASSES)
    spec = model_spec(train, data)
    nothing = Figures(step=1, distortion=0.0, rate=0.0, objective=0.0)
    config = RunConfig(
        train=train,
        model=spec,
        data=data,
        best=nothing,
        test=nothing,
        state="finished",
    )
    folder = RunFolder(root / name)
    folder.create(config)
    write_tensors(folder.weights, _weights(spec))
    write_codes(folder.codes, _codes(samples, latent_dim))
    return Fixture(name, "random weights")


def _weights(spec: ModelSpec) -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build(spec)
    tensors = model.state_dict()
    for name, value in tensors.items():
        if name.startswith("decoder") and value.dim() > 1:
            tensors[name] = LIVELY * value
    return tensors


def _codes(samples: int, latent_dim: int) -> Codes:
    chance = np.random.default_rng(0)
    y = np.arange(samples) % len(CLASSES)
    centres = chance.normal(0, 1.5, (len(CLASSES), latent_dim))
    return Codes(
        index=np.arange(samples),
        mean=(centres[y] + chance.normal(0, 0.35, (samples, latent_dim))).astype(np.float32),
        std=chance.uniform(0.05, 0.3, (samples, latent_dim)).astype(np.float32),
        distortion=chance.gamma(20, 5, samples).astype(np.float32),
        y=y,
        factors=None,
    )


def decoder_of(side: int, checkpoints: Path, runs: Path) -> Fixture:
    """A run whose pictures are side x side: the shipped one with the most dimensions, else one made here."""
    found = []
    for folder in checkpoints.iterdir():
        spec = RunFolder(folder).read_config().model
        if spec.sample_shape == (1, side, side):
            found.append((spec.latent_dim, folder.name))
    if found:
        return Fixture(max(found)[1], "shipped")
    return write_run(runs, f"made-up-{side}", side, 10, 2_000)


@cache
def loaded(name: str) -> Run:
    """The run of this name, read once in a process."""
    return load_run(name)
