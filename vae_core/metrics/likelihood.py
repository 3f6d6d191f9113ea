"""How well a model explains samples, in nats: the ELBO's two terms and the importance-weighted bound."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

from vae_core.models import GaussianVAE, Posterior, Terms
from vae_core.models.gaussian import unit_range

BATCH = 500


class Pictures(Protocol):
    """What can be indexed by rows: a tensor [N, C, H, W], or pictures that are drawn on demand."""

    def __getitem__(self, rows: Tensor, /) -> Tensor: ...


@torch.no_grad()
def held_out_terms(model: GaussianVAE, x: Pictures, positions: Tensor, seed: int = 0) -> Terms:
    """The terms of x[positions], on the CPU: distortion [n] from one posterior sample each (drawn with `seed`),
    rate [n, D] and the posteriors, nats.

    The model is used as it is (call eval() first where that matters), wherever it is.
    """
    device = next(model.parameters()).device
    generator = torch.Generator(device=device).manual_seed(seed)
    parts = [model.terms(x[rows].to(device), generator=generator) for rows in positions.split(BATCH)]
    return Terms(
        torch.cat([part.distortion for part in parts]).float().cpu(),
        torch.cat([part.rate for part in parts]).float().cpu(),
        Posterior(
            torch.cat([part.posterior.mean for part in parts]).cpu(),
            torch.cat([part.posterior.std for part in parts]).cpu(),
        ),
    )


@torch.no_grad()
def importance_bound(model: GaussianVAE, x: Pictures, positions: Tensor, samples: int, seed: int = 0) -> Tensor:
    """log (1/K sum_k p(x, z_k) / q(z_k|x)), z_k ~ q, per sample: [n] nats, a lower bound on log p(x).

    Burda, Grosse, Salakhutdinov 2016 (IWAE), eq. 8. K = 1 is the ELBO; it tightens with K.
    """
    generator = torch.Generator(device=positions.device).manual_seed(seed)
    bounds = []
    per_pass = max(1, 4096 // samples)
    for rows in positions.split(per_pass):
        pixels = unit_range(x[rows])
        posterior = model.encode(pixels)
        batch, dims = posterior.mean.shape
        noise = torch.randn(batch, samples, dims, generator=generator, device=pixels.device)
        z = posterior.mean[:, None] + posterior.std[:, None] * noise  # [B, K, D]
        out = model.decoder(z.flatten(0, 1)).float()  # [B*K, C, H, W]
        distortion = model.likelihood.nll(out, pixels.repeat_interleave(samples, 0)).view(batch, samples)
        # log p(z) - log q(z|x): the two (2 pi)^(D/2) cancel
        log_ratio = (0.5 * noise.square() - 0.5 * z.square() + posterior.std.log()[:, None]).sum(2)  # [B, K]
        bounds.append((torch.logsumexp(log_ratio - distortion, 1) - math.log(samples)).cpu())
    return torch.cat(bounds)
