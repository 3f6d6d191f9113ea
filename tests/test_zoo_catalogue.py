"""The catalogue of families: its settings make models, and are those of the shipped runs."""

from __future__ import annotations

import pytest

from vae_core.config import PROJECT, TrainConfig
from vae_core.runs import load_run
from vae_core.studies import PROTOCOLS, STUDIED, StudyRun, study_runs
from vae_core.zoo import SECTIONS, ZOO

SHIPPED = PROJECT / "checkpoints"
TOLD_APART = {"out", "title", "about", "weights", "device"}
"""Fields that don't change what is learnt."""


@pytest.mark.parametrize("name", ZOO)
def test_the_shipped_run_was_made_with_these_settings(name: str) -> None:
    entry, run = ZOO[name], load_run(SHIPPED / name)
    assert entry.section in SECTIONS
    wanted, made = entry.config(), run.config.train
    for field in set(TrainConfig.model_fields) - TOLD_APART:
        if field == "likelihood" and "auto" in (wanted.likelihood, made.likelihood):
            continue  # what auto came to stands in the architecture
        assert getattr(made, field) == getattr(wanted, field), field
    assert run.config.state == "finished"


@pytest.mark.parametrize("cell", study_runs(), ids=lambda cell: cell.name)
def test_the_study_was_made_by_its_protocol(cell: StudyRun) -> None:
    if not (SHIPPED / cell.name).exists():
        pytest.skip(f"{cell.name} is not shipped yet: `make bench-disentanglement ARGS=--ship` makes it")
    run, wanted = load_run(SHIPPED / cell.name), PROTOCOLS["laptop"].config(cell, seed=0)
    assert run.config.train.model_copy(update={"out": None}) == wanted
    assert run.config.state == "finished"


def test_the_shipped_runs_fit_a_clone() -> None:
    sizes = {"zoo": 0, "study": 0}
    for file in SHIPPED.rglob("*"):
        if file.is_file() and not file.name.startswith("."):
            part = "study" if file.relative_to(SHIPPED).parts[0] in STUDIED else "zoo"
            sizes[part] += file.stat().st_size
    assert sizes["zoo"] < 40 * 2**20 and sizes["study"] < 24 * 2**20


def test_posterior_collapse_and_its_cure() -> None:
    from vae_core.evaluation import evaluate

    names = ("grammar-collapsed", "grammar")
    collapsed, cured = (evaluate(SHIPPED / name, split="test", samples=500) for name in names)
    assert float(collapsed["rate"]) < 0.1  # type: ignore[arg-type]
    assert float(cured["rate"]) >= 5 and int(cured["active_units"]) >= 10  # type: ignore[arg-type]
