from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from vae_core.figures.curves import curves, mark_changes, rate_bars
from vae_core.figures.maps import (
    Colouring,
    Ellipse,
    Path,
    ellipse_outline,
    factor_colouring,
    map_figure,
    point_size,
)
from vae_core.figures.template import CLASS_COLOURS, INKS, class_colour, template

N = 200
RNG = np.random.default_rng(0)
XY = RNG.normal(size=(N, 2)).astype(np.float32)
CLASSES = RNG.integers(0, 4, N)
AXES = ("z0", "z1")


def role(figure: go.Figure, name: str) -> list:
    return [trace for trace in figure.data if trace.meta["role"] == name]


def luminance(colour: str) -> float:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


# ---- the look


def test_class_colours_are_ten_different_ones_that_show_on_the_dark_page() -> None:
    assert len(set(CLASS_COLOURS)) == 10
    assert min(contrast(colour, INKS["dark"].background) for colour in CLASS_COLOURS) > 2.5
    assert class_colour(13) == class_colour(3)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_is_readable_and_backgrounds_are_the_pages(theme) -> None:
    ink = INKS[theme]
    assert contrast(ink.text, ink.background) > 7 and contrast(ink.faint, ink.background) > 4.5
    layout = template(theme).layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


# ---- the map


def test_each_sample_is_one_point_in_its_class_colour() -> None:
    figure = map_figure(XY, Colouring("class", CLASSES, ("a", "b", "c", "d")), AXES)
    seen = []
    for trace in role(figure, "points"):
        rows = np.asarray(trace.customdata)
        number = "abcd".index(trace.name)
        assert (CLASSES[rows] == number).all() and trace.marker.color == class_colour(number)
        np.testing.assert_array_equal(np.stack([trace.x, trace.y], 1), XY[rows])
        seen.extend(rows)
    assert sorted(seen) == list(range(N))
    assert figure.layout.showlegend


def test_an_ordered_quantity_has_a_scale_and_its_largest_on_top() -> None:
    values = RNG.normal(size=N)
    figure = map_figure(XY, Colouring("distortion", values, unit="nats"), AXES)
    (points,) = role(figure, "points")
    np.testing.assert_allclose(points.marker.color, values[points.customdata], rtol=1e-6)
    assert (np.diff(points.marker.color) >= 0).all()
    assert points.marker.colorbar.title.text == "distortion (nats)"
    assert not figure.layout.showlegend


def test_a_quantity_that_never_changes_still_has_a_scale() -> None:
    (points,) = role(map_figure(XY, Colouring("rate", np.zeros(N)), AXES), "points")
    assert points.marker.cmax > points.marker.cmin


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="200 samples"):
        map_figure(XY, Colouring("class", CLASSES[:-1], ("a",)), AXES)


def test_axes_are_named_and_a_unit_is_as_long_both_ways() -> None:
    layout = map_figure(XY, None, AXES).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == AXES
    assert layout.yaxis.scaleanchor == "x" and layout.yaxis.scaleratio == 1


