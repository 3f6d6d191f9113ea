"""Laws of the mutual information gap."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from vae_core.metrics.disentanglement import equal_width_bins, mig

SIZES = (3, 6, 10)


@pytest.fixture(scope="module")
def factors() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(0, size, 8000) for size in SIZES], 1)


def test_a_perfect_code_scores_one_and_noise_nothing(factors: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(size=(8000, 5))
    assert mig(factors.astype(float), factors).score > 0.99
    assert mig(noise, factors).score < 0.02


def test_the_order_and_sign_of_dimensions_do_not_matter(factors: np.ndarray) -> None:
    codes = factors + np.random.default_rng(2).normal(size=factors.shape) * 0.3
    score = mig(codes, factors).score
    assert mig(codes[:, [2, 0, 1]], factors).score == pytest.approx(score)
    assert mig(-codes, factors, bins=20).score == pytest.approx(score, abs=0.01)


def test_a_rotation_and_a_twin_lower_it(factors: np.ndarray) -> None:
    codes = (factors - factors.mean(0)) / factors.std(0)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    assert mig(codes @ rotation, factors).score < 0.3
    twin = np.concatenate([codes, codes[:, :1]], 1)
    assert mig(twin, factors).gaps[0] == pytest.approx(0, abs=1e-9)


def test_information_is_that_of_scikit_learn(factors: np.ndarray) -> None:
    codes = factors[:, :2] + np.random.default_rng(4).normal(size=(8000, 2))
    result = mig(codes, factors, samples=None)
    binned = equal_width_bins(codes, 20)
    expected = [[mutual_info_score(factors[:, k], binned[:, d]) for d in range(2)] for k in range(3)]
    np.testing.assert_allclose(result.information, expected, atol=1e-9)
    np.testing.assert_allclose(result.entropies, np.log(SIZES), atol=0.01)


def test_one_dimension_competes_with_nothing(factors: np.ndarray) -> None:
    assert mig(factors[:, :1].astype(float), factors).gaps[0] > 0.99


def test_what_does_not_fit_is_said(factors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="same N"):
        mig(np.zeros((3, 2)), factors)
    with pytest.raises(ValueError, match="no factor varies"):
        mig(np.random.rand(10, 2), np.zeros((10, 2), int))
