"""Claims: each figure of the table has a cell that measures it; the page says what was reached, missed, not run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmarks.claims import __main__ as runner
from benchmarks.claims import captions, codebook, features, few_labels, page, quadrants, sigma
from benchmarks.claims.all import CLAIMS
from benchmarks.claims.claim import COLUMNS, Claim, Measured, Split
from benchmarks.queue import keep_rows, trained
from tests.pages.toy import write_toy
from vae_core import load_dataset, load_run, training
from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.models import build


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
def results(tmp_path: Path) -> Path:
    return tmp_path / "claims.csv"


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
    text = page.text(results)
    (full,) = lines(text, "| On par: 500 epochs")
    assert "90.1" in full and "**missed**" in full and "1.004" in full
    (tenth,) = lines(text, "| Better: the same in a tenth")
    assert "89.5 (89 to 91)" in tenth and "| 3 |" in tenth and tenth.endswith("| yes |")
    assert "| 25,000 steps at 2e-3 (tried) | 95.5 |" in text, "what was only tried stands on validation alone"
    (burda, *_) = lines(text, "| Better: a tenth of the epochs")
    assert "not run" in burda and "missed" not in burda
    assert text.count("**unverified**") >= 1


def test_published_numbers_and_limits_of_our_own_are_counted_apart(results: Path) -> None:
    keep_rows(results, COLUMNS, [row("static-mnist", "full", "nll", 89.0), row("static-mnist", "tenth", "nll", 99.0)])
    keep_rows(results, COLUMNS, [row("codebook", "ours", "used", 1.0)])
    asked = [one for claim in CLAIMS.values() for one in claim.targets if one.limit is not None or one.than]
    others = sum(one.published is not None for one in asked)
    (counts,) = lines(page.text(results), "Against published numbers")
    assert f"numbers: {others} targets, 1 reached, 1 missed, {others - 2} not run." in counts
    assert f"set: {len(asked) - others} targets, 1 reached, {len(asked) - others - 1} not run." in counts
    keep_rows(results, COLUMNS, [row("captions", "vae", "nll", 36.0)])  # and what it is to be compared with was not run
    (again,) = lines(page.text(results), "Against published numbers")
    assert again == counts


def test_rows_of_ones_own_have_their_page_beside_them(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    keep_rows(mine, COLUMNS, [row("static-mnist", "full", "nll", 77.7)])
    before = page.PAGE.read_bytes()
    assert page.write(mine) == tmp_path / "mine.md"
    assert "| 77.7 |" in (tmp_path / "mine.md").read_text(encoding="utf-8")
    assert page.PAGE.read_bytes() == before


def chosen(*arguments: str) -> list[str]:
    given = iter(arguments)
    return [f"{claim.key} {cell.key}" for claim, cell in runner.asked([next(given)], list(given))]


def test_what_wants_hours_or_a_gpu_is_begun_only_by_name() -> None:
    plain = [cell for _, cell in runner.asked(None, None)]
    assert plain and not any(cell.wants for cell in plain)
    assert chosen("dynamic-mnist", "full") == ["dynamic-mnist full"]
    with pytest.raises(ValueError, match="name it with --claims"):
        runner.asked(None, ["full"])
    with pytest.raises(ValueError, match="no cell other: choose from 200"):
        chosen("vamp-prior", "other")
    with pytest.raises(ValueError, match="odd has none of these cells: shipped"):
        runner.asked(["odd", "static-mnist"], ["tenth"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--claims", "ladder", "--cells", "full"], "ladder full wants a GPU, and there is none here"),
        (["--claims", "odd", "--seeds", "0"], "1 or more, not 0"),
        (["--claims", "odd", "--seed", "3"], "unrecognized arguments: --seed 3"),
        (["--claims", "ladder", "dynamic-mnist-iwae", "--cells", "full"], "wants a GPU"),
        (["--claims", "dynamic-mnist-iwae"], "begun by --cells: dynamic-mnist-iwae full"),
        (["--claims", "odd", "--ship"], "leave --results out"),
        (["--claims", "odd", "--results", "mine.md"], "a CSV file, such as mine.csv, not mine.md"),
        (["--claims", "odd", "--results", "absent/mine.csv"], "there is no absent"),
        (["--table", "--results", "absent.csv"], "there is no absent.csv"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(runner, "in_turn", lambda *cell: pytest.fail(f"{cell} was begun"))
    monkeypatch.setattr("sys.argv", ["claims", "--results", str(tmp_path / "a.csv"), *words])
    with pytest.raises(SystemExit):
        runner.main()
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: int) -> tuple[int, list[list[str]]]:
    """Calls the command with rows of its own and a child that ends like this. -> what it returns, the child's words."""
    words: list[list[str]] = []

    def child(command: list[str], **_: Any) -> SimpleNamespace:
        words.append(command)
        return SimpleNamespace(returncode=ends)

    monkeypatch.setattr(runner.subprocess, "run", child)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["claims", "--results", "mine.csv", "--claims", "odd", "captions"])
    return runner.main(), words


