"""The catalogue of families: its settings make models, and are those of the shipped runs."""

from __future__ import annotations

import pytest

from vae_core.config import PROJECT, TrainConfig
from vae_core.runs import load_run
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


def test_the_shipped_runs_fit_a_clone() -> None:
    size = sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file() and not file.name.startswith("."))
    assert size < 40 * 2**20


def test_posterior_collapse_and_its_cure() -> None:
    from vae_core.evaluation import evaluate

    names = ("grammar-collapsed", "grammar")
    collapsed, cured = (evaluate(SHIPPED / name, split="test", samples=500) for name in names)
    assert float(collapsed["rate"]) < 0.1  # type: ignore[arg-type]
    assert float(cured["rate"]) >= 5 and int(cured["active_units"]) >= 10  # type: ignore[arg-type]
