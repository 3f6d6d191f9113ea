"""Runs overlaid, the plane of rate and distortion, and the table of two settings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plotly.colors import sample_colorscale

from vae_core.figures.curves import Course, overlay, run_colours
from vae_core.figures.sweeps import Point, decimals, heat_map, ink_upon, label_places, rate_distortion
from vae_core.figures.template import ORDERED_SCALE

HISTORY = pd.DataFrame({
    "step": [0, 10, 20], "epoch": [0.0, 1.0, 2.0], "distortion": [50.0, 40.0, 30.0], "rate": [0.0, 2.0, 4.0],
    "validation_distortion": [51.0, np.nan, 32.0], "validation_rate": [0.0, np.nan, 3.5],
})  # fmt: skip


def hues(figure) -> list[str]:
    return [trace.line.color for trace in figure.data]


@pytest.mark.parametrize("count", [1, 2, 10, 11, 64])
def test_each_run_has_one_curve_and_a_colour_of_its_own(count: int) -> None:
    colours = run_colours(count)
    courses = [Course(f"run <b>{i}</b>", colours[i], HISTORY) for i in range(count)]
    figure = overlay(courses, "distortion")
    assert len(figure.data) == count == len(set(hues(figure)))
    assert [trace.name for trace in figure.data] == [f"run &lt;b&gt;{i}&lt;/b&gt;" for i in range(count)]
    again = overlay(courses, "rate", along="epoch", theme="light")
    assert hues(again) == hues(figure), "the same run has the same colour in every chart"


@pytest.mark.parametrize(
    ("column", "along", "x", "y"),
    [
        ("distortion", "step", [0, 10, 20], [50, 40, 30]),
        ("rate", "epoch", [0, 1, 2], [0, 2, 4]),
        ("elbo", "step", [0, 10, 20], [-50, -42, -34]),
        ("validation_distortion", "step", [0, 20], [51, 32]),
        ("validation_elbo", "epoch", [0, 2], [-51, -35.5]),
    ],
)
def test_an_overlay_shows_what_was_measured(column: str, along: str, x: list[float], y: list[float]) -> None:
    (trace,) = overlay([Course("a", "red", HISTORY)], column, along=along).data
    assert trace.x.tolist() == x and trace.y.tolist() == y


def test_a_run_that_never_measured_it_has_no_curve_but_its_line_in_the_legend() -> None:
    short = HISTORY[["step", "distortion"]]
    for history in (short, pd.DataFrame()):
        (trace,) = overlay([Course("a", "red", history)], "validation_elbo").data
        assert list(trace.x) == [None] and trace.name == "a" and trace.showlegend


def points(values: list[tuple[float, float]]) -> list[Point]:
    return [Point(r, d, f"p{i}", f"beta {i}\nseed 0", f"line {i % 2}", "#3f90da") for i, (r, d) in enumerate(values)]


@pytest.mark.parametrize("values", [[(5.0, 20.0)], [(0.0, 90.0), (10.0, 60.0), (20.0, 55.0)], [(1.0, -300.0)] * 3])
def test_diagonals_join_places_of_equal_elbo_within_the_box(values: list[tuple[float, float]]) -> None:
    figure = rate_distortion(points(values))
    lines = [trace for trace in figure.data if trace.meta]
    labels = [float(note.text.removeprefix("ELBO ").replace(",", "")) for note in figure.layout.annotations]
    assert 2 <= len(lines) <= 8 and len(labels) == len(lines)
    box = figure.layout.xaxis.range, figure.layout.yaxis.range
    for trace, elbo in zip(lines, labels, strict=True):
        assert np.allclose(np.add(trace.x, trace.y), -elbo)
        for ends, (low, high) in zip((trace.x, trace.y), box, strict=True):
            assert min(ends) >= low - 1e-9 and max(ends) <= high + 1e-9
    for rate, distortion in values:
        assert box[0][0] < rate < box[0][1] and box[1][0] < distortion < box[1][1]


def test_no_label_of_a_diagonal_hides_a_run() -> None:
    for rate in np.linspace(0, 20, 41):
        figure = rate_distortion(points([(0.0, 40.0), (20.0, 20.0), (rate, 40.0 - rate)]))
        (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
        for note in figure.layout.annotations:
            apart = abs(note.x - rate) / (right - left) * 270, abs(note.y - 40.0 + rate) / (high - low) * 270
            assert apart[0] > 25 or apart[1] > 9, note.text


def test_lines_join_the_runs_of_one_setting_in_order() -> None:
    figure = rate_distortion(points([(1, 9), (2, 8), (3, 7), (4, 6), (np.nan, 5)]))
    joined = {trace.name: list(trace.x) for trace in figure.data if not trace.meta}
    assert joined == {"line 0": [1, 3], "line 1": [2, 4]}, "a run without figures has no point"
    assert "beta 0<br>seed 0" in figure.data[-2].hovertext[0] and "ELBO -10.00" in figure.data[-2].hovertext[0]


def test_labels_lie_neither_on_each_other_nor_on_points() -> None:
    runs = points([(0.0, 27.0), (0.01, 27.01), (0.02, 27.02), (3.0, 21.6), (3.1, 21.4), (6.0, 19.5)])
    sides = label_places(runs, (-1.0, 7.0), (18.0, 28.0))
    assert len(set(sides[:3])) == 3 and all(sides)
    crowd = label_places(points([(1.0 + i / 100, 1.0) for i in range(20)]), (0.0, 10.0), (0.0, 10.0))
    assert "" in crowd and any(crowd), "what has no room is told by its hover alone"
    figure = rate_distortion(points([(1.0, 1.0)] * 20))
    shown = [text for trace in figure.data if not trace.meta for text in trace.text]
    assert 1 <= sum(map(bool, shown)) < 20


@pytest.mark.parametrize("place", np.linspace(0, 1, 11))
def test_numbers_can_be_read_upon_every_colour(place: float) -> None:
    (colour,) = sample_colorscale(ORDERED_SCALE, [place], colortype="tuple")
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    light = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    contrast = (light + 0.05) / 0.05 if ink_upon(place) == "#000000" else 1.05 / (light + 0.05)
    assert contrast >= 4.5


def test_the_numbers_of_a_table_are_told_apart() -> None:
    figure = heat_map(np.array([[-25.3, -25.08], [np.nan, -27.2]]), across=["1", "2"], down=["a", "b"],
                      titles=("x", "y", "ELBO"))  # fmt: skip
    assert [(note.x, note.y, note.text) for note in figure.layout.annotations] == [
        (0, 0, "-25.30"), (1, 0, "-25.08"), (1, 1, "-27.20"),
    ]  # fmt: skip
    assert [decimals(np.array(v)) for v in ([3.0, 8.0], [0.012, 0.034], [100.5, 180.2], [np.nan])] == [0, 4, 1, 0]


def test_without_any_run_there_is_an_empty_plane() -> None:
    assert not rate_distortion([]).data


def test_a_table_of_two_settings_has_a_place_for_each_run() -> None:
    figure = heat_map(np.array([[1.0, 2.0, np.nan]]), across=["1", "2", "4"], down=["10"], titles=("β", "dims", "rate"))
    assert figure.data[0].z.shape == (1, 3) and list(figure.data[0].x) == ["1", "2", "4"]
    with pytest.raises(ValueError, match="need as many values"):
        heat_map(np.zeros((2, 2)), across=["1"], down=["2"], titles=("a", "b", "c"))


@pytest.mark.parametrize(("along", "x"), [("step", 15.0), ("epoch", 1.5)])
def test_what_was_changed_while_a_run_trained_is_marked_on_its_own_curve(along: str, x: float) -> None:
    history = pd.DataFrame({"step": [10, 20], "epoch": [1.0, 2.0], "distortion": [30.0, 20.0], "rate": [1.0, 2.0]})
    courses = [Course("plain", "red", history), Course("steered", "blue", history, ((15, "β = 4"), (15, "lr = 1")))]
    *_, line, marks = overlay(courses, "distortion", along=along).data
    assert (list(marks.x), list(marks.y), list(marks.text)) == ([x], [25.0], ["β = 4, lr = 1"])
    assert marks.marker.color == line.line.color == "blue" and marks.legendgroup == line.legendgroup
    assert marks.showlegend is False
    unknown = overlay([Course("steered", "blue", history.drop(columns="step"), ((15, "β = 4"),))], "distortion")
    assert not any(trace.name == "steered" and trace.meta for trace in unknown.data)
