"""Laws of draws around samples: temperature 0 is their mean, the covariance is theirs, what they share stays."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.latent.draws import ALONE, Draws, around

CODES = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
STD = np.full((5, 3), 0.2, np.float32)
SPREAD = np.array([1.0, 2.0, 3.0])


def test_at_zero_all_draws_are_the_mean() -> None:
    drawn = around(CODES, STD, SPREAD).draws(7, seed=3).at(0)
    np.testing.assert_allclose(drawn, np.repeat(CODES.mean(0)[None], 7, 0), atol=1e-6)


def test_at_one_they_spread_as_the_samples_do() -> None:
    drawn = around(CODES, STD, SPREAD).draws(40_000, seed=0).at(1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(CODES.T) + np.diag(STD[0] ** 2), atol=0.05)


def test_what_points_share_stays() -> None:
    codes = CODES.copy()
    codes[:, 1] = 4
    assert (around(codes, np.zeros_like(codes), SPREAD).draws(50, seed=0).at(2)[:, 1] == 4).all()


def test_a_single_sample_has_its_own_spread_and_a_point_a_part_of_all() -> None:
    one = around(CODES[:1], STD[:1], SPREAD).draws(20_000, seed=0).at(1)
    np.testing.assert_allclose(one.std(0), STD[0], rtol=0.03)
    point = around(CODES[:1], np.zeros((1, 3)), SPREAD).draws(20_000, seed=0).at(1)
    np.testing.assert_allclose(point.std(0), ALONE * SPREAD, rtol=0.03)


def test_around_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        around(CODES[:0], STD[:0], SPREAD)


def test_without_an_offset_a_temperature_changes_nothing() -> None:
    np.testing.assert_array_equal(Draws(CODES, None).at(0.2), CODES)
