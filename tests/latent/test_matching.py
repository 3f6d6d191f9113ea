"""Matching of dimensions: what was shuffled and turned round is found again, and chance is not taken for a partner."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from vae_core.latent.matching import correlations, match

SAMPLES = 400


def codes(dims: int, seed: int = 0, n: int = SAMPLES) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dims))


@given(order=some.permutations(range(6)), signs=some.lists(some.sampled_from([-1, 1]), min_size=6, max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_shuffled_and_flipped_code_is_matched_exactly(order: list[int], signs: list[int]) -> None:
    first = codes(6)
    scale, shift = np.linspace(0.1, 9, 6), np.arange(6) - 3.0  # neither of them changes a correlation
    second = (first * signs)[:, order] * scale + shift
    found = match(first, second)
    assert {(pair.first, pair.second) for pair in found.pairs} == {(d, order.index(d)) for d in range(6)}
    assert all(pair.sign == signs[pair.first] for pair in found.pairs)
    np.testing.assert_allclose([abs(pair.correlation) for pair in found.pairs], 1)
    assert found.alone == ((), ()) and found.samples == SAMPLES


def test_noise_gets_a_partner_but_hardly_a_correlation() -> None:
    found = match(codes(8, n=4000), codes(8, seed=1, n=4000))
    assert len(found.pairs) == 8
    assert max(abs(pair.correlation) for pair in found.pairs) < 0.08, "five standard errors of 1 / sqrt(n)"


def test_what_is_shared_is_found_beneath_noise_with_its_strength() -> None:
    first = codes(3, n=20_000)
    second = np.stack([0.6 * first[:, 2] + 0.8 * codes(1, 5, 20_000)[:, 0], -first[:, 0], codes(1, 6, 20_000)[:, 0]], 1)
    strong, fair, weak = match(first, second).pairs
    assert (strong.first, strong.second, strong.sign) == (0, 1, -1) and strong.correlation == pytest.approx(-1)
    assert (fair.first, fair.second) == (2, 0) and fair.correlation == pytest.approx(0.6, abs=0.03)
    assert abs(weak.correlation) < 0.05


@pytest.mark.parametrize(("longer", "shorter"), [(5, 2), (7, 1)])
def test_of_different_lengths_the_longer_keeps_dimensions_alone(longer: int, shorter: int) -> None:
    first = codes(longer)
    second = first[:, ::-1][:, :shorter]
    one, other = match(first, second), match(second, first)
    assert {(pair.first, pair.second) for pair in one.pairs} == {(longer - 1 - d, d) for d in range(shorter)}
    assert {(pair.second, pair.first) for pair in other.pairs} == {(pair.first, pair.second) for pair in one.pairs}
    assert one.alone == (tuple(range(longer - shorter)), ()) and other.alone == ((), one.alone[0])


def test_no_other_pairing_has_a_larger_sum() -> None:
    first = codes(5)
    second = first @ codes(5, 3, 5) + codes(5, 4)  # each mixes all
    found = match(first, second)
    strength = np.abs(correlations(first, second))
    best = max(strength[np.arange(5), list(order)].sum() for order in permutations(range(5)))
    assert sum(abs(pair.correlation) for pair in found.pairs) == pytest.approx(best)
    ordered = [abs(pair.correlation) for pair in found.pairs]
    assert ordered == sorted(ordered, reverse=True)
    np.testing.assert_allclose(found.correlations, np.corrcoef(first.T, second.T)[:5, 5:])


def test_a_dimension_that_never_moves_has_no_correlation() -> None:
    first = codes(2)
    first[:, 1] = 3.0
    found = match(first, codes(2, seed=0))
    assert np.isfinite(found.correlations).all() and (found.correlations[1] == 0).all()
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 0), (1, 1)]


@pytest.mark.parametrize(("first", "second"), [((4, 2), (5, 2)), ((1, 2), (1, 2)), ((4,), (4, 2))])
def test_codes_of_other_samples_are_refused(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="same two or more samples"):
        match(np.zeros(first), np.zeros(second))
