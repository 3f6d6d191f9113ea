"""The families of models. One file per bottleneck; `build` makes any of them from its spec."""

from __future__ import annotations

from vae_core.config import ModelSpec
from vae_core.models.gaussian import GaussianVAE, Posterior, Terms

__all__ = ["GaussianVAE", "Posterior", "Terms", "build"]


def build(spec: ModelSpec) -> GaussianVAE:
    """A fresh model of this architecture, on the current default device."""
    return GaussianVAE(spec)
