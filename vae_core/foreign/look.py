"""What a pair of ONNX files seems to be: each is run on zeros and noise, and names, shapes and ranges are guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import get_args

import numpy as np

from vae_core.foreign.pictures import decode, encode, from_range
from vae_core.foreign.process import ForeignError, Net, Pair
from vae_core.wiring import Channels, DecoderWiring, EncoderWiring, MadeRange, PixelRange, SpreadForm, Wiring

PROBES = 16
MAX_DIMS = 512
MAX_SIDE = 256
CLEARLY = 0.8  # part of an error that another range must stay below to be preferred to the guess
SPREAD_NAMES: tuple[tuple[str, SpreadForm], ...] = (
    (r"log_?-?var|logvar|lnvar", "log_variance"),
    (r"log_?-?(sigma|std|scale)|lsigma", "log_std"),
    (r"std|sigma|scale|stddev", "std"),
    (r"var", "variance"),
)
MEAN_NAMES = r"mean|mu$|^mu|_mu|loc|code|latent"


@dataclass(frozen=True)
class Look:
    """What was found out about a pair.

    Attributes:
        shapes: of pictures that fit, the likeliest first: (C, H, W).
        codes: outputs of the encoder that may hold codes, `spreads` their widths.
        pictures: outputs of the decoder that may hold pictures.
        dims: numbers of a code.
        low, high: what the decoder's output ranges over on codes of N(0, I).
        restless: outputs of the encoder that differ from one call to the next.
        wiring: the guess.
    """

    nets: dict[str, Net]
    shapes: tuple[tuple[int, int, int], ...]
    codes: tuple[str, ...]
    spreads: tuple[str, ...]
    pictures: tuple[str, ...]
    dims: int
    low: float
    high: float
    restless: tuple[str, ...]
    wiring: Wiring


def look(pair: Pair, known: Iterable[tuple[int, ...]] = ()) -> Look:
    """What the pair seems to be.

    Args:
        known: shapes of pictures that there are datasets of, for nets whose pictures are flat rows.

    Raises:
        ForeignError: one sentence, where they are no encoder and decoder of pictures, or do not fit each other.
    """
    encoder, decoder = pair.nets.get("encoder"), pair.nets["decoder"]
    shape = _code_shape(pair, encoder, decoder)
    dims = prod(shape)
    if dims > MAX_DIMS:
        raise ForeignError(f"A code of {' × '.join(map(str, shape))} has {dims:,} numbers; up to {MAX_DIMS} are taken.")
    codes = np.random.default_rng(0).standard_normal((PROBES, *shape)).astype(np.float32)
    codes[0] = 0
    batch, made = _tried(pair, "decoder", codes)
    names = [name for name, array in made.items() if _shapes_of(array.shape[1:], known)]
    if not names:
        sizes = ", ".join(f"{name} {array.shape[1:]}" for name, array in made.items())
        raise ForeignError(
            f"{pair.files['decoder'].name} makes {sizes}, and none of it is a picture of 1 or 3 channels and up to "
            f"{MAX_SIDE} pixels a side."
        )
    picture = max(names, key=lambda name: made[name][0].size)
    channels, shapes = _shapes_of(made[picture].shape[1:], known)[0][1], _shapes_of(made[picture].shape[1:], known)
    wired = DecoderWiring(
        shape=shape,
        picture=picture,
        channels=channels,
        pixels=_range_of(made[picture], _made_by(decoder, picture)),
        batch=batch,
    )
    fitting = tuple(one for one, _ in shapes)
    means: tuple[str, ...] = ()
    spreads: tuple[str, ...] = ()
    restless: tuple[str, ...] = ()
    reads = None
    if encoder is not None:
        reads, means, spreads, restless, fitting = _encoder(pair, encoder, wired, fitting, dims)
    values = made[picture][np.isfinite(made[picture])]
    if not values.size:
        raise ForeignError("The decoder makes nothing but numbers that are not finite.")
    return Look(
        pair.nets, fitting, means, spreads, tuple(names), dims, float(values.min()), float(values.max()), restless,
        Wiring(encoder=reads, decoder=wired),
    )  # fmt: skip


# -- the decoder -------------------------------------------------------------------------------------------


def _code_shape(pair: Pair, encoder: Net | None, decoder: Net) -> tuple[int, ...]:
    """Of one code, as the decoder's input says, or the encoder's first output where that leaves it open."""
    open_shape = decoder.input.shape[1:]
    name = pair.files["decoder"].name
    if not 1 <= len(open_shape) <= 3:
        raise ForeignError(
            f"{name} reads {decoder.input.sizes}: its input should be codes, a batch of them, such as any × 10."
        )
    sizes = tuple(size for size in open_shape if size is not None)
    if len(sizes) == len(open_shape):
        return sizes
    told = [port.shape[1:] for port in encoder.outputs] if encoder is not None else []
    fixed = next((shape for shape in told if len(shape) == len(open_shape) and None not in shape), None)
    if fixed is None:
        raise ForeignError(
            f"{name} leaves open how many numbers a code has ({decoder.input.sizes}): export it with only the batch "
            "dynamic."
        )
    return tuple(int(size) for size in fixed if size is not None)


def _shapes_of(shape: Sequence[int], known: Iterable[tuple[int, ...]]) -> list[tuple[tuple[int, int, int], Channels]]:
    """As which pictures (C, H, W) an array of this shape can be read, and where its channels stand."""
    found: list[tuple[tuple[int, int, int], Channels]] = []
    if len(shape) == 3:
        if shape[0] in (1, 3):
            found.append(((shape[0], shape[1], shape[2]), "first"))
        elif shape[2] in (1, 3):
            found.append(((shape[2], shape[0], shape[1]), "last"))
    elif len(shape) == 2:
        found.append(((1, shape[0], shape[1]), "first"))
    elif len(shape) == 1:
        size = shape[0]
        found += [((c, h, w), "first") for c, h, w in (one for one in known if len(one) == 3) if c * h * w == size]
        for channels in (1, 3):
            side = math.isqrt(size // channels)
            if side > 1 and channels * side * side == size:
                found.append(((channels, side, side), "first"))
    return [one for one in dict.fromkeys(found) if min(one[0][1:]) >= 2 and max(one[0][1:]) <= MAX_SIDE]


def _made_by(net: Net, name: str) -> str:
    return next((port.made_by for port in net.outputs if port.name == name), "")


def _range_of(made: np.ndarray, made_by: str) -> MadeRange:
    """What a decoder's numbers seem to mean, by the operator they come from and by where they lie."""
    if made_by in ("Sigmoid", "HardSigmoid"):
        return "unit"
    if made_by in ("Tanh", "Softsign"):
        return "signed"
    values = made[np.isfinite(made)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if low > -0.5 and high < 1.5:
        return "unit"
    if low >= -1.5 and high <= 1.5:
        return "signed"
    return "bytes" if high > 30 and low > -0.3 * high else "logits"


# -- the encoder -------------------------------------------------------------------------------------------


def _encoder(
    pair: Pair, net: Net, decoder: DecoderWiring, fitting: tuple[tuple[int, int, int], ...], dims: int
) -> tuple[EncoderWiring, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[tuple[int, int, int], ...]]:
    """The encoder's wiring, the outputs that may hold codes and widths, those that are drawn, the pictures it reads."""
    name = pair.files["encoder"].name
    shape, channels, fitting = _input_shape(net, decoder.channels, fitting, name)
    x = np.random.default_rng(1).random((PROBES, *shape), dtype=np.float32)
    x[0] = 0
    batch, made = _tried(pair, "encoder", x)
    again = dict(zip(made, pair.run("encoder", x, list(made), batch), strict=True))
    restless = tuple(one for one in made if not np.allclose(made[one], again[one], atol=1e-5, equal_nan=True))
    whole = [one for one, array in made.items() if array[0].size == dims]
    double = [one for one, array in made.items() if array[0].size == 2 * dims]
    if not whole and not double:
        sizes = ", ".join(f"{one} of {array[0].size}" for one, array in made.items())
        raise ForeignError(f"{name} makes {sizes} numbers and the decoder reads {dims}: the two are no pair.")
    pixels: PixelRange = {"signed": "signed", "bytes": "bytes"}.get(decoder.pixels, "unit")  # type: ignore[assignment]
    if not whole:
        both = EncoderWiring(
            shape=shape, channels=channels, pixels=pixels, mean=double[0], spread_is="log_variance", batch=batch
        )
        return both, tuple(double), (), restless, fitting
    steady = [one for one in whole if one not in restless] or whole
    spread, form = _spread_of(steady, made) if len(steady) > 1 else ("", "none")
    means = [one for one in steady if one != spread]
    mean = next((one for one in means if re.search(MEAN_NAMES, one, re.IGNORECASE)), means[0])
    wired = EncoderWiring(
        shape=shape, channels=channels, pixels=pixels, mean=mean, spread=spread, spread_is=form, batch=batch
    )
    return wired, (*whole, *double), tuple(whole), restless, fitting


def _input_shape(
    net: Net, channels: Channels, fitting: tuple[tuple[int, int, int], ...], name: str
) -> tuple[tuple[int, ...], Channels, tuple[tuple[int, int, int], ...]]:
    """The shape of one sample at the encoder's input, its channels' place, and the pictures that both nets have."""
    sizes = net.input.shape[1:]
    for shape in fitting:
        c, h, w = shape
        forms: list[tuple[tuple[int, ...], Channels]] = [((c, h, w), "first"), ((h, w, c), "last")]
        forms += [((h, w), "first")] if c == 1 else []
        forms += [((c * h * w,), channels)]
        if channels == "last":
            forms = [forms[1], forms[0], *forms[2:]]
        for form, place in forms:
            open_or_same = all(size in (None, own) for size, own in zip(sizes, form, strict=False))
            if len(form) == len(sizes) and open_or_same:
                others = tuple(one for one in fitting if prod(one) == prod(shape)) if len(sizes) == 1 else (shape,)
                return form, place, others
    pictures = " or ".join(" × ".join(map(str, shape)) for shape in fitting)
    raise ForeignError(
        f"{name} reads {net.input.sizes}, and the decoder makes pictures of {pictures}: they are no pair."
    )


def _spread_of(names: Sequence[str], made: dict[str, np.ndarray]) -> tuple[str, SpreadForm]:
    """The output that says the widths, and how."""
    for pattern, form in SPREAD_NAMES:
        for name in names:
            if re.search(pattern, name, re.IGNORECASE):
                return name, form
    # without a telling name: mean, then spread, as nearly everybody writes it
    mean = next((name for name in names if re.search(MEAN_NAMES, name, re.IGNORECASE)), names[0])
    other = next(name for name in names if name != mean)
    return other, "std" if (made[other] >= 0).all() else "log_variance"


# -- running and comparing ---------------------------------------------------------------------------------


def _tried(pair: Pair, role: str, x: np.ndarray) -> tuple[int, dict[str, np.ndarray]]:
    """How many samples the file takes at a time (0: any), and all its outputs for x.

    A file may say that its batch is free and have a size written into it: three at once must be what they are alone.
    """
    net = pair.nets[role]
    names = [port.name for port in net.outputs]
    fixed = net.input.shape[0] if net.input.shape else None
    if fixed is not None:
        if fixed > 1024:
            raise ForeignError(f"{pair.files[role].name} takes {fixed:,} samples at a time; up to 1,024 are given.")
        return fixed, _all(pair, role, x, names, fixed)
    alone = _all(pair, role, x[:3], names, 1)
    try:
        together = _all(pair, role, x[:3], names, 0)
    except ForeignError:
        return 1, _all(pair, role, x, names, 1)
    same = all(
        alone[name].shape == together[name].shape
        and (net.chance or np.allclose(alone[name], together[name], rtol=1e-3, atol=1e-3, equal_nan=True))
        for name in together
    )
    batch = 0 if same else 1
    return batch, _all(pair, role, x, names, batch)


def _all(pair: Pair, role: str, x: np.ndarray, names: list[str], batch: int) -> dict[str, np.ndarray]:
    return dict(zip(names, pair.run(role, x, names, batch), strict=True))


@dataclass(frozen=True)
class Advice:
    """Ranges with which reconstructions come nearest to the samples, and the mean squared errors of both."""

    encoder: PixelRange
    decoder: MadeRange
    error: float
    now: float

    @property
    def clear(self) -> bool:
        """Whether changing the ranges is worth a word."""
        return self.error < CLEARLY * self.now


def advise(pair: Pair, wiring: Wiring, pixels: np.ndarray) -> Advice | None:
    """Which ranges make reconstructions of samples [n, C, H, W] in [0, 1] come nearest; None without an encoder.

    Raises ForeignError.
    """
    reads = wiring.encoder
    if reads is None:
        return None
    errors: dict[tuple[PixelRange, MadeRange], float] = {}
    raw = wiring.decoder
    for told in get_args(PixelRange):
        mean, _ = encode(pair, reads.model_copy(update={"pixels": told}), pixels)
        if not np.isfinite(mean).all():
            continue
        (made,) = pair.run("decoder", mean.reshape(len(mean), *raw.shape), [raw.picture], raw.batch)
        for form in get_args(MadeRange):
            flat = from_range(made, form).reshape(len(made), -1)
            target = pixels if raw.channels == "first" else np.moveaxis(pixels, 1, -1)
            errors[told, form] = float(np.square(flat - target.reshape(len(pixels), -1)).mean())
    now = errors.get((reads.pixels, raw.pixels), math.inf)
    if not errors:
        return None
    least = min(errors.values())
    # a linear pair does as well with any range twice: of equals the guess, then the plainest
    plainest = [(reads.pixels, raw.pixels), *((told, told) for told in get_args(PixelRange)), *errors]
    told, form = next(one for one in plainest if errors.get(one, math.inf) <= 1.02 * least + 1e-9)
    error = errors[told, form]
    return Advice(told, form, error, now)


def advised(wiring: Wiring, advice: Advice | None) -> Wiring:
    """The wiring with the ranges of the advice, where that is clear."""
    if advice is None or not advice.clear or wiring.encoder is None:
        return wiring
    return Wiring(
        encoder=wiring.encoder.model_copy(update={"pixels": advice.encoder}),
        decoder=wiring.decoder.model_copy(update={"pixels": advice.decoder}),
    )


__all__ = ["Advice", "Look", "advise", "advised", "decode", "encode", "look"]
