"""The study of beta: its cells, the queue of its benchmark and its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import disentanglement as bench
from benchmarks.queue import keep_rows, taken
from vae_core import studies
from vae_core.config import TrainConfig
from vae_core.studies import METHODS, PROTOCOLS, study_results, study_runs


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cells_of_a_method_differ_in_its_weight_alone(protocol: str) -> None:
    configs = {cell.name: PROTOCOLS[protocol].config(cell, seed=1) for cell in study_runs()}
    for key, method in METHODS.items():
        own = [configs[cell.name] for cell in study_runs() if cell.objective == key]
        assert [getattr(config, method.setting) for config in own] == list(method.weights)
        bare = {config.model_copy(update={method.setting: 1.0, "title": ""}) for config in own}
        assert len(bare) == 1 and next(iter(bare)).seed == 1


def test_a_beta_of_one_is_the_same_loss_by_either_method() -> None:
    """What the two curves have in common: beta-VAE and beta-TCVAE at 1 are the VAE."""
    plain, tc = (
        PROTOCOLS["laptop"].config(cell, 0) for cell in study_runs() if cell.name in ("study-beta-1", "study-tcvae-1")
    )
    assert plain.beta == tc.beta == TrainConfig().beta == 1


def keep(rows: list[dict[str, object]]) -> None:
    keep_rows(bench.RESULTS, bench.COLUMNS, rows)


def rows(**more: object) -> list[dict[str, object]]:
    told: dict[str, object] = {"protocol": "laptop", "objective": "beta", "weight": "4", "seed": 0, "steps": 6000}
    told |= {"distortion": 80.5, "rate": 12.0, "active": 6}
    for name in bench.SCORES:
        told |= {name: 0.5, f"{name}_low": 0.4, f"{name}_high": 0.6}
    return [told | {"scored_on": "sprites"} | more]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "disentanglement.csv"
    for module in (bench, studies):
        monkeypatch.setattr(module, "RESULTS", file)
    return file


def test_what_was_measured_is_kept_and_not_measured_again(results: Path) -> None:
    cell = next(cell for cell in study_runs() if cell.name == "study-beta-4")
    assert study_results().empty and not bench.is_done(bench.kept(), "laptop", cell, 0)
    keep(rows())
    keep(rows(seed=1))
    assert results.read_text().count("protocol") == 1  # one header
    assert bench.is_done(bench.kept(), "laptop", cell, 0) and not bench.is_done(bench.kept(), "laptop", cell, 2)
    assert not bench.is_done(bench.kept(), "tenth", cell, 0)
    assert list(study_results()["seed"]) == [0, 1]


def test_the_page_has_medians_with_their_spread_and_says_what_was_not_run(results: Path) -> None:
    for seed, mig in enumerate((0.1, 0.2, 0.4)):
        keep(rows(seed=seed, mig=mig))
    keep(rows(scored_on="subset", mig=0.30, mig_low=0.25, mig_high=0.35) + rows(scored_on="dsprites", mig=0.31))
    page = bench.page()
    assert "0.20 (0.10–0.40)" in page and "| 3 |" in page and page.count("Not run.") == 2
    assert "| mig | 1 | +0.0100 (+0.0100) | 1 of 1 |" in page and "unverified" in page


def test_a_cell_is_taken_once(tmp_path: Path) -> None:
    with taken(tmp_path, "cell") as first, taken(tmp_path, "cell") as second:
        assert first and not second
    with taken(tmp_path, "cell") as again:
        assert again
