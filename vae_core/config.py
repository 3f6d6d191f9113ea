"""What a run is made of, as validated settings. No torch here: the home page reads these files too."""

from __future__ import annotations

import os
import re
from functools import cache
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from vae_core.abilities import Abilities, Promises, abilities_of, promised
from vae_core.model_cards import default_title
from vae_core.objective_cards import OBJECTIVE_CARDS, unsuited
from vae_core.tokens import SPECIAL
from vae_core.wiring import Wiring

SCHEMA_VERSION = 1
"""Of config.json. A file of another version is refused, not guessed at."""
PROJECT = Path(__file__).resolve().parent.parent

MAX_SIDE = 256
"""Largest picture side in pixels that a run may declare; a hostile config cannot make us build a giant net."""

MANY_COMPONENTS = 100
"""Of a VampPrior: with more, training shares its rate out among the dimensions evenly, as far as components go."""

BIT_BOTTLENECKS = ("gaussian", "point", "class", "stacked")
"""Whose decoder is one chain of layers to the pixels' odds: they can be binarised anew, and begin at their mean."""

LEAST_SIGMA = 1e-3
"""Of Gaussian pixels, where it is given: a quarter of a grey level."""

MAX_FSQ_CODES = 65_536
"""Largest book of an FSQ, as in Mentzer et al. 2024: the transformer over it has a row for each code."""

Width = Annotated[int, Field(ge=1, le=4096)]
Size = Annotated[int, Field(ge=1, le=64)]
SampleShape = tuple[Literal[1, 3], Width, Width] | tuple[Width]
"""(channels, height, width) of a picture, (tokens,) of a sentence, (columns,) of a table's row."""
Kind = Literal["image", "text", "table"]
Bottleneck = Literal["gaussian", "point", "linear", "vq", "fsq", "ladder", "class", "stacked", "none", "onnx"]
Net = Literal["mlp", "conv", "lstm", "onnx"]
Activation = Literal["relu", "tanh", "gated"]
Likelihood = Literal["bernoulli", "gaussian", "real", "columns", "categorical"]
Prior = Literal["normal", "vamp"]
Condition = Literal["none", "class", "quadrants"]


def _quadrants(value: str) -> str:
    if not re.fullmatch("([01]{4})?", value):
        raise ValueError(f"quadrants are told as four of 0 and 1, such as 0010 for the lower left, not {value}")
    return value


QUADRANTS = ("upper left", "upper right", "lower left", "lower right")
Seen = Annotated[str, AfterValidator(_quadrants)]
"""Quadrants as four of 0 and 1, in the order of QUADRANTS. Empty: none in particular."""
USUAL_SEEN = "0010"
"""What is seen where nobody says: the lower left, as in Sohn et al. 2015."""


def quadrants_of(seen: str) -> tuple[str, ...]:
    """Names of the quadrants that four of 0 and 1 stand for."""
    return tuple(name for name, letter in zip(QUADRANTS, seen, strict=True) if letter == "1")


def quadrants_in_words(seen: str) -> str:
    """The same as it is said, e.g. "the upper left and lower left"."""
    names = quadrants_of(seen)
    if not names:
        return "nothing of the picture"
    *others, last = names
    return f"the {', '.join(others)} and {last}" if others else f"the {last}"


def checkpoints_folder() -> Path:
    """Where the shipped runs are: LATENTARIUM_CHECKPOINTS (tests work on a copy), else `checkpoints/`."""
    return Path(os.environ.get("LATENTARIUM_CHECKPOINTS") or PROJECT / "checkpoints")


def runs_folder() -> Path:
    """Where your own runs are kept: LATENTARIUM_RUNS (a path, or file:///path), else `runs/` beside the app.

    Raises ValueError where it is the address of a store that is no folder.
    """
    named = os.environ.get("LATENTARIUM_RUNS") or str(PROJECT / "runs")
    if "://" not in named:
        return Path(named)
    parts = urlsplit(named)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise ValueError(
            f"LATENTARIUM_RUNS={named} is no folder: runs are kept in folders (a path, or file:///path); mount a "
            "store such as s3:// as one and name that."
        )
    return Path(url2pathname(parts.path))


