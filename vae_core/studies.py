"""The study of beta: the same net on sprites under three objectives, each at five weights and from several seeds.

`benchmarks/disentanglement.py` trains and scores it; the first seed's runs are shipped as `checkpoints/study-*`, the
figures of all seeds stand in `benchmarks/results/disentanglement.csv`. No torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vae_core.config import PROJECT, TrainConfig

if TYPE_CHECKING:
    import pandas as pd

RESULTS = PROJECT / "benchmarks" / "results" / "disentanglement.csv"


@dataclass(frozen=True)
class Method:
    """An objective whose one weight the study varies."""

    title: str
    symbol: str
    setting: str
    """The weight's name in TrainConfig."""
    weights: tuple[float, ...]
    settings: Mapping[str, Any]
    paper: str


METHODS: dict[str, Method] = {
    "beta": Method("β-VAE", "β", "beta", (1, 2, 4, 8, 16), {}, "Higgins et al. 2017"),
    "tcvae": Method("β-TCVAE", "β", "beta", (1, 2, 4, 8, 16), {"objective": "tcvae"}, "Chen et al. 2018"),
    "factor": Method(
        "FactorVAE", "γ", "factor_gamma", (5, 10, 20, 40, 80), {"objective": "factor"}, "Kim and Mnih 2018"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class StudyRun:
    """One cell of the study: `objective` is a key of METHODS."""

    name: str
    objective: str
    title: str
    weight: float


def study_runs() -> list[StudyRun]:
    """All cells, by method and then by weight; their runs are shipped under these names as far as they are made."""
    return [
        StudyRun(f"study-{key}-{weight:g}", key, f"{method.title}, {method.symbol} = {weight:g}", weight)
        for key, method in METHODS.items()
        for weight in method.weights
    ]


STUDIED = tuple(cell.name for cell in study_runs())
"""Names of the study's runs, by method and then by weight."""


def study_results() -> pd.DataFrame:
    """What was measured, a row for each training and the data it was scored on; no rows where nothing was yet.

    Columns: protocol, objective (a key of METHODS), weight, seed, steps, scored_on, distortion, rate, active, and the
    scores by their names with `_low` and `_high` (95 %).
    """
    import pandas as pd

    if not RESULTS.exists():
        return pd.DataFrame(columns=["protocol", "objective", "weight", "seed", "steps", "scored_on"])
    return pd.read_csv(RESULTS)


@dataclass(frozen=True)
class Protocol:
    """How the study is trained: everything but objective, weight and seed."""

    title: str
    settings: Mapping[str, Any]
    seeds: int
    """That are planned; how many were run is counted in the results."""

    def config(self, cell: StudyRun, seed: int) -> TrainConfig:
        """The training of this cell from this seed."""
        method = METHODS[cell.objective]
        told = {"data": "sprites", "latent_dim": 10, "likelihood": "bernoulli", "seed": seed, "title": cell.title}
        own = dict(method.settings) | {method.setting: cell.weight}
        return TrainConfig.model_validate(told | dict(self.settings) | own)


_COMMON = {"batch_size": 64, "evaluations": 20, "weights": "fp16"}
PROTOCOLS: dict[str, Protocol] = {
    "locatello": Protocol(
        "As published: Locatello et al. 2019, table 1 and section 3 (conv nets, batch 64, Adam 1e-4, 300,000 steps)",
        _COMMON | {"net": "conv", "hidden": (256,), "learning_rate": 1e-4, "steps": 300_000},
        5,
    ),
    "tenth": Protocol(
        "A tenth of the steps, our settings: the same nets, Adam 1e-3 with a cool-down over the last third",
        _COMMON | {"net": "conv", "hidden": (256,), "learning_rate": 1e-3, "decay": 0.3, "steps": 30_000},
        5,
    ),
    "laptop": Protocol(
        "What a processor does in minutes: quarter-width convolutions, Adam 1e-3 with a cool-down",
        _COMMON
        | {
            "net": "conv",
            "channels": (8, 16, 32, 64),
            "hidden": (128,),
            "learning_rate": 1e-3,
            "decay": 0.3,
            "steps": 6_000,
        },
        3,
    ),
}
