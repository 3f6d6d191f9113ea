"""Figures side by side: what is ranked is like with like, and what is not says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pages.toy import TOYS
from vae_core.comparison import MEASURES, Measure, Side, figures_of, reasons, table, unlike
from vae_core.config import Figures, RunConfig, model_spec

NATS = {"distortion": 90.0, "rate": 12.0, "elbo": -102.0}


def side(title: str, *, likelihood: str = "bernoulli", condition: str = "none", data: str = "d", **more: float) -> Side:
    return Side(title, data, likelihood, condition, NATS | {"error": 10.0, "latent": 4.0} | more)


def best(sides: list[Side], name: str) -> tuple[int, ...]:
    (line,) = [line for line in table(sides) if line.measure == MEASURES[name]]
    return line.best


def test_like_is_ranked_with_like_each_by_its_better_end() -> None:
    sides = [side("A"), side("B", distortion=80.0, rate=30.0, elbo=-110.0), side("C", error=9.0)]
    assert best(sides, "distortion") == (1,) and best(sides, "elbo") == (0, 2) and best(sides, "error") == (2,)
    assert best(sides, "rate") == best(sides, "latent") == (), "neither end of these is better"
    assert "rate" in " ".join(reasons(sides)) and not unlike(sides)


@pytest.mark.parametrize(
    ("other", "word"),
    [({"likelihood": "gaussian"}, "likelihoods"), ({"condition": "class"}, "told the class"), ({"data": "e"}, "data")],
)
def test_nats_of_another_measure_are_not_ranked_and_it_says_why(other: dict[str, str], word: str) -> None:
    sides = [side("A"), side("B", **other, distortion=1.0, elbo=-2.0, error=1.0)]  # type: ignore[arg-type]
    assert best(sides, "distortion") == best(sides, "elbo") == ()
    assert word in reasons(sides)[0] and "A" in reasons(sides)[0] and "B" in reasons(sides)[0]
    assert best(sides, "error") == (() if "data" in other else (1,)), "an error in pixels depends on no likelihood"


def test_a_figure_that_one_alone_has_is_not_the_best_of_anything() -> None:
    bare = Side("B", "d", "bernoulli", "none", {"latent": 2.0}, {"elbo": "has no rate"})
    assert best([side("A"), bare], "elbo") == ()
    assert "B has no rate: no ELBO." in reasons([side("A"), bare])
    (line,) = [line for line in table([side("A"), bare]) if line.measure == MEASURES["elbo"]]
    assert (line.words(0), line.words(1)) == ("−102.00", "–")


def test_scores_are_ranked_where_intervals_are_clear_and_ways_alike() -> None:
    measures = {"mig": Measure("MIG", "", "high")}

    def scored(value: float, half: float, way: str = "test") -> Side:
        return Side("A", "d", "x", "none", {"mig": value}, {}, {"mig": (value - half, value + half)}, {"mig": way})

    clear, close = [scored(0.2, 0.05), scored(0.4, 0.05)], [scored(0.2, 0.15), scored(0.4, 0.15)]
    apart = [scored(0.2, 0.05), scored(0.4, 0.05, "train")]
    assert [table(sides, measures)[0].best for sides in (clear, close, apart)] == [(1,), (), ()]
    assert not reasons(clear, measures)
    assert "overlap" in reasons(close, measures)[0] and "different ways" in reasons(apart, measures)[0]


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("data", ["d", "e"])
@pytest.mark.parametrize("span", [(0.1, 0.2), (0.15, 0.9)])
def test_each_row_without_a_mark_is_named_below_the_table(
    likelihood: str, data: str, span: tuple[float, float]
) -> None:
    measures = MEASURES | {name: Measure(title, "", "high") for name, title in
                           {"m": "MIG", "d": "DCI disentanglement", "f": "FactorVAE score"}.items()}  # fmt: skip
    first = side("A", m=0.15, d=0.5, f=0.7, dreams=1.0)
    other = side("B", likelihood=likelihood, data=data, m=0.3, d=0.6, parameters=9)
    sides = [replace(first, intervals={"m": (0.1, 0.2)}, ways={"d": "one"}),
             replace(other, intervals={"m": span}, ways={"d": "another"})]  # fmt: skip
    said = " ".join(reasons(sides, measures))
    bare = [line.measure.title.split(" (")[0] for line in table(sides, measures) if not line.best]
    assert "FactorVAE score" in bare and "DCI disentanglement" in bare
    assert all(title in said or title[0].lower() + title[1:] in said for title in bare), (bare, said)


@pytest.mark.parametrize(
    ("family", "has", "lacks"),
    [("gaussian", {"distortion", "rate", "elbo"}, set()), ("autoencoder", {"distortion"}, {"rate", "elbo"}),
     ("gan", set(), {"distortion", "rate", "elbo", "error", "active"}), ("vq", {"distortion", "rate", "elbo"}, set())],
)  # fmt: skip
def test_a_family_has_the_figures_that_it_can_have(family: str, has: set[str], lacks: set[str]) -> None:
    train, info = TOYS[family]
    reached = Figures(step=1, distortion=20.0, rate=3.0, objective=23.0)
    config = RunConfig(train=train, model=model_spec(train, info), data=info, best=reached, test=reached)
    found, missing = figures_of(config)
    assert set(found) == has | {"latent"} and set(missing) == lacks
    unmeasured, why = figures_of(config.model_copy(update={"test": None}))
    assert set(unmeasured) == {"latent"} and why.keys() >= {"elbo"}