def test_rows_of_ones_own_are_trained_and_kept_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned, words = begun(tmp_path, monkeypatch, ends=0)
    assert returned == 0 and len(words) == 3
    for command in words:  # whole paths: a child works in the project's folder
        assert command[command.index("--results") + 1] == str(tmp_path / "mine.csv")
        assert command[command.index("--work") + 1] == str(tmp_path / "mine")
    assert (tmp_path / "mine.md").exists()


def test_one_that_fails_is_told_and_one_that_is_broken_off_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    returned, words = begun(tmp_path, monkeypatch, ends=1)
    assert returned == 1 and len(words) == 3
    returned, words = begun(tmp_path, monkeypatch, ends=runner.BROKEN_OFF)
    assert returned == runner.BROKEN_OFF and len(words) == 1
    assert "goes on where it was" in capsys.readouterr().err


def test_the_list_says_what_each_cell_took(results: Path) -> None:
    keep_rows(results, COLUMNS, [row("static-mnist", "tenth", "nll", 90.0) | {"score_seconds": 30}])
    said = runner.listing(results, list(CLAIMS)).splitlines()
    assert "  tenth                 120 s to train, 30 s to score: 25,000 steps" in said
    assert "  full                  not run (wants a GPU): 3,280 epochs" in said


def test_figures_on_validation_stand_in_a_table_whose_longer_side_goes_down(results: Path) -> None:
    claim = CLAIMS["sigma"]
    cell = claim.cells[0]
    told = [("minus_elbo", 3.5), ("sigma", 0.25), ("frechet_at_0.1", 40.0)]
    keep_rows(results, COLUMNS, [row("sigma", cell.key, name, value, split="validation") for name, value in told])
    keep_rows(results, COLUMNS, [row("sigma", cell.key, "minus_elbo", 4.5, split="validation", seed=1)])
    keep_rows(results, COLUMNS, [row("sigma", cell.key, "minus_elbo", 2.0, split="train")])
    how = "(200 importance samples, 10,000 samples)"
    assert page.held_out(page.read_rows(results), claim)[2:-1] == [
        f"|  | {cell.title} |",
        "|---|---|",
        f"| −ELBO {how} | 4 (3.5 to 4.5) |",
        f"| σ {how} | 0.25 |",
        f"| Fréchet distance at σ 0.1 {how} | 40 |",
        f"| −ELBO of training samples {how} | 2 |",
    ]
    others = [row("sigma", each.key, "sigma", 0.5, split="validation") for each in claim.cells[1:4]]
    keep_rows(results, COLUMNS, others)
    across = page.held_out(page.read_rows(results), claim)
    assert (
        across[2].startswith(f"|  | −ELBO {how} | σ {how}") and f"| {claim.cells[1].title} |  | 0.5 |  |  |" in across
    )


def test_the_page_is_what_the_kept_rows_make_of_it() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text()


def test_higher_is_better_where_it_is_said(results: Path) -> None:
    claim = CLAIMS["odd"]
    keep_rows(results, COLUMNS, [row("odd", "shipped", "auroc_regret", 0.97), row("odd", "shipped", "auroc_mean", 0.9)])
    assert "**missed**" in page.line(page.read_rows(results), claim, claim.targets[0])
    beside = replace(claim.targets[0], limit=None, than="shipped", metric="auroc_mean")
    assert page.line(page.read_rows(results), claim, beside).endswith("| yes |")


def test_the_sweep_chooses_on_validation_and_only_the_chosen_touch_the_test_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = []

    def figures(where: Path, data: Any, net: Any, split: Split, seed: int) -> dict[str, Measured]:
        given = float(where.name)
        looked_at.append((given, split))
        turned = split == "test"  # what is best on validation is worst on test
        far = {"minus_elbo": abs(given - 0.1), "minus_elbo_own": abs(given - 0.1), "frechet": abs(given - 0.2)}
        return {name: Measured(name, -value if turned else value, split, 10) for name, value in far.items()}

    monkeypatch.setattr(sigma, "figures", figures)
    monkeypatch.setattr(sigma, "trained", lambda config, out, title: 1.0)
    monkeypatch.setattr(features, "classifier", lambda data, work: None)
    monkeypatch.setattr("vae_core.data.load_dataset", lambda name: None)
    done = sigma.swept("mnist")(0, tmp_path / "sweep")
    on_test = {figure.metric: figure.value for figure in done.figures if figure.split == "test"}
    assert on_test == {
        "minus_elbo": 0, "sigma_for_minus_elbo": 0.1, "minus_elbo_own": 0, "sigma_for_minus_elbo_own": 0.1,
        "frechet": 0, "sigma_for_frechet": 0.2,
    }  # fmt: skip
    assert {given for given, split in looked_at if split == "test"} == {0.1, 0.2}
    assert done.train_seconds == len(sigma.SIGMAS)


def test_the_sweeps_sigmas_are_betas_in_factors_of_four() -> None:
    betas = [2 * given**2 for given in sigma.SIGMAS]
    assert [b / a for a, b in pairwise(betas)] == pytest.approx([4] * 5)


