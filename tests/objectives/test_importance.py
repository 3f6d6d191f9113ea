"""Laws of the importance-weighted bound and its gradient, on a model whose evidence is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from vae_core.config import TrainConfig
from vae_core.models import Posterior, Terms
from vae_core.models.base import Draws
from vae_core.objectives import OBJECTIVES, Setting
from vae_core.objectives.importance import bound, log_weights

At = Callable[..., Setting]
X, NOISE = 1.5, 0.7
"""The one sample, and the spread of p(x|z) = N(w z, NOISE^2); p(z) = N(0, 1)."""
W, MEAN, STD = 0.9, 0.2, 0.8
"""The decoder, and a posterior that is not the true one."""
EVIDENCE = Normal(0.0, (W**2 + NOISE**2) ** 0.5).log_prob(torch.tensor(X))
TRUE_STD = (1 + W**2 / NOISE**2) ** -0.5
TRUE_MEAN = TRUE_STD**2 * W * X / NOISE**2


class Toy(NamedTuple):
    """Independent repetitions of one draw of K codes, each with parameters of its own: their gradients are apart."""

    terms: Terms
    parameters: tuple[Tensor, Tensor, Tensor]  # w, mean, std: [B, 1] each


def toy(k: int, repeats: int, mean: float = MEAN, std: float = STD, seed: int = 0, *, detached: bool = True) -> Toy:
    g = torch.Generator().manual_seed(seed)
    w, m, s = (torch.full((repeats, 1), value, dtype=torch.double).requires_grad_() for value in (W, mean, std))
    z = m + s * torch.randn(k, repeats, 1, generator=g).double()  # [K, B, 1]
    distortion = -Normal(w * z, NOISE).log_prob(torch.tensor(X)).sum(2)
    log_q = Normal(m.detach() if detached else m, s.detach() if detached else s).log_prob(z).sum(2)
    draws = Draws(z, distortion, Normal(0.0, 1.0).log_prob(z).sum(2), log_q)
    posterior = Posterior(m, s)
    return Toy(Terms(distortion[0], posterior.rate(), posterior, z[0], draws=draws), (w, m, s))


def setting(at: At, k: int) -> Setting:
    return at(TrainConfig(objective="iwae", importance_samples=k))


def gradients(loss: Tensor, parameters: tuple[Tensor, ...]) -> Tensor:
    return torch.cat(torch.autograd.grad(loss.sum(), parameters), 1)  # [B, 3]


def test_the_loss_is_minus_the_bound(at: At) -> None:
    made = toy(6, 10)
    ratios = (made.terms.draws.log_prior - made.terms.draws.distortion - made.terms.draws.log_posterior).exp()
    loss = OBJECTIVES["iwae"].loss(made.terms, setting(at, 6))
    torch.testing.assert_close(loss, -ratios.mean(0).log())
    torch.testing.assert_close(OBJECTIVES["iwae"].judge(made.terms, TrainConfig()), loss)


def test_the_bound_tightens_with_k_and_stays_below_the_evidence() -> None:
    values = {k: bound(toy(k, 20_000).terms.draws).detach() for k in (1, 2, 5, 20, 100)}
    means = [float(v.mean()) for v in values.values()]
    assert means == sorted(means)
    for v in values.values():
        assert float(v.mean()) < float(EVIDENCE) + 4 * float(v.std()) / 20_000**0.5
    assert means[-1] == pytest.approx(float(EVIDENCE), abs=0.01) and means[0] < means[-1] - 0.1


@pytest.mark.parametrize("k", [1, 2, 5, 20])
def test_the_gradient_is_the_plain_ones_in_expectation(k: int, at: At) -> None:
    repeats = 60_000
    made, plain = toy(k, repeats), toy(k, repeats, seed=1, detached=False)
    ours = gradients(OBJECTIVES["iwae"].loss(made.terms, setting(at, k)), made.parameters)
    theirs = gradients(-bound(plain.terms.draws), plain.parameters)
    error = ((ours.var(0) + theirs.var(0)) / repeats).sqrt()
    assert ((ours.mean(0) - theirs.mean(0)).abs() < 4.5 * error).all()
    assert (error < 0.02).all(), "this test was meant to see a difference"


def test_the_encoders_signal_holds_as_k_grows(at: At) -> None:
    """Rainforth et al. 2018: the plain gradient's signal to noise falls with K; this one's rises."""

    def signal(gradient: Tensor) -> float:
        return float((gradient.mean(0).abs() / gradient.std(0))[1])  # of the posterior's mean

    found: dict[str, list[float]] = {"ours": [], "plain": []}
    for k in (4, 64):
        made, plain = toy(k, 20_000), toy(k, 20_000, detached=False)
        found["ours"].append(signal(gradients(OBJECTIVES["iwae"].loss(made.terms, setting(at, k)), made.parameters)))
        found["plain"].append(signal(gradients(-bound(plain.terms.draws), plain.parameters)))
    assert found["ours"][1] > found["ours"][0] and found["plain"][1] < found["plain"][0]


def test_one_draw_is_sticking_the_landing(at: At) -> None:
    """Roeder et al. 2017: the path derivative of log p(x, z) - log q(z|x)."""
    made, again = toy(1, 100), toy(1, 100)
    ours = gradients(OBJECTIVES["iwae"].loss(made.terms, setting(at, 1)), made.parameters)
    torch.testing.assert_close(ours, gradients(-log_weights(again.terms.draws)[0], again.parameters))


@pytest.mark.parametrize("k", [1, 8])
def test_where_the_posterior_is_exact_no_draw_moves_it(k: int, at: At) -> None:
    made = toy(k, 50, mean=TRUE_MEAN, std=TRUE_STD)
    loss = OBJECTIVES["iwae"].loss(made.terms, setting(at, k))
    torch.testing.assert_close(loss, -EVIDENCE.double().expand(50), atol=1e-6, rtol=0)
    assert gradients(loss, made.parameters)[:, 1:].abs().max() < 1e-6


def test_without_draws_it_is_the_elbo_or_says_so(terms: Terms, at: At) -> None:
    torch.testing.assert_close(OBJECTIVES["iwae"].loss(terms, setting(at, 1)), -terms.elbo)
    torch.testing.assert_close(OBJECTIVES["iwae"].judge(terms, TrainConfig()), -terms.elbo)
    with pytest.raises(ValueError, match="8 draws were asked for"):
        OBJECTIVES["iwae"].loss(terms, setting(at, 8))


def test_where_nothing_is_learnt_it_needs_no_gradient(at: At) -> None:
    with torch.no_grad():
        made = toy(3, 4)
        assert torch.isfinite(OBJECTIVES["iwae"].loss(made.terms, setting(at, 3))).all()
