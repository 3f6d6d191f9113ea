"""What people are told of each objective, and which settings are its own. No torch: titles and pages are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vae_core.config import TrainConfig


@dataclass(frozen=True)
class ObjectiveCard:
    """One objective, as the form, a run's name and title, the gallery and the live view show it."""

    label: str
    sentence: str
    """What is paid for, plainly."""
    formula: str
    """The loss of one sample as LaTeX."""
    settings: tuple[str, ...]
    """Fields of TrainConfig that are its own. The first tells two runs apart, and stands in names and titles."""
    fact: str
    """What titles call that first setting."""
    tag: str
    """The same in a run's name, with the value right behind it."""
    unit: str = ""


OBJECTIVE_CARDS: dict[str, ObjectiveCard] = {
    "elbo": ObjectiveCard(
        label="β · rate",
        sentence="Distortion plus β times the rate: to lose less on the way codes must tell more, and each nat they "
        "tell costs β nats.",
        formula=r"\mathcal{L} = \underbrace{-\mathbb{E}_{q(z|x)}\,[\log p(x|z)]}_{\text{distortion}} + "
        r"\beta\cdot\underbrace{\mathrm{KL}(q(z|x)\,\|\,p(z))}_{\text{rate}}",
        settings=("beta", "warmup_steps", "warmup_from", "free_bits"),
        fact="beta",
        tag="beta",
    ),
    "capacity": ObjectiveCard(
        label="Capacity",
        sentence="Distortion plus γ for each nat by which the rate misses C: C rises slowly, so that dimensions get "
        "room one after the other, the most useful first.",
        formula=r"\mathcal{L} = \text{distortion} + \gamma\,|\,\text{rate} - C\,|",
        settings=("capacity", "capacity_steps", "gamma"),
        fact="capacity",
        tag="c",
        unit="nats",
    ),
}


def fact_of(train: TrainConfig) -> tuple[str, str]:
    """The setting that tells a run from others, and its value: ("beta", "4"), ("capacity", "25 nats")."""
    card = OBJECTIVE_CARDS[train.objective]
    return card.fact, f"{_plain(getattr(train, card.settings[0]))} {card.unit}".rstrip()


def tag_of(train: TrainConfig) -> str:
    """The same as a part of a run's name: beta4, c25."""
    card = OBJECTIVE_CARDS[train.objective]
    return card.tag + _plain(getattr(train, card.settings[0]))


def label_of(field: str, settings: type[TrainConfig]) -> str:
    """What the form calls a setting."""
    return settings.model_fields[field].title or field.replace("_", " ").capitalize()


def values_of(train: TrainConfig) -> str:
    """The objective's own settings: the first, and those that are not as usual. E.g. β = 4, γ = 50."""
    first, *others = OBJECTIVE_CARDS[train.objective].settings
    fields = type(train).model_fields
    told = [first, *(field for field in others if getattr(train, field) != fields[field].default)]
    return ", ".join(f"{label_of(field, type(train))} = {_plain(getattr(train, field))}" for field in told)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