def test_the_classifier_is_kept_and_read_again(tmp_path: Path) -> None:
    x = torch.zeros(64, 1, 28, 28, dtype=torch.uint8)
    x[::2, :, :14] = 255
    data: Any = SimpleNamespace(
        name="halves", x=x, y=torch.arange(64) % 2, splits={"train": torch.arange(64)},
        info=SimpleNamespace(class_names=("top", "none")),
    )  # fmt: skip
    net = features.classifier(data, tmp_path)
    made = features.seen(net, x / 255)
    assert made.shape == (64, features.FEATURES)
    assert [file.name for file in tmp_path.iterdir()] == ["classifier-halves.safetensors"]
    data.x = torch.zeros_like(x)  # whoever learnt again would learn something else
    assert (features.seen(features.classifier(data, tmp_path), x / 255) == made).all()
    assert features.accuracy(net, x / 255, net(x / 255).argmax(1)) == 1


def test_usage_counts_cells_of_the_whole_split() -> None:
    torch.manual_seed(0)
    settings = TrainConfig(bottleneck="vq", codebook=7, code_dim=3, prior_width=16, prior_layers=1)
    model = build(model_spec(settings, DataInfo(name="made up", sample_shape=(1, 8, 8), size=60))).eval()
    x = torch.randint(0, 256, (60, 1, 8, 8), dtype=torch.uint8)
    run: Any = SimpleNamespace(model=model)
    data: Any = SimpleNamespace(x=x, splits={"test": torch.arange(10, 60)})
    found = {one.metric: one.value for one in codebook.usage("test")(run, data, 0)}
    with torch.no_grad():
        counts = model.indices(x[10:]).flatten().bincount(minlength=7)
        made = model.decode(model.encode(x[10:]).mean)
    assert found["used"] == pytest.approx(int((counts > 0).sum()) / 7)
    assert found["mse"] == pytest.approx(float((made - x[10:] / 255).square().mean()), rel=1e-5)


def test_a_mean_stands_with_its_deviation_where_it_is_asked_for() -> None:
    target = replace(CLAIMS["static-mnist"].targets[0], mean=True)
    values = [2.0, 4.0, 9.0]
    assert page.middle(values, target) == 5 and page.ours(values, target) == "5.0 ± 3.6"
    assert page.ours([20.0, 22.0, 24.0], target) == "22.0 ± 2.0", "as many places as the deviation has"
    assert page.ours([100.0, 150.0], target) == "125 ± 35" and page.ours([100.0, 500.0], target) == "300 ± 283"
    assert page.ours([3.0, 3.0], target) == "3.0 ± 0.0"
    assert page.ours([2.0], target) == "2" and page.ours([], target) == page.NOT_RUN
    plain = replace(target, mean=False)
    assert page.middle(values, plain) == 4 and page.ours(values, plain) == "4 (2 to 9)"


def test_without_a_code_the_unseen_pixels_alone_are_paid_for(tmp_path: Path) -> None:
    settings = {
        "data": "digits", "net": "mlp", "hidden": (16,), "condition": "quadrants", "unseen_only": True, "steps": 400,
        "batch_size": 100, "evaluations": 4, "learning_rate": 3e-3,
    }  # fmt: skip
    for seen, hidden in (("0010", 48), ("1110", 16)):
        found = quadrants.without_code(settings | {"seen": seen})(0, tmp_path)
        assert [(one.metric, one.split) for one in found.figures] == [("nll", "validation"), ("nll", "test")]
        assert all(0 < one.value < 0.6 * hidden for one in found.figures), "below a coin's log 2 = 0.69 a pixel"


def test_the_error_is_the_share_of_samples_with_another_class(no_runs: Path) -> None:
    run, data = load_run(write_toy(no_runs, "m2")), load_dataset("digits")
    (figure,) = few_labels.error("test")(run, data, 0)
    rows = data.splits["test"]
    guessed = run.model.classify(data.x[rows]).argmax(1)  # type: ignore[operator]
    assert data.y is not None and figure.samples == len(rows)
    assert figure.value == pytest.approx(100 - 100 * (guessed == data.y[rows]).float().mean().item(), abs=1e-3)


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


def test_a_training_that_is_broken_off_goes_on_and_its_seconds_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig(data="digits", latent_dim=2, hidden=(16,), steps=40, batch_size=32, evaluations=4, seed=3)
    trained(config, tmp_path / "whole", "whole")
    whole_train = training.train

    def broken_off(config: TrainConfig, *, resume: bool) -> Iterator[training.Step]:
        for step in whole_train(config, resume=resume):
            yield step
            if step.step > 20:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "train", broken_off)
        trained(config, tmp_path / "cut", "cut")
    clock = tmp_path / "cut" / "seconds.txt"
    assert clock.exists()
    clock.write_text("1000")
    assert trained(config, tmp_path / "cut", "cut") >= 1000
    one, other = (tmp_path / name / "model.safetensors" for name in ("whole", "cut"))
    assert one.read_bytes() == other.read_bytes()