class Settings(BaseModel):
    """Frozen, closed settings: an unknown key is an error, not a shrug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSpec(Settings):
    """All it takes to rebuild a model's architecture (the weights lie beside it).

    encoder + bottleneck + decoder + likelihood + prior, and what the model is conditioned on.
    """

    net: Net
    sample_shape: SampleShape
    latent_dim: Annotated[int, Field(ge=1, le=512)]
    """Numbers of a code, over all levels or cells."""
    bottleneck: Bottleneck = "gaussian"
    likelihood: Likelihood = "bernoulli"
    sigma: Annotated[float, Field(ge=0, le=1e3, allow_inf_nan=False)] = 0.0
    """Of Gaussian pixels; 0: the best one is found."""
    prior: Prior = "normal"
    condition: Condition = "none"
    seen: Seen = ""
    """Quadrants that a model of quadrants is always told; empty: any."""
    unseen_only: bool = False
    """The seen pixels cost nothing, and stand in the expected picture as they were told: p(unseen | seen)."""
    hidden: tuple[Width, ...] = Field(default=(400,), max_length=8)
    """Widths of the fully connected layers: all of an MLP's, those between convolutions and code otherwise; an
    LSTM's state. None at all makes a linear map."""
    activation: Activation = "relu"
    channels: tuple[Width, ...] = Field(default=(), max_length=8)
    """Channels after each halving of a convolutional encoder, outermost first."""
    classes: Annotated[int, Field(ge=0, le=1000)] = 0
    """Classes that a conditional or semi-supervised model knows."""
    vocabulary: Annotated[int, Field(ge=0, le=50_000)] = 0
    """Tokens of a text model; 0 otherwise."""
    embedding: Width = 64
    """Numbers a token becomes."""
    word_dropout: Annotated[float, Field(ge=0, le=1)] = 0.0
    noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    binarise: bool = False
    """Grey pixels are drawn black or white anew whenever a likelihood is taken (dynamic binarisation)."""
    pseudo_inputs: Annotated[int, Field(ge=1, le=1000)] = 50
    levels: tuple[Size, ...] = Field(default=(), max_length=4)
    """Dimensions of each level of a ladder, coarse first."""
    code_dim: Size = 8
    codebook: Annotated[int, Field(ge=2, le=4096)] = 64
    restarts: bool = True
    """A learnt codebook begins at cluster means, and its dead codes begin anew."""
    fsq_levels: tuple[Annotated[int, Field(ge=2, le=32)], ...] = Field(default=(), max_length=8)
    prior_width: Width = 64
    prior_layers: Annotated[int, Field(ge=1, le=12)] = 2
    first_dim: Annotated[int, Field(ge=1, le=512)] = 16
    """Dimensions of M1's code in a stacked M1+M2."""
    label_weight: Annotated[float, Field(ge=0, le=1e4, allow_inf_nan=False)] = 10.0
    wiring: Wiring | None = None
    """How a pair that came as ONNX files is read; None for models of our own."""

    @property
    def kind(self) -> Kind:
        if len(self.sample_shape) == 3:
            return "image"
        return "text" if self.vocabulary else "table"

    @property
    def abilities(self) -> Abilities:
        """What this model can do, as the pages ask."""
        return abilities_of(self)

    @property
    def usual_seen(self) -> str:
        """The quadrants that are seen where nobody says, as four of 0 and 1."""
        return self.seen or USUAL_SEEN

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) of a discrete code's cells."""
        if len(self.sample_shape) != 3:
            raise ValueError("Only pictures have a grid of cells.")
        return self.sample_shape[1] >> len(self.channels), self.sample_shape[2] >> len(self.channels)

    @model_validator(mode="after")
    def _fits(self) -> ModelSpec:
        if len(self.sample_shape) == 3:
            _, height, width = self.sample_shape
            if max(height, width) > MAX_SIDE:
                raise ValueError(f"pictures of {height}x{width} are larger than the {MAX_SIDE}x{MAX_SIDE} allowed")
        if not (self.net == "onnx") == (self.bottleneck == "onnx") == (self.wiring is not None):
            raise ValueError("a model that came as ONNX needs net and bottleneck onnx and a wiring; no other has one")
        if self.wiring is not None:
            _check_wiring(self, self.wiring)
        if (self.net == "lstm") != (self.kind == "text"):
            raise ValueError(f"an lstm reads text and nothing else does; {self.kind} samples need another net")
        if (self.likelihood == "categorical") != (self.kind == "text"):
            raise ValueError(f"the {self.likelihood} likelihood does not fit {self.kind} samples")
        if self.kind == "table" and self.likelihood not in ("columns", "real"):
            raise ValueError("a table's rows are any numbers: they need the columns or the real likelihood")
        if self.bottleneck == "linear" and self.likelihood != "real":
            raise ValueError(f"PCA has the real likelihood, one sigma on the whole line, not the {self.likelihood} one")
        if self.sigma and (self.likelihood not in ("gaussian", "real") or self.bottleneck == "linear"):
            raise ValueError(
                "a sigma is given to the gaussian or the real likelihood of a net that is trained, not to a "
                f"{self.bottleneck} bottleneck with the {self.likelihood} one: choose the likelihood gaussian"
            )
        if 0 < self.sigma < LEAST_SIGMA:
            raise ValueError(f"a sigma of {self.sigma:g} is too small: give one from {LEAST_SIGMA:g}, or 0 to find it")
        if self.bottleneck == "class" and self.likelihood != "bernoulli":
            raise ValueError(
                "M2 decodes each picture as every class, which have no best sigma: it takes bernoulli pixels"
            )
        if self.activation != "relu" and self.net != "mlp":
            raise ValueError(f"{self.activation} layers belong to an MLP, not to a net of the kind {self.net}")
        if self.binarise and (
            self.likelihood != "bernoulli" or self.bottleneck not in BIT_BOTTLENECKS or self.condition != "none"
        ):
            raise ValueError(
                "pixels are binarised for a Bernoulli likelihood behind a gaussian code (or M2's, M1+M2's), "
                "unconditionally"
            )
        if self.net == "conv":
            stages = conv_stages(self.sample_shape)
            if len(self.channels) != stages:
                raise ValueError(
                    f"a convolutional net for {self.sample_shape} halves {stages} times and needs as many channel "
                    f"counts, not {len(self.channels)}"
                )
        discrete = self.bottleneck in ("vq", "fsq")
        if discrete and self.net != "conv":
            raise ValueError("a grid of discrete codes needs a convolutional net (square pictures)")
        if prod(self.fsq_levels) > MAX_FSQ_CODES:
            raise ValueError(
                f"FSQ levels of {self.fsq_levels} make {prod(self.fsq_levels):,} codes; up to {MAX_FSQ_CODES:,} are "
                "taken"
            )
        cells = self.grid[0] * self.grid[1] if discrete else 0
        code = len(self.fsq_levels) if self.bottleneck == "fsq" else self.code_dim
        if cells and self.latent_dim != cells * code:
            raise ValueError(f"{cells} cells of {code} numbers make {cells * code} dimensions, not {self.latent_dim}")
        if self.bottleneck == "ladder" and not self.hidden:
            raise ValueError("a ladder needs at least one hidden width: that of its features")
        if self.bottleneck == "ladder" and sum(self.levels) != self.latent_dim:
            raise ValueError(f"levels of {self.levels} make {sum(self.levels)} dimensions, not {self.latent_dim}")
        if (self.condition == "class" or self.bottleneck in ("class", "stacked")) and self.classes < 2:
            raise ValueError("a model that knows classes needs data with at least two of them")
        if self.condition == "quadrants" and self.kind != "image":
            raise ValueError("only pictures have quadrants")
        if self.condition != "quadrants" and (self.seen or self.unseen_only):
            raise ValueError("only a model that is told quadrants has seen and unseen ones")
        if self.unseen_only and self.likelihood != "bernoulli":
            raise ValueError("pixels that are seen cost nothing beside bernoulli ones alone: a best sigma is of all")
        if self.unseen_only and self.net != "mlp":
            raise ValueError("a model that pays for the unseen pixels alone needs an MLP: choose the net mlp")
        if self.unseen_only and self.seen == "1111":
            raise ValueError("where all four quadrants are seen there is nothing left to pay for")
        if self.bottleneck not in ("gaussian", "point") and self.condition != "none":
            raise ValueError(f"the {self.bottleneck} bottleneck takes no condition; choose gaussian")
        if self.bottleneck != "gaussian" and self.prior != "normal":
            raise ValueError(
                f"the {self.bottleneck} bottleneck has a prior of its own; choose gaussian for {self.prior}"
            )
        if self.kind != "image" and self.bottleneck in ("vq", "fsq", "ladder", "class", "stacked", "none", "onnx"):
            raise ValueError(f"the {self.bottleneck} bottleneck is made for pictures, not for {self.kind} samples")
        if self.kind == "text" and len(self.hidden) != 1:
            raise ValueError(f"an LSTM has one state: say one width, not {len(self.hidden)}")
        if self.kind == "text" and self.vocabulary <= len(SPECIAL):
            raise ValueError(f"{self.vocabulary} tokens hold no word: the first {len(SPECIAL)} are special ones")
        if self.kind == "text" and (self.prior != "normal" or self.bottleneck == "linear"):
            raise ValueError("text takes the gaussian or the point bottleneck with a normal prior")
        return self


