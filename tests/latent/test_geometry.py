"""Laws of walks, grids and distances between codes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.latent.geometry import (
    corner_grid,
    lerp,
    path,
    slerp,
    typical_distance,
    zones,
)

codes = st.integers(2, 8).flatmap(
    lambda size: st.tuples(
        *(st.lists(st.floats(-4, 4).map(lambda x: round(x, 3)), min_size=size, max_size=size) for _ in "ab")
    )
).map(lambda pair: tuple(np.array(values) for values in pair))
parts = st.floats(0, 1)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


@given(codes)
def test_both_walks_begin_at_a_and_end_at_b(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    for walk in (lerp, slerp):
        np.testing.assert_allclose(walk(a, b, 0.0), a, atol=1e-9)
        np.testing.assert_allclose(walk(a, b, 1.0), b, atol=1e-6)


@given(codes, parts)
def test_both_walks_go_back_the_way_they_came(pair: tuple[np.ndarray, np.ndarray], t: float) -> None:
    a, b = pair
    for walk in (lerp, slerp):
        forth, back = walk(a, b, t), walk(b, a, 1 - t)
        if walk is slerp and np.linalg.norm(a) and np.linalg.norm(b) and np.pi - angle(a, b) < 1e-4:
            continue  # near opposite directions the way is decided by rounding
        np.testing.assert_allclose(forth, back, atol=1e-6)


def test_opposite_codes_go_the_same_way_back() -> None:
    a = np.array([3.0, 0.2, -1.0])
    t = np.linspace(0, 1, 7)
    np.testing.assert_allclose(slerp(a, -2 * a, t), slerp(-2 * a, a, 1 - t), atol=1e-9)


def test_opposite_codes_keep_off_the_centre() -> None:
    a = np.array([3.0, 0.2, -1.0])
    walk = slerp(a, -a, np.linspace(0, 1, 41))
    np.testing.assert_allclose(np.linalg.norm(walk, axis=1), np.linalg.norm(a))
    assert np.abs(lerp(a, -a, 0.5)).max() == 0


def test_a_line_has_no_circle_to_turn_on() -> None:
    a, b = np.array([2.0]), np.array([-1.0])
    np.testing.assert_allclose(slerp(a, b, np.linspace(0, 1, 5)), lerp(a, b, np.linspace(0, 1, 5)))


@given(codes)
def test_the_sphere_is_walked_at_constant_speed(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    if min(np.linalg.norm(a), np.linalg.norm(b)) < 1e-2 or not 1e-3 < angle(a, b) < np.pi - 1e-3:
        return
    walk = slerp(a, b, np.linspace(0, 1, 9))
    turns = [angle(here, there) for here, there in pairwise(walk)]
    np.testing.assert_allclose(turns, angle(a, b) / 8, rtol=1e-4)
    lengths = np.linalg.norm(walk, axis=1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], 9), rtol=1e-6)


@given(codes, st.floats(0.1, 5), parts)
def test_parallel_codes_walk_straight(pair: tuple[np.ndarray, np.ndarray], factor: float, t: float) -> None:
    a = pair[0]
    np.testing.assert_allclose(slerp(a, factor * a, t), lerp(a, factor * a, t), atol=1e-4)


def test_a_code_without_direction_walks_straight() -> None:
    a, b = np.zeros(3), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(slerp(a, b, 0.25), b / 4)


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_a_path_holds_its_ends_exactly(kind: str) -> None:
    a, b = np.random.default_rng(1).standard_normal((2, 16)).astype(np.float32)
    walk = path(a, b, 11, kind)
    assert walk.shape == (11, 16) and walk.dtype == np.float32
    assert (walk[0] == a).all() and (walk[-1] == b).all()


def test_a_path_refuses_what_it_is_not() -> None:
    a = np.ones(2)
    with pytest.raises(ValueError, match="two ends"):
        path(a, a, 1, "linear")
    with pytest.raises(ValueError, match="linear"):
        path(a, a, 5, "geodesic")  # type: ignore[arg-type]


def test_the_corner_grid_has_its_corners_and_straight_edges() -> None:
    a, b, c, d = np.random.default_rng(2).standard_normal((4, 5)).astype(np.float32)
    grid = corner_grid(a, b, c, d, 7)
    assert grid.shape == (7, 7, 5)
    for corner, code in zip(((0, 0), (0, 6), (6, 0), (6, 6)), (a, b, c, d), strict=True):
        np.testing.assert_allclose(grid[corner], code, rtol=1e-6)
    np.testing.assert_allclose(grid[0], lerp(a, b, np.linspace(0, 1, 7)), atol=1e-6)
    np.testing.assert_allclose(grid[:, 6], lerp(b, d, np.linspace(0, 1, 7)), atol=1e-6)
    np.testing.assert_allclose(grid[3, 3], (a + b + c + d) / 4, atol=1e-6)


def test_typical_distances_are_ordered_and_need_two_places() -> None:
    typical = typical_distance(np.random.default_rng(5).standard_normal((400, 2)))
    assert 0 < typical.median < typical.inside < typical.edge
    with pytest.raises(ValueError, match="two codes"):
        typical_distance(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="one place"):
        typical_distance(np.zeros((9, 2)))


def test_zones_are_those_of_the_nearest_code_by_brute_force() -> None:
    generator = np.random.default_rng(0)
    seen = generator.standard_normal((200, 3))
    typical = typical_distance(seen)
    codes = np.concatenate([seen[:50], 1.5 * generator.standard_normal((100, 3)), [[9.0, 9.0, 9.0]]])
    nearest = np.linalg.norm(codes[:, None] - seen[None], axis=2).min(1)
    expected = [0 if d <= typical.inside else 1 if d <= typical.edge else 2 for d in nearest]
    assert zones(codes, seen, typical).tolist() == expected
    assert expected[:50] == [0] * 50 and expected[-1] == 2 and 1 in expected
