"""Laws of the scores: what perfect, random, rotated and doubled codes get."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from vae_core.metrics.disentanglement import (
    beta_vae_score,
    dci,
    equal_width_bins,
    factor_vae_score,
    mig,
    modularity,
    sap,
)

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


FEW = {"train_votes": 400, "evaluation_votes": 400}
SCORES = {
    "mig": mig,
    "dci": lambda c, f, **kw: dci(c, f, regressor="forest", train_samples=1500, test_samples=700, **kw),
    "sap": lambda c, f, **kw: sap(c, f, train_samples=3000, test_samples=1500, **kw),
    "modularity": modularity,
    "factor_vae": lambda c, f, **kw: factor_vae_score(c, f, **FEW, **kw),
    "beta_vae": lambda c, f, **kw: beta_vae_score(c, f, train_points=400, evaluation_points=400, **kw),
}
# chance: what a code that knows nothing gets (three factors to choose from)
CHANCE = {"factor_vae": 1 / 3, "beta_vae": 1 / 3}


@pytest.fixture(scope="module")
def perfect(factors: np.ndarray) -> np.ndarray:
    return (factors - factors.mean(0)) / factors.std(0)


@pytest.mark.parametrize("name", SCORES)
def test_every_score_tells_a_perfect_code_from_noise(name: str, factors: np.ndarray, perfect: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(size=(8000, 3))
    best, worst = SCORES[name](perfect, factors).score, SCORES[name](noise, factors).score
    if name == "sap":  # a linear machine on one dimension cannot order ten classes: its best is below 1
        assert best > 0.25
    else:
        assert best > 0.95
    if name == "modularity":  # noise tells each factor equally little: only its estimate is noisy
        assert worst < best
    else:
        assert worst < CHANCE.get(name, 0.0) + 0.12


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_lowered_by_a_rotation(name: str, factors: np.ndarray, perfect: np.ndarray) -> None:
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    straight, turned = SCORES[name](perfect, factors).score, SCORES[name](perfect @ rotation, factors).score
    # a linear classifier sees through a rotation in part: that is a known weakness of the beta-VAE score
    assert turned < straight - (0.0 if name == "beta_vae" else 0.1)


@pytest.mark.parametrize("name", ["mig", "modularity", "factor_vae"])
def test_the_order_of_dimensions_changes_nothing(name: str, factors: np.ndarray, perfect: np.ndarray) -> None:
    one, two = SCORES[name](perfect, factors).score, SCORES[name](perfect[:, [2, 0, 1]], factors).score
    assert one == pytest.approx(two, abs=1e-9)


def test_a_twin_hurts_gaps_and_leaves_disentanglement(factors: np.ndarray, perfect: np.ndarray) -> None:
    twin = np.concatenate([perfect, perfect[:, :1]], 1)
    assert SCORES["sap"](twin, factors).gaps[0] == pytest.approx(0, abs=1e-9)
    both = SCORES["dci"](twin, factors)
    assert both.score > 0.95 and both.completeness < 0.95  # each twin serves one factor, that factor has two


def test_a_sampler_serves_as_the_arrays_do(factors: np.ndarray, perfect: np.ndarray) -> None:
    def sampler(wanted: np.ndarray) -> np.ndarray:
        return (wanted - factors.mean(0)) / factors.std(0)

    assert factor_vae_score(perfect, factors, sampler=sampler, **FEW).score == 1
    assert beta_vae_score(perfect, factors, sampler=sampler, train_points=300, evaluation_points=300).score > 0.99


def test_dead_dimensions_take_no_part_in_the_vote(factors: np.ndarray, perfect: np.ndarray) -> None:
    dead = np.concatenate([perfect, np.random.default_rng(5).normal(size=(8000, 2)) * 0.01], 1)
    result = factor_vae_score(dead, factors, **FEW)
    assert result.active.tolist() == [True] * 3 + [False] * 2 and result.votes[3:].sum() == 0
    assert factor_vae_score(perfect * 0.001, factors, **FEW).score == 0


def test_a_factor_that_never_varies_is_left_out(factors: np.ndarray, perfect: np.ndarray) -> None:
    with_constant = np.concatenate([factors, np.full((8000, 1), 7)], 1)
    for name in ("mig", "modularity", "factor_vae"):
        assert SCORES[name](perfect, with_constant).score > 0.95


def test_boosting_agrees_on_a_perfect_code(factors: np.ndarray, perfect: np.ndarray) -> None:
    result = dci(perfect, factors, train_samples=400, test_samples=200)
    assert result.regressor == "boosting" and result.score > 0.95 and result.completeness > 0.95
    np.testing.assert_allclose(result.importance.sum(0), 1)
