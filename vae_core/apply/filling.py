"""Filling the holes of samples by a model: pseudo-Gibbs chains, and importance weights that start where they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vae_core.apply.density import decoded, log_likelihoods, log_normal_density, log_prior, posterior_of, variance_of

if TYPE_CHECKING:
    from vae_core.models import Model

NUMBERS_A_PASS = 20_000_000
"""Of all decoded samples of one batch together: 80 MB as float32."""
WIDER = 1.5
"""How much wider than the chains' posteriors proposals are: weights stay bounded where the target has longer tails."""


@dataclass(frozen=True)
class Filled:
    """Samples with their holes filled; what was seen is left as it was.

    Attributes:
        mean: the expected sample, float32 [n, P].
        draws: several possible ones, float32 [m, n, P]; numbers are drawn with the likelihood's own noise where it is
            Gaussian, and are expected values where pixels are Bernoulli (a grey pixel is its own probability).
        effective: how many equally weighted codes the weights are worth, [n]; the number of draws for a chain.
    """

    mean: np.ndarray
    draws: np.ndarray
    effective: np.ndarray


@torch.no_grad()
def pseudo_gibbs(model: Model, x: Tensor, holes: Tensor, starts: Tensor, *, rounds: int = 20, seed: int = 0) -> Filled:
    """Encode, decode, put the holes' numbers in, and again (Rezende, Mohamed, Wierstra 2014, appendix F).

    The mean is that of the second half of the rounds of all chains; the draws are the chains' last states.

    Args:
        x: samples in the model's range, float32 [n, P]; what stands in the holes is never looked at.
        holes: bool [n, P]. starts: what stands in the holes at first, [m, n, P]; a chain each. Chains that begin apart
            find more of the ways in which a sample could go on.
    """
    generator = torch.Generator().manual_seed(seed)
    states = torch.where(holes, starts, x)  # [m, n, P]
    chains = len(states)
    total, count = torch.zeros_like(x), 0
    for step in range(rounds):
        means = decoded(model, posterior_of(model, states).sample(generator))
        states = torch.where(holes, _noisy(model, means, generator), x)
        if 2 * step >= rounds:
            total += torch.where(holes, means.mean(0), x)
            count += 1
    mean = torch.where(holes, total / max(1, count), x)
    return Filled(mean.numpy(), states.numpy(), np.full(len(x), float(chains)))


@torch.no_grad()
def importance_filling(
    model: Model,
    x: Tensor,
    holes: Tensor,
    states: Tensor,
    *,
    codes: int = 800,
    rounds: int = 5,
    seed: int = 0,
) -> Filled:
    """E[x_missing | x_seen] by self-normalised importance weights, and draws by resampling their codes.

    Mattei and Frellsen 2019 (MIWAE), eq. 9 to 12: w_k = p(x_seen | z_k) p(z_k) / q(z_k). They train the encoder with
    holes; ours never saw any, so codes are proposed by q(z | x_seen, guess) of several guesses, a mixture of
    posteriors that are WIDER, and after each round the guesses are draws of the last (population Monte Carlo: Cappé et
    al. 2004). The weights are exact for any proposal; a poor one shows in few effective codes.

    Args:
        states: guesses, [m, n, P], such as pseudo-Gibbs's last states; as many draws come back.
    """
    parts = []
    batch = max(1, NUMBERS_A_PASS // (codes * x.shape[1]))
    for number, rows in enumerate(torch.arange(len(x)).split(batch)):
        generator = torch.Generator().manual_seed(seed + number)
        guesses = states[:, rows]
        for _ in range(rounds):
            found = _weighed(model, x[rows], holes[rows], guesses, codes, generator)
            guesses = torch.from_numpy(found.draws)
        parts.append(found)
    return Filled(
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.draws for part in parts], axis=1),
        np.concatenate([part.effective for part in parts]),
    )


def _weighed(model: Model, x: Tensor, holes: Tensor, guesses: Tensor, codes: int, generator: torch.Generator) -> Filled:
    """One round: codes proposed around the guesses [m, n, P], weighed, averaged and resampled."""
    chains, count = len(guesses), len(x)
    posterior = posterior_of(model, guesses)
    mean, std = posterior.mean, WIDER * posterior.std  # [m, n, D]
    chosen = torch.arange(codes) % chains  # each guess proposes as many
    noise = torch.randn((codes, *mean.shape[1:]), generator=generator)
    z = mean[chosen] + std[chosen] * noise  # [K, n, D]
    proposed = torch.stack([log_normal_density(z, m, s) for m, s in zip(mean, std, strict=True)])  # [m, K, n]
    log_q = torch.logsumexp(proposed, 0) - float(np.log(chains))
    means = decoded(model, z)  # [K, n, P]
    explained = (log_likelihoods(model, means, x) * ~holes).sum(-1)  # [K, n]
    weights = torch.softmax(explained + log_prior(model, z) - log_q, 0)
    expected = torch.einsum("kn,knp->np", weights, means)
    picked = torch.multinomial(weights.T, chains, replacement=True, generator=generator).T  # [m, n]
    drawn = _noisy(model, means[picked, torch.arange(count)], generator)
    return Filled(
        torch.where(holes, expected, x).numpy(),
        torch.where(holes, drawn, x).numpy(),
        (1 / weights.square().sum(0)).numpy(),
    )


def _noisy(model: Model, means: Tensor, generator: torch.Generator) -> Tensor:
    """A sample of Gaussian numbers with these means, pixels within [0, 1]; Bernoulli pixels as they are."""
    likelihood = model.spec.likelihood
    if likelihood == "bernoulli":
        return means
    drawn = means + variance_of(model).sqrt() * torch.randn(means.shape, generator=generator)
    return drawn.clamp(0, 1) if likelihood == "gaussian" else drawn