def _check_wiring(spec: ModelSpec, wiring: Wiring) -> None:
    """Raises ValueError where the shapes of an ONNX pair are not those of its samples and codes."""
    if spec.kind != "image" or spec.likelihood != "bernoulli" or spec.condition != "none" or spec.prior != "normal":
        raise ValueError("an ONNX pair is of pictures, with nothing told, and a normal prior")
    if prod(wiring.decoder.shape) != spec.latent_dim:
        raise ValueError(f"a decoder of {wiring.decoder.shape} takes no codes of {spec.latent_dim} dimensions")
    if wiring.encoder is not None and prod(wiring.encoder.shape) != prod(spec.sample_shape):
        raise ValueError(f"an encoder of {wiring.encoder.shape} reads no pictures of {spec.sample_shape}")


def conv_stages(shape: tuple[int, ...]) -> int:
    """How often a square picture (C, H, W) is halved until 4 to 7 pixels are left: 8: 1, 28: 2, 32: 3, 64: 4."""
    if len(shape) != 3:
        raise ValueError("a convolutional net takes pictures; an MLP takes rows of tables")
    _, height, width = shape
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


class Turn(Settings):
    """A setting that was changed while the run trained: it has this value for all batches after so many steps.

    In words it is STEP:SETTING:VALUE, e.g. 3000:beta:0.5.
    """

    step: Annotated[int, Field(ge=0)]
    setting: Annotated[str, Field(max_length=40)]
    value: Annotated[float, Field(allow_inf_nan=False)]

    def __str__(self) -> str:
        return f"{self.step}:{self.setting}:{self.value!r}"

    @classmethod
    def from_words(cls, text: str) -> Turn:
        """What `str` of a turn says. Raises ValueError for other words."""
        if text.count(":") != 2:
            raise ValueError(f"a turn is STEP:SETTING:VALUE, such as 3000:beta:0.5, not {text}")
        step, setting, value = text.split(":")
        return cls.model_validate({"step": step, "setting": setting.replace("-", "_"), "value": value})


