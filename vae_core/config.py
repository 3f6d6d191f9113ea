"""What a run is made of, as validated settings. No torch here: the home page reads these files too."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vae_core.objective_cards import fact_of

SCHEMA_VERSION = 1
"""Of config.json. A file of another version is refused, not guessed at."""
PROJECT = Path(__file__).resolve().parent.parent

MAX_SIDE = 256
"""Largest picture side in pixels that a run may declare; a hostile config cannot make us build a giant net."""

Width = Annotated[int, Field(ge=1, le=4096)]
SampleShape = tuple[Literal[1, 3], Width, Width]


def checkpoints_folder() -> Path:
    """Where the shipped runs are: LATENTARIUM_CHECKPOINTS (tests work on a copy), else `checkpoints/`."""
    return Path(os.environ.get("LATENTARIUM_CHECKPOINTS") or PROJECT / "checkpoints")


def runs_folder() -> Path:
    """Where your own runs are kept: LATENTARIUM_RUNS, else `runs/` beside the app."""
    return Path(os.environ.get("LATENTARIUM_RUNS") or PROJECT / "runs")


class Settings(BaseModel):
    """Frozen, closed settings: an unknown key is an error, not a shrug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSpec(Settings):
    """All it takes to rebuild a model's architecture (the weights lie beside it)."""

    net: Literal["mlp", "conv"]
    sample_shape: SampleShape
    """(channels, height, width): grey or RGB"""
    latent_dim: Annotated[int, Field(ge=1, le=512)]
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    hidden: tuple[Width, ...] = Field(default=(400,), min_length=1, max_length=8)
    """Widths of the fully connected layers: all of an MLP's, those between convolutions and code otherwise."""
    channels: tuple[Width, ...] = Field(default=(), max_length=8)
    """Channels after each halving of a convolutional encoder, outermost first."""

    @model_validator(mode="after")
    def _fits(self) -> ModelSpec:
        _, height, width = self.sample_shape
        if max(height, width) > MAX_SIDE:
            raise ValueError(f"pictures of {height}x{width} are larger than the {MAX_SIDE}x{MAX_SIDE} allowed")
        if self.net == "conv":
            stages = conv_stages((height, width))
            if len(self.channels) != stages:
                raise ValueError(
                    f"a convolutional net for {height}x{width} halves {stages} times and needs as many channel "
                    f"counts, not {len(self.channels)}"
                )
        return self


def conv_stages(size: tuple[int, int]) -> int:
    """How often a square picture is halved until 4 to 7 pixels are left: 8 -> 1, 28 -> 2, 32 -> 3, 64 -> 4."""
    height, width = size
    side, stages = height, 0
    while side > 7 and side % 2 == 0:
        side, stages = side // 2, stages + 1
    if height != width or stages == 0 or not 4 <= side <= 7:
        raise ValueError(
            f"a convolutional net takes square pictures that halve to 4-7 pixels (8, 28, 32, 64, ...), "
            f"not {height}x{width}; an MLP takes any size"
        )
    return stages


DEFAULT_CHANNELS: dict[int, tuple[int, ...]] = {
    1: (32,),
    2: (32, 64),
    3: (32, 32, 64),
    4: (32, 32, 64, 64),  # the encoder of Locatello et al. 2019, table 1
    5: (32, 32, 64, 64, 64),
}


