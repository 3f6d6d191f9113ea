"""Figures of the page Apply: what is a baseline looks like one, thresholds and counts stand where they are said to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vae_core.apply.outcome import Merit, Outcome
from vae_core.apply.roc import confusion_of, roc_of
from vae_core.figures.apply import Curve, Line, error_by_labels, heat, merits, roc_figure, span_of, value_histogram

OUTCOME = Outcome(
    "anomaly", "run", "AUROC", "higher",
    (
        Merit("a", "A <b>way</b>", 0.9, 0.8, 0.95),
        Merit("b", "A baseline of a name so long that it folds", 0.7, 0.7, 0.7, True),
    ),
)  # fmt: skip
VALUES = np.r_[np.arange(50.0), np.arange(25.0, 75.0)]
ODD = np.arange(100) >= 50


def test_baselines_are_hollow_and_intervals_are_drawn_where_there_are_some() -> None:
    model, baseline = merits(OUTCOME).data
    assert (list(model.x), list(baseline.x)) == ([0.9], [0.7])
    assert model.marker.symbol == "circle" and baseline.marker.symbol == "circle-open"
    assert model.error_x.array[0] == pytest.approx(0.05) and not baseline.error_x.visible
    ticks = merits(OUTCOME).layout.yaxis.ticktext
    assert ticks[0] == "A &lt;b&gt;way&lt;/b&gt;" and "<br>" in ticks[1]
    long = merits(replace(OUTCOME, measure="RMSE of missing numbers, standard deviations of a column")).layout.title
    assert long.text.count("<br>") == 1  # it fits a phone


def test_the_threshold_stands_on_the_chosen_curve() -> None:
    counts = confusion_of(VALUES, ODD, 40.0)
    curve = roc_of(VALUES, ODD)
    figure = roc_figure([Curve("one", curve, False, True), Curve("other", curve, True, False)], counts)
    mark = next(trace for trace in figure.data if trace.name == "threshold")
    assert mark.x[0] == counts.false_alarm_rate and mark.y[0] == counts.recall
    assert np.interp(mark.x[0], curve.false_alarms, curve.hits) == pytest.approx(mark.y[0], abs=0.03)


def test_the_area_under_the_line_that_is_drawn_is_the_one_that_is_told_with_ties_too() -> None:
    odd = np.arange(300) % 3 == 0
    roc = roc_of(np.random.default_rng(0).integers(0, 4, 300) + odd, odd)
    line = roc_figure([Curve("tied", roc, False, True)], confusion_of(odd.astype(float), odd, 1)).data[1]
    assert line.line.shape in (None, "linear")  # steps would give ties nothing
    assert np.trapezoid(line.y, line.x) == pytest.approx(roc.area)


def test_every_sample_is_in_the_histogram_and_the_line_at_its_threshold() -> None:
    figure = value_histogram(
        VALUES, ODD, 40.0, title="score", kinds=("normal", "odd"), guests=[("guest", 1e9)], theme="light"
    )
    normal, odd, star = figure.data
    assert (sum(normal.y), sum(odd.y)) == (50, 50)
    assert figure.layout.shapes[0].x0 == 40.0
    assert star.x[0] == span_of(VALUES)[1]  # what lies beyond stands at the end


def test_the_largest_error_of_each_picture_is_brightest() -> None:
    errors = np.random.default_rng(0).random((3, 4, 5)) * np.array([1, 10, 0])[:, None, None]
    made = heat(errors)
    assert made.shape == (3, 4, 5, 3) and made.dtype == np.uint8
    for picture, error in zip(made[:2], errors[:2], strict=True):
        assert picture.reshape(-1, 3)[error.argmax()].tolist() == [253, 231, 37]  # the end of Viridis
    assert (made[2] == made[2, 0, 0]).all()


def test_a_single_point_is_a_mark_and_a_curve_is_a_line() -> None:
    lines = [
        Line("model", [10], [0.1], [0.05], [0.2], False),
        Line("baseline", [1, 10], [0.5, 0.2], [0.4, 0.1], [0.6, 0.3], True),
    ]
    point, curve = error_by_labels(lines).data
    assert point.mode == "markers" and curve.mode == "lines+markers" and curve.line.dash == "dash"
    assert list(curve.error_y.array) == pytest.approx([0.1, 0.1])