class TrainConfig(Settings):
    """One training, from data to stopping. `python -m vae_core train --help` is made from this class.

    The page's form shows an objective's own settings (vae_core/objective_cards.py) by their titles, bounds and
    docstrings.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    data: str = "digits"
    """Dataset: digits, sprites, mnist, fashion-mnist, ..."""
    bottleneck: Bottleneck = "gaussian"
    """gaussian: a VAE's. point: a plain autoencoder's. linear: PCA. vq, fsq: a grid of discrete codes. ladder: levels.
    class: a label is inferred too (M2). stacked: M1+M2. none: no encoder at all (GAN). onnx: brought from elsewhere,
    not trained here."""
    net: Literal["auto", "mlp", "conv", "lstm"] = "auto"
    """Encoder and decoder; auto takes an MLP for 8x8 pictures and tables, convolutions for larger square pictures, an
    LSTM for text."""
    hidden: tuple[Width, ...] = Field(default=(), max_length=8)
    """Widths of the fully connected layers; empty takes (256,) beside convolutions, (400,) in an MLP, (64,) for tables
    and a state of 128 for an LSTM."""
    activation: Annotated[Activation, Field(title="Activation")] = "relu"
    """Between the layers of an MLP. gated: a layer times the sigmoid of another (Dauphin et al. 2017), as the
    VampPrior's paper has it."""
    mean_start: Annotated[bool, Field(title="Begin at the mean")] = False
    """An MLP's Bernoulli pixels begin at their mean (over the first 10,000 training samples) and not at one half, as in
    the code of Burda et al. 2016."""
    binarise: Annotated[bool, Field(title="Binarise anew")] = False
    """Draw grey pixels black or white anew at each look, with their grey as chance (dynamic binarisation; Salakhutdinov
    and Murray 2008), as published likelihoods of MNIST are measured."""
    channels: tuple[Width, ...] = Field(default=(), max_length=8)
    """Channels after each halving of a convolutional net, outermost first; empty takes (32, 32, 64, 64) for 64x64."""
    latent_dim: Annotated[int, Field(title="Latent dimensions", ge=1, le=512)] = 10
    """Dimensions of the code (a ladder has the sum of its levels, a grid its cells times the numbers of each)."""
    likelihood: Literal["auto", "bernoulli", "gaussian", "real", "columns", "categorical"] = "auto"
    """Bernoulli for black-and-white pictures; gaussian finds its own sigma (Rybkin et al. 2021); real: the same on the
    whole line, PCA's; columns: a sigma for each column of a table; categorical: tokens. auto: what data and bottleneck
    ask for."""
    sigma: Annotated[float, Field(title="σ", ge=0, le=1e3, allow_inf_nan=False)] = 0.0
    """Standard deviation of the gaussian or the real likelihood where it is to stay as it is, which makes a beta-VAE on
    the squared error with beta = 2 sigma^2; 0: the best one is found (Rybkin et al. 2021)."""
    prior: Annotated[Prior, Field(title="Prior")] = "normal"
    """normal: N(0, I). vamp: a mixture of posteriors of learned pseudo-inputs (Tomczak and Welling 2018)."""
    pseudo_inputs: Annotated[int, Field(title="Pseudo-inputs", ge=1, le=1000)] = 50
    """Components of the VampPrior."""
    condition: Annotated[Condition, Field(title="Given")] = "none"
    """What encoder and decoder are told besides: the class, or some quadrants of the picture (Sohn et al. 2015)."""
    seen: Seen = ""
    """Quadrants that are told in training and where nobody says, as four of 0 and 1 (upper left, upper right, lower
    left, lower right); empty: in training each by the toss of a coin, and where nobody says the lower left."""
    unseen_only: bool = False
    """Pay for the quadrants alone that are not told: p(unseen | seen), as in Sohn et al. 2015, eq. 4. The others stand
    in decoded pictures as they were told."""
    noise: Annotated[float, Field(title="Noise", ge=0, le=1)] = 0.0
    """Part of each sample's pixels (columns, words) that is blanked before encoding, to be restored (Vincent et al.
    2008)."""
    levels: tuple[Size, ...] = Field(default=(2, 4, 8), min_length=2, max_length=4, title="Levels")
    """Dimensions of each level of a ladder, coarse first."""
    code_dim: Annotated[Size, Field(title="Numbers per code")] = 8
    """Length of a codebook's vectors."""
    codebook: Annotated[int, Field(title="Codebook", ge=2, le=4096)] = 64
    """Entries of a VQ-VAE's codebook."""
    restarts: Annotated[bool, Field(title="Restarts")] = True
    """A VQ-VAE's codes begin at cluster means, and those that hardly any cell takes begin anew (Dhariwal et al. 2020);
    without, they begin at random and are running means alone (van den Oord et al. 2017, appendix A.1)."""
    fsq_levels: tuple[Annotated[int, Field(ge=2, le=32)], ...] = Field(
        default=(8, 6, 5), min_length=1, max_length=8, title="FSQ levels"
    )
    """Values that each number of an FSQ code can take (Mentzer et al. 2024); their product is the codebook's size."""
    prior_width: Annotated[Width, Field(title="Prior's width")] = 64
    """Width of the transformer that learns which codes go together."""
    prior_layers: Annotated[int, Field(title="Prior's layers", ge=1, le=12)] = 2
    """Layers of that transformer."""
    first_dim: Annotated[int, Field(title="M1 dimensions", ge=1, le=512)] = 16
    """Dimensions of M1's code, on which M2 is built."""
    labels: Annotated[int, Field(title="Labels per class", ge=1, le=100_000)] = 10
    """Training samples of each class whose label is told; all others are learnt from without."""
    label_weight: Annotated[float, Field(title="Weight of labels", ge=0, le=1e4, allow_inf_nan=False)] = 10.0
    """Weight of the classification loss of each labelled sample (Kingma et al. 2014, eq. 9, in whose terms alpha is
    this many times the number of labels)."""
    label_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Part of each batch that is drawn from the samples whose label is told, in place of others (Kingma et al. 2014
    have some in every batch); 0: they come as often as any sample."""
    embedding: Annotated[Width, Field(title="Embedding")] = 64
    """Numbers a token becomes before the LSTM reads it."""
    word_dropout: Annotated[float, Field(title="Word dropout", ge=0, le=1)] = 0.0
    """Part of the words that the decoder is not told in training, so that it must ask the code (Bowman et al. 2016)."""
    pretrain_steps: Annotated[int, Field(title="Pre-training (steps)", ge=0)] = 0
    """Steps in which the rate is free; then the decoder starts anew, beside an encoder that knows something (Li et al.
    2019)."""
    objective: Literal["elbo", "capacity", "tcvae", "factor", "dip", "mmd", "iwae", "adversarial"] = "elbo"
    """elbo: distortion + beta * rate. capacity: distortion + gamma * |rate - C| with C rising (Burgess et al. 2018).
    tcvae, factor: the rate's total correlation costs more (Chen et al. 2018; Kim and Mnih 2018). dip: the codes'
    covariance is to be the identity (Kumar et al. 2018). mmd: InfoVAE (Zhao et al. 2019). iwae: the bound of several
    samples (Burda et al. 2016). adversarial: a critic's word, for models without an encoder (Goodfellow et al.
    2014)."""
    beta: Annotated[float, Field(title="β", ge=0, le=1e4, allow_inf_nan=False)] = 1.0
    """Weight of the rate (Higgins et al. 2017): 1 is the classic VAE, more presses codes together and separates
    dimensions, less makes pictures sharper."""
    warmup_steps: Annotated[int, Field(title="Warm-up (steps)", ge=0)] = 0
    """Steps over which the rate's weight goes in a straight line to beta."""
    cycles: Annotated[int, Field(title="Cycles", ge=0, le=1000)] = 0
    """How often the rate's weight rises to beta and begins anew over the whole training, instead of one warm-up
    (Fu et al. 2019); 0: never."""
    cycle_rise: Annotated[float, Field(title="Rising part of a cycle", gt=0, le=1)] = 0.5
    """Part of each cycle in which the weight rises; for the rest it is beta."""
    warmup_from: Annotated[float, Field(title="Warm-up from", ge=0, le=1e4, allow_inf_nan=False)] = 0.0
    """Where that line begins: 0 against collapse, many times beta for dimensions that wake one by one."""
    free_bits: Annotated[float, Field(title="Free bits (nats)", ge=0, le=100, allow_inf_nan=False)] = 0.0
    """Nats per dimension that cost nothing, so that none is put to sleep (Kingma et al. 2016)."""
    capacity: Annotated[float, Field(title="C (nats)", ge=0, le=1e4, allow_inf_nan=False)] = 25.0
    """Final C in nats, for the capacity objective."""
    capacity_steps: Annotated[int, Field(title="Climb of C (steps)", ge=1)] = 10_000
    """Steps over which C rises from 0."""
    estimator: Annotated[Literal["weighted", "stratified"], Field(title="Estimator")] = "stratified"
    """How the mixture of all posteriors is estimated from a batch (Chen et al. 2018, appendix C): stratified is without
    bias, weighted the simpler one."""
    factor_gamma: Annotated[float, Field(title="γ", ge=0, le=1e4, allow_inf_nan=False)] = 10.0
    """Weight of the total correlation that the critic reports (Kim and Mnih 2018)."""
    critic_hidden: tuple[Width, ...] = Field(default=(256, 256, 256), min_length=1, max_length=8)
    """Widths of FactorVAE's critic. The paper has six of 1000, which a CPU feels."""
    lambda_od: Annotated[float, Field(title="λ beside the diagonal", ge=0, le=1e6, allow_inf_nan=False)] = 10.0
    """Weight of the squared covariances between different dimensions (Kumar et al. 2018)."""
    lambda_d: Annotated[float, Field(title="λ on the diagonal", ge=0, le=1e6, allow_inf_nan=False)] = 100.0
    """Weight of the squared distance of each dimension's variance from 1; the paper takes 10 times the other for
    variant I, as much as the other for II."""
    dip: Annotated[Literal["i", "ii"], Field(title="Variant")] = "i"
    """i: the covariance of the posteriors' means. ii: that of their samples, with the posteriors' own variance."""
    mmd_lambda: Annotated[float, Field(title="λ", ge=1, le=1e7, allow_inf_nan=False)] = 10.0
    """Pull of the cloud of codes towards the prior: the discrepancy weighs α + λ − 1 (Zhao et al. 2019). Where it is
    far above the distortion in nats, the noise of batches puts all codes to sleep."""
    mmd_alpha: Annotated[float, Field(title="α", ge=0, le=1)] = 1.0
    """How much of the rate is free: 0 keeps it all, 1 leaves the discrepancy alone (a Wasserstein autoencoder)."""
    importance_samples: Annotated[int, Field(title="k", ge=1, le=1000)] = 5
    """Samples of each posterior: 1 is the ELBO, more tighten the bound (Burda et al. 2016)."""
    r1: Annotated[float, Field(title="R1", ge=0, le=1e4, allow_inf_nan=False)] = 1.0
    """Weight of the critic's squared slope at real samples, which keeps the two nets from circling (Mescheder et al.
    2018)."""
    critic_learning_rate: Annotated[float, Field(title="Critic's step size", gt=0, le=10, allow_inf_nan=False)] = 1e-4
    """Adam's step size for the critic, where an objective has one."""
    gamma: Annotated[float, Field(title="γ", gt=0, le=1e6, allow_inf_nan=False)] = 100.0
    """Weight of |rate - C|, for the capacity objective."""
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 20
    """Passes over the training split."""
    steps: Annotated[int, Field(ge=1)] | None = None
    """Batches in all; when given, it overrides epochs."""
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 128
    """Samples a step."""
    learning_rate: Annotated[float, Field(title="Learning rate", gt=0, le=10, allow_inf_nan=False)] = 1e-3
    """Adam's step size."""
    decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Last part of the steps over which the learning rate falls to a hundredth along a cosine (0: never)."""
    evaluations: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How often the validation split is looked at (and the best weights kept) during the run."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Same seed, same machine: same weights on a CPU."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto takes CUDA, else MPS, else the CPU."""
    devices: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes on each machine that train this run together, each with a GPU (or some cores) of its own."""
    nodes: Annotated[int, Field(ge=1, le=64)] = 1
    """Machines that do; start the same command on each (docs/cluster.md)."""
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
    turns: Annotated[tuple[Turn, ...], Field(max_length=10_000)] = ()
    """What was changed while it trained, in the order of steps; a run with the same turns repeats them. On the command
    line STEP:SETTING:VALUE, e.g. 3000:beta:0.5."""
    out: Path | None = None
    """Run folder to write; without one nothing is kept on disk."""

    @property
    def promises(self) -> Promises:
        """What the model that comes of these settings will do."""
        return promised(self.bottleneck)

    @property
    def steerable(self) -> tuple[str, ...]:
        """The settings that may be changed while it trains: the learning rate and the objective's own weights."""
        return "learning_rate", *OBJECTIVE_CARDS[self.objective].weights

    def at(self, step: int) -> TrainConfig:
        """The settings in force for the batch after `step` steps."""
        return self.model_copy(update={turn.setting: turn.value for turn in self.turns if turn.step <= step})

    def turned(self, turn: Turn) -> TrainConfig:
        """These settings with one more turn; of two turns of the same setting at the same step the later one stays.

        Raises ValueError (pydantic's) where the setting cannot be changed, or not to this value.
        """
        others = [old for old in self.turns if (old.step, old.setting) != (turn.step, turn.setting)]
        turns = sorted([*others, turn], key=lambda each: each.step)
        return TrainConfig.model_validate({**self.model_dump(), "turns": turns})

    @field_validator("data")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("data must name a dataset, for example digits")
        return value

    @model_validator(mode="after")
    def _can_be_turned(self) -> TrainConfig:
        for turn in self.turns:
            if turn.setting not in self.steerable:
                raise ValueError(
                    f"{turn.setting} cannot be changed while the {self.objective} objective is trained: "
                    f"choose one of {', '.join(self.steerable)}"
                )
            field = TrainConfig.model_fields[turn.setting]
            try:
                _bounds_of(turn.setting).validate_python(turn.value)
            except ValidationError as error:
                said = error.errors()[0]["msg"].removeprefix("Input ")
                raise ValueError(f"{field.title or turn.setting} cannot be {turn.value:g}: it {said}") from None
        if [turn.step for turn in self.turns] != sorted(turn.step for turn in self.turns):
            raise ValueError("turns stand in the order of their steps")
        return self

    @model_validator(mode="after")
    def _of_one_mind(self) -> TrainConfig:
        if self.label_share and self.bottleneck not in ("class", "stacked"):
            raise ValueError("a share of labelled samples is for models that infer the class: M2 and M1+M2")
        freed = self.free_bits or any(turn.setting == "free_bits" and turn.value for turn in self.turns)
        if freed and self.prior == "vamp" and self.pseudo_inputs > MANY_COMPONENTS:
            raise ValueError(
                f"free bits go by dimension, which a VampPrior of more than {MANY_COMPONENTS} pseudo-inputs does not "
                "tell apart in training: choose fewer, or no free bits"
            )
        if not self.restarts and self.bottleneck != "vq":
            raise ValueError("only the codebook of a VQ-VAE has restarts to do without: the bottleneck vq")
        return self


