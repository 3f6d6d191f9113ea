"""What people are told of each score, and the settings it is estimated with unless they say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Setting = int | float | str | bool


@dataclass(frozen=True)
class MetricCard:
    """One score of a code against known factors.

    Attributes:
        asks: one sentence: the question that it answers.
        chance: what a code that knows nothing gets, in words.
        settings: disentanglement_lib's (2020), by the names of the function's arguments.
        matrix: which of its parts is a factor x dimension matrix; "" where it has none.
        rotates: whether a rotated perfect code scores lower. A linear classifier that sees all dimensions does not
            mind, and the FactorVAE score minds little.
    """

    title: str
    asks: str
    paper: str
    chance: str
    settings: Mapping[str, Setting]
    matrix: str = ""
    rotates: bool = True


ROWS: Mapping[str, Setting] = {"train_samples": 10_000, "test_samples": 5_000}

METRICS: dict[str, MetricCard] = {
    "mig": MetricCard(
        title="MIG",
        asks="Does one dimension tell of a factor much more than the second best does?",
        paper="Chen, Li, Grosse, Duvenaud 2018",
        chance="0, and a little above it with few samples",
        settings={"samples": 10_000, "bins": 20},
        matrix="share",
    ),
    "dci": MetricCard(
        title="DCI disentanglement",
        asks="Is each dimension used for one factor only, when trees predict the factors?",
        paper="Eastwood and Williams 2018",
        chance="0, and a little above it: trees rely on noise where there is nothing else",
        settings={**ROWS, "regressor": "boosting"},
        matrix="importance",
    ),
    "sap": MetricCard(
        title="SAP",
        asks="Does one dimension alone predict a factor much better than the second best does?",
        paper="Kumar, Sattigeri, Balakrishnan 2018",
        chance="0",
        settings={**ROWS, "penalty": 0.01},
        matrix="accuracy",
    ),
    "factor_vae": MetricCard(
        title="FactorVAE score",
        asks="When a factor is held still, does a dimension of its own lie still?",
        paper="Kim and Mnih 2018",
        chance="1 / number of factors",
        settings={"batch_size": 64, "train_votes": 10_000, "evaluation_votes": 5_000, "min_std": 0.05},
        matrix="votes",
    ),
    "beta_vae": MetricCard(
        title="beta-VAE score",
        asks="Do the differences between pairs that share a factor tell which one they share?",
        paper="Higgins et al. 2017",
        chance="1 / number of factors",
        settings={"batch_size": 64, "train_points": 10_000, "evaluation_points": 5_000},
        matrix="weights",
        rotates=False,
    ),
    "modularity": MetricCard(
        title="Modularity",
        asks="Does each dimension tell of one factor only?",
        paper="Ridgeway and Mozer 2018",
        chance="anywhere between 0 and 1: what noise tells of each factor is noise, and their ratio says nothing",
        settings={"samples": 10_000, "bins": 20},
        matrix="information",
    ),
    "explicitness": MetricCard(
        title="Explicitness",
        asks="Can a linear classifier read the factors out of the whole code?",
        paper="Ridgeway and Mozer 2018",
        chance="0.5",
        settings=dict(ROWS),
        rotates=False,
    ),
}
