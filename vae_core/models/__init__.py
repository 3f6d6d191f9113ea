"""The families of models. One file per bottleneck; `build` makes any of them from its spec."""

from __future__ import annotations

from collections.abc import Callable

from vae_core.config import ModelSpec
from vae_core.models.base import Draws, Model, Posterior, Terms
from vae_core.models.vae import VAE

__all__ = ["VAE", "Draws", "Model", "Posterior", "Terms", "build"]

BOTTLENECKS: dict[str, Callable[[ModelSpec], Model]] = {"gaussian": VAE, "point": VAE}


def build(spec: ModelSpec) -> Model:
    """A fresh model of this architecture, on the current default device."""
    return BOTTLENECKS[spec.bottleneck](spec)
