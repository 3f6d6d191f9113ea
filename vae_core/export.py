"""What leaves the library: a decoder as a program for the browser, and walks as GIF and PNG."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from io import BytesIO
from threading import get_ident
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from PIL import Image

from vae_core.config import DataInfo
from vae_core.render import pictures

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

HALF_MAX = 65504.0  # the largest number that fp16 holds
MAGIC = b"LTD1"
PROBES = 4  # codes on which a decoder is asked how its picture comes about
LEAST_GREY = 1e-4  # of a pixel that is written as a logit: black and white have none

Output = Literal["sigmoid", "clamp"]


class ExportError(ValueError):
    """One clear sentence on what cannot be exported, and why."""


class Decodes(Protocol):
    """What is asked of a model here."""

    @property
    def device(self) -> torch.device: ...

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor: ...


class DecodesPlainly(Decodes, Protocol):
    """A model whose decoder is plain layers, and whose mean picture is their output or the sigmoid of it."""

    @property
    def decoder(self) -> Any: ...  # an nn.Module; torch types a model's parts as Tensor | Module

    @property
    def latent_dim(self) -> int: ...

    @property
    def sample_shape(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class DecoderProgram:
    """A decoder that needs no torch; what a conditional model is told is part of it.

    Attributes:
        layers: JSON-able dicts in order. `op` is linear, conv, conv_transpose, relu, tanh, unflatten, flatten or
            upsample; `weight` and `bias` are positions in the weights, counted in numbers (bias may be None).
            Weights lie as torch keeps them: linear [out, in], conv [out, in, kh, kw], conv_transpose [in, out, kh, kw].
        weights: all weights as little-endian fp16, one after the other.
        latent_dim: D.
        sample_shape: (C, H, W) of the picture; C is 1 or 3.
        output: how the last layer's output becomes a picture in [0, 1].
    """

    layers: list[dict[str, Any]]
    weights: bytes = field(repr=False)
    latent_dim: int
    sample_shape: tuple[int, int, int]
    output: Output = "sigmoid"

    def to_bytes(self, codes: np.ndarray | None = None) -> bytes:
        """One file for the browser: "LTD1", the header's length (uint32), the header (JSON), weights, codes.

        Args:
            codes: float [n, K] codes seen, sent along as float32 for the distance cue.
        """
        kept = np.zeros((0, 1)) if codes is None else codes
        header = {
            "layers": self.layers,
            "latent_dim": self.latent_dim,
            "sample_shape": self.sample_shape,
            "output": self.output,
            "weights_bytes": len(self.weights),
            "codes_shape": kept.shape,
        }
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        padding = b"\0" * (-len(self.weights) % 4)
        return b"".join(
            (MAGIC, len(text).to_bytes(4, "little"), text, self.weights, padding, kept.astype("<f4").tobytes())
        )


class _Weights:
    """Collects tensors as fp16, one after the other."""

    def __init__(self) -> None:
        self.parts: list[np.ndarray] = []
        self.count = 0

    def put(self, tensor: Tensor | None, where: str) -> int | None:
        if tensor is None:
            return None
        values = tensor.detach().float().cpu().numpy().ravel()
        if not np.isfinite(values).all() or np.abs(values).max(initial=0) > HALF_MAX:
            raise ExportError(f"{where} has weights that half precision cannot hold (over 65504, or not numbers).")
        at = self.count
        self.parts.append(values.astype("<f2"))
        self.count += values.size
        return at


def _pair(value: int | tuple[int, ...]) -> list[int]:
    return [int(part) for part in value] if isinstance(value, tuple) else [int(value), int(value)]


def _layer(module: nn.Module, name: str, weights: _Weights) -> dict[str, Any]:
    """One layer as a dict. Raises ExportError for what the browser's kernels do not do."""
    from torch import nn

    if isinstance(module, nn.Linear):
        return {
            "op": "linear",
            "in": module.in_features,
            "out": module.out_features,
            "weight": weights.put(module.weight, name),
            "bias": weights.put(module.bias, name),
        }
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        transposed = isinstance(module, nn.ConvTranspose2d)
        plain = module.groups == 1 and _pair(module.dilation) == [1, 1] and module.padding_mode == "zeros"
        if not plain or isinstance(module.padding, str):
            raise ExportError(f"{name} has groups, dilation or a padding that is no number of zeros; use a plain one.")
        layer = {
            "op": "conv_transpose" if transposed else "conv",
            "in": module.in_channels,
            "out": module.out_channels,
            "kernel": _pair(module.kernel_size),
            "stride": _pair(module.stride),
            "padding": _pair(module.padding),
            "weight": weights.put(module.weight, name),
            "bias": weights.put(module.bias, name),
        }
        if transposed:
            layer["output_padding"] = _pair(module.output_padding)
        return layer
    if isinstance(module, nn.ReLU):
        return {"op": "relu"}
    if isinstance(module, nn.Tanh):
        return {"op": "tanh"}
    if isinstance(module, nn.Flatten):
        return {"op": "flatten"}
    if isinstance(module, nn.Unflatten):
        shape = [int(size) for size in module.unflattened_size]
        if len(shape) != 3 or module.dim not in (1, -1):
            raise ExportError(f"{name} must unflatten dimension 1 into three sizes (channels, height, width).")
        return {"op": "unflatten", "shape": shape}
    if isinstance(module, nn.Upsample):
        scale = module.scale_factor
        factors = scale if isinstance(scale, tuple) else (scale, scale)
        if module.mode != "nearest" or any(factor is None or factor != int(factor) for factor in factors):
            raise ExportError(f"{name} must upsample by a whole scale_factor with mode='nearest'.")
        return {"op": "upsample", "scale": [int(factor) for factor in factors if factor is not None]}
    raise ExportError(
        f"{name} is a {type(module).__name__}, which the browser cannot run; "
        "use Linear, Conv2d, ConvTranspose2d, Upsample, ReLU, Tanh, Flatten or Unflatten."
    )