@cache
def _bounds_of(setting: str) -> TypeAdapter[float]:
    """What a setting may be, by its own field."""
    field = TrainConfig.model_fields[setting]
    bounded: Any = Annotated[field.annotation, *field.metadata]
    return TypeAdapter(bounded)


class DataInfo(Settings):
    """What a run remembers of its dataset, so that its pages work where the data is not."""

    name: str = Field(max_length=200)
    kind: Kind = "image"
    sample_shape: SampleShape
    size: Annotated[int, Field(ge=1)]
    class_names: tuple[str, ...] = Field(default=(), max_length=1000)
    factor_names: tuple[str, ...] = Field(default=(), max_length=100)
    factor_sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), max_length=100)
    vocabulary: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=50_000)
    """Tokens of text, by number."""
    joiner: Literal[" ", ""] = ""
    """What stands between two tokens: a blank between words, nothing between letters."""
    columns: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=4096)
    centre: tuple[float, ...] = Field(default=(), max_length=4096)
    scale: tuple[float, ...] = Field(default=(), max_length=4096)
    """A column's real value is centre + scale * x."""

    @model_validator(mode="after")
    def _named_sizes(self) -> DataInfo:
        if (self.kind == "image") != (len(self.sample_shape) == 3) or (self.kind == "text") != bool(self.vocabulary):
            raise ValueError(
                f"samples of shape {self.sample_shape} with {len(self.vocabulary)} words are no {self.kind}"
            )
        if self.kind == "table" and not (
            len(self.columns) == len(self.centre) == len(self.scale) == self.sample_shape[0]
        ):
            raise ValueError(f"a table of {self.sample_shape[0]} columns needs a name, centre and scale for each")
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


