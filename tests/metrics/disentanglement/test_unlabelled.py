"""Laws of the UDR: what trainings that agree, disagree and see nothing get."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.metrics.disentanglement import udr

ORDERS = ([0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 1, 0])


@pytest.fixture(scope="module")
def code() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2000, 4))


def turned(code: np.ndarray, seed: int) -> np.ndarray:
    return code @ np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))[0]


def test_seeds_that_find_the_same_dimensions_score_one(code: np.ndarray) -> None:
    same = [code[:, order] * [1, -1, 2, 0.5] for order in ORDERS]  # other order, signs and widths
    found = udr(same, relation="spearman")
    assert found.score > 0.9 and found.pairs.shape == (3, 3) and np.isnan(np.diag(found.pairs)).all()
    # a lasso shrinks what it finds by its alpha: 0.9 is the most that it gives
    assert udr(same).score == pytest.approx(0.9, abs=0.02)
    for i, j in ((0, 1), (2, 0)):
        matched = udr(same).relations[i, j].argmax(1)
        assert [ORDERS[j][d] for d in matched] == ORDERS[i]


@pytest.mark.parametrize("relation", ["lasso", "spearman"])
def test_rotations_score_less_and_strangers_nothing(code: np.ndarray, relation: str) -> None:
    same = udr([code, code[:, ORDERS[1]]], relation=relation).score  # type: ignore[arg-type]
    rotated = udr([code, turned(code, 1), turned(code, 2)], relation=relation).score  # type: ignore[arg-type]
    strangers = [np.random.default_rng(seed).normal(size=code.shape) for seed in (5, 6)]
    assert udr(strangers, relation=relation).score < 0.1 < rotated < same - 0.2  # type: ignore[arg-type]


def test_dimensions_without_information_take_no_part(code: np.ndarray) -> None:
    noise = np.random.default_rng(7).normal(size=(2, 2000, 3))
    wide = [np.concatenate([code, 0.01 * one], 1) for one in noise]
    found = udr(wide)
    assert found.informative.tolist() == [[True] * 4 + [False] * 3] * 2
    assert found.score == pytest.approx(udr([code, code]).score)
    assert (found.relations[0, 1][4:] == 0).all() and (found.relations[0, 1][:, 4:] == 0).all()
    one_sided = udr([code, code * 1e-3])
    assert one_sided.score == 0 and (one_sided.relations[0, 1] == 0).all()
    rates = [np.array([1.0, 1, 1, 1, 0, 0, 0])] * 2
    loud = [np.concatenate([code, one], 1) for one in noise]
    assert udr(loud, rates=rates).score == pytest.approx(found.score) and udr(loud).score < found.score - 0.1
    nothing = udr([code * 1e-3, code * 1e-3])
    assert nothing.score == 0 and not nothing.informative.any()


def test_the_one_that_differs_scores_least(code: np.ndarray) -> None:
    found = udr([code, code[:, ORDERS[1]], code[:, ORDERS[2]], turned(code, 3)])
    assert found.models.argmin() == 3 and found.models[:3].min() > found.models[3] + 0.2


@pytest.mark.parametrize(
    ("codes", "more", "sentence"),
    [
        ([np.ones((3, 2))], {}, "at least two models"),
        ([np.ones((3, 2)), np.ones((4, 2))], {}, "of one shape"),
        ([np.ones((3, 2))] * 2, {"rates": [np.ones(3)] * 2}, "a rate for each dimension"),
        ([np.ones((3, 2))] * 2, {"relation": "pearson"}, "choose lasso, spearman"),
    ],
)
def test_what_does_not_fit_is_said(codes: list[np.ndarray], more: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        udr(codes, **more)  # type: ignore[arg-type]
