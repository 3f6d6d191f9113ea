"""Figures of several models of the same data, side by side: which of them can be ranked, and why others cannot.

Nats of two likelihoods are no common measure (a Gaussian's are densities, a Bernoulli's are not), and a model that is
told the class has less left to tell. What does not depend on that, such as the error of a pixel, can be ranked always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vae_core.config import RunConfig

Better = Literal["low", "high", ""]

LIKELIHOODS = {
    "bernoulli": "Bernoulli",
    "gaussian": "a Gaussian",
    "real": "a Gaussian on the whole line",
    "columns": "a Gaussian for each column",
    "categorical": "words",
}
CONDITIONS = {"none": "nothing", "class": "the class", "quadrants": "part of the picture"}


@dataclass(frozen=True)
class Measure:
    """A figure that models can be compared by.

    Attributes:
        title: with its unit.
        help: one sentence on what it says.
        better: which end is better; "" where neither is, and `neither` says why.
        nats: whether it depends on the likelihood and on what the model is told.
        form: how its number is written.
    """

    title: str
    help: str
    better: Better = ""
    nats: bool = False
    form: str = ".2f"
    neither: str = ""


MEASURES: dict[str, Measure] = {
    "error": Measure("Error of a sample", "How far what the model draws again is from the sample.", "low", form=".4f"),
    "distortion": Measure(
        "Distortion (nats)", "Minus the expected log-likelihood of a held-out sample.", "low", nats=True
    ),
    "rate": Measure(
        "Rate (nats)", "What a code costs, and how much it tells.", nats=True,
        neither="a higher rate tells more and costs more",
    ),
    "elbo": Measure("ELBO (nats)", "Minus distortion and rate: a bound on the log-likelihood.", "high", nats=True),
    "active": Measure(
        "Active units", "Dimensions whose codes vary over the data (variance above 0.01).", form=".0f",
        neither="few may be a model that sums up well, or one that gave up",
    ),
    "latent": Measure("Latent dimensions", "Numbers in a code.", form=".0f", neither="it was chosen, not reached"),
    "dreams": Measure(
        "Energy distance of dreams", "How far samples drawn from the prior are from held-out ones (0: alike).", "low",
        form=".4f",
    ),
    "parameters": Measure("Parameters", "Numbers that were learnt.", form=",.0f",
                          neither="it was chosen, not reached"),
}  # fmt: skip
"""In the order of the table. Scores of disentanglement that are kept with the runs follow them."""


@dataclass(frozen=True)
class Side:
    """One of the models.

    Attributes:
        title: what it is called in a sentence.
        data, likelihood, condition: of its settings.
        figures: measure -> number; a measure that it does not have is left out.
        lacks: measure -> why it has none, as the end of a sentence.
        intervals: measure -> what its number lies between, where that was measured too.
        ways: measure -> how it was measured, where that may differ; figures of two ways are not ranked.
    """

    title: str
    data: str
    likelihood: str
    condition: str
    figures: Mapping[str, float]
    lacks: Mapping[str, str] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    ways: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A row of the table: `values` one a model, None where it has none; `best` are the places of the best of them."""

    measure: Measure
    values: tuple[float | None, ...]
    best: tuple[int, ...]

    def words(self, place: int) -> str:
        value = self.values[place]
        return "–" if value is None else format(value, self.measure.form).replace("-", "−")


def figures_of(config: RunConfig) -> tuple[dict[str, float], dict[str, str]]:
    """What a run's settings tell: its figures on the test split, and why others are missing. No model is loaded."""
    able, reached = config.model.abilities, config.test
    found: dict[str, float] = {"latent": config.model.latent_dim}
    lacks: dict[str, str] = {}
    if not able.encodes:
        lacks = dict.fromkeys(
            ("error", "distortion", "rate", "elbo", "active"), "has no encoder, so no sample has a code"
        )
    elif reached is None:
        lacks = dict.fromkeys(("distortion", "rate", "elbo"), "was never measured on the test split")
    else:
        found["distortion"] = reached.distortion
        if able.rated:
            found |= {"rate": reached.rate, "elbo": reached.elbo}
        else:
            lacks = dict.fromkeys(("rate", "elbo"), "has codes that are single points, which cost no nats")
    return found, lacks


def unlike(sides: Sequence[Side]) -> str:
    """Why nats of these models cannot be ranked, one sentence; "" where they can."""
    if len({side.data for side in sides}) > 1:
        return f"The models learnt different data: {_each(sides, [side.data for side in sides])}."
    if len({side.likelihood for side in sides}) > 1:
        said = _each(sides, [LIKELIHOODS.get(side.likelihood, side.likelihood) for side in sides])
        return f"The models price samples by different likelihoods, whose nats are no common measure: {said}."
    if len({side.condition for side in sides}) > 1:
        said = _each(sides, [f"is told {CONDITIONS.get(side.condition, side.condition)}" for side in sides])
        return f"A model that is told something has less left to tell: {said}."
    return ""


