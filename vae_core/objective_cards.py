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
    weights: tuple[str, ...] = ()
    """Those of its settings that are a price, and may be changed while a run trains."""
    unit: str = ""
    bottlenecks: tuple[str, ...] = ()
    """What it can be minimised with; () is all of them."""
    normal_prior: bool = False
    """Whether it says something of N(0, I) that would be wrong of another prior."""


OBJECTIVE_CARDS: dict[str, ObjectiveCard] = {
    "elbo": ObjectiveCard(
        label="β · rate",
        sentence="Distortion plus β times the rate: to lose less on the way codes must tell more, and each nat they "
        "tell costs β nats.",
        formula=r"\mathcal{L} = \underbrace{-\mathbb{E}_{q(z|x)}\,[\log p(x|z)]}_{\text{distortion}} + "
        r"\beta\cdot\underbrace{\mathrm{KL}(q(z|x)\,\|\,p(z))}_{\text{rate}}",
        settings=("beta", "warmup_steps", "warmup_from", "free_bits", "cycles", "cycle_rise"),
        fact="beta",
        tag="beta",
        weights=("beta", "free_bits"),
    ),
    "capacity": ObjectiveCard(
        label="Capacity",
        sentence="Distortion plus γ for each nat by which the rate misses C: C rises slowly, so that dimensions get "
        "room one after the other, the most useful first.",
        formula=r"\mathcal{L} = \text{distortion} + \gamma\,|\,\text{rate} - C\,|",
        settings=("capacity", "capacity_steps", "gamma"),
        fact="capacity",
        tag="c",
        weights=("gamma", "capacity"),
        unit="nats",
        bottlenecks=("gaussian", "ladder", "class", "stacked"),
    ),
    "tcvae": ObjectiveCard(
        label="β-TCVAE",
        sentence="The rate has three parts: what codes tell of samples, how far dimensions depend on each other, and "
        "how far each is from the prior. Only the second, the total correlation, costs β times as much, so that "
        "dimensions part without the picture paying for it.",
        formula=r"\mathcal{L} = \text{distortion} + \underbrace{I(x;z)}_{\text{information}} + "
        r"\beta\cdot\underbrace{\mathrm{KL}\big(q(z)\,\|\,\textstyle\prod_d q(z_d)\big)}_{\text{total correlation}} + "
        r"\textstyle\sum_d \mathrm{KL}(q(z_d)\,\|\,p(z_d))",
        settings=("beta", "warmup_steps", "warmup_from", "estimator"),
        fact="beta-TC",
        tag="tc",
        weights=("beta",),
        bottlenecks=("gaussian",),
    ),
    "factor": ObjectiveCard(
        label="FactorVAE",
        sentence="A critic D learns to tell codes from codes whose dimensions were shuffled among the samples. What it "
        "can tell is the total correlation, and each nat of it costs γ.",
        formula=r"\mathcal{L} = \text{distortion} + \text{rate} + \gamma\cdot\log\frac{D(z)}{1 - D(z)}",
        settings=("factor_gamma", "critic_learning_rate"),
        fact="Factor gamma",
        tag="factor",
        weights=("factor_gamma",),
        bottlenecks=("gaussian",),
    ),
    "dip": ObjectiveCard(
        label="DIP-VAE",
        sentence="The cloud of all codes is to have the covariance C of the prior: none between two dimensions, and a "
        "variance of 1 in each.",
        formula=r"\mathcal{L} = \text{distortion} + \text{rate} + \lambda_{od}\sum_{d \neq e} C_{de}^2 + "
        r"\lambda_d \sum_d (C_{dd} - 1)^2",
        settings=("lambda_od", "lambda_d", "dip"),
        fact="DIP lambda",
        tag="dip",
        weights=("lambda_od", "lambda_d"),
        bottlenecks=("gaussian",),
        normal_prior=True,
    ),
    "mmd": ObjectiveCard(
        label="InfoVAE",
        sentence="The cloud of all codes as a whole is pulled over the prior, by their maximum mean discrepancy; each "
        "single code pays only 1 − α times its rate, and may tell the more.",
        formula=r"\mathcal{L} = \text{distortion} + (1 - \alpha)\cdot\text{rate} + "
        r"(\alpha + \lambda - 1)\cdot\mathrm{MMD}^2\big(q(z),\,p(z)\big)",
        settings=("mmd_lambda", "mmd_alpha"),
        fact="MMD lambda",
        tag="mmd",
        weights=("mmd_lambda", "mmd_alpha"),
        bottlenecks=("gaussian", "point"),
        normal_prior=True,
    ),
    "iwae": ObjectiveCard(
        label="IWAE",
        sentence="Each sample is explained by k codes at once, the better ones counting more: a tighter bound on how "
        "likely it is, and posteriors that may be wider than their best code needs.",
        formula=r"\mathcal{L} = -\mathbb{E}_{z_1 \ldots z_k \sim q(z|x)}\Big[\log \frac{1}{k}\sum_{i=1}^k "
        r"\frac{p(x|z_i)\,p(z_i)}{q(z_i|x)}\Big]",
        settings=("importance_samples",),
        fact="k",
        tag="k",
        bottlenecks=("gaussian", "ladder"),
    ),
    "adversarial": ObjectiveCard(
        label="Adversarial",
        sentence="No code is inferred at all: a critic D learns to tell samples made from the prior from real ones, "
        "and the decoder learns to pass. R1 keeps the critic from being too steep to learn from.",
        formula=r"\mathcal{L} = -\log D(\text{made}), \qquad \mathcal{L}_D = -\log D(x) - "
        r"\log\big(1 - D(\text{made})\big) + \tfrac{R_1}{2}\,\|\nabla_x D(x)\|^2",
        settings=("r1", "critic_learning_rate"),
        fact="R1",
        tag="gan",
        weights=("r1",),
        bottlenecks=("none",),
    ),
}


def unsuited(train: TrainConfig) -> str:
    """Why this objective cannot be minimised with this model, in one sentence; empty where it can."""
    card = OBJECTIVE_CARDS[train.objective]
    if train.bottleneck == "none" and not card.bottlenecks:  # where any will do, there is an ELBO
        return f"a model without an encoder has no rate for the {train.objective} objective: choose adversarial"
    if card.bottlenecks and train.bottleneck not in card.bottlenecks:
        fitting = " or ".join(card.bottlenecks)
        return f"the {train.objective} objective takes the bottleneck {fitting}, not {train.bottleneck}"
    if card.normal_prior and train.prior != "normal":
        return f"the {train.objective} objective pulls codes towards a normal prior, not a {train.prior} one"
    return ""


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
