"""What a model can do. Pages ask this, and say why where something cannot be done; nobody tests for a family's name.

No torch: it is read off the architecture's settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vae_core.config import ModelSpec


@dataclass(frozen=True)
class Abilities:
    """What the model behind a run offers.

    Attributes:
        kind: what a sample is.
        encodes: a sample has a code: maps, reconstructions.
        spreads: the code is a distribution rather than a point: posteriors, a rate.
        closed_rate: the rate of a dimension follows from mean and std (against N(0, 1)); otherwise codes.npz keeps it.
        samples: codes drawn from its prior are what its decoder was trained on.
        prior: what it draws codes from by itself (see vae_core/dreams/asked.py).
        centred: codes are held to N(0, I), so that 0 is the middle of them.
        classes: `decode` takes one of so many classes (0: none).
        infers_class: a class is read off a sample too.
        quadrants: `decode` takes a part of a picture.
        levels: (first, last + 1) of each level's dimensions, coarse first; () where there is one.
        cells: (rows, columns) of a grid of discrete codes; None where codes are continuous.
        codebook: how many discrete codes there are; 0 where codes are continuous.
        in_browser: the decoder runs in the browser, so that pictures follow the finger.
    """

    kind: Literal["image", "text", "table"]
    encodes: bool
    spreads: bool
    closed_rate: bool
    samples: bool
    prior: Literal["normal", "vamp", "transformer"]
    centred: bool
    classes: int
    infers_class: bool
    quadrants: bool
    levels: tuple[tuple[int, int], ...]
    cells: tuple[int, int] | None
    codebook: int
    in_browser: bool

    @property
    def rated(self) -> bool:
        """A code costs nats: there is a rate to show."""
        return self.spreads or self.cells is not None


@dataclass(frozen=True)
class Promises:
    """What the models of a family can do, as far as that is known before there is data to make one for.

    encodes, spreads: as in Abilities. discrete: the code is a grid of entries of a codebook.
    """

    encodes: bool
    spreads: bool
    discrete: bool

    @property
    def rated(self) -> bool:
        """A code costs nats."""
        return self.spreads or self.discrete


def promised(bottleneck: str) -> Promises:
    """What a model with this bottleneck will do."""
    encodes, discrete = bottleneck != "none", bottleneck in ("vq", "fsq")
    return Promises(encodes, encodes and not discrete and bottleneck != "point", discrete)


def abilities_of(spec: ModelSpec) -> Abilities:
    """What a model of this architecture can do."""
    family = promised(spec.bottleneck)
    discrete = family.discrete
    foreign = spec.wiring
    encodes = family.encodes and (foreign is None or foreign.encoder is not None)
    point = spec.bottleneck == "point" or (
        foreign is not None and foreign.encoder is not None and foreign.encoder.spread_is == "none"
    )
    spreads = encodes and not point and not discrete
    codebook = 0
    if discrete:
        codebook = spec.codebook
        if spec.bottleneck == "fsq":
            codebook = 1
            for size in spec.fsq_levels:
                codebook *= size
    bounds = (0, *accumulate(spec.levels))
    return Abilities(
        kind=spec.kind,
        encodes=encodes,
        spreads=spreads,
        closed_rate=spreads and spec.prior == "normal" and spec.bottleneck != "ladder",  # a mean over ways down
        samples=not point,
        prior="transformer" if discrete else spec.prior,
        centred=not point and spec.prior == "normal",
        classes=spec.classes,
        infers_class=spec.bottleneck in ("class", "stacked"),
        quadrants=spec.condition == "quadrants",
        levels=tuple(pairwise(bounds)),
        cells=spec.grid if discrete else None,
        codebook=codebook,
        in_browser=spec.kind == "image"
        and not discrete
        and spec.bottleneck not in ("ladder", "onnx")
        and spec.activation != "gated",
    )
