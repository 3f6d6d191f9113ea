"""Encoders and decoders: plain nn.Sequential of few layer types, so that the browser can run the decoders too."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from vae_core.config import Activation, ModelSpec
from vae_core.sequences import SentenceDecoder, SentenceEncoder

KERNEL, STRIDE, PADDING = 4, 2, 1
"""Every convolution halves (or doubles) the side."""


def _dense(widths: tuple[int, ...], activation: Activation = "relu") -> list[nn.Module]:
    """Linear layers through these widths, the activation after each.

    Gated ones are as wide again, and their second half decides how much of the first passes.
    """
    if activation == "gated":
        return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, 2 * b), nn.GLU(1))]
    make = nn.Tanh if activation == "tanh" else partial(nn.ReLU, inplace=True)
    return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), make())]


class Encoder(nn.Sequential):
    """Layers in order; what the model is told besides joins the numbers right after they are flattened."""

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """[B, *sample_shape] and [B, context] -> [B, outputs]."""
        for layer in self:
            x = layer(x)
            if isinstance(layer, nn.Flatten) and context is not None and context.shape[1]:
                x = torch.cat([x, context.to(x.dtype)], 1)
        return x

    def each(self, x: Tensor, contexts: Tensor) -> Tensor:
        """The same samples told each of several things: [B, *sample_shape] and [K, context] -> [K*B, outputs].

        What the first dense layer makes of the sample alone is computed once: W [x, c] = W_x x + W_c c.
        """
        layers = iter(self)
        for layer in layers:
            x = layer(x)
            if isinstance(layer, nn.Flatten):
                break
        first = next(layers)
        assert isinstance(first, nn.Linear)
        own = nn.functional.linear(x, first.weight[:, : x.shape[1]], first.bias)  # [B, H]
        told = nn.functional.linear(contexts.to(x.dtype), first.weight[:, x.shape[1] :])  # [K, H]
        x = (told[:, None] + own).flatten(0, 1)
        for layer in layers:
            x = layer(x)
        return x


def encoder(spec: ModelSpec, outputs: int, context: int = 0) -> nn.Module:
    """[B, *sample_shape] (and [B, context]) -> [B, outputs]."""
    shape = spec.sample_shape
    if spec.net == "lstm":
        return SentenceEncoder(spec, outputs, context)
    if spec.net == "mlp":
        widths = (math.prod(shape) + context, *spec.hidden)
        return Encoder(nn.Flatten(), *_dense(widths, spec.activation), nn.Linear(widths[-1], outputs))
    if len(shape) != 3:
        raise ValueError("A convolutional net takes pictures.")
    layers: list[nn.Module] = []
    for a, b in pairwise((shape[0], *spec.channels)):
        layers += [nn.Conv2d(a, b, KERNEL, STRIDE, PADDING), nn.ReLU(inplace=True)]
    side = shape[1] >> len(spec.channels)
    widths = (spec.channels[-1] * side * side + context, *spec.hidden)
    return Encoder(*layers, nn.Flatten(), *_dense(widths), nn.Linear(widths[-1], outputs))


def decoder(spec: ModelSpec, inputs: int) -> nn.Module:
    """[B, inputs] -> [B, *sample_shape], the likelihood's parameters. The encoder's mirror image.

    With conv and 64x64 this is the decoder of Locatello et al. 2019, table 1. An LSTM's is told the true tokens too.
    """
    shape = spec.sample_shape
    if spec.net == "lstm":
        return SentenceDecoder(spec, inputs)
    back = tuple(reversed(spec.hidden))
    if spec.net == "mlp":
        widths = (inputs, *back)
        dense = _dense(widths, spec.activation)
        return nn.Sequential(*dense, nn.Linear(widths[-1], math.prod(shape)), nn.Unflatten(1, shape))
    if len(shape) != 3:
        raise ValueError("A convolutional net draws pictures.")
    side = shape[1] >> len(spec.channels)
    deepest = (spec.channels[-1], side, side)
    layers = [*_dense((inputs, *back, math.prod(deepest))), nn.Unflatten(1, deepest)]
    outward = (*reversed(spec.channels), shape[0])
    for a, b in pairwise(outward):
        layers += [nn.ConvTranspose2d(a, b, KERNEL, STRIDE, PADDING), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])  # no ReLU on the logits


class Residual(nn.Module):
    """x plus what a cell's neighbours say of it (He et al. 2016; as in van den Oord et al. 2017, section 4.1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, H, W] -> the same shape."""
        return x + self.branch(x)


def grid_encoder(spec: ModelSpec, code: int) -> nn.Sequential:
    """[B, C, H, W] -> [B, code, rows, columns] of `spec.grid`. No dense layers: a cell sees its part of the picture."""
    layers: list[nn.Module] = []
    for a, b in pairwise((spec.sample_shape[0], *spec.channels)):
        layers += [nn.Conv2d(a, b, KERNEL, STRIDE, PADDING), nn.ReLU()]
    return nn.Sequential(*layers, Residual(spec.channels[-1]), nn.ReLU(), nn.Conv2d(spec.channels[-1], code, 1))


def grid_decoder(spec: ModelSpec, code: int) -> nn.Sequential:
    """[B, code, rows, columns] -> [B, C, H, W], the likelihood's parameters. `grid_encoder`'s mirror image."""
    outward = (*reversed(spec.channels), spec.sample_shape[0])
    layers: list[nn.Module] = [nn.Conv2d(code, outward[0], 1), Residual(outward[0]), nn.ReLU()]
    for a, b in pairwise(outward):
        layers += [nn.ConvTranspose2d(a, b, KERNEL, STRIDE, PADDING), nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # no ReLU on the logits
