"""Difference pictures: their sign, their scale, and that no difference hides."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.figures.differences import LEAST, Compared, difference, differences, reach


def test_the_sign_says_which_is_brighter_beyond_what_a_byte_holds() -> None:
    bright, dark = np.full((2, 3), 250, np.uint8), np.full((2, 3), 5, np.uint8)
    assert (difference(bright, dark) == 245).all() and (difference(dark, bright) == -245).all()
    assert (difference(bright, bright) == 0).all()


def test_another_colour_of_the_same_brightness_is_a_difference() -> None:
    red, green = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = green[..., 1] = 200
    assert (np.abs(difference(red, green)) == 200).all()


def test_pictures_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="no difference"):
        difference(np.zeros((2, 2), np.uint8), np.zeros((3, 3), np.uint8))


@pytest.mark.parametrize("channels", [(), (3,)])
def test_all_differences_share_one_scale_about_nothing(channels: tuple[int, ...]) -> None:
    picture = np.zeros((8, 8, *channels), np.uint8)
    small, large = np.full((8, 8), 3.0), np.full((8, 8), -90.0)
    rows = [Compared("A", picture, (small, None)), Compared("B", picture, (large, small))]
    assert reach(rows) == 90 and reach(rows[:1]) == LEAST, "noise is not blown up"
    for theme in ("dark", "light"):
        figure = differences(rows, ("less the sample", "less A"), theme=theme)
        heat = [trace for trace in figure.data if trace.type == "heatmap"]
        assert len(heat) == 3 and all(trace.coloraxis == "coloraxis" for trace in heat)
        axis = figure.layout.coloraxis
        assert (axis.cmin, axis.cmax) == (-90, 90) and "grey levels" in axis.colorbar.title.text
        assert len([trace for trace in figure.data if trace.type == "image"]) == 2
        used = {(trace.xaxis, trace.yaxis) for trace in figure.data}
        assert len(used) == 5, "each in a place of its own"


@pytest.mark.parametrize("models", [1, 2, 3, 4])
def test_rows_lie_below_each_other_within_the_figure(models: int) -> None:
    picture, part = np.zeros((8, 8), np.uint8), np.ones((8, 8))
    layout = differences([Compared(str(i), picture, (part, part)) for i in range(models)], ("a", "b")).layout
    places = [layout[f"yaxis{3 * row + 1 if row else ''}"].domain for row in range(models)]
    edges = [edge for low, high in places for edge in (high, low)]
    assert edges == sorted(edges, reverse=True) and edges[-1] >= 0 and edges[0] <= 1
