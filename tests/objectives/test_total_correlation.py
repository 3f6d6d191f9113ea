"""Laws of beta-TCVAE's estimators, against brute force."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from vae_core.config import TrainConfig
from vae_core.models import Posterior, Terms
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.objectives.total_correlation import log_densities, stratified, total_correlation, weighted

N, D = 7, 2
G = torch.Generator().manual_seed(3)
ALL = Posterior(torch.randn(N, D, generator=G, dtype=torch.double), torch.rand(N, D, generator=G).double() + 0.3)


def _rows(rows: tuple[int, ...]) -> Posterior:
    return Posterior(ALL.mean[list(rows)], ALL.std[list(rows)])


def _estimate(z: Tensor, rows: tuple[int, ...], weights: Callable[..., Tensor]) -> Tensor:
    """q(z_i), joint and per dimension, for the code of each sample of the batch: [B, 1 + D]."""
    log_q = log_densities(z[list(rows)], _rows(rows))
    w = weights(len(rows), N, z).exp()
    return torch.cat([(w * log_q.sum(2).exp()).sum(1, keepdim=True), (w[..., None] * log_q.exp()).sum(1)], 1)


def _bias(weights: Callable[..., Tensor], size: int) -> float:
    """The largest relative error of the estimate's mean over every batch of this size, over all codes."""
    z = ALL.sample(torch.Generator().manual_seed(1))
    log_q = log_densities(z, ALL)  # [N, N, D]
    truth = torch.cat([log_q.sum(2).exp().mean(1, keepdim=True), log_q.exp().mean(1)], 1)  # [N, 1 + D]
    sums, counts = torch.zeros_like(truth), torch.zeros(N, 1)
    for rows in combinations(range(N), size):
        sums[list(rows)] += _estimate(z, rows, weights)
        counts[list(rows)] += 1
    return float((sums / counts / truth - 1).abs().max())


def test_densities_are_torchs() -> None:
    z = ALL.sample(torch.Generator().manual_seed(1))
    for i in range(N):
        for j in range(N):
            expected = Normal(ALL.mean[j], ALL.std[j]).log_prob(z[i])
            torch.testing.assert_close(log_densities(z, ALL)[i, j], expected)


@pytest.mark.parametrize("size", range(2, N + 1))
def test_stratified_sampling_has_no_bias(size: int) -> None:
    """Averaged over every batch that holds the sample which z comes from, it is the mixture itself."""
    assert _bias(stratified, size) < 1e-12


def test_the_papers_own_weights_come_to_the_same_over_the_order_of_the_batch() -> None:
    """Appendix C.2: 1/N for its own, 1/M for M - 1 others, (N - M)/(NM) for the last one."""
    size = 4
    m = size - 1
    total = torch.zeros(size)
    for last in range(1, size):
        row = torch.full((size,), 1 / m)
        row[0], row[last] = 1 / N, (N - m) / (N * m)
        assert float(row.sum()) == pytest.approx(1)
        total += row / m
    torch.testing.assert_close(stratified(size, N, total)[0].exp(), total)


def _copied(batch: int, samples: int, like: Tensor) -> Tensor:
    """The matrix as it is found in many repositories."""
    m = batch - 1
    w = like.new_full((batch, batch), 1 / m)
    w.view(-1)[:: m + 1] = 1 / samples
    w.view(-1)[1 :: m + 1] = (samples - m) / (samples * m)
    w[m - 1, 0] = (samples - m) / (samples * m)
    return w.log()


def test_the_matrix_as_commonly_copied_and_the_weighted_one_are_biased() -> None:
    """So that the test above is known to be able to fail."""
    assert _bias(_copied, 4) > 0.05 and _bias(weighted, 4) > 0.5


def test_weighted_is_too_small_by_n_where_all_posteriors_are_alike() -> None:
    same = Posterior(torch.zeros(5, D), torch.ones(5, D))
    z = same.sample(torch.Generator().manual_seed(0))
    # D marginals and one joint are each N times too small; stratified is exact
    expected = torch.full((5,), (D - 1) * math.log(40))
    torch.testing.assert_close(total_correlation(z, same, weighted(5, 40, z)), expected)
    torch.testing.assert_close(total_correlation(z, same, stratified(5, 40, z)), torch.zeros(5), atol=1e-5, rtol=0)


def test_weighted_is_the_papers_double_sum() -> None:
    z = ALL.sample(torch.Generator().manual_seed(1))
    found = total_correlation(z, ALL, weighted(N, 100, z))
    for i in range(N):
        densities = [Normal(ALL.mean[j], ALL.std[j]).log_prob(z[i]).exp() for j in range(N)]
        joint = sum(float(d.prod()) for d in densities) / (100 * N)
        each = [sum(float(d[k]) for d in densities) / (100 * N) for k in range(D)]
        assert float(found[i]) == pytest.approx(math.log(joint) - sum(map(math.log, each)))


def test_the_whole_split_as_a_batch_gives_torchs_mixture() -> None:
    z = ALL.sample(torch.Generator().manual_seed(1))
    even = Categorical(torch.ones(N))
    joint = MixtureSameFamily(even, Independent(Normal(ALL.mean, ALL.std), 1)).log_prob(z)
    each = MixtureSameFamily(Categorical(torch.ones(D, N)), Normal(ALL.mean.T, ALL.std.T)).log_prob(z)
    torch.testing.assert_close(total_correlation(z, ALL, stratified(N, N, z)), joint - each.sum(1))


def test_it_is_the_total_correlation_of_correlated_codes() -> None:
    """Means from a correlated Gaussian, narrow posteriors: TC = -log(1 - rho^2) / 2."""
    rho, g = 0.8, torch.Generator().manual_seed(0)
    chol = torch.linalg.cholesky(torch.tensor([[1.0, rho], [rho, 1.0]]))
    draws = [torch.randn(1500, 2, generator=g) @ chol.T for _ in range(2)]
    width = 0.2
    codes = [Posterior(draw, torch.full_like(draw, width)) for draw in draws]
    z = codes[0].sample(g)
    found = float(total_correlation(z, codes[0], stratified(1500, 1500, z)).mean())
    covariance = torch.tensor([[1.0, rho], [rho, 1.0]]) + width**2 * torch.eye(2)
    truth = MultivariateNormal(torch.zeros(2), covariance).entropy()
    apart = Normal(0.0, math.sqrt(1 + width**2)).entropy()
    assert found == pytest.approx(float(2 * apart - truth), abs=0.08)


@pytest.mark.parametrize("estimator", ["weighted", "stratified"])
def test_beta_one_is_minus_the_elbo_to_the_bit(terms: Terms, at: Callable[..., Setting], estimator: str) -> None:
    config = TrainConfig(objective="tcvae", beta=1, estimator=estimator)  # type: ignore[arg-type]
    assert torch.equal(OBJECTIVES["tcvae"].loss(terms, at(config)), -terms.elbo)


def test_each_further_beta_costs_the_total_correlation(terms: Terms, at: Callable[..., Setting]) -> None:
    one, six = (OBJECTIVES["tcvae"].loss(terms, at(TrainConfig(objective="tcvae", beta=b))) for b in (1, 6))
    extra = total_correlation(terms.z, terms.posterior, stratified(7, 500, terms.z))
    torch.testing.assert_close(six - one, 5 * extra)


def test_a_batch_or_a_split_of_one_is_finite() -> None:
    z = ALL.mean[:1]
    for samples in (1, 100):
        assert torch.isfinite(total_correlation(z, _rows((0,)), stratified(1, samples, z))).all()
