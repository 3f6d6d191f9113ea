"""Decoder programs, GIFs and PNGs. That a program gives torch's pictures is held in tests/browser."""

from __future__ import annotations

import json
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from vae_core.config import DataInfo, ModelSpec
from vae_core.export import (
    DecoderProgram,
    ExportError,
    decode_pictures,
    decode_samples,
    decoder_program,
    gif,
    png_sheet,
)
from vae_core.models import VAE


class Model:
    def __init__(self, *layers: nn.Module, latent_dim: int = 2, shape: tuple[int, int, int] = (1, 4, 4)) -> None:
        self.decoder = nn.Sequential(*layers)
        self.latent_dim = latent_dim
        self.sample_shape = shape

        self.device = torch.device("cpu")

    def decode(self, z: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        return torch.sigmoid(self.decoder(z)).reshape(-1, *self.sample_shape)


def test_a_program_is_json_and_all_weights_as_fp16() -> None:
    model = Model(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 16, bias=False)), nn.Unflatten(1, (1, 4, 4)))
    program = decoder_program(model)
    assert [layer["op"] for layer in program.layers] == ["linear", "relu", "linear", "unflatten"]
    assert json.loads(json.dumps(program.layers)) == program.layers
    values = np.frombuffer(program.weights, "<f2")
    assert len(values) == sum(p.numel() for p in model.decoder.parameters())
    first, _, second, _ = program.layers
    wanted = model.decoder[0].weight.detach().half().numpy().ravel()
    assert (values[first["weight"] : first["weight"] + 6] == wanted).all()
    assert first["bias"] == 6 and second["weight"] == 9 and second["bias"] is None


def test_the_file_holds_header_weights_and_codes_on_their_boundaries() -> None:
    codes = np.arange(6, dtype=np.float64).reshape(3, 2)
    program = decoder_program(Model(nn.Linear(2, 16)))
    data = program.to_bytes(codes)
    assert data[:4] == b"LTD1"
    length = int.from_bytes(data[4:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert (8 + length) % 4 == 0
    assert header["sample_shape"] == [1, 4, 4] and header["codes_shape"] == [3, 2]
    assert data[8 + length : 8 + length + header["weights_bytes"]] == program.weights
    assert (np.frombuffer(data[-24:], "<f4").reshape(3, 2) == codes).all()


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.BatchNorm2d(1), "BatchNorm2d"),
        (nn.Conv2d(2, 2, 3, groups=2), "groups"),
        (nn.Conv2d(2, 2, 3, dilation=2), "dilation"),
        (nn.Conv2d(2, 2, 3, padding="same"), "padding"),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), "padding"),
        (nn.Upsample(scale_factor=2, mode="bilinear"), "nearest"),
        (nn.Upsample(size=(8, 8)), "scale_factor"),
        (nn.Unflatten(1, (4, 4)), "three sizes"),
    ],
)
def test_what_the_browser_cannot_run_is_named(layer: nn.Module, words: str) -> None:
    with pytest.raises(ExportError, match=words) as caught:
        decoder_program(Model(nn.Linear(2, 16), layer))
    assert "decoder.1" in str(caught.value)


@pytest.mark.parametrize("value", [1e5, float("nan"), float("inf")])
def test_weights_beyond_half_precision_are_refused(value: float) -> None:
    linear = nn.Linear(2, 16)
    with torch.no_grad():
        linear.weight[0, 0] = value
    with pytest.raises(ExportError, match="half precision"):
        decoder_program(Model(linear))


def test_pictures_have_one_or_three_channels() -> None:
    with pytest.raises(ExportError, match="channels"):
        decoder_program(Model(nn.Linear(2, 8), shape=(2, 2, 2)))


