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


MOST_NUMBERS = 20_000
"""Of one sample, in a comparison: beyond it (long texts of many words) none is made."""


def as_numbers(info: DataInfo, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Two sets of samples as float32 [n, P] and [m, P], in which they can be compared; None where P would be too large.

    Pixels lie in [0, 1], a table's columns in standard deviations. A sentence becomes a 1 for the token at each place:
    the squared distance of two sentences is twice the number of places in which they differ.
    """
    if info.kind != "text":
        scale = 255 if info.kind == "image" else 1
        return tuple((part.reshape(len(part), -1) / scale).astype(np.float32) for part in (first, second))  # type: ignore[return-value]
    used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    tokens = places.reshape(len(first) + len(second), -1)  # [n + m, T]
    if tokens.shape[1] * len(used) > MOST_NUMBERS:
        return None
    flat = np.eye(len(used), dtype=np.float32)[tokens].reshape(len(tokens), -1)
    return flat[: len(first)], flat[len(first) :]


@dataclass(frozen=True)
class Match:
    """How far dreams are from samples that the model was never trained on.

    Attributes:
        distance: energy distance between `count` dreams and as many held-out samples.
        real: the same between as many training samples and those: what sets of real samples have.
    """

    distance: float
    real: float
    count: int


def match(info: DataInfo, dreams: np.ndarray, held_out: np.ndarray, training: np.ndarray) -> Match | None:
    """Three equally large sets of samples compared; None where sentences are too long for it."""
    from vae_core.metrics.samples import energy_distance

    found = [as_numbers(info, part, held_out) for part in (dreams, training)]
    if found[0] is None or found[1] is None:
        return None
    return Match(energy_distance(*found[0]), energy_distance(*found[1]), len(dreams))
