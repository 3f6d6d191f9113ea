"""Few labels: baselines are taught the very labels of the run, and the runs beat them."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.apply.outcome import ApplyError
from vae_core.apply.semi import few_labels, labelled
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
    for curve in (found.curve("linear"), found.curve("codes", "digits-10d")):
        assert [point.labels for point in curve] == [1, 10] and curve[0].error > curve[1].error


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
