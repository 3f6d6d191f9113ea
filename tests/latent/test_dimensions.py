"""What a dimension says, told from codes and rates."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.latent.dimensions import describe
from vae_core.metrics.activity import active_units


def test_sorted_by_rate_and_put_to_sleep() -> None:
    generator = np.random.default_rng(0)
    mean = generator.standard_normal((500, 4)) * np.array([0.02, 1.0, 0.9, 3.0])
    rate = np.tile([0.6, 0.01, 2.0, 4.0], (500, 1))
    dimensions = describe(mean, rate)
    assert dimensions.order.tolist() == [3, 2, 0, 1]
    assert dimensions.awake.tolist() == active_units(mean).tolist() == [False, True, True, True]
    np.testing.assert_allclose(dimensions.spread, mean.std(0))
    assert dimensions.reach[0] == 3 and (dimensions.reach >= 3).all()


def test_every_code_is_within_reach() -> None:
    mean = np.random.default_rng(0).standard_normal((500, 3)) * 2
    mean[7, 1] = -11.2
    reach = describe(mean, np.ones_like(mean)).reach
    assert (np.abs(mean) <= reach).all() and reach[1] == 11.5


def test_codes_and_rates_must_match() -> None:
    with pytest.raises(ValueError, match="same shape"):
        describe(np.zeros((3, 2)), np.zeros((3, 3)))