class Account(Settings):
    """What a single step did: its batch before and after it, with the same noise. Means over the batch, nats."""

    step: int
    """Its number; the first is 1."""
    loss_before: float
    loss_after: float
    distortion_before: float
    distortion_after: float
    rate_before: float
    rate_after: float
    gradient_norm: float
    """Euclidean, over all parameters of the model."""


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
        if self.train.bottleneck != self.model.bottleneck:
            raise ValueError(f"settings say {self.train.bottleneck} and the net {self.model.bottleneck}")
        free = self.model.bottleneck in ("vq", "fsq", "ladder")  # their dimensions follow from other settings
        if not free and self.train.latent_dim != self.model.latent_dim:
            raise ValueError(f"settings of {self.train.latent_dim} and a net of {self.model.latent_dim} dimensions")
        if self.model.vocabulary != len(self.data.vocabulary):
            raise ValueError(
                f"a net of {self.model.vocabulary} words and data of {len(self.data.vocabulary)} don't fit"
            )
        if problem := unsuited(self.train):
            raise ValueError(problem)
        return self

    def title(self, name: str) -> str:
        """What the gallery calls the run in the folder `name`: its own title, else its name and what it is."""
        return self.train.title or f"{name}: {default_title(self.train)}"


def model_spec(train: TrainConfig, data: DataInfo) -> ModelSpec:
    """The architecture that a training's settings mean for this data.

    Raises ValueError (pydantic's) where they don't fit each other.
    """
    shape, bottleneck = data.sample_shape, train.bottleneck
    if bottleneck == "onnx":
        raise ValueError("an ONNX pair was trained elsewhere: it is brought in on the page Library, not trained here")
    net = _net(train, data)
    if bottleneck in ("vq", "fsq") and net != "conv":
        raise ValueError("a grid of discrete codes needs a convolutional net (square pictures)")
    likelihood = _likelihood(train, data)
    if train.mean_start and (net != "mlp" or likelihood != "bernoulli" or bottleneck not in BIT_BOTTLENECKS):
        raise ValueError(
            "pixels begin at their mean in an MLP with a Bernoulli likelihood behind a gaussian code (or a point, "
            f"M2's, M1+M2's), not with the net {net}, the likelihood {likelihood} and the bottleneck {bottleneck}"
        )
    stages = conv_stages(shape) if net == "conv" else 0
    if train.channels and not stages:
        raise ValueError(f"channels belong to a convolutional net: leave them out, for this is an {net.upper()}")
    channels = train.channels or DEFAULT_CHANNELS.get(stages, (64,) * stages)
    cells = (shape[1] >> stages) * (shape[2] >> stages) if stages and len(shape) == 3 else 0
    dims = {
        "vq": cells * train.code_dim,
        "fsq": cells * len(train.fsq_levels),
        "ladder": sum(train.levels),
    }.get(bottleneck, train.latent_dim)
    return ModelSpec(
        bottleneck=bottleneck,
        net=net,
        sample_shape=shape,
        latent_dim=dims,
        likelihood=likelihood,
        sigma=train.sigma,
        prior=train.prior,
        condition=train.condition,
        seen=train.seen,
        unseen_only=train.unseen_only,
        hidden=() if bottleneck == "linear" else train.hidden or _usual_width(net, data),
        channels=channels,
        classes=len(data.class_names) if train.condition == "class" or bottleneck in ("class", "stacked") else 0,
        vocabulary=len(data.vocabulary),
        embedding=train.embedding,
        word_dropout=train.word_dropout,
        noise=train.noise,
        binarise=train.binarise,
        activation=train.activation,
        pseudo_inputs=train.pseudo_inputs,
        levels=train.levels if bottleneck == "ladder" else (),
        code_dim=train.code_dim,
        codebook=train.codebook,
        restarts=train.restarts,
        fsq_levels=train.fsq_levels if bottleneck == "fsq" else (),
        prior_width=train.prior_width,
        prior_layers=train.prior_layers,
        first_dim=train.first_dim,
        label_weight=train.label_weight,
    )


def _net(train: TrainConfig, data: DataInfo) -> Net:
    if train.net != "auto":
        return train.net
    if data.kind == "text":
        return "lstm"
    if train.bottleneck in ("vq", "fsq"):
        return "conv"
    shape = data.sample_shape
    small = len(shape) < 3 or max(shape[1:]) <= 16 or shape[1] != shape[2]
    return "mlp" if small or train.bottleneck == "linear" else "conv"


def _likelihood(train: TrainConfig, data: DataInfo) -> Likelihood:
    if train.likelihood != "auto":
        return train.likelihood
    if data.kind == "text":
        return "categorical"
    if train.bottleneck == "linear":
        return "real"
    return "bernoulli" if data.kind == "image" else "columns"


def _usual_width(net: Net, data: DataInfo) -> tuple[int, ...]:
    if net == "mlp":
        return (400,) if data.kind == "image" else (64,)
    return (256,) if net == "conv" else (128,)


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def check_name(name: str) -> str:
    """A run's name is its folder's name and stands in links: letters, digits, dot, dash, underscore."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name a run: use up to 80 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit"
        )
    return name