@pytest.mark.parametrize("seed", range(5))
def test_an_ellipse_has_the_right_axes(seed: int) -> None:
    """Every point of the outline lies `deviations` standard deviations from the centre (Mahalanobis)."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(2, 2))
    covariance, centre = mix @ mix.T, rng.normal(size=2)
    outline = ellipse_outline(Ellipse(centre, covariance, 2.5)) - centre
    distance = np.sqrt(np.einsum("pi,ij,pj->p", outline, np.linalg.inv(covariance), outline))
    np.testing.assert_allclose(distance, 2.5, rtol=1e-6)
    np.testing.assert_allclose(outline[0], outline[-1], atol=1e-9)


def test_an_upright_ellipse_is_as_wide_as_its_deviations() -> None:
    outline = ellipse_outline(Ellipse(np.zeros(2), np.diag([4.0, 0.25]), 2.0), points=401)
    np.testing.assert_allclose(np.abs(outline).max(axis=0), [4.0, 1.0], rtol=1e-4)


def test_overlays_lie_where_they_belong() -> None:
    walk = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])
    figure = map_figure(
        XY,
        None,
        AXES,
        tray=[5, 7],
        picked=9,
        ellipses=[Ellipse(XY[9], np.eye(2))],
        paths=[Path(walk, "linear")],
    )
    ellipse, path, tray, picked = role(figure, "overlay")
    assert ellipse.fill == "toself"
    np.testing.assert_array_equal(np.stack([path.x, path.y], 1), walk)
    np.testing.assert_array_equal(np.stack([tray.x, tray.y], 1), XY[[5, 7]])
    np.testing.assert_array_equal(np.stack([picked.x, picked.y], 1), XY[[9]])


def test_points_get_smaller_as_maps_get_crowded() -> None:
    sizes = [point_size(n) for n in (0, 100, 1797, 20_000, 70_000, 10**7)]
    assert all(a >= b for a, b in itertools.pairwise(sizes)) and sizes[-1] >= 2


def test_factors_are_kinds_or_amounts() -> None:
    values = np.arange(6)
    assert factor_colouring("shape", values % 3, 3).names == ("0", "1", "2")
    assert factor_colouring("shape", values % 3, 3, ("square", "ellipse", "heart")).names is not None
    assert factor_colouring("scale", values, 6).names is None


# ---- curves


def history() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": [0, 10, 20],
            "distortion": [3.0, 2.0, 1.0],
            "rate": [0.1, 0.2, 0.3],
            "validation_distortion": [None, 2.5, None],
        }
    )


def test_curves_are_the_history() -> None:
    figure = curves(history())
    by_name = {trace.name: trace for trace in figure.data}
    assert set(by_name) == {"distortion", "rate", "distortion, validation"}
    np.testing.assert_array_equal(by_name["rate"].y, [0.1, 0.2, 0.3])
    np.testing.assert_array_equal(by_name["distortion, validation"].x, [10])
    with pytest.raises(ValueError, match="step"):
        curves(pd.DataFrame({"distortion": [1.0]}))


def test_changes_are_marked_where_they_were_made() -> None:
    figure = curves(pd.DataFrame({"step": [0, 100], "rate": [0.0, 1.0]}), columns=("rate",))
    mark_changes(figure, [(10, "β = 4"), (50, "β = 2"), (50, "Learning rate = 0.1"), (52, "β = 1")])
    assert [shape.x0 for shape in reversed(figure.layout.shapes)] == [10, 50, 52]
    said = {mark.x: mark.text for mark in figure.layout.annotations}
    assert said == {52: "β = 1", 10: "β = 4"}, "words that would lie upon each other are left out, the newest stay"
    mark_changes(curves(pd.DataFrame({"step": []})), [(0, "β = 4")])


def test_rate_bars_are_sorted_named_and_fade_where_dead() -> None:
    (bars,) = rate_bars(np.array([0.5, 3.0, 0.0]), names={1: "tilt"}).data
    assert list(bars.text) == ["tilt", "z0", "z2"]
    np.testing.assert_array_equal(bars.y, [3.0, 0.5, 0.0])
    assert bars.marker.color[2] == INKS["dark"].faint != bars.marker.color[0]
    (still,) = rate_bars(np.array([0.5, 3.0, 0.0]), ordered=False).data
    assert list(still.text) == ["z0", "z1", "z2"]


def test_names_are_shown_letter_by_letter() -> None:
    """Plotly takes tags for markup in every text it shows, links among them."""
    evil = '<a href="https://example.org">T-shirt</a> & <b>top</b>'
    ordered = Colouring(evil, RNG.normal(size=N), unit=evil)
    figures = [
        map_figure(XY, Colouring(evil, CLASSES, (evil,) * 4), (evil, evil), paths=[Path(XY[:3], evil)]),
        map_figure(XY, ordered, AXES),
        rate_bars(np.array([0.5, 3.0]), names={0: evil, 1: evil}),
    ]
    for figure in figures:
        said = figure.to_json()
        assert "&lt;a href" in said or "\\u0026lt;a href" in said
        assert "<a" not in said and "\\u003ca" not in said