def _each(sides: Sequence[Side], words: Sequence[str]) -> str:
    """Each word once, after the models that it is said of: "A and C Bernoulli, B a Gaussian"."""
    parts = []
    for word in dict.fromkeys(words):
        titles = [side.title for side, own in zip(sides, words, strict=True) if own == word]
        parts.append(f"{' and '.join(titles)} {word}")
    return ", ".join(parts)


def table(sides: Sequence[Side], measures: Mapping[str, Measure] = MEASURES) -> list[Line]:
    """The figures that at least one of the models has; the best are named where two or more can be ranked."""
    nats = not unlike(sides)
    same_data = len({side.data for side in sides}) == 1
    lines = []
    for name, measure in measures.items():
        values = tuple(side.figures.get(name) for side in sides)
        if all(value is None for value in values):
            continue
        rankable = same_data and (nats or not measure.nats) and not _measured_apart(sides, name)
        lines.append(Line(measure, values, _best(sides, name, measure) if rankable else ()))
    return lines


def _known(sides: Sequence[Side], name: str) -> list[int]:
    return [place for place, side in enumerate(sides) if name in side.figures]


def _measured_apart(sides: Sequence[Side], name: str) -> bool:
    """Whether the models that have a measure were measured in different ways."""
    return len({sides[place].ways.get(name) for place in _known(sides, name)}) > 1


def _best(sides: Sequence[Side], name: str, measure: Measure) -> tuple[int, ...]:
    """The places of the best of two or more; none where intervals leave open which it is."""
    places = _known(sides, name)
    if not measure.better or len(places) < 2:
        return ()
    wanted = (min if measure.better == "low" else max)(sides[place].figures[name] for place in places)
    best = tuple(place for place in places if sides[place].figures[name] == wanted)
    return () if _open(sides, name, best, places) else best


def _open(sides: Sequence[Side], name: str, best: Sequence[int], places: Sequence[int]) -> bool:
    """Whether another's interval reaches into that of the best."""
    spans = (
        [sides[place].intervals.get(name) for place in best],
        [sides[place].intervals.get(name) for place in places if place not in best],
    )
    return any(one[0] <= other[1] and other[0] <= one[1] for one in spans[0] for other in spans[1] if one and other)


def reasons(sides: Sequence[Side], measures: Mapping[str, Measure] = MEASURES) -> list[str]:
    """Why some rows name no best and some cells are empty: whole sentences."""
    shown = {name: measure for name, measure in measures.items() if any(name in side.figures for side in sides)}
    said = []
    if why := unlike(sides):
        same_data = len({side.data for side in sides}) == 1
        barred = [_in_words(one) for one in shown.values() if one.better and (one.nats or not same_data)]
        said.append(why + (f" Not ranked for that: {', '.join(barred)}." if barred else ""))
    neither = [measure for measure in shown.values() if not measure.better]
    if neither:
        ends: dict[str, list[str]] = {}
        for measure in neither:
            ends.setdefault(measure.neither, []).append(_in_words(measure))
        words = "; ".join(f"{' and '.join(titles)}: {why}" for why, titles in ends.items())
        said.append(f"Of some neither more nor less is better. {words[0].upper()}{words[1:]}.")
    apart = [_in_words(measure) for name, measure in shown.items() if _measured_apart(sides, name)]
    if apart:
        said.append(f"Measured in different ways, and so not ranked: {', '.join(apart)}.")
    ranked = [(name, measure) for name, measure in shown.items() if measure.better and not _measured_apart(sides, name)]
    close = [_in_words(measure) for name, measure in ranked if _known(sides, name) and _too_close(sides, name, measure)]
    if close:
        said.append(f"Intervals overlap, so none is called the best: {', '.join(close)}.")
    lone = [_in_words(measure) for name, measure in ranked if len(_known(sides, name)) == 1]
    if lone:
        said.append(f"One model alone has it, so there is nothing to rank: {', '.join(lone)}.")
    missing: dict[tuple[str, str], list[str]] = {}
    for side in sides:
        for name, why in side.lacks.items():
            if name in shown and name not in side.figures:
                missing.setdefault((side.title, why), []).append(_in_words(measures[name]))
    said += [f"{title} {why}: no {', '.join(titles)}." for (title, why), titles in missing.items()]
    return said


def _too_close(sides: Sequence[Side], name: str, measure: Measure) -> bool:
    return len(_known(sides, name)) > 1 and not _best(sides, name, measure)


def _in_words(measure: Measure) -> str:
    """A measure's title inside a sentence: without its unit, an ordinary word small."""
    title = measure.title.split(" (")[0]
    return title if any(letter.isupper() for letter in title[1:]) else title[0].lower() + title[1:]
