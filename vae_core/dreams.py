"""Samples that nobody put in: codes drawn from a model's own prior, or from a mixture fitted to its codes, decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_core.export import decode_samples

if TYPE_CHECKING:
    from vae_core.config import DataInfo
    from vae_core.latent.mixture import Mixture
    from vae_core.models import Model
    from vae_core.writing import Way


@dataclass(frozen=True)
class Asked:
    """What is to be dreamt.

    Attributes:
        components: of a mixture fitted to the codes; 0 for the model's own prior.
        temperature: times the spread of the prior (of each component).
        way, warmth: how sentences are written down, and the temperature of their words where these are drawn.
    """

    count: int = 16
    seed: int = 0
    components: int = 0
    temperature: float = 1.0
    way: Way = "greedy"
    warmth: float = 1.0


def draw_codes(model: Model, asked: Asked, mixture: Mixture | None, told: np.ndarray | None = None) -> np.ndarray:
    """The codes of these dreams: float32 [count, D].

    Args:
        mixture: where it is asked for; the model's own prior otherwise.
        told: what a conditional model is told, one entry a code.
    """
    import torch

    if mixture is not None:
        return mixture.draw(asked.count, asked.temperature, asked.seed)
    generator = torch.Generator(device=model.device).manual_seed(asked.seed)
    y = None if told is None else torch.from_numpy(told).to(model.device)
    with torch.no_grad():
        z = model.sample_prior(asked.count, y, asked.temperature, generator)
    return z.float().cpu().numpy()


def decode_dreams(
    model: Model, info: DataInfo, codes: np.ndarray, asked: Asked, told: np.ndarray | None = None
) -> np.ndarray:
    """Samples of codes [n, D] as `decode_samples` returns them; sentences in the way that is asked for."""
    if info.kind != "text" or asked.way == "greedy":
        return decode_samples(model, info, codes, told)
    from vae_core.writing import write

    return write(model, codes, told, way=asked.way, temperature=asked.warmth, seed=asked.seed)  # type: ignore[arg-type]
