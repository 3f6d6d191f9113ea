"""Figures of factors and of studies: what stands where, and what can be clicked."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.figures.factors import Standing, factor_matrix, response_curve, score_board
from vae_core.figures.studies import Series, by_weight
from vae_core.figures.template import INKS

NAMES = ("shape", "<b>size</b>")


def matrix(values: np.ndarray, **more: object):
    dims = [f"z{d}" for d in range(values.shape[1])]
    return factor_matrix(values, factors=NAMES, dimensions=dims, measure="information", **more)  # type: ignore[arg-type]


def test_every_cell_has_a_mark_that_knows_its_place() -> None:
    heat, marks = matrix(np.random.default_rng(0).random((2, 7))).data
    assert (heat.zmin, heat.zmax) == (0, 1), "the same colour means the same on every model"
    assert [list(one) for one in marks.customdata] == [[k, d] for k in range(2) for d in range(7)]
    assert list(zip(marks.y, marks.x, strict=True)) == [(k, d) for k in range(2) for d in range(7)]
    assert "<b>size</b>" not in "".join(marks.hovertext), "a name is no markup"


def test_numbers_stand_upon_their_cells_and_the_unknown_stay_empty() -> None:
    values = np.array([[0.97, 0.001, np.nan], [0.2, 0.0, 0.5]])
    figure = matrix(values)
    assert {(note.y, note.x): note.text for note in figure.layout.annotations} == {
        (0, 0): "97", (0, 1): "0", (1, 0): "20", (1, 1): "0", (1, 2): "50"
    }  # fmt: skip
    assert figure.data[1].hovertext[2].endswith("<br>it does not vary here") and "nan" not in str(
        figure.data[1].hovertext
    )
    bright, dark = figure.layout.annotations[0], figure.layout.annotations[2]
    assert bright.font.color != dark.font.color


def test_many_dimensions_have_a_bar_of_colours_in_place_of_numbers() -> None:
    figure = matrix(np.full((2, 60), 0.5))
    assert not figure.layout.annotations and figure.data[0].showscale
    assert not matrix(np.full((2, 6), 0.5)).data[0].showscale


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_chosen_cell_is_framed(theme: str) -> None:
    figure = matrix(np.zeros((2, 4)), chosen=(1, 2), theme=theme)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (1.5, 2.5, 0.5, 1.5)
    assert frame.line.color == INKS[theme].accent  # type: ignore[index]


def test_columns_that_sleep_stand_apart_and_say_so() -> None:
    plain, parted = matrix(np.zeros((2, 5))), matrix(np.zeros((2, 5)), asleep=2, chosen=(0, 1))
    line = next(shape for shape in parted.layout.shapes if shape.name == "asleep")
    assert (line.x0, line.x1) == (2.5, 2.5)
    assert ["span" in name for name in parted.layout.xaxis.ticktext] == [False] * 3 + [True] * 2
    assert ["sleeps" in text for text in parted.data[1].hovertext] == ([False] * 3 + [True] * 2) * 2
    assert [note.text for note in parted.layout.annotations if note.name == "asleep"] == ["asleep"]
    assert not plain.layout.shapes and "span" not in "".join(plain.layout.xaxis.ticktext)
    every = matrix(np.zeros((2, 2)), asleep=2)
    assert not every.layout.shapes, "a line before the first column parts nothing"


def test_a_rows_note_stands_in_the_hover_of_its_cells() -> None:
    words = matrix(np.zeros((2, 2)), notes=("Guessing: 33%", "Guessing: <3%")).data[1].hovertext
    assert ["33%" in text for text in words] == [True, True, False, False] and "<3%" not in words[3]
    with pytest.raises(ValueError, match="2 factors need as many notes, not 1"):
        matrix(np.zeros((2, 2)), notes=("one",))


def test_a_matrix_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="2 factors and 3 dimensions"):
        factor_matrix(np.zeros((3, 2)), factors=NAMES, dimensions=["a", "b", "c"], measure="x")


def test_a_curve_of_words_has_bars_and_one_of_numbers_a_band() -> None:
    mean, spread = np.arange(3.0), np.full(3, 0.5)
    words = response_curve([0, 1, 2], mean, spread, names=("a", "b", "c"), titles=("form", "z1"))
    assert list(words.layout.xaxis.ticktext) == ["a", "b", "c"] and list(words.data[0].error_y.array) == [0.5] * 3
    many = [str(v) for v in range(32)]
    band = response_curve([0, 5, 31], mean, spread, names=many, titles=("x", "z1"), own=([0, 31], np.array([1.0, 2.0])))
    upper, lower, line, own = band.data
    assert np.allclose(upper.y, mean + 0.5) and np.allclose(lower.y, mean - 0.5) and lower.fill == "tonexty"
    assert np.allclose(line.y, mean) and list(own.x) == [0, 31]


def test_the_board_has_a_line_for_each_score_with_interval_and_known_codes() -> None:
    known = {"perfect": 1.0, "noise": 0.1}
    figure = score_board([Standing("MIG", 0.4, (0.35, 0.5), known), Standing("SAP", 0.2, (0.1, 0.3), known)])
    *marks, mine = figure.data
    assert [trace.name for trace in marks] == ["perfect", "noise"] and list(marks[1].x) == [0.1, 0.1]
    assert np.allclose(mine.error_x.array, [0.1, 0.1]) and np.allclose(mine.error_x.arrayminus, [0.05, 0.1])
    assert list(mine.y) == ["MIG", "SAP"] and figure.layout.yaxis.autorange == "reversed"


def test_by_weight_shows_every_seed_and_the_median() -> None:
    figure = by_weight([Series("β-VAE", "#123456", {4.0: [0.1, 0.5, 0.3], 1.0: [0.2]})], "MIG")
    seeds, medians = figure.data
    assert list(seeds.x) == [1, 4, 4, 4] and sorted(seeds.y) == [0.1, 0.2, 0.3, 0.5]
    assert list(medians.x) == [1, 4] and list(medians.y) == [0.2, 0.3] and figure.layout.xaxis.type == "log"
    assert not by_weight([], "MIG").data
