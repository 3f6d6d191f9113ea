"""Pictures and codes as a pair of ONNX files has them, and as we have them: shapes, order of channels, ranges."""

from __future__ import annotations

from math import prod

import numpy as np

from vae_core.foreign.process import ForeignError, Pair
from vae_core.wiring import Channels, DecoderWiring, EncoderWiring, MadeRange, PixelRange, SpreadForm

MAX_LOG_VARIANCE = 15.0


def to_range(pixels: np.ndarray, kind: PixelRange) -> np.ndarray:
    """Pixels in [0, 1] as an encoder wants them."""
    return {"unit": pixels, "signed": 2 * pixels - 1, "bytes": 255 * pixels}[kind]


def from_range(made: np.ndarray, kind: MadeRange) -> np.ndarray:
    """What a decoder made as pixels in [0, 1]; what is no number becomes black, what is beyond is cut off."""
    made = np.nan_to_num(made.astype(np.float32), nan=-np.inf if kind == "logits" else 0.0)
    if kind == "logits":
        return (1 / (1 + np.exp(-made.clip(-80, 80)))).astype(np.float32)
    scaled = {"unit": made, "signed": (made + 1) / 2, "bytes": made / 255}[kind]
    return scaled.clip(0, 1).astype(np.float32)


def laid_out(pixels: np.ndarray, shape: tuple[int, ...], channels: Channels) -> np.ndarray:
    """Pictures [n, C, H, W] as an encoder's input takes them: [n, *shape]."""
    ordered = pixels if channels == "first" else np.moveaxis(pixels, 1, -1)
    return ordered.reshape(len(pixels), *shape)


def taken_in(made: np.ndarray, sample_shape: tuple[int, ...], channels: Channels) -> np.ndarray:
    """What a decoder made, [n, ...], as pictures [n, C, H, W]. Raises ForeignError where it has another size."""
    if prod(made.shape[1:]) != prod(sample_shape):
        sizes = [" × ".join(map(str, shape)) for shape in (made.shape[1:], sample_shape)]
        raise ForeignError(f"The decoder makes pictures of {sizes[0]} numbers where {sizes[1]} are expected.")
    if channels == "first":
        return made.reshape(len(made), *sample_shape)
    count, height, width = sample_shape
    return np.moveaxis(made.reshape(len(made), height, width, count), -1, 1)


def std_of(spread: np.ndarray, form: SpreadForm) -> np.ndarray:
    """A posterior's standard deviation, from however the encoder says it."""
    bounded = spread.clip(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)
    if form == "log_variance":
        return np.exp(0.5 * bounded)
    if form == "log_std":
        return np.exp(bounded)
    return np.sqrt(spread.clip(0)) if form == "variance" else np.abs(spread)


def encode(pair: Pair, wiring: EncoderWiring, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Codes of pictures in [0, 1], float32 [n, C, H, W]: mean and standard deviation [n, D], None for points.

    Raises ForeignError.
    """
    x = laid_out(to_range(pixels, wiring.pixels), wiring.shape, wiring.channels)
    names = [wiring.mean, wiring.spread] if wiring.spread else [wiring.mean]
    made = [array.reshape(len(x), -1) for array in pair.run("encoder", x, names, wiring.batch)]
    if wiring.halves:
        made = np.split(made[0], 2, axis=1) if made[0].shape[1] % 2 == 0 else made
    if wiring.spread_is == "none":
        return made[0], None
    if len(made) < 2 or made[0].shape != made[1].shape:
        shapes = " and ".join(str(array.shape[1]) for array in made)
        raise ForeignError(f"The encoder's means and spreads should be equally many numbers, not {shapes}.")
    return made[0], std_of(made[1], wiring.spread_is).astype(np.float32)


def decode(pair: Pair, wiring: DecoderWiring, codes: np.ndarray, sample_shape: tuple[int, ...]) -> np.ndarray:
    """Pictures of codes [n, D]: float32 [n, C, H, W] in [0, 1]. Raises ForeignError."""
    (made,) = pair.run("decoder", codes.reshape(len(codes), *wiring.shape), [wiring.picture], wiring.batch)
    return from_range(taken_in(made, sample_shape, wiring.channels), wiring.pixels)
