"""What a dimension says, told from codes and rates."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.latent.dimensions import describe


def test_sorted_by_rate_and_put_to_sleep() -> None:
    generator = np.random.default_rng(0)
    mean = generator.standard_normal((500, 4)) * np.array([0.02, 1.0, 0.9, 3.0])
    rate = np.tile([0.6, 0.01, 2.0, 4.0], (500, 1))
    dimensions = describe(mean, rate)
    assert dimensions.order.tolist() == [3, 2, 0, 1]
    assert dimensions.awake.tolist() == [False, False, True, True], "a code that stays, a rate of nothing, two awake"
    np.testing.assert_allclose(dimensions.spread, mean.std(0))
    assert dimensions.reach[:3].tolist() == [3, 3, 3]
    assert dimensions.reach[3] > np.quantile(np.abs(mean[:, 3]), 0.99)


def test_codes_and_rates_must_match() -> None:
    with pytest.raises(ValueError, match="same shape"):
        describe(np.zeros((3, 2)), np.zeros((3, 3)))
