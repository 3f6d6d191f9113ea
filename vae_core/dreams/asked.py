"""What is asked of a dream, and where its code can come from; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_core.abilities import Abilities
    from vae_core.writing import Way

MOST_DREAMS = 10_000
MOST_COMPONENTS = 100
MOST_SEED = 2**63 - 1
WARMEST = 4.0
"""Temperature, of codes and of words."""


class DreamError(ValueError):
    """One clear sentence on what cannot be dreamt, and what can."""


@dataclass(frozen=True)
class Sampler:
    """Where codes are drawn from.

    Attributes:
        title: its name. sentence: what it is, for people. paper: where it is from, "" for what is older than papers.
        linear: a code is `middle + temperature * offset`, so that a browser can follow the temperature by itself.
    """

    title: str
    sentence: str
    paper: str = ""
    linear: bool = True


SAMPLERS: dict[str, Sampler] = {
    "normal": Sampler("N(0, I)", "Every number of the code is drawn by itself from the standard normal distribution."),
    "vamp": Sampler(
        "VampPrior",
        "One of the samples that the model made up for itself in training is chosen, and a code drawn near its own.",
        "Tomczak and Welling 2018",
    ),
    "transformer": Sampler(
        "Transformer",
        "It draws the grid's codes one after the other, each knowing those before it.",
        "van den Oord et al. 2017",
        linear=False,
    ),
    "mixture": Sampler(
        "Mixture of codes",
        "Gaussians fitted to the codes of training samples afterwards; one is chosen, and a code drawn from it.",
        "Ghosh et al. 2020",
    ),
    "tray": Sampler(
        "Around the tray",
        "More like the samples in the tray: their codes' mean, and as far from it as they are themselves.",
    ),
}
"""By the name that addresses and the command line use."""


def own_sampler(able: Abilities) -> str:
    """The name of what the model itself counts as its prior (N(0, I) where it was taught none)."""
    return able.prior


def samplers_of(able: Abilities) -> tuple[str, ...]:
    """The samplers of a model that can do this, its own prior first."""
    normal = ("normal",) if able.cells is None else ()
    mixture = ("mixture",) if able.encodes and able.cells is None else ()
    return tuple(dict.fromkeys((own_sampler(able), *normal, *mixture, "tray")))


@dataclass(frozen=True)
class Asked:
    """What is to be dreamt.

    Attributes:
        sampler: a name of SAMPLERS; "own" for the model's own prior, whichever that is.
        components: of the mixture. label: the class whose codes it is fitted to, -1 for all.
        tray: places in the dataset of the samples to dream around.
        temperature: times the spread (of the prior, of each component, around the tray); 0 takes the middle.
        way, warmth: how sentences are written down, and the temperature of their words where these are drawn.
    """

    count: int = 16
    seed: int = 0
    sampler: str = "own"
    temperature: float = 1.0
    components: int = 10
    label: int = -1
    tray: tuple[int, ...] = ()
    way: Way = "greedy"
    warmth: float = 1.0

    def named(self, able: Abilities) -> str:
        """The sampler's name in SAMPLERS, for a model that can do this.

        Raises DreamError where the model does not have it, or what is asked cannot be.
        """
        have = samplers_of(able)
        name = own_sampler(able) if self.sampler == "own" else self.sampler
        if name not in have:
            what = "is no sampler" if name not in SAMPLERS else "is not what this model has"
            raise DreamError(f"{name} {what}; choose {' or '.join(('own', *have))}.")
        if not 1 <= self.count <= MOST_DREAMS:
            raise DreamError(f"1 to {MOST_DREAMS:,} samples can be drawn at a time, not {self.count:,}.")
        if not 0 <= self.seed <= MOST_SEED:
            raise DreamError(f"A seed is a whole number from 0 to 2^63 - 1, not {self.seed}.")
        for what, value in (("A temperature", self.temperature), ("The warmth of words", self.warmth)):
            if not 0 <= value <= WARMEST:  # nan is neither
                raise DreamError(f"{what} is 0 to {WARMEST:g}, not {value:g}.")
        if not 1 <= self.components <= MOST_COMPONENTS:
            raise DreamError(f"A mixture has 1 to {MOST_COMPONENTS} Gaussians, not {self.components:,}.")
        return name