def _flat(module: nn.Module, name: str) -> list[tuple[str, nn.Module]]:
    """Layers of nested nn.Sequential in order, with their names."""
    from torch import nn

    if not isinstance(module, nn.Sequential):
        return [(name, module)]
    return [pair for key, child in module.named_children() for pair in _flat(child, f"{name}.{key}")]


def _told_to_bias(layer: nn.Module, context: Tensor, name: str) -> nn.Linear:
    """A Linear layer over [z, context] as one over z alone: W [z, c] + b = W_z z + (b + W_c c).

    Args:
        context: float [width], what the model is told.
    """
    import torch
    from torch import nn

    if not isinstance(layer, nn.Linear):
        raise ExportError(f"{name} takes what the model is told, so it must be a Linear, not {type(layer).__name__}.")
    dims = layer.in_features - len(context)
    folded = nn.Linear(dims, layer.out_features)
    with torch.no_grad():
        told = layer.weight[:, dims:].double() @ context.to(layer.weight).double()
        folded.weight.copy_(layer.weight[:, :dims])
        folded.bias.copy_(told if layer.bias is None else layer.bias.double() + told)
    return folded


def _with_fixed(layers: list[tuple[str, nn.Module]], fixed: Tensor) -> list[tuple[str, nn.Module]]:
    """An MLP's layers whose logits say the same for every code at pixels of known value.

    Args:
        fixed: float [P], the pixels' values, NaN where the decoder has its say.
    """
    import torch
    from torch import nn

    at = max((i for i, (_, layer) in enumerate(layers) if not isinstance(layer, nn.Unflatten)), default=0)
    name, last = layers[at]
    if not isinstance(last, nn.Linear) or last.out_features != len(fixed):
        raise ExportError("Some of its pixels are those that it was told, which the browser draws for an MLP alone.")
    written, known = nn.Linear(last.in_features, last.out_features), ~fixed.isnan()
    with torch.no_grad():
        written.weight.copy_(last.weight.masked_fill(known[:, None], 0.0))
        logits = fixed.nan_to_num().clamp(LEAST_GREY, 1 - LEAST_GREY).logit()
        written.bias.copy_(torch.where(known, logits, 0.0 if last.bias is None else last.bias))
    return [*layers[:at], (name, written), *layers[at + 1 :]]