class TrainConfig(Settings):
    """One training, from data to stopping. `python -m vae_core train --help` is made from this class.

    The page's form shows an objective's own settings (vae_core/objective_cards.py) by their titles, bounds and
    docstrings.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    data: str = "digits"
    """Dataset: digits, sprites, mnist, fashion-mnist, ..."""
    net: Literal["auto", "mlp", "conv"] = "auto"
    """Encoder and decoder; auto takes an MLP for 8x8 pictures and convolutions for larger square ones."""
    hidden: tuple[Width, ...] = Field(default=(), max_length=8)
    """Widths of the fully connected layers; empty takes (256,) beside convolutions, (400,) in an MLP."""
    latent_dim: Annotated[int, Field(ge=1, le=512)] = 10
    """Dimensions of the code."""
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    """Bernoulli for black-and-white pictures; gaussian finds its own sigma (Rybkin et al. 2021)."""
    objective: Literal["elbo", "capacity"] = "elbo"
    """elbo: distortion + beta * rate. capacity: distortion + gamma * |rate - C| with C rising (Burgess et al. 2018)."""
    beta: Annotated[float, Field(title="β", ge=0, le=1e4, allow_inf_nan=False)] = 1.0
    """Weight of the rate (Higgins et al. 2017): 1 is the classic VAE, more presses codes together and separates
    dimensions, less makes pictures sharper."""
    warmup_steps: Annotated[int, Field(title="Warm-up (steps)", ge=0)] = 0
    """Steps over which the rate's weight goes in a straight line to beta."""
    warmup_from: Annotated[float, Field(title="Warm-up from", ge=0, le=1e4, allow_inf_nan=False)] = 0.0
    """Where that line begins: 0 against collapse, many times beta for dimensions that wake one by one."""
    free_bits: Annotated[float, Field(title="Free bits (nats)", ge=0, le=100, allow_inf_nan=False)] = 0.0
    """Nats per dimension that cost nothing, so that none is put to sleep (Kingma et al. 2016)."""
    capacity: Annotated[float, Field(title="C (nats)", ge=0, le=1e4, allow_inf_nan=False)] = 25.0
    """Final C in nats, for the capacity objective."""
    capacity_steps: Annotated[int, Field(title="Climb of C (steps)", ge=1)] = 10_000
    """Steps over which C rises from 0."""
    gamma: Annotated[float, Field(title="γ", gt=0, le=1e6, allow_inf_nan=False)] = 100.0
    """Weight of |rate - C|, for the capacity objective."""
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 20
    """Passes over the training split."""
    steps: Annotated[int, Field(ge=1)] | None = None
    """Batches in all; when given, it overrides epochs."""
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 128
    """Samples a step."""
    learning_rate: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 1e-3
    """Adam's step size."""
    decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Last part of the steps over which the learning rate falls to a hundredth along a cosine (0: never)."""
    evaluations: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How often the validation split is looked at (and the best weights kept) during the run."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Same seed, same machine: same weights on a CPU."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto takes CUDA, else MPS, else the CPU."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast on CUDA where the card has it, fp32 elsewhere."""
    weights: Literal["fp32", "fp16"] = "fp32"
    """Of the weights that are kept at the end; fp16 halves the file, and all figures are of the rounded ones."""
    compile: Literal["auto", "on", "off"] = "auto"
    """torch.compile with captured graphs; auto: on CUDA only."""
    title: Annotated[str, Field(max_length=200)] = ""
    """What the gallery calls this run; empty makes one from the settings."""
    about: Annotated[str, Field(max_length=600)] = ""
    """A sentence or two on what this run shows, for the gallery and the card."""
    out: Path | None = None
    """Run folder to write; without one nothing is kept on disk."""

    @field_validator("data")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("data must name a dataset, for example digits")
        return value


class DataInfo(Settings):
    """What a run remembers of its dataset, so that its pages work where the data is not."""

    name: str = Field(max_length=200)
    sample_shape: SampleShape
    size: Annotated[int, Field(ge=1)]
    class_names: tuple[str, ...] = Field(default=(), max_length=1000)
    factor_names: tuple[str, ...] = Field(default=(), max_length=100)
    factor_sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _named_sizes(self) -> DataInfo:
        if len(self.factor_names) != len(self.factor_sizes):
            raise ValueError(f"{len(self.factor_names)} factor names stand beside {len(self.factor_sizes)} sizes")
        return self


class Figures(Settings):
    """What a run reached, in nats per sample, at the step whose weights were kept."""

    step: int
    distortion: float
    rate: float
    objective: float
    """The training objective with its final weights, on the validation split: what 'best' means."""

    @property
    def elbo(self) -> float:
        return -(self.distortion + self.rate)


class RunConfig(Settings):
    """config.json of a run folder."""

    schema_version: Literal[1] = 1
    train: TrainConfig
    model: ModelSpec
    data: DataInfo
    best: Figures | None = None
    """None until the first look at the validation split."""
    test: Figures | None = None
    """The same weights on the test split, once training has ended."""
    state: Literal["running", "finished", "stopped", "failed"] = "running"

    @model_validator(mode="after")
    def _of_one_piece(self) -> RunConfig:
        if self.data.sample_shape != self.model.sample_shape:
            raise ValueError(f"data of {self.data.sample_shape} and a net for {self.model.sample_shape} don't fit")
        if self.train.latent_dim != self.model.latent_dim:
            raise ValueError(f"settings of {self.train.latent_dim} and a net of {self.model.latent_dim} dimensions")
        return self

    def title(self, name: str) -> str:
        """What the gallery calls the run in the folder `name`: its own title, else its name and what it is."""
        return self.train.title or f"{name}: {default_title(self.train)}"


def default_title(train: TrainConfig) -> str:
    """A run's name for people: 'mnist, 10 dimensions, beta 4'."""
    return f"{train.data}, {train.latent_dim} dimensions, {' '.join(fact_of(train))}"


def model_spec(train: TrainConfig, sample_shape: tuple[int, int, int]) -> ModelSpec:
    """The architecture that a training's settings mean for pictures of this shape.

    Raises ValueError (pydantic's) where the net cannot take the shape.
    """
    net = train.net
    if net == "auto":
        net = "mlp" if max(sample_shape[1:]) <= 16 or sample_shape[1] != sample_shape[2] else "conv"
    stages = conv_stages(sample_shape[1:]) if net == "conv" else 0
    return ModelSpec(
        net=net,
        sample_shape=sample_shape,
        latent_dim=train.latent_dim,
        likelihood=train.likelihood,
        hidden=train.hidden or ((256,) if net == "conv" else (400,)),
        channels=DEFAULT_CHANNELS.get(stages, (64,) * stages),
    )


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def check_name(name: str) -> str:
    """A run's name is its folder's name and stands in links: letters, digits, dot, dash, underscore."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name a run: use up to 80 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit"
        )
    return name
