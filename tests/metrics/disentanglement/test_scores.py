"""Laws of the scores: what perfect, random, rotated and doubled codes get."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from vae_core.metrics.disentanglement import (
    beta_vae_score,
    dci,
    equal_width_bins,
    explicitness,
    factor_vae_score,
    mig,
    modularity,
    sap,
)
from vae_core.metrics.disentanglement.predictability import _area
from vae_core.metrics.disentanglement.votes import _fixed_factor_batches, _paired_batches, least_varying

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
    "dci": lambda c, f, **kw: dci(c, f, train_samples=800, test_samples=400, **kw),
    "sap": lambda c, f, **kw: sap(c, f, train_samples=3000, test_samples=1500, **kw),
    "modularity": modularity,
    "explicitness": lambda c, f, **kw: explicitness(c, f, train_samples=2000, test_samples=1000, **kw),
    "factor_vae": lambda c, f, **kw: factor_vae_score(c, f, **FEW, **kw),
    "beta_vae": lambda c, f, **kw: beta_vae_score(c, f, train_points=400, evaluation_points=400, **kw),
}
# chance: what a code that knows nothing gets (three factors to choose from)
CHANCE = {"factor_vae": 1 / 3, "beta_vae": 1 / 3, "explicitness": 0.5}
# a linear classifier that sees the whole code sees through a rotation, in part or altogether
SEES_THROUGH = {"beta_vae": 0.0, "explicitness": -0.01}


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
    assert turned < straight - SEES_THROUGH.get(name, 0.1)


# counted scores don't move at all; trees and solvers break ties by the order of dimensions
MOVES = {"mig": 1e-9, "modularity": 1e-9, "factor_vae": 1e-9, "sap": 1e-9, "explicitness": 1e-3}


@pytest.mark.parametrize("name", SCORES)
def test_the_order_and_the_signs_of_dimensions_change_nothing(name: str, factors: np.ndarray) -> None:
    codes = factors + np.random.default_rng(2).normal(size=factors.shape) * 0.3
    score = SCORES[name](codes, factors).score
    assert SCORES[name](codes[:, [2, 0, 1]], factors).score == pytest.approx(score, abs=MOVES.get(name, 0.015))
    # a bin's edge belongs to the bin above it, so a mirrored code is counted a little differently
    assert SCORES[name](-codes, factors).score == pytest.approx(score, abs=0.015)


@pytest.mark.parametrize("name", SCORES)
def test_more_samples_converge(name: str) -> None:
    def score(count: int, seed: int) -> float:
        rng = np.random.default_rng(seed)
        drawn = np.stack([rng.integers(0, size, count) for size in SIZES[:2]], 1)
        noise = 4.0 if name in CHANCE else 1.0  # scores of votes are 1 all along where there is little
        return float(SCORES[name](drawn + noise * rng.normal(size=(count, 2)), drawn, seed=seed).score)

    limit = np.mean([score(2400, seed) for seed in (100, 101)])
    few, many = (np.square([score(count, seed) - limit for seed in range(5)]).mean() for count in (60, 1200))
    assert many < 0.5 * few


def test_a_twin_hurts_gaps_and_leaves_disentanglement(factors: np.ndarray, perfect: np.ndarray) -> None:
    twin = np.concatenate([perfect, perfect[:, :1]], 1)
    assert SCORES["sap"](twin, factors).gaps[0] == pytest.approx(0, abs=1e-9)
    for name in ("factor_vae", "beta_vae", "modularity", "explicitness"):  # ask nothing of other dimensions
        assert SCORES[name](twin, factors).score > 0.95
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
    for name in SCORES:
        assert SCORES[name](perfect, with_constant).score == pytest.approx(SCORES[name](perfect, factors).score)


BLENDS = {"perfect": (1.0, 0.0, 0.0), "noisy": (1.0, 0.0, 0.3), "entangled": (0.6, 0.4, 0.1), "noise": (0.0, 0.0, 1.0)}


@pytest.mark.parametrize("kind", BLENDS)
def test_boosting_agrees_with_scikit_learn(kind: str, factors: np.ndarray, perfect: np.ndarray) -> None:
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    straight, turned, noise = BLENDS[kind]
    codes = straight * perfect + turned * perfect @ rotation
    codes = codes + noise * np.random.default_rng(4).normal(size=perfect.shape)
    two, few = factors[:, :2], {"train_samples": 600, "test_samples": 600}
    ours, theirs = dci(codes, two, **few), dci(codes, two, regressor="sklearn", **few)
    assert ours.score == pytest.approx(theirs.score, abs=0.05)
    assert ours.completeness == pytest.approx(theirs.completeness, abs=0.05)
    assert ours.informativeness == pytest.approx(theirs.informativeness, abs=0.04)
    np.testing.assert_allclose(ours.importance.sum(0), 1)
    np.testing.assert_allclose(ours.importance, theirs.importance, atol=0.08)


def test_threads_change_no_score(factors: np.ndarray, perfect: np.ndarray) -> None:
    one, two = (dci(perfect[:600], factors[:600], threads=threads).importance for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_the_area_is_scikit_learns(factors: np.ndarray) -> None:
    from sklearn.metrics import roc_auc_score

    chances = np.random.default_rng(6).dirichlet(np.ones(6), 500).round(2)  # with ties
    values = factors[:500, 1]
    expected = roc_auc_score(np.eye(6)[values], chances)
    assert _area(chances, values, np.arange(6)) == pytest.approx(expected)


def test_sap_is_that_of_the_machine_disentanglement_lib_calls(factors: np.ndarray, perfect: np.ndarray) -> None:
    from sklearn.svm import LinearSVC

    codes = perfect + np.random.default_rng(7).normal(size=perfect.shape)
    result = sap(codes, factors, train_samples=2000, test_samples=1000)
    order = np.random.default_rng(0).permutation(len(codes))
    train, test = order[:2000], order[2000:3000]
    for d, k in ((0, 0), (1, 1), (0, 2)):
        machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0).fit(
            codes[train, d : d + 1], factors[train, k]
        )
        assert result.accuracy[d, k] == pytest.approx(
            machine.score(codes[test, d : d + 1], factors[test, k]), abs=0.005
        )


def test_sap_of_amounts_is_the_gap_of_squared_correlations(factors: np.ndarray, perfect: np.ndarray) -> None:
    result = sap(perfect, factors, continuous=True)
    assert result.score > 0.99
    expected = np.corrcoef(perfect[:5000, 0], factors[:5000, 0])[0, 1] ** 2
    assert result.accuracy[0, 0] == pytest.approx(expected)


def test_drawn_codes_tell_less_than_their_means(factors: np.ndarray, perfect: np.ndarray) -> None:
    drawn = mig(perfect, factors, std=np.full(perfect.shape, 0.3), bins=10)
    assert drawn.drawn and drawn.bins == 10
    assert drawn.score < mig(perfect, factors, bins=10).score - 0.1
    with pytest.raises(ValueError, match="std needs the codes' shape"):
        mig(perfect, factors, std=np.ones(3))


# -- votes ---------------------------------------------------------------------------------------------------


def test_votes_taken_at_once_are_those_taken_one_by_one() -> None:
    rng = np.random.default_rng(8)
    batches, variance, active = rng.normal(size=(50, 16, 4)), rng.random(4) + 0.5, np.array([True, False, True, True])
    expected = []
    for batch in batches:
        ratio = [batch[:, d].var() / variance[d] if active[d] else np.inf for d in range(4)]
        expected.append(int(np.argmin(ratio)))
    assert least_varying(batches, variance, active).tolist() == expected


@pytest.mark.parametrize("anew", [False, True])
def test_batches_hold_one_factor_and_draw_the_rest_evenly(anew: bool, factors: np.ndarray) -> None:
    sampler = (lambda wanted: wanted.astype(float)) if anew else None  # the codes are the factors
    held = np.repeat([0, 1, 2], 100)
    batches = _fixed_factor_batches(factors.astype(float), factors, sampler, np.random.default_rng(9))(held, 64)
    first, second = _paired_batches(factors.astype(float), factors, sampler, np.random.default_rng(10))(held, 64)
    for k, size in enumerate(SIZES):
        mine = held == k
        assert (batches[mine, :, k] == batches[mine, :1, k]).all()
        assert (first[mine, :, k] == second[mine, :, k]).all()
        assert len(np.unique(batches[mine, 0, k])) == size  # every value is held at times
        for other in {0, 1, 2} - {k}:
            for values in (batches[mine, :, other], first[mine, :, other], second[mine, :, other]):
                shares = np.bincount(values.ravel().astype(int), minlength=SIZES[other]) / values.size
                np.testing.assert_allclose(shares, 1 / SIZES[other], atol=0.03)


def test_numbers_that_are_none_are_refused(factors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not finite"):
        mig(np.full((8000, 2), np.nan), factors)
    with pytest.raises(ValueError, match="integers"):
        mig(np.zeros((8000, 2)), factors.astype(float))
    with pytest.raises(ValueError, match="no regressor lasso"):
        dci(np.zeros((8000, 2)), factors, regressor="lasso")  # type: ignore[arg-type]
