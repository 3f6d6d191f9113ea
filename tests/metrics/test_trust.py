from __future__ import annotations

import numpy as np
import pytest

from vae_core.metrics.trust import trustworthiness


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)


def test_a_map_that_is_the_plane_itself_is_wholly_trustworthy(codes: np.ndarray) -> None:
    assert trustworthiness(codes, codes).value == 1.0


def test_turning_and_stretching_a_map_changes_nothing(codes: np.ndarray) -> None:
    turned = codes @ np.array([[0.0, -3.0], [3.0, 0.0]], dtype=np.float32) + 7
    assert trustworthiness(codes, turned).value == pytest.approx(1.0, abs=1e-4)


def test_a_map_by_chance_is_about_half_trustworthy(codes: np.ndarray) -> None:
    chance = np.random.default_rng(1).normal(size=codes.shape)
    assert 0.4 < trustworthiness(codes, chance).value < 0.6


def test_it_is_computed_on_a_stated_repeatable_subsample(codes: np.ndarray) -> None:
    low = codes[:, ::-1] ** 3
    first, second = (trustworthiness(codes, low, subsample=100, seed=3) for _ in range(2))
    assert first == second
    assert (first.samples, first.of, first.neighbors) == (100, 400, 15)


def test_a_small_map_lowers_k_and_says_so() -> None:
    few = np.random.default_rng(0).normal(size=(8, 2))
    assert trustworthiness(few, few).neighbors == 3


def test_it_refuses_what_does_not_match(codes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one place for each code"):
        trustworthiness(codes, codes[:-1])
    with pytest.raises(ValueError, match="at least 3"):
        trustworthiness(codes[:2], codes[:2])
