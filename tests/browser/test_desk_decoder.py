"""The browser's decoder against torch: within one grey level, for every kind of layer and every shipped run."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, Route
from torch import nn

from tests.browser.harness import shipped_kinds
from vae_core.config import DataInfo
from vae_core.export import decode_pictures, decoder_program
from vae_core.latent.geometry import corner_grid, lerp, slerp
from vae_core.runs import RunFolder

PROJECT = Path(__file__).resolve().parents[2]
DESK = PROJECT / "ui" / "components" / "desk"
SHIPPED = [
    folder.name for folder in shipped_kinds() if RunFolder(folder).read_config().model.abilities.in_browser
]
ORIGIN = "http://desk.test"

Decode = Callable[[bytes, np.ndarray, bool], tuple[str, np.ndarray]]

DECODE = """
async ({program, codes, plain}) => {
  const {createDecoder, readProgram} = await import("/decoder.js");
  const bytes = Uint8Array.from(atob(program), (c) => c.charCodeAt(0));
  const {header, weights} = readProgram(bytes.buffer);
  const decoder = createDecoder(header, weights, {plain});
  const size = decoder.channels * decoder.height * decoder.width;
  const all = new Uint8Array(size * codes.length);
  codes.forEach((z, i) => decoder.decode(z, all.subarray(i * size, (i + 1) * size)));
  let text = "";
  for (let i = 0; i < all.length; i += 8192) text += String.fromCharCode(...all.subarray(i, i + 8192));
  return {kernel: decoder.kernel, levels: btoa(text)};
}
"""


class FakeModel:
    """A decoder of given layers; the likelihood's mean is the sigmoid, or the output itself."""

    def __init__(
        self, layers: list[nn.Module], latent_dim: int, sample_shape: tuple[int, int, int], *, plain: bool = False
    ) -> None:
        torch.manual_seed(3)
        self.decoder = nn.Sequential(*layers)
        for parameter in self.decoder.parameters():
            nn.init.normal_(parameter, std=1.4 / max(parameter[0].numel(), 1) ** 0.5 if parameter.dim() > 1 else 0.1)
        self.latent_dim = latent_dim
        self.sample_shape = sample_shape
        self.plain = plain
        self.device = torch.device("cpu")

    def decode(self, z: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        out = self.decoder(z).reshape(-1, *self.sample_shape)
        return out if self.plain else torch.sigmoid(out)


def fake(latent_dim: int, shape: tuple[int, int, int], build: Callable[[], list[nn.Module]]) -> SimpleNamespace:
    return SimpleNamespace(latent_dim=latent_dim, shape=shape, build=build)


DECODERS = {
    "mlp": fake(2, (1, 8, 8), lambda: [nn.Linear(2, 50), nn.ReLU(), nn.Linear(50, 64), nn.Unflatten(1, (1, 8, 8))]),
    "mlp-tanh-rgb": fake(
        5, (3, 6, 7), lambda: [nn.Linear(5, 33), nn.Tanh(), nn.Linear(33, 126), nn.Unflatten(1, (3, 6, 7))]
    ),
    "without-unflatten": fake(3, (1, 5, 5), lambda: [nn.Linear(3, 25)]),
    "nested": fake(
        4, (1, 4, 4), lambda: [nn.Sequential(nn.Linear(4, 9), nn.ReLU()), nn.Linear(9, 16), nn.Unflatten(1, (1, 4, 4))]
    ),
    "conv-28": fake(
        10,
        (1, 28, 28),
        lambda: [
            nn.Linear(10, 256),
            nn.ReLU(),
            nn.Linear(256, 64 * 49),
            nn.ReLU(),
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, 2, 1),
        ],
    ),
    "dsprites-64": fake(
        10,
        (1, 64, 64),
        lambda: [
            nn.Linear(10, 256),
            nn.ReLU(),
            nn.Linear(256, 1024),
            nn.ReLU(),
            nn.Unflatten(1, (64, 4, 4)),
            nn.ConvTranspose2d(64, 64, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, 2, 1),
        ],
    ),
    "rgb-32": fake(
        6,
        (3, 32, 32),
        lambda: [
            nn.Linear(6, 512),
            nn.ReLU(),
            nn.Unflatten(1, (32, 4, 4)),
            nn.ConvTranspose2d(32, 16, 4, 2, 1),
            nn.Tanh(),
            nn.ConvTranspose2d(16, 12, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(12, 3, 4, 2, 1),
        ],
    ),
    "odd-transposed": fake(  # kernels that the stride does not divide, output padding, channels beside four
        4,
        (1, 14, 20),
        lambda: [
            nn.Linear(4, 5 * 2 * 3),
            nn.Unflatten(1, (5, 2, 3)),
            nn.ConvTranspose2d(5, 8, 3, 2, 1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 6, 5, 1, 2, bias=False),
            nn.Tanh(),
            nn.ConvTranspose2d(6, 1, (5, 5), (3, 3), (1, 1), output_padding=(2, 2)),
        ],
    ),
    "gaps": fake(  # a stride beyond the kernel leaves pixels that only the bias reaches
        3,
        (3, 9, 9),
        lambda: [
            nn.Linear(3, 36),
            nn.Unflatten(1, (4, 3, 3)),
            nn.ConvTranspose2d(4, 4, 2, 3, 0, output_padding=1),
            nn.Conv2d(4, 3, 1),
        ],
    ),
    "upsampled": fake(
        8,
        (1, 28, 28),
        lambda: [
            nn.Linear(8, 16 * 49),
            nn.ReLU(),
            nn.Unflatten(1, (16, 7, 7)),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(16, 9, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(9, 1, 5, padding=2),
        ],
    ),
    "strided-and-flat": fake(
        3,
        (1, 4, 4),
        lambda: [
            nn.Linear(3, 7 * 64),
            nn.Unflatten(1, (7, 8, 8)),
            nn.Conv2d(7, 10, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(160, 16),
            nn.Tanh(),
            nn.Linear(16, 16),
            nn.Unflatten(1, (1, 4, 4)),
        ],
    ),
}


@contextmanager
def bare_page(browser: Browser) -> Iterator[Page]:
    """A page that has only the desk's modules."""
    context = browser.new_context()
    page = context.new_page()

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN).lstrip("/")
        if name:
            route.fulfill(body=(DESK / name).read_text(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>desk</title>", content_type="text/html")

    page.route(f"{ORIGIN}/**", answer)
    page.goto(f"{ORIGIN}/")
    yield page
    context.close()


@contextmanager
def decoding(browser: Browser) -> Iterator[Decode]:
    """decode(program bytes, codes, plain) -> (kernel, levels [n * H * W * C]) in a page that has only the modules."""
    with bare_page(browser) as page:

        def run(program: bytes, codes: np.ndarray, plain: bool) -> tuple[str, np.ndarray]:
            result = page.evaluate(
                DECODE, {"program": base64.b64encode(program).decode(), "codes": codes.tolist(), "plain": plain}
            )
            return result["kernel"], np.frombuffer(base64.b64decode(result["levels"]), np.uint8)

        yield run


@pytest.fixture(scope="module")
def decode(browser: Browser) -> Iterator[Decode]:
    with decoding(browser) as run:
        yield run


@pytest.fixture
def modules(browser: Browser) -> Iterator[Page]:
    with bare_page(browser) as page:
        yield page


def codes_for(latent_dim: int) -> np.ndarray:
    """Random codes, far ones, and the corners of what a slider reaches."""
    generator = np.random.default_rng(0)
    ordinary = generator.standard_normal((24, latent_dim))
    extreme = np.stack([np.full(latent_dim, 6.0), np.full(latent_dim, -6.0), 6.0 * np.sign(ordinary[0])])
    return np.concatenate([np.zeros((1, latent_dim)), ordinary, 3 * ordinary[:8], extreme]).astype(np.float32)


def differences(levels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Grey levels between two decodings, [n, H, W, C]. levels: flat [n * H * W * C]; wanted: [n, C, H, W]."""
    pictures = levels.reshape(len(wanted), *wanted.shape[2:], wanted.shape[1]).astype(int)
    return np.abs(pictures - np.moveaxis(wanted, 1, -1).astype(int))


def assert_alike(levels: np.ndarray, wanted: np.ndarray) -> None:
    """Within one grey level everywhere."""
    difference = differences(levels, wanted)
    assert difference.max() <= 1, f"{(difference > 1).sum()} of {difference.size} differ, by up to {difference.max()}"


@pytest.mark.parametrize("plain", [False, True], ids=["simd", "plain"])
@pytest.mark.parametrize("name", DECODERS)
def test_every_layer_gives_torchs_picture(name: str, plain: bool, decode: Decode) -> None:
    made = DECODERS[name]
    model = FakeModel(made.build(), made.latent_dim, made.shape)
    codes = codes_for(made.latent_dim)
    kernel, levels = decode(decoder_program(model).to_bytes(), codes, plain)
    info = DataInfo(name="made up", sample_shape=made.shape, size=1)
    wanted = decode_pictures(model, info, codes)
    assert wanted.std() > 10, "a flat picture would prove nothing"
    assert_alike(levels, wanted)
    assert kernel == ("plain" if plain else "simd")


@pytest.mark.parametrize("plain", [False, True], ids=["simd", "plain"])
@pytest.mark.parametrize("name", ["mlp-tanh-rgb", "conv-28", "without-unflatten"])
def test_an_output_that_is_the_picture_itself_is_clamped(name: str, plain: bool, decode: Decode) -> None:
    made = DECODERS[name]
    model = FakeModel(made.build(), made.latent_dim, made.shape, plain=True)
    last = [layer for layer in model.decoder.modules() if hasattr(layer, "weight")][-1]
    with torch.no_grad():  # as far beyond black and white as a linear model's pictures go
        last.weight.mul_(0.25)
        last.bias.fill_(0.5)
    codes = codes_for(made.latent_dim)
    program = decoder_program(model)
    _, levels = decode(program.to_bytes(), codes, plain)
    wanted = decode_pictures(model, DataInfo(name="made up", sample_shape=made.shape, size=1), codes)
    assert program.output == "clamp" and (wanted == 0).any() and (wanted == 255).any()
    assert_alike(levels, wanted)


@pytest.mark.parametrize("plain", [False, True], ids=["simd", "plain"])
@pytest.mark.parametrize("name", SHIPPED or ["none"])
def test_shipped_runs_give_torchs_picture(name: str, plain: bool, decode: Decode) -> None:
    if name == "none":
        pytest.skip("no run is shipped in checkpoints/")
    from vae_core.runs import load_run

    run = load_run(PROJECT / "checkpoints" / name)
    codes = np.concatenate([codes_for(run.model.latent_dim), run.codes.mean[:64]])
    _, levels = decode(decoder_program(run.model).to_bytes(), codes, plain)
    assert_alike(levels, decode_pictures(run.model, run.config.data, codes))


def test_walks_and_distances_are_the_librarys(modules: Page) -> None:
    generator = np.random.default_rng(7)
    pairs = [*generator.standard_normal((6, 2, 5)), [[1, 2, 0, 0, 1], [-2, -4, 0, 0, -2]]]
    pairs += [[[1, 2, 3, 4, 5], [2, 4, 6, 8, 10]], [[0] * 5, [1, 0, 2, 0, 3]], [[1, 0, 0, 0, 0], [1, 1e-8, 0, 0, 0]]]
    pairs = np.array(pairs, dtype=np.float32)
    times = np.linspace(0, 1, 6)
    seen = generator.standard_normal((50, 2)).astype(np.float32)
    got = modules.evaluate(
        """async ({pairs, times, seen, dims}) => {
          const {bilinear, lerp, nearest, slerp} = await import("/geometry.js");
          const walk = (kind) => pairs.map(([a, b]) => times.map((t) => [...kind(a, b, t)]));
          const [a, b, c, d] = pairs.slice(0, 4).map(([first]) => first);
          const find = nearest(Float32Array.from(seen.flat()), dims);
          return {lerp: walk(lerp), slerp: walk(slerp), far: pairs.map(([a]) => find(a)),
                  grid: times.map((y) => times.map((x) => [...bilinear(a, b, c, d, x, y)]))};
        }""",
        {"pairs": pairs.tolist(), "times": times.tolist(), "seen": seen.tolist(), "dims": [3, 1]},
    )
    for name, walk in (("lerp", lerp), ("slerp", slerp)):
        np.testing.assert_allclose(got[name], [walk(a, b, times) for a, b in pairs], atol=1e-5, err_msg=name)
    np.testing.assert_allclose(got["grid"], corner_grid(*pairs[:4, 0], 6), atol=1e-5)
    asked = pairs[:, 0][:, [3, 1]]
    np.testing.assert_allclose(got["far"], np.sqrt(((asked[:, None] - seen) ** 2).sum(-1)).min(1), rtol=1e-5)
