"""Few labels: baselines are taught the very labels of the run, and the runs beat them."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.apply.outcome import ApplyError
from vae_core.apply.semi import Point, few_labels, labelled, verdict_of
from vae_core.data import load_dataset
from vae_core.runs import load_run
from vae_core.training.batches import training_classes


def test_labels_are_those_that_the_run_was_told_and_no_held_out_ones() -> None:
    run, data = load_run("digits-m2"), load_dataset("digits")
    told = training_classes(data, run.config.train, run.config.model)
    part = labelled(run, data, 10)
    assert told is not None
    np.testing.assert_array_equal(np.sort(part.index), data.index[told >= 0].numpy())
    assert (np.bincount(part.classes) == 10).all()
    assert set(part.index) <= set(data.splits["train"].tolist())
    assert set(labelled(run, data, 5).index) < set(part.index)  # fewer labels are some of the more


def test_models_that_learn_from_the_others_make_fewer_errors_than_those_that_do_not() -> None:
    runs = [load_run(name) for name in ("digits-m1m2", "digits-m2", "digits-10d")]
    found = few_labels(runs, counts=(1, 10))
    outcome = found.outcome
    assert found.labels == 10
    data = load_dataset("digits")
    assert data.y is not None
    usual = int(np.bincount(data.split("train").y).argmax())  # nobody has looked at the held-out ones
    assert outcome["majority"].value == pytest.approx(float((data.split("test").y != usual).float().mean()))
    for name in ("digits-m1m2", "digits-m2"):
        assert outcome[name].high < outcome["majority"].low
        assert outcome[name].value < min(outcome[kind].value for kind in ("linear", "neighbours", "mlp"))
    assert outcome.verdict.text.startswith("digits-m1m2 at 10 labels")  # the run that was asked; then the others
    assert [remark.split()[0] for remark in outcome.remarks] == ["digits-10d", "digits-m2"]
    for curve in (found.curve("linear"), found.curve("codes", "digits-10d")):
        assert [point.labels for point in curve] == [1, 10] and curve[0].error > curve[1].error


@pytest.mark.parametrize(
    ("errors", "winner", "words"),
    [
        (
            (0.1, 0.1, 0.1),
            "model",
            "at 3 numbers of labels: fewer errors at 3 (1, 5, 10), clearly fewer at 3 (1, 5, 10)",
        ),
        ((0.9, 0.9, 0.1), "baseline", "fewer errors at 1 (10), clearly fewer at 1 (10); clearly more at 2 (1, 5)"),
        ((0.9, 0.49, 0.1), None, "fewer errors at 2 (5, 10), clearly fewer at 1 (10); clearly more at 1 (1)"),
        ((0.1,), "model", "run at 1 labels of each class: clearly fewer errors, 0.100 against 0.500"),
    ],
)
def test_a_verdict_is_of_the_whole_curve(errors: tuple[float, ...], winner: str | None, words: str) -> None:
    def point(way: str, run: str, labels: int, error: float) -> Point:
        return Point(way, run, labels, error, error - 0.05, error + 0.05)

    labels = (1, 5, 10)
    points = [point(way, "", count, error) for count in labels for way, error in (("linear", 0.5), ("mlp", 0.7))]
    points += [point("codes", "run", count, error) for count, error in zip(labels, errors, strict=False)]
    verdict = verdict_of(points, "run")
    assert verdict.winner == winner and words in verdict.text


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        ((), "at least one run"),
        (("digits-class",), "told the class and infers none"),
        (("digits-gan",), "no encoder"),
        (("digits-m2", "wine"), "not of digits"),
        (("grammar",), "sentences"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(runs: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ApplyError, match=sentence):
        few_labels([load_run(run) for run in runs], counts=(1,))
