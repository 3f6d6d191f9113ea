"""Codes that no sample has, and what is decoded from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_core.dreams.asked import SAMPLERS, Asked, DreamError
from vae_core.export import decode_samples
from vae_core.latent.draws import Draws

if TYPE_CHECKING:
    from vae_core.config import DataInfo
    from vae_core.latent.draws import Around
    from vae_core.latent.mixture import Mixture
    from vae_core.models import Model


def draw(model: Model, asked: Asked, source: Mixture | Around | None = None, told: np.ndarray | None = None) -> Draws:
    """The codes of these dreams, at all temperatures where that is a matter of a line.

    Args:
        source: the mixture or the tray's surroundings, where one of these is asked for.
        told: what a conditional model is told, one entry a code.

    Raises DreamError where the model has no such sampler, or its source is not given.
    """
    import torch

    name = asked.named(model.spec.abilities)
    if name in ("mixture", "tray"):
        if source is None:
            raise DreamError(f"{SAMPLERS[name].title}: there are no codes to draw from.")
        return source.draws(asked.count, asked.seed)
    generator = torch.Generator(device=model.device).manual_seed(asked.seed)
    if name == "normal":
        noise = torch.randn(asked.count, model.latent_dim, generator=generator, device=model.device)
        offset = noise.float().cpu().numpy()
        return Draws(np.zeros_like(offset), offset)
    y = None if told is None else torch.from_numpy(told).to(model.device)

    def at(temperature: float) -> np.ndarray:
        generator.manual_seed(asked.seed)
        with torch.no_grad():
            return model.sample_prior(asked.count, y, temperature, generator).float().cpu().numpy()

    if not SAMPLERS[name].linear:
        return Draws(at(asked.temperature), None)
    middle = at(0.0)  # the same seed draws the same components
    return Draws(middle, at(1.0) - middle)


def draw_codes(
    model: Model, asked: Asked, source: Mixture | Around | None = None, told: np.ndarray | None = None
) -> np.ndarray:
    """The codes at the temperature that is asked for: float32 [count, D]; arguments as for `draw`."""
    return draw(model, asked, source, told).at(asked.temperature)


def decode_dreams(
    model: Model, info: DataInfo, codes: np.ndarray, asked: Asked, told: np.ndarray | None = None
) -> np.ndarray:
    """Samples of codes [n, D] as `decode_samples` returns them; sentences in the way that is asked for."""
    if info.kind != "text" or asked.way == "greedy":
        return decode_samples(model, info, codes, told)
    from vae_core.writing import write

    return write(model, codes, told, way=asked.way, temperature=asked.warmth, seed=asked.seed)  # type: ignore[arg-type]