def test_batches_do_not_change_pictures() -> None:
    model = Model(nn.Linear(2, 16))
    info = DataInfo(name="made up", sample_shape=(1, 4, 4), size=1)
    codes = np.random.default_rng(0).standard_normal((10, 2))
    whole = decode_pictures(model, info, codes)
    assert whole.shape == (10, 1, 4, 4) and whole.dtype == np.uint8
    assert (decode_samples(model, info, codes, batch=3) == whole).all()
    assert decode_pictures(model, info, codes[:0]).shape == (0, 1, 4, 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_goes_there_and_back(channels: int) -> None:
    pictures = np.stack([np.full((channels, 4, 6), level, np.uint8) for level in (0, 80, 160, 240)])
    with Image.open(BytesIO(gif(pictures, side=48, frames_per_second=20))) as film:
        assert film.format == "GIF" and film.size == (48, 32) and film.n_frames == 6
        assert film.info["loop"] == 0 and film.info["duration"] == 50
        shown = []
        for frame in range(film.n_frames):
            film.seek(frame)
            shown.append(int(np.asarray(film.convert("L")).mean()))
    np.testing.assert_allclose(shown, (0, 80, 160, 240, 160, 80), atol=2)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_has_its_pictures_in_their_places(channels: int) -> None:
    levels = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    rows = np.broadcast_to(levels[:, :, None, None, None], (2, 3, channels, 4, 4))
    with Image.open(BytesIO(png_sheet(rows, side=32, gap=4))) as sheet:
        assert sheet.format == "PNG" and sheet.size == (4 + 3 * 36, 4 + 2 * 36)
        pixels = np.asarray(sheet.convert("L"))
    np.testing.assert_allclose(pixels[20::36, 20::36], levels, atol=1)
    assert pixels[0].max() == 16


def test_nothing_to_show_is_said() -> None:
    with pytest.raises(ExportError, match="at least one"):
        gif(np.zeros((0, 1, 4, 4), np.uint8))
    with pytest.raises(ExportError, match="at least one"):
        png_sheet(np.zeros((0, 3, 1, 4, 4), np.uint8))


def _conditional(**settings: object) -> VAE:
    config = {"net": "mlp", "sample_shape": (1, 4, 4), "latent_dim": 3, "hidden": (9,), **settings}
    torch.manual_seed(1)
    return VAE(ModelSpec(**config)).eval()


def _run(program: DecoderProgram, z: np.ndarray) -> np.ndarray:
    """A program of linear layers and ReLUs in numpy: [n, D] -> [n, P] before the output."""
    values = np.frombuffer(program.weights, "<f2").astype(np.float64)
    for layer in program.layers:
        if layer["op"] == "linear":
            size = layer["in"] * layer["out"]
            weight = values[layer["weight"] : layer["weight"] + size].reshape(layer["out"], layer["in"])
            z = z @ weight.T + values[layer["bias"] : layer["bias"] + layer["out"]]
        elif layer["op"] == "relu":
            z = z.clip(0)
    return z


@pytest.mark.parametrize("label", [0, 2, -1, None])
def test_a_class_that_is_told_becomes_part_of_the_first_bias(label: int | None) -> None:
    model = _conditional(condition="class", classes=3)
    told = None if label is None else np.array([label])
    program = decoder_program(model, told)
    assert program.layers[0]["in"] == program.latent_dim == 3
    z = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    y = None if label is None else torch.full((5,), label)
    with torch.no_grad():
        wanted = model.decode(torch.from_numpy(z), y).flatten(1).numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-_run(program, z))), wanted, atol=2e-3)


def test_a_part_of_a_picture_that_is_seen_becomes_part_of_the_first_bias() -> None:
    model = _conditional(condition="quadrants")
    told = model.condition.see(torch.rand(1, 1, 4, 4), torch.tensor([[True, False, False, True]])).numpy()
    program = decoder_program(model, told)
    z = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    with torch.no_grad():
        wanted = model.decode(torch.from_numpy(z), torch.from_numpy(told.repeat(5, 0))).flatten(1).numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-_run(program, z))), wanted, atol=2e-3)
    assert (_run(program, z) != _run(decoder_program(model), z)).any()


@pytest.mark.parametrize("seen", [(True, False, False, True), (True, True, True, True)])
def test_pixels_that_stand_as_they_were_told_do_so_in_the_browser_too(seen: tuple[bool, ...]) -> None:
    model = _conditional(condition="quadrants", unseen_only=True)
    told = model.condition.see(torch.rand(1, 1, 4, 4), torch.tensor([seen])).numpy()
    program = decoder_program(model, told)
    z = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    with torch.no_grad():
        wanted = model.decode(torch.from_numpy(z), torch.from_numpy(told.repeat(5, 0))).flatten(1).numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-_run(program, z))), wanted, atol=2e-3)


@pytest.mark.parametrize(
    ("likelihood", "output"), [("real", "clamp"), ("bernoulli", "sigmoid"), ("gaussian", "sigmoid")]
)
def test_the_program_says_how_its_output_becomes_a_picture(likelihood: str, output: str) -> None:
    assert decoder_program(_conditional(likelihood=likelihood)).output == output


def test_a_picture_made_in_another_way_is_refused() -> None:
    model = Model(nn.Linear(2, 16))
    model.decode = lambda z, y=None: torch.tanh(model.decoder(z)) / 2 + 0.3  # type: ignore[method-assign]
    with pytest.raises(ExportError, match="neither"):
        decoder_program(model)


def test_programs_compare_by_value() -> None:
    program = decoder_program(Model(nn.Linear(2, 16)))
    assert isinstance(program, DecoderProgram) and program == decoder_program(Model(*_copy(program)))


def _copy(program: DecoderProgram) -> list[nn.Module]:
    linear = nn.Linear(2, 16)
    values = torch.from_numpy(np.frombuffer(program.weights, "<f2").astype(np.float32).copy())
    with torch.no_grad():
        linear.weight.copy_(values[:32].reshape(16, 2))
        linear.bias.copy_(values[32:])
    return [linear]
