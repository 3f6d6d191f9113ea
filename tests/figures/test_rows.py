"""Bars of a table's row, and of a codebook's usage: the figures hold the numbers they were given."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.figures.rows import row_bars, usage_bars


def test_bars_hold_the_row_and_hovering_tells_real_values() -> None:
    figure = row_bars([1.0, -2.0], ["alcohol", "<b>hue</b>"], [13.0, 1.0], [0.8, 0.25], before=[0.0, 5.0])
    bars, start = figure.data
    np.testing.assert_array_equal(bars.x, [1.0, -2.0])
    np.testing.assert_allclose(np.asarray(bars.customdata), [[13.8, 13.0, 0.8], [0.5, 1.0, 0.25]])
    assert list(figure.layout.yaxis.ticktext) == ["alcohol", "&lt;b&gt;hue&lt;/b&gt;"], "a column's name is no markup"
    assert list(bars.hovertext) == list(figure.layout.yaxis.ticktext)
    np.testing.assert_allclose(start.customdata, [13.0, 2.25])
    low, high = figure.layout.xaxis.range
    assert low <= -5 and high >= 5, "what stands far out is on the axis too"
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == (-1, 1), "one standard deviation to each side"


def test_long_names_are_cut_beside_the_bar_and_whole_under_the_mouse() -> None:
    figure = row_bars([1.0, 2.0], ["mean concave points of a nucleus"] * 2, [0.0] * 2, [1.0] * 2)
    assert [len(name) for name in figure.layout.yaxis.ticktext] == [24, 24]
    assert figure.data[0].hovertext[0] == "mean concave points of a nucleus" and len(set(figure.data[0].y)) == 2


def test_a_row_needs_as_many_names_as_values() -> None:
    with pytest.raises(ValueError, match="as many"):
        row_bars([1.0, 2.0], ["one"], [0.0], [1.0])


def test_usage_is_sorted_and_sums_to_one() -> None:
    (bars,) = usage_bars(np.array([1, 0, 7])).data
    np.testing.assert_allclose(bars.y, [7 / 8, 1 / 8, 0])
    assert list(bars.customdata) == [2, 0, 1]
    assert sum(usage_bars(np.zeros(3)).data[0].y) == 0
