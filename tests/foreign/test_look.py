"""What is guessed of a pair: names, shapes, ranges, batches; and pairs that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from tests.foreign.onnx_files import basis, linear_decoder, linear_encoder, save
from vae_core.foreign.look import advise, advised, look
from vae_core.foreign.pictures import decode, encode, from_range, to_range
from vae_core.foreign.process import ForeignError, Pair
from vae_core.wiring import MadeRange, PixelRange


def _pair(encoder: Path | None, decoder: Path) -> Pair:
    return Pair(({"encoder": encoder} if encoder else {}) | {"decoder": decoder})


def _after(path: Path, operator: str, *, side: int = 8, dims: int = 3, factor: float = 1.0, shape: Any = None) -> Path:
    """A linear decoder, times a factor, with an activation behind it."""
    nodes = [
        helper.make_node("MatMul", ["z", "W"], ["h"]),
        helper.make_node(operator, ["h"], ["shaped" if shape else "out"]),
    ]
    weights: dict[str, np.ndarray] = {"W": factor * basis(side * side, dims).T}
    sizes: list[Any] = ["n", side * side]
    if shape:
        nodes.append(helper.make_node("Reshape", ["shaped", "shape"], ["out"]))
        weights["shape"] = np.array([-1, *shape], dtype=np.int64)
        sizes = ["n", *shape]
    return save(path, nodes, {"z": ["n", dims]}, {"out": sizes}, weights)


@pytest.mark.parametrize(
    ("names", "mean", "spread", "form"),
    [
        (("mu", "logvar"), "mu", "logvar", "log_variance"),
        (("z_log_var", "z_mean"), "z_mean", "z_log_var", "log_variance"),
        (("loc", "scale"), "loc", "scale", "std"),
        (("mean", "log_std"), "mean", "log_std", "log_std"),
        (("mean", "variance"), "mean", "variance", "variance"),
        (("output_0", "output_1"), "output_0", "output_1", "log_variance"),
        (("z",), "z", "", "none"),
    ],
)
def test_outputs_are_told_apart(tmp_path: Path, names: tuple[str, ...], mean: str, spread: str, form: str) -> None:
    # by hand the first output is the mean; only names can say otherwise
    pair = _pair(linear_encoder(tmp_path / "e.onnx", names=names), linear_decoder(tmp_path / "d.onnx"))
    wired = look(pair).wiring.encoder
    assert wired is not None
    assert (wired.mean, wired.spread, wired.spread_is) == (mean, spread, form)


def test_one_output_of_both_halves(tmp_path: Path) -> None:
    both = linear_encoder(tmp_path / "e.onnx", dims=6, names=("both",))
    pair = _pair(both, linear_decoder(tmp_path / "d.onnx"))
    found = look(pair)
    wired = found.wiring.encoder
    assert wired is not None and wired.halves and wired.spread_is == "log_variance"
    x = np.random.default_rng(0).random((4, 1, 8, 8), dtype=np.float32)
    (raw,) = pair.run("encoder", x, ["both"])
    mean, std = encode(pair, wired.model_copy(update={"pixels": "unit"}), x)
    np.testing.assert_array_equal(mean, raw[:, :3])
    assert std is not None
    np.testing.assert_allclose(std, np.exp(raw[:, 3:] / 2), rtol=1e-6)


def test_a_drawn_code_is_not_taken_for_the_mean(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "W"], ["mean_of_it"]),
        helper.make_node("RandomNormalLike", ["mean_of_it"], ["noise"]),
        helper.make_node("Add", ["mean_of_it", "noise"], ["code"]),
    ]
    outputs = {"code": ["n", 3], "mean_of_it": ["n", 3]}
    encoder = save(tmp_path / "e.onnx", nodes, {"x": ["n", 1, 8, 8]}, outputs, {"W": basis(64, 3)})
    found = look(_pair(encoder, linear_decoder(tmp_path / "d.onnx")))
    assert found.restless == ("code",)
    assert found.wiring.encoder is not None
    assert (found.wiring.encoder.mean, found.wiring.encoder.spread_is) == ("mean_of_it", "none")


@pytest.mark.parametrize(
    ("operator", "factor", "kind"),
    [("Sigmoid", 1, "unit"), ("Tanh", 1, "signed"), ("Identity", 40, "logits"), ("Relu", 400, "bytes")],
)
def test_the_range_of_the_output(tmp_path: Path, operator: str, factor: float, kind: str) -> None:
    assert look(_pair(None, _after(tmp_path / "d.onnx", operator, factor=factor))).wiring.decoder.pixels == kind


@pytest.mark.parametrize(
    ("shape", "channels"),
    [(None, "first"), ((1, 8, 8), "first"), ((8, 8, 1), "last"), ((8, 8), "first")],
)
def test_layouts(tmp_path: Path, shape: Any, channels: str) -> None:
    found = (1, 8, 8)
    pair = _pair(None, _after(tmp_path / "d.onnx", "Sigmoid", shape=shape))
    seen = look(pair)
    assert (seen.wiring.decoder.channels, seen.shapes[0]) == (channels, found)
    z = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    expected = 1 / (1 + np.exp(-z @ basis(64, 3).T))
    np.testing.assert_allclose(decode(pair, seen.wiring.decoder, z, found).reshape(4, 64), expected, atol=1e-6)


def test_colour_with_channels_last_is_turned(tmp_path: Path) -> None:
    pixels = 4 * 4 * 3
    nodes = [helper.make_node("MatMul", ["z", "W"], ["h"]), helper.make_node("Reshape", ["h", "shape"], ["out"])]
    weights = {"W": np.eye(pixels, dtype=np.float32), "shape": np.array([-1, 4, 4, 3], dtype=np.int64)}
    pair = _pair(None, save(tmp_path / "d.onnx", nodes, {"z": ["n", pixels]}, {"out": ["n", 4, 4, 3]}, weights))
    found = look(pair)
    assert found.shapes == ((3, 4, 4),) and found.wiring.decoder.channels == "last"
    picture = np.random.default_rng(0).random((1, 4, 4, 3), dtype=np.float32)
    wired = found.wiring.decoder.model_copy(update={"pixels": "unit"})
    np.testing.assert_allclose(
        decode(pair, wired, picture.reshape(1, -1), (3, 4, 4))[0], np.moveaxis(picture[0], -1, 0)
    )


def test_flat_rows_are_read_as_known_pictures_first(tmp_path: Path) -> None:
    flat = _after(tmp_path / "d.onnx", "Sigmoid")
    assert look(_pair(None, flat), known=[(1, 4, 16), (3,), (1, 9, 9)]).shapes == ((1, 4, 16), (1, 8, 8))


def test_a_batch_that_only_seems_free_is_found_out(tmp_path: Path) -> None:
    # as some exporters do it: the declared batch is free, and a batch of one is written into the graph
    nodes = [
        helper.make_node("MatMul", ["z", "W"], ["h"]),
        helper.make_node("Sigmoid", ["h"], ["s"]),
        helper.make_node("Reshape", ["s", "shape"], ["out"]),
    ]
    weights = {"W": basis(64, 3).T.copy(), "shape": np.array([1, 1, 8, 8], dtype=np.int64)}
    pair = _pair(None, save(tmp_path / "d.onnx", nodes, {"z": ["n", 3]}, {"out": ["n", 1, 8, 8]}, weights))
    wired = look(pair).wiring.decoder
    assert wired.batch == 1
    assert decode(pair, wired, np.zeros((5, 3), np.float32), (1, 8, 8)).shape == (5, 1, 8, 8)


def test_a_code_that_is_a_map_is_flattened(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["z"], ["flat"]),
        helper.make_node("MatMul", ["flat", "W"], ["out"]),
    ]
    weights = {"W": basis(64, 8).T.copy()}
    found = look(_pair(None, save(tmp_path / "d.onnx", nodes, {"z": ["n", 2, 2, 2]}, {"out": ["n", 64]}, weights)))
    assert found.wiring.decoder.shape == (2, 2, 2) and found.dims == 8


@pytest.mark.parametrize("pixels", ["unit", "signed", "bytes"])
@pytest.mark.parametrize("made", ["unit", "signed", "bytes"])
def test_ranges_that_suit_the_data_are_advised(tmp_path: Path, pixels: PixelRange, made: MadeRange) -> None:
    """A pair that keeps pictures as they are, but reads and writes them in ranges of its own."""
    low, span = {"unit": (0.0, 1.0), "signed": (-1.0, 2.0), "bytes": (0.0, 255.0)}[pixels]
    out_low, out_span = {"unit": (0.0, 1.0), "signed": (-1.0, 2.0), "bytes": (0.0, 255.0)}[made]
    encoder = save(
        tmp_path / "e.onnx",
        [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Sub", ["f", "low"], ["s"]),
         helper.make_node("Div", ["s", "span"], ["code"])],
        {"x": ["n", 1, 4, 4]}, {"code": ["n", 16]},
        {"low": np.float32(low), "span": np.float32(span)},
    )  # fmt: skip
    decoder = save(
        tmp_path / "d.onnx",
        [helper.make_node("Mul", ["z", "span"], ["s"]), helper.make_node("Add", ["s", "low"], ["out"])],
        {"z": ["n", 16]}, {"out": ["n", 16]},
        {"low": np.float32(out_low), "span": np.float32(out_span)},
    )  # fmt: skip
    pair = _pair(encoder, decoder)
    x = np.random.default_rng(0).random((32, 1, 4, 4), dtype=np.float32)
    found = look(pair)
    best = advise(pair, found.wiring, x)
    assert best is not None and best.error < 1e-9
    right = advised(found.wiring, best)
    assert right.encoder is not None
    # where both ranges are the same, any range twice is as right, and the plainest is taken
    assert (right.encoder.pixels, right.decoder.pixels) == ((pixels, made) if pixels != made else ("unit", "unit"))
    mean, _ = encode(pair, right.encoder, x)
    np.testing.assert_allclose(decode(pair, right.decoder, mean, (1, 4, 4)), x, atol=1e-4)


def test_ranges_there_and_back() -> None:
    x = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    for kind in ("unit", "signed", "bytes"):
        np.testing.assert_allclose(from_range(to_range(x, kind), kind), x, atol=1e-6)  # type: ignore[arg-type]
    np.testing.assert_allclose(from_range(np.log(x / (1 - x)), "logits"), x, atol=1e-6)
    np.testing.assert_allclose(from_range(np.array([np.nan, -np.inf, np.inf]), "logits"), [0, 0, 1], atol=1e-30)
    assert (from_range(np.array([np.nan, -9.0, 9.0]), "unit") == [0, 0, 1]).all()


@pytest.mark.parametrize(
    ("encoder_dims", "decoder_dims", "sides", "word"),
    [(4, 3, (8, 8), "no pair"), (3, 3, (8, 9), "no pair")],
)
def test_no_pair(tmp_path: Path, encoder_dims: int, decoder_dims: int, sides: tuple[int, int], word: str) -> None:
    encoder = linear_encoder(tmp_path / "e.onnx", dims=encoder_dims, side=sides[0])
    decoder = linear_decoder(tmp_path / "d.onnx", dims=decoder_dims, side=sides[1])
    with pytest.raises(ForeignError, match=word):
        look(_pair(encoder, decoder))


def test_no_pictures(tmp_path: Path) -> None:
    relu = helper.make_node("Relu", ["z"], ["out"])
    with pytest.raises(ForeignError, match="none of it is a picture"):
        look(_pair(None, save(tmp_path / "d.onnx", [relu], {"z": ["n", 5]}, {"out": ["n", 5]})))
    with pytest.raises(ForeignError, match="leaves open"):
        look(_pair(None, save(tmp_path / "d.onnx", [relu], {"z": ["n", "d"]}, {"out": ["n", "d"]})))
    with pytest.raises(ForeignError, match="up to 512"):
        look(_pair(None, save(tmp_path / "d.onnx", [relu], {"z": ["n", 4096]}, {"out": ["n", 4096]})))
