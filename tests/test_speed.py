"""The arithmetic of the speed benchmarks; nothing is timed here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import metrics_speed, peers, speed, training, umap_speed
from benchmarks.training import CASES, Measured, rows_of, to_markdown
from vae_core.config import ModelSpec
from vae_core.models import build

SPEC = ModelSpec(net="mlp", sample_shape=(1, 6, 6), latent_dim=3, hidden=(16,))
CONV = ModelSpec(net="conv", sample_shape=(1, 8, 8), latent_dim=3, hidden=(16,), channels=(8,))


def test_the_ratio_is_taken_within_a_round_and_a_worse_elbo_is_no_speed() -> None:
    fast = [Measured(300.0, 100.0), Measured(30.0, 100.0), Measured(330.0, 100.0)]
    slow = [Measured(100.0, 100.0), Measured(10.0, 100.0), Measured(100.0, 100.0)]
    found = {("ours", "fp32"): fast, ("pytorch/examples", "fp32"): slow, ("pythae", "fp32"): slow}
    rows = rows_of(CASES["mlp"], found)
    assert [row.ratio for row in rows] == [3.0, 3.0]
    assert "MISSED" not in to_markdown(rows)
    worse = {**found, ("ours", "fp32"): [Measured(one.speed, 100.6) for one in fast]}
    assert to_markdown(rows_of(CASES["mlp"], worse)).count("MISSED") == 2


@pytest.mark.parametrize("spec", [SPEC, CONV])
def test_the_peers_net_has_our_nets_parameters(spec: ModelSpec) -> None:
    ours = build(spec)
    shapes = sorted(tuple(part.shape) for part in ours.parameters())
    assert sorted(tuple(part.shape) for part in peers.Plain(spec).parameters()) == shapes


@pytest.mark.parametrize("name", ["pytorch/examples", "disentangling-vae"])
def test_a_restated_loop_learns(name: str) -> None:
    x = (torch.rand(64, 1, 6, 6, generator=torch.Generator().manual_seed(0)) > 0.8).to(torch.uint8) * 255
    torch.manual_seed(0)
    before = peers.held_out(peers.Plain(SPEC), x)
    done = peers.PEERS[name](SPEC, x, epochs=20, batch=16, seed=0)
    assert done.samples == 20 * 64
    assert peers.held_out(done.model, x) < before - 1


def test_a_map_is_quicker_only_where_it_is_as_good() -> None:
    row = umap_speed.Row("warm", 5_000, 1.0, 4.0, 0.25, 0.5, (0.95, 0.951), (0.9, 0.9))
    assert row.met
    assert "MISSED" in umap_speed.to_markdown([umap_speed.Row(**{**vars(row), "trust": (0.94, 0.951)})])


def test_quality_is_perfect_where_the_map_is_the_codes_and_classes_lie_apart() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 60)
    codes = rng.normal(size=(120, 2)) + 20 * y[:, None]
    trust, accuracy = umap_speed.quality(codes, codes, y)
    assert trust == accuracy == 1.0


def test_the_page_is_made_of_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(speed, "PAGE", tmp_path / "speed.md")
    speed.keep("umap", "| a | table |\n", [1])
    page = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "| a | table |" in page and "## Maps" in page and "## Training" not in page
    assert json.loads((tmp_path / "results" / "umap.json").read_text(encoding="utf-8"))["raw"] == [1]
    assert training.CASES.keys() == {"mlp", "conv32", "conv64"}


def test_shares_are_of_the_six_and_a_slow_score_misses_the_target() -> None:
    def rows(slow: float) -> list[metrics_speed.Timed]:
        names = (*metrics_speed.SIX, "explicitness")
        return [
            metrics_speed.Timed("noise", name, number, 0.5, seconds := slow if name == "dci" else 1.0, seconds)
            for name in names
            for number in (1, 2, 3)
        ]

    table = metrics_speed.speed_table(rows(15.0))
    assert "| DCI disentanglement | 15.00 | 15.00 | 75% |" in table and "20.0" in table and "MISSED" not in table
    assert "beside them" in table  # explicitness
    assert "MISSED" in metrics_speed.speed_table(rows(90.0))
