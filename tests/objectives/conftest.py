"""What the objectives' tests share: terms of a small batch, and the setting of a loss."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from vae_core.config import TrainConfig
from vae_core.models import Posterior, Terms
from vae_core.objectives import Setting

SAMPLES = 500


@pytest.fixture
def terms() -> Terms:
    """Seven samples, three dimensions; the posterior's mean wants a gradient."""
    g = torch.Generator().manual_seed(0)
    posterior = Posterior(torch.randn(7, 3, generator=g).requires_grad_(), torch.rand(7, 3, generator=g) + 0.1)
    return Terms(torch.rand(7, generator=g) * 50, posterior.rate(), posterior, posterior.sample(g))


@pytest.fixture
def at() -> Callable[..., Setting]:
    """(config, step) -> the setting of a loss at that step of a thousand."""

    def setting(config: TrainConfig, step: float = 0.0) -> Setting:
        return Setting(config, step, total=1000, samples=SAMPLES, generator=torch.Generator().manual_seed(0))

    return setting