def _watched(model: DecodesPlainly, first: nn.Module, y: np.ndarray | None) -> tuple[Tensor, Output, Tensor | None]:
    """What the decoder is told besides z, float [width], how its output becomes a picture, and the pixels [P] that it
    is told itself and no code changes (NaN elsewhere; None where there are none).

    Both are seen when a few codes are decoded, so that no family of models has to be known here.
    """
    import torch

    seen: dict[str, Tensor] = {}
    thread = get_ident()

    def note(name: str, tensor: Tensor) -> None:
        if get_ident() == thread:  # another visitor may be decoding by the same model just now
            seen[name] = tensor

    hooks = (
        first.register_forward_pre_hook(lambda _, inputs: note("inputs", inputs[0])),
        model.decoder.register_forward_hook(lambda _, inputs, out: note("out", out)),
    )
    told = None if y is None else torch.from_numpy(np.repeat(y[:1], PROBES, axis=0)).to(model.device)
    try:
        with torch.inference_mode():
            z = torch.randn(PROBES, model.latent_dim, generator=torch.Generator().manual_seed(0)).to(model.device)
            picture = model.decode(z, told).flatten(1)  # [n, P]
    finally:
        for hook in hooks:
            hook.remove()
    inputs, out = seen["inputs"].clone(), seen["out"].float().flatten(1)
    if inputs.shape[1] < model.latent_dim or not torch.allclose(inputs[:, : model.latent_dim], z):
        raise ExportError("The decoder's first layer must take the code itself, and what the model is told after it.")
    context = inputs[0, model.latent_dim :]
    for output, made in (("sigmoid", torch.sigmoid(out)), ("clamp", out.clamp(0, 1))):
        if torch.allclose(picture.clamp(0, 1), made, atol=1e-4):
            return context, output, None  # type: ignore[return-value]
    known = ((picture - torch.sigmoid(out)).abs() > 1e-4).any(0)  # [P]
    if (picture == picture[:1])[:, known].all():
        return context, "sigmoid", torch.where(known, picture[0], torch.nan)
    raise ExportError("The model's picture is neither its decoder's output nor the sigmoid of that.")


def decoder_program(model: DecodesPlainly, told: np.ndarray | None = None) -> DecoderProgram:
    """The model's decoder as layers and fp16 weights that ui/components/desk/decoder.js runs.

    Args:
        model: its `decoder` is an nn.Sequential (nested ones are fine) from [B, D] to the picture, or its logits.
        told: what a conditional model is told, its first entry (int64 [n] classes, or float32 [n, width]); it
            becomes part of the first layer's bias, so that the browser decodes z alone.

    Raises:
        ExportError: a layer, a setting or a weight that the browser's kernels cannot do.
    """
    if len(model.sample_shape) != 3 or model.sample_shape[0] not in (1, 3):
        raise ExportError(f"A picture has 1 or 3 channels, a height and a width, not {model.sample_shape}.")
    channels, height, width = model.sample_shape
    (name, first), *rest = _flat(model.decoder, "decoder")
    layers, data = _written([(name, first), *rest])
    context, output, fixed = _watched(model, first, told)
    if fixed is not None:
        (_, first), *rest = _with_fixed([(name, first), *rest], fixed)
    if len(context):
        layers, data = _written([(name, _told_to_bias(first, context, name)), *rest])
    return DecoderProgram(layers, data, model.latent_dim, (channels, height, width), output)


def _written(modules: list[tuple[str, nn.Module]]) -> tuple[list[dict[str, Any]], bytes]:
    """Layers and weights of a program."""
    weights = _Weights()
    layers = [_layer(module, name, weights) for name, module in modules]
    return layers, b"".join(part.tobytes() for part in weights.parts)


