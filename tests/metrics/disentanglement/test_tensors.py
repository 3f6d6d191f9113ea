"""The scores take what numpy can make an array of: tensors on the CPU, lists."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.metrics.disentanglement import (
    beta_vae_score,
    dci,
    equal_width_bins,
    explicitness,
    factor_vae_score,
    measure,
    mig,
    modularity,
    sap,
    udr,
    varying,
)

RNG = np.random.default_rng(0)
FACTORS = np.stack([RNG.integers(0, size, 240) for size in (3, 4)], 1)
CODES = (FACTORS + RNG.normal(size=FACTORS.shape) * 0.3).astype(np.float32)
SCORES = {
    "mig": lambda codes, factors: mig(codes, factors).score,
    "mig, drawn": lambda codes, factors: mig(codes, factors, std=abs(codes)).score,
    "dci": lambda codes, factors: dci(codes, factors, regressor="forest").score,
    "sap": lambda codes, factors: sap(codes, factors).score,
    "sap of amounts": lambda codes, factors: sap(codes, factors, continuous=True).score,
    "factor_vae": lambda codes, factors: factor_vae_score(codes, factors, train_votes=99, evaluation_votes=50).score,
    "beta_vae": lambda codes, factors: beta_vae_score(codes, factors, train_points=99, evaluation_points=50).score,
    "modularity": lambda codes, factors: modularity(codes, factors).score,
    "explicitness": lambda codes, factors: explicitness(codes, factors).score,
    "udr": lambda codes, factors: udr([codes, codes[:, [1, 0]]], rates=[codes[0] + 9, codes[0] + 9]).score,
    "measure": lambda codes, factors: measure(codes, factors, ["mig", "factor_vae"], repeats=2)["mig"].high,
    "varying": lambda codes, factors: float(varying(factors).sum()),
    "bins": lambda codes, factors: float(equal_width_bins(codes, 5).sum()),
}


@pytest.mark.parametrize("name", SCORES)
def test_tensors_score_as_arrays_do(name: str) -> None:
    score = SCORES[name]
    assert score(torch.from_numpy(CODES), torch.from_numpy(FACTORS)) == score(CODES, FACTORS)


def test_lists_do_too_and_words_are_refused() -> None:
    assert mig(CODES.tolist(), FACTORS.tolist()).score == pytest.approx(mig(CODES, FACTORS).score, abs=0.02)
    with pytest.raises(ValueError, match="codes are numbers, not <U1"):
        mig([["a"], ["b"]], [[0], [1]])
    with pytest.raises(ValueError, match="factors are integers"):
        mig(torch.zeros(4, 2), torch.rand(4, 2))


def test_a_sampler_may_return_a_tensor() -> None:
    for score in (factor_vae_score, beta_vae_score):
        drawn = score(CODES, FACTORS, sampler=lambda factors: torch.from_numpy(factors).float())
        assert drawn.score == score(CODES, FACTORS, sampler=lambda factors: factors.astype(np.float32)).score > 0.9


def test_a_result_prints_in_a_line_or_two() -> None:
    results = [
        mig(CODES, FACTORS),
        sap(CODES, FACTORS),
        udr([CODES, CODES]),
        *measure(CODES, FACTORS, ["mig"]).values(),
    ]
    for one in results:
        assert "array" not in repr(one) and "nan" not in repr(one) and len(repr(one)) < 400, repr(one)
