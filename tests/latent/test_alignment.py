"""Frames of a film lie on each other: turning takes away what the axes did, and no distance is changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core.latent.alignment import aligned, flat, principal


def places(seed: int, n: int = 40, dims: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, dims)) * np.linspace(1, 3, dims)


def turned(xy: np.ndarray, angle: float, mirrored: bool) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return xy @ turn @ np.diag([1, -1 if mirrored else 1])


def distances(xy: np.ndarray) -> np.ndarray:
    return np.linalg.norm(xy[:, None] - xy[None], axis=-1)


@settings(deadline=None)
@given(st.integers(0, 2**20), st.floats(0, 6.3), st.booleans(), st.floats(-50, 50))
def test_a_turned_and_mirrored_copy_lies_where_it_was(seed: int, angle: float, mirrored: bool, shift: float) -> None:
    before = places(seed)
    np.testing.assert_allclose(aligned(turned(before, angle, mirrored) + shift, before), before, atol=1e-4)


@settings(deadline=None)
@given(st.integers(0, 2**20), st.integers(0, 2**20))
def test_no_distance_is_changed(seed: int, other: int) -> None:
    frame = places(seed)
    np.testing.assert_allclose(distances(aligned(frame, places(other))), distances(frame), atol=1e-4)


@settings(deadline=None)
@given(st.integers(0, 2**20), st.floats(0, 6.3), st.booleans())
def test_no_turn_lies_closer(seed: int, angle: float, mirrored: bool) -> None:
    before, frame = places(seed), places(seed + 1)
    before, frame = before - before.mean(0), frame - frame.mean(0)
    best = np.square(aligned(frame, before) - before).sum()
    assert best <= np.square(turned(frame, angle, mirrored) - before).sum() + 1e-3


def test_places_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be laid"):
        aligned(places(0, 3), places(0, 4))


def test_one_or_two_dimensions_are_their_own_plane() -> None:
    two = places(1)
    np.testing.assert_array_equal(flat(two), two.astype(np.float32))
    np.testing.assert_array_equal(flat(two[:, :1])[:, 0], two[:, 0].astype(np.float32))
    assert not flat(two[:, :1])[:, 1].any()


@pytest.mark.parametrize("n", [0, 1, 2, 40])
def test_more_dimensions_come_flat_by_largest_variance(n: int) -> None:
    from sklearn.decomposition import PCA

    codes = places(2, n, 7)
    assert flat(codes).shape == (n, 2)
    if n == 40:
        np.testing.assert_allclose(np.abs(flat(codes)), np.abs(PCA(2).fit_transform(codes)), atol=1e-4)


def test_all_principal_coordinates_keep_all_distances() -> None:
    codes = places(3, 30, 100)
    np.testing.assert_allclose(distances(principal(codes, 64)), distances(codes), rtol=1e-4, atol=1e-4)
