"""The families of models. One file per bottleneck; `build` makes any of them from its spec."""

from __future__ import annotations

from collections.abc import Callable

from vae_core.config import ModelSpec
from vae_core.models.base import Draws, Model, Posterior, Terms
from vae_core.models.gan import GAN
from vae_core.models.ladder import Ladder
from vae_core.models.linear import PCA
from vae_core.models.quantised import Quantised
from vae_core.models.semisupervised import M2, StackedM1M2
from vae_core.models.vae import VAE

__all__ = [
    "GAN",
    "M2",
    "PCA",
    "VAE",
    "Draws",
    "Ladder",
    "Model",
    "Posterior",
    "Quantised",
    "StackedM1M2",
    "Terms",
    "build",
]

BOTTLENECKS: dict[str, Callable[[ModelSpec], Model]] = {
    "gaussian": VAE,
    "point": VAE,
    "linear": PCA,
    "vq": Quantised,
    "fsq": Quantised,
    "ladder": Ladder,
    "class": M2,
    "stacked": StackedM1M2,
    "none": GAN,
}


def build(spec: ModelSpec) -> Model:
    """A fresh model of this architecture, on the current default device.

    Raises ValueError for a pair of ONNX files, which `vae_core.models.foreign` opens from its folder.
    """
    if spec.wiring is not None:
        raise ValueError("A model that came as ONNX is opened from its files, not built.")
    return BOTTLENECKS[spec.bottleneck](spec)
