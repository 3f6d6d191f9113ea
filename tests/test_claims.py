"""Claims: each figure of the table has a cell that measures it; the page says what was reached, missed, not run."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.claims import captions, page
from benchmarks.claims.all import CLAIMS
from benchmarks.claims.claim import COLUMNS, Claim
from benchmarks.queue import keep_rows
from vae_core.config import TrainConfig
from vae_core.data import load_dataset


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.key)
def test_each_target_is_of_a_cell_that_touches_the_test_split(claim: Claim) -> None:
    for target in claim.targets:
        assert not claim.cell(target.cell).tried
        if target.than:
            assert not claim.cell(target.than).tried
    assert claim.protocol.endswith(".")


def test_claims_are_numbered_once() -> None:
    numbers = [claim.number for claim in CLAIMS.values()]
    assert numbers == sorted(set(numbers))


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "claims.csv"
    monkeypatch.setattr(page, "RESULTS", file)
    return file


def row(claim: str, cell: str, metric: str, value: float, split: str = "test", seed: int = 0) -> dict[str, object]:
    told = {"samples": 10_000, "how": "200 importance samples", "steps": 25_000, "train_seconds": 120}
    return told | {
        "claim": claim, "cell": cell, "metric": metric, "value": value, "split": split, "seed": seed, "device": "here",
    }  # fmt: skip


def lines(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_the_page_says_what_was_reached_missed_and_not_run(results: Path) -> None:
    for seed, value in enumerate((89.0, 89.5, 91.0)):
        keep_rows(results, COLUMNS, [row("static-mnist", "tenth", "nll", value, seed=seed)])
    keep_rows(results, COLUMNS, [row("static-mnist", "full", "nll", 90.1)])
    keep_rows(results, COLUMNS, [row("static-mnist", "tenth-fast", "nll", 95.5, split="validation")])
    text = page.text()
    (full,) = lines(text, "| On par: 500 epochs")
    assert "90.1" in full and "**missed**" in full and "1.004" in full
    (tenth,) = lines(text, "| Better: the same in a tenth")
    assert "89.5 (89 to 91)" in tenth and "| 3 |" in tenth and tenth.endswith("| yes |")
    assert "(tried): nll 95.5" in text, "what was only tried stands on validation alone"
    (burda, *_) = lines(text, "| Better: a tenth of the epochs")
    assert "not run" in burda and "missed" not in burda
    assert text.count("**unverified**") >= 1


def test_higher_is_better_where_it_is_said(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = CLAIMS["odd"]
    keep_rows(results, COLUMNS, [row("odd", "shipped", "auroc_regret", 0.97), row("odd", "shipped", "auroc_mean", 0.9)])
    assert "**missed**" in page.line(page.read_rows(results), claim, claim.targets[0])
    beside = replace(claim.targets[0], limit=None, than="shipped", metric="auroc_mean")
    assert page.line(page.read_rows(results), claim, beside).endswith("| yes |")


def test_another_cells_figure_may_be_exceeded_by_so_much(results: Path) -> None:
    claim = CLAIMS["captions"]
    keep_rows(results, COLUMNS, [row("captions", "lm", "nll", 36.0), row("captions", "vae", "nll", 36.75)])
    rows = page.read_rows(results)
    near, below = (target for target in claim.targets if target.metric == "nll")
    assert "(36) + 1 | yes |" in page.line(rows, claim, near)
    assert "(36) | **missed** |" in page.line(rows, claim, below)


def test_rare_words_become_the_unknown_one() -> None:
    told = captions.with_unknown(["a cat sits", "a cat runs", "a cat", "a dog"])
    assert told == ["a cat <unknown>", "a cat <unknown>", "a cat", "a <unknown>"]


def test_a_language_model_told_nothing_comes_to_the_entropy_of_its_sentences(tmp_path: Path) -> None:
    """Four sentences, equally often: ln 4 nats, of which the second word and the end, both sure, are none."""
    path = tmp_path / "pets.txt"
    path.write_text("".join(f"{pet} sleeps\n" for pet in ("cat", "dog", "hen", "cow")) * 100, encoding="utf-8")
    config = TrainConfig(
        data=str(path), hidden=(16,), embedding=8, batch_size=32, steps=150, learning_rate=2e-2, decay=0.5,
        evaluations=3,
    )  # fmt: skip
    data = load_dataset(config.data)
    model, best = captions.fit_language_model(config, data)
    nll = captions.exact_nll(model, data.x[data.splits["validation"]])
    assert best > 0 and not model.training
    assert float(nll.mean()) == pytest.approx(math.log(4), abs=0.1)
    again = captions.exact_nll(model, data.x[data.splits["validation"]][:1])
    assert float(again) == pytest.approx(float(nll[0]), abs=1e-5), (
        "a sentence has one likelihood, whatever is beside it"
    )
