"""What people are told of each bottleneck, and which settings are its own; titles and names of runs. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from vae_core.objective_cards import OBJECTIVE_CARDS, fact_of, tag_of

if TYPE_CHECKING:
    from vae_core.config import Kind, TrainConfig


@dataclass(frozen=True)
class ModelCard:
    """One bottleneck, as the form, a run's name and title and the gallery show it."""

    label: str
    """In titles; nothing for the plain VAE, which every other is compared with."""
    tag: str
    """In names, behind the size."""
    settings: tuple[str, ...]
    """Fields of TrainConfig that are its own."""
    priced: bool = True
    """Whether a run is told from others by what its rate costs."""
    trained: bool = True
    """Whether there are steps to take; a closed form has none."""


_PRIOR = ("prior_width", "prior_layers")

MODEL_CARDS: dict[str, ModelCard] = {
    "gaussian": ModelCard("", "", ("latent_dim",)),
    "point": ModelCard("autoencoder", "autoencoder", ("latent_dim", "noise"), priced=False),
    "linear": ModelCard("PCA", "pca", ("latent_dim",), priced=False, trained=False),
    "vq": ModelCard("VQ-VAE", "vq", ("codebook", "code_dim", *_PRIOR), priced=False),
    "fsq": ModelCard("FSQ", "fsq", ("fsq_levels", *_PRIOR), priced=False),
    "ladder": ModelCard("ladder", "ladder", ("levels",)),
    "class": ModelCard("M2", "m2", ("latent_dim", "labels", "label_weight")),
    "stacked": ModelCard("M1+M2", "m1m2", ("latent_dim", "first_dim", "labels", "label_weight")),
    "none": ModelCard("GAN", "gan", ("latent_dim",), priced=False),
    "onnx": ModelCard("ONNX", "onnx", ("latent_dim",), priced=False, trained=False),
}
TEXT_SETTINGS = ("word_dropout", "pretrain_steps", "embedding")
VAMP_SETTINGS = ("pseudo_inputs",)
GIVEN = {"class": "given the class", "quadrants": "given quadrants"}


def own_settings(train: TrainConfig, kind: Kind) -> tuple[str, ...]:
    """Fields of TrainConfig that mean something for this model on samples of this kind, but for the common ones."""
    return (
        *MODEL_CARDS[train.bottleneck].settings,
        *(VAMP_SETTINGS if train.prior == "vamp" else ()),
        *(TEXT_SETTINGS if kind == "text" else ()),
    )


def size_of(train: TrainConfig) -> tuple[str, str]:
    """How much a code can hold: ("dimensions", "10"), ("levels", "2 + 4 + 8"), ("codes", "64")."""
    if train.bottleneck == "ladder":
        return "levels", " + ".join(map(str, train.levels))
    if train.bottleneck in ("vq", "fsq"):
        return "codes", str(train.codebook if train.bottleneck == "vq" else prod(train.fsq_levels))
    return "dimensions", str(train.latent_dim)


def facts_of(train: TrainConfig) -> dict[str, str]:
    """What the run is made of, each named: {"dimensions": "10", "beta": "4"}."""
    facts = dict([size_of(train)])
    if _told_by_price(train):
        facts |= dict([fact_of(train)])
    if train.noise:
        facts["noise"] = f"{train.noise:.0%}"
    if train.bottleneck in ("class", "stacked"):
        facts["labels per class"] = str(train.labels)
    return facts


def _told_by_price(train: TrainConfig) -> bool:
    """Whether what the objective's first setting says tells this run from others."""
    own = train.objective != "elbo" and train.bottleneck in OBJECTIVE_CARDS[train.objective].bottlenecks
    return MODEL_CARDS[train.bottleneck].priced or (own and train.bottleneck != "none")


def data_title(name: str) -> str:
    """What a dataset is called in titles: its name; one's own what its owner calls it, as long as it is here."""
    if not name.startswith("own:"):
        return name
    from vae_core.data import find_card

    card = find_card(name)
    return card.title if card else name.removeprefix("own:")


def default_title(train: TrainConfig) -> str:
    """A run's name for people: 'mnist, 10 dimensions, beta 4', 'digits, VQ-VAE, 64 codes', 'digits, beta 1 (steered)'.

    Steered: what it began with was changed while it trained.
    """
    name, size = size_of(train)
    parts = [data_title(train.data), MODEL_CARDS[train.bottleneck].label]
    parts.append(f"{name} {size}" if train.bottleneck == "ladder" else f"{size} {name}")
    if _told_by_price(train):
        parts.append(" ".join(fact_of(train)))
    parts += ["VampPrior"] if train.prior == "vamp" else []
    parts.append(GIVEN.get(train.condition, ""))
    parts += ["pays for the unseen"] if train.unseen_only else []
    parts += [f"sigma {train.sigma:g}"] if train.sigma else []
    return ", ".join(filter(None, parts)) + (" (steered)" if train.turns else "")


def name_of(train: TrainConfig) -> str:
    """What a run's folder may be called: sprites-10d-beta4, digits-10d-autoencoder, digits-vq64, digits-ladder2-4-8."""
    card = MODEL_CARDS[train.bottleneck]
    size = size_of(train)[1].replace(" + ", "-")
    parts = [train.data, f"{size}d" if "latent_dim" in card.settings else f"{card.tag}{size}"]
    if "latent_dim" in card.settings:
        parts.append(card.tag)
    parts += [tag_of(train)] if _told_by_price(train) else []
    parts += ["vamp"] if train.prior == "vamp" else []
    parts += [train.condition] if train.condition != "none" else []
    return "-".join(filter(None, parts))
