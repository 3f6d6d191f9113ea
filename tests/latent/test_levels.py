"""Laws of keeping coarse levels and drawing fine ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.latent.levels import resample

LEVELS = ((0, 2), (2, 6), (6, 14))


@given(keep=st.integers(0, 3), count=st.integers(1, 5), n=st.integers(1, 4), seed=st.integers(0, 99))
def test_what_is_kept_is_kept_and_the_rest_is_another(keep: int, count: int, n: int, seed: int) -> None:
    codes = np.random.default_rng(seed).standard_normal((n, 14)).astype(np.float32)
    before = codes.copy()
    made = resample(codes, LEVELS, keep, count, seed=seed + 1)
    first = (0, 2, 6, 14)[keep]
    assert made.shape == (n, count, 14) and made.dtype == np.float32
    np.testing.assert_array_equal(made[..., :first], np.broadcast_to(codes[:, None, :first], made[..., :first].shape))
    assert (made[..., first:] != codes[:, None, first:]).all()
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(resample(codes[0], LEVELS, keep, count, seed=seed + 1), made[0])


def test_what_is_drawn_is_normal_and_as_wide_as_the_temperature() -> None:
    drawn = resample(np.full(14, 9.0), LEVELS, 1, 20_000, temperature=0.5)[:, 2:]
    np.testing.assert_allclose(drawn.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), 0.25 * np.eye(12), atol=0.02)
    assert (resample(np.full(14, 9.0), LEVELS, 1, 3, temperature=0)[:, 2:] == 0).all()


def test_codes_share_their_draws_whatever_is_kept() -> None:
    codes = np.random.default_rng(1).standard_normal((3, 14))
    made = [resample(codes, LEVELS, keep, 4, seed=7) for keep in (0, 1, 2)]
    np.testing.assert_array_equal(made[0][0], made[0][2])
    np.testing.assert_array_equal(made[1][..., 6:], made[2][..., 6:])
    assert (resample(codes, LEVELS, 0, 4, seed=8) != made[0]).all()


@pytest.mark.parametrize(
    ("levels", "keep", "count", "temperature", "words"),
    [
        ((), 0, 1, 1.0, "do not divide"),
        (((0, 2), (2, 6)), 0, 1, 1.0, "do not divide 14"),
        (((0, 2), (3, 14)), 0, 1, 1.0, "do not divide 14"),
        (LEVELS, 4, 1, 1.0, "can be kept"),
        (LEVELS, -1, 1, 1.0, "can be kept"),
        (LEVELS, 1, 0, 1.0, "0 draws"),
        (LEVELS, 1, 1, -1.0, "temperature -1"),
    ],
)
def test_what_is_no_ladder_is_refused(
    levels: tuple[tuple[int, int], ...], keep: int, count: int, temperature: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        resample(np.zeros(14), levels, keep, count, temperature=temperature)
