"""How codes answer to factors: laws on codes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data.sprites_colour import GRID
from vae_core.response import diagonal_order, response, true_sweep, values_in_words


def made(samples: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Codes: the first factor, minus it with noise of 2, noise alone, nothing; factors of 5 and 3 values."""
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, 5, samples), rng.integers(0, 3, samples)], axis=1)
    noise = rng.standard_normal((samples, 2))
    first = factors[:, 0].astype(np.float64)
    return np.stack([first, 2 * noise[:, 0] - first, noise[:, 1], np.zeros(samples)], axis=1), factors


def test_a_response_has_the_mean_and_the_spread_of_each_value() -> None:
    codes, factors = made()
    answer = response(codes, factors, 0)
    assert answer.values.tolist() == [0, 1, 2, 3, 4] and answer.count.sum() == len(codes)
    assert np.allclose(answer.mean[:, 0], range(5)) and np.allclose(answer.spread[:, 0], 0)
    for value in range(5):  # by brute force
        part = codes[factors[:, 0] == value]
        assert np.allclose(answer.mean[value], part.mean(axis=0)) and np.allclose(
            answer.spread[value], part.std(axis=0)
        )


def test_what_is_explained_is_all_part_or_nothing() -> None:
    codes, factors = made()
    explained = response(codes, factors, 0).explained
    assert explained[0] == pytest.approx(1) and explained[3] == 0
    assert explained[1] == pytest.approx(2 / (2 + 4), abs=0.03), "the factor's variance is 2, the noise's 4"
    assert explained[2] < 0.01 and response(codes, factors, 1).explained.max() < 0.01


def test_the_direction_is_that_of_the_line_through_the_means() -> None:
    codes, factors = made()
    answer = response(codes, factors, 0)
    assert answer.rises(0) and not answer.rises(1)


@pytest.mark.parametrize(
    ("codes", "factors", "factor", "says"),
    [
        (np.zeros((3, 2)), np.zeros((4, 1), int), 0, "same N"),
        (np.zeros((0, 2)), np.zeros((0, 1), int), 0, "same N"),
        (np.zeros((3, 2)), np.zeros((3, 1), int), 1, "factors 0 to 0, not 1"),
    ],
)
def test_what_does_not_fit_is_one_sentence(codes: np.ndarray, factors: np.ndarray, factor: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        response(codes, factors, factor)


@pytest.mark.parametrize("factor", range(6))
def test_a_true_sweep_moves_one_factor_and_keeps_the_others(factor: int) -> None:
    factors = GRID.all_factors().numpy()
    base = factors[70_001]
    rows = true_sweep(factors, base, factor, 5)
    swept = factors[rows]
    assert len(rows) == min(5, GRID.sizes[factor])
    assert (np.delete(swept, factor, axis=1) == np.delete(base, factor)).all()
    assert (
        swept[0, factor] == 0 and swept[-1, factor] == GRID.sizes[factor] - 1 and (np.diff(swept[:, factor]) > 0).all()
    )
    # and so do the pictures: a hue changes no brightness
    if factor == 5:
        shown = GRID.render(torch.from_numpy(swept)).amax(1)
        assert (shown == shown[0]).all()


def test_a_true_sweep_goes_through_the_values_that_there_are() -> None:
    factors = np.array([[0, 0], [2, 0], [2, 0], [3, 1], [5, 0]])
    assert true_sweep(factors, factors[0], 0, 9).tolist() == [0, 1, 4]
    assert true_sweep(factors, factors[3], 0, 9).tolist() == [3]


def test_the_order_makes_a_permuted_code_a_diagonal() -> None:
    rng = np.random.default_rng(1)
    share = np.zeros((4, 6))
    shuffled = rng.permutation(6)
    for factor in range(4):
        share[factor, shuffled[factor]] = 0.9
    awake = np.ones(6, bool)
    awake[shuffled[4:]] = False
    order = diagonal_order(share, awake)
    assert order[:4].tolist() == shuffled[:4].tolist() and set(order[4:]) == set(shuffled[4:])


def test_values_have_words_where_the_data_has_them() -> None:
    from vae_core.data import load_dataset

    grammar, sprites = load_dataset("grammar").info, load_dataset("sprites-colour").info
    assert values_in_words(grammar, 1) == ("singular", "plural")
    assert values_in_words(sprites, 0) == sprites.class_names and values_in_words(sprites, 1) == ("0", "1", "2")
