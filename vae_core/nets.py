"""Encoders and decoders: plain nn.Sequential of few layer types, so that the browser can run the decoders too."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from vae_core.config import ModelSpec

KERNEL, STRIDE, PADDING = 4, 2, 1
"""Every convolution halves (or doubles) the side."""


def _dense(widths: tuple[int, ...]) -> list[nn.Module]:
    """Linear layers through these widths, a ReLU after each."""
    return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU(inplace=True))]


def encoder(spec: ModelSpec, outputs: int) -> nn.Sequential:
    """[B, C, H, W] -> [B, outputs]."""
    shape = spec.sample_shape
    if spec.net == "mlp":
        widths = (math.prod(shape), *spec.hidden)
        return nn.Sequential(nn.Flatten(), *_dense(widths), nn.Linear(widths[-1], outputs))
    layers: list[nn.Module] = []
    for a, b in pairwise((shape[0], *spec.channels)):
        layers += [nn.Conv2d(a, b, KERNEL, STRIDE, PADDING), nn.ReLU(inplace=True)]
    side = shape[1] >> len(spec.channels)
    widths = (spec.channels[-1] * side * side, *spec.hidden)
    return nn.Sequential(*layers, nn.Flatten(), *_dense(widths), nn.Linear(widths[-1], outputs))


def decoder(spec: ModelSpec) -> nn.Sequential:
    """[B, D] -> [B, C, H, W], the likelihood's parameters (logits). The encoder's mirror image.

    With conv and 64x64 this is the decoder of Locatello et al. 2019, table 1.
    """
    shape = spec.sample_shape
    back = tuple(reversed(spec.hidden))
    if spec.net == "mlp":
        widths = (spec.latent_dim, *back)
        return nn.Sequential(*_dense(widths), nn.Linear(widths[-1], math.prod(shape)), nn.Unflatten(1, shape))
    side = shape[1] >> len(spec.channels)
    deepest = (spec.channels[-1], side, side)
    layers = [*_dense((spec.latent_dim, *back, math.prod(deepest))), nn.Unflatten(1, deepest)]
    outward = (*reversed(spec.channels), shape[0])
    for a, b in pairwise(outward):
        layers += [nn.ConvTranspose2d(a, b, KERNEL, STRIDE, PADDING), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])  # no ReLU on the logits