def decode_samples(
    model: Decodes, info: DataInfo, codes: np.ndarray, y: np.ndarray | None = None, batch: int = 256
) -> np.ndarray:
    """Expected samples of codes [n, D], in batches, on the model's device.

    Args:
        y: what a conditional model is told, one entry a code: classes int64 [n], or what is seen, float32 [n, width].

    Returns:
        uint8 [n, C, H, W] of pictures, int64 [n, T] of tokens, float32 [n, F] of a table's (standardised) rows.
    """
    import torch

    kinds: dict[str, type[np.generic]] = {"image": np.uint8, "text": np.int64, "table": np.float32}
    parts: list[np.ndarray] = [np.zeros((0, *info.sample_shape), kinds[info.kind])]
    with torch.inference_mode():
        for start in range(0, len(codes), batch):
            part = np.ascontiguousarray(codes[start : start + batch], dtype=np.float32)
            told = None if y is None else torch.from_numpy(y[start : start + batch]).to(model.device)
            made = model.decode(torch.from_numpy(part).to(model.device), told)  # [b, *sample_shape]
            if info.kind == "image":
                made = (made.clamp(0, 1) * 255).round().to(torch.uint8)
            parts.append(made.cpu().numpy())
    return np.concatenate(parts)


def decode_pictures(model: Decodes, info: DataInfo, codes: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    """Expected samples of codes [n, D] as pictures, uint8 [n, C, H, W]; `y` as for `decode_samples`."""
    return pictures(info, decode_samples(model, info, codes, y))


# -- pictures ----------------------------------------------------------------------------------------------


def upright(pictures: np.ndarray) -> np.ndarray:
    """Pictures as the model has them, [..., C, H, W] with C 1 or 3, as images are: [..., H, W] or [..., H, W, 3]."""
    channels = pictures.shape[-3]
    if channels not in (1, 3):
        raise ExportError(f"A picture has 1 or 3 channels, not {channels}.")
    return pictures[..., 0, :, :] if channels == 1 else np.ascontiguousarray(np.moveaxis(pictures, -3, -1))


def _enlarged(picture: np.ndarray, side: int) -> Image.Image:
    """uint8 [C, H, W] as an image whose longer side is about `side` pixels: smooth for small pictures, never shrunk."""
    image = Image.fromarray(upright(picture))
    scale = max(1, round(side / max(image.size)))
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)


def gif(
    pictures: np.ndarray, *, side: int = 256, frames_per_second: float = 25.0, there_and_back: bool = True
) -> bytes:
    """An endless GIF of uint8 pictures [n, C, H, W].

    Args:
        pictures: n >= 1, C is 1 or 3.
        side: about how large, in pixels.
        frames_per_second: GIF counts hundredths of a second, so the pace is rounded to those.
        there_and_back: play to the end and back, so that the loop has no jump.
    """
    if len(pictures) == 0:
        raise ExportError("A GIF needs at least one picture.")
    import imageio.v3 as imageio

    order = [*range(len(pictures)), *(range(len(pictures) - 2, 0, -1) if there_and_back else ())]
    large = [np.asarray(_enlarged(picture, side)) for picture in pictures]
    duration = 10 * max(2, round(100 / frames_per_second))  # ms; browsers slow down anything under 20
    return imageio.imwrite(
        "<bytes>", [large[at] for at in order], extension=".gif", plugin="pillow", duration=duration, loop=0
    )


def png_sheet(rows: np.ndarray, *, side: int = 96, gap: int = 6, background: int = 16) -> bytes:
    """Pictures in rows as one PNG: uint8 [R, n, C, H, W], such as the two strips of a morph or a corner grid.

    Args:
        side: about how large each picture is, in pixels.
        gap: pixels between pictures and around them.
        background: grey level behind them.
    """
    height, width = rows.shape[:2]
    if height * width == 0:
        raise ExportError("A sheet needs at least one picture.")
    cells = [[_enlarged(picture, side) for picture in row] for row in rows]
    w, h = cells[0][0].size
    mode = cells[0][0].mode
    colour = background if mode == "L" else (background,) * 3
    sheet = Image.new(mode, (gap + width * (w + gap), gap + height * (h + gap)), colour)
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            sheet.paste(cell, (gap + x * (w + gap), gap + y * (h + gap)))
    buffer = BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
