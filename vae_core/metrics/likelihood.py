"""How well a model explains samples, in nats: the ELBO's two terms and the importance-weighted bound."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from vae_core.models import GaussianVAE

BATCH = 500


@torch.no_grad()
def sample_terms(model: GaussianVAE, x: Tensor, positions: Tensor, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Distortion [n] (one posterior sample each, drawn with `seed`) and rate [n, D] of x[positions], on the CPU.

    The model is used as it is (call eval() first where that matters).
    """
    generator = torch.Generator(device=positions.device).manual_seed(seed)
    distortion, rate = [], []
    for rows in positions.split(BATCH):
        terms = model.terms(x[rows], generator=generator)
        distortion.append(terms.distortion.float().cpu())
        rate.append(terms.rate.float().cpu())
    return torch.cat(distortion), torch.cat(rate)


@torch.no_grad()
def importance_bound(model: GaussianVAE, x: Tensor, positions: Tensor, samples: int, seed: int = 0) -> Tensor:
    """log (1/K sum_k p(x, z_k) / q(z_k|x)), z_k ~ q, per sample: [n] nats, a lower bound on log p(x).

    Burda, Grosse, Salakhutdinov 2016 (IWAE), eq. 8. K = 1 is the ELBO; it tightens with K.
    """
    from vae_core.models.gaussian import unit_range

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
