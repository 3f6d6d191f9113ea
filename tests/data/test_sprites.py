"""Sprites: the factor grid's laws, the lazy images, and their likeness to the real dSprites."""

from __future__ import annotations

import hashlib
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from vae_core.data import CARDS, load_dataset
from vae_core.data.drawn import DrawnImages
from vae_core.data.sprites import (
    FACTOR_NAMES,
    FACTOR_SIZES,
    FACTOR_VALUES,
    GRID,
    N,
    all_factors,
    factors_of,
    index_of,
    render,
)

SQUARE, ELLIPSE, HEART = 0, 1, 2


def some_factors(n: int, seed: int = 0) -> Tensor:
    return factors_of(torch.randint(N, (n,), generator=torch.Generator().manual_seed(seed)))


def test_the_grid_is_that_of_dsprites() -> None:
    assert N == 737_280 == CARDS["sprites"].n
    assert CARDS["sprites"].factor_sizes == FACTOR_SIZES and CARDS["sprites"].factor_names == FACTOR_NAMES
    assert tuple(len(FACTOR_VALUES[name]) for name in FACTOR_NAMES) == FACTOR_SIZES


def test_numbers_and_factors_are_each_others_inverse() -> None:
    factors = all_factors()
    assert factors.dtype == torch.int64 and factors.shape == (N, 5)
    assert torch.equal(index_of(factors), torch.arange(N))
    expected = np.stack(np.unravel_index(np.arange(N), FACTOR_SIZES), axis=1)
    assert np.array_equal(factors.numpy(), expected)


def test_pictures_are_white_on_black_and_alike_at_every_call() -> None:
    factors = some_factors(700)  # more than is drawn at a time
    images = render(factors)
    assert images.shape == (700, 1, 64, 64) and images.dtype == torch.uint8
    assert set(images.unique().tolist()) == {0, 255}
    assert torch.equal(images, render(factors))
    assert torch.equal(images, torch.cat([render(row[None]) for row in factors]))
    assert torch.equal(images, render(factors.to(torch.uint8)))


def test_every_corner_of_the_grid_stays_inside_the_canvas() -> None:
    """The outermost pixels are black everywhere: nothing is cut off, at the extremes of all factors."""
    orientations = range(0, 40, 3)
    corners = torch.tensor([*product(range(3), (0, 5), orientations, (0, 31), (0, 31))])
    images = render(corners)
    assert images.flatten(1).amax(1).eq(255).all()
    for edge in (images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1]):
        assert not edge.any()
    # the patch that is drawn must contain the whole shape: area grows with the square of the scale
    area = (images > 0).flatten(1).sum(1).float()
    ratio = area[corners[:, 1] == 5] / area[corners[:, 1] == 0]
    assert float(ratio.min()) > 3.2 and float(ratio.max()) < 4.9


def test_position_moves_the_picture_right_and_down() -> None:
    still = torch.tensor([[ELLIPSE, 3, 4, 0, 0]])
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")

    def centre(factors: Tensor) -> tuple[float, float]:
        white = render(factors)[0, 0] > 0
        return float(columns[white].mean()) + 0.5, float(rows[white].mean()) + 0.5

    assert centre(still) == pytest.approx((16, 16), abs=0.3)
    assert centre(still + torch.tensor([[0, 0, 0, 31, 0]])) == pytest.approx((48, 16), abs=0.3)
    assert centre(still + torch.tensor([[0, 0, 0, 0, 31]])) == pytest.approx((16, 48), abs=0.3)


def test_orientation_turns_counter_clockwise_and_comes_round() -> None:
    first, last = torch.tensor([[HEART, 5, 0, 15, 15]]), torch.tensor([[HEART, 5, 39, 15, 15]])
    changed = (render(first) != render(last)).sum()
    assert changed <= 2  # 0 and 2 pi are the same angle, up to rounding at an edge
    tilted = render(torch.tensor([[ELLIPSE, 5, 5, 15, 15]]))[0, 0] > 0  # by 46 degrees
    y, x = tilted.nonzero().unbind(1)
    covariance = ((x - x.float().mean()) * (y - y.float().mean())).mean()
    assert covariance < -5  # the long axis rises to the right; y points down


@pytest.mark.parametrize(
    ("factors", "sentence"),
    [
        ([[3, 0, 0, 0, 0]], "The factor shape goes from 0 to 2, not to 3."),
        ([[0, 0, 40, 0, 0]], "The factor orientation goes from 0 to 39, not to 40."),
        ([[0, 0, 0, 0, -1]], "The factor y goes from 0 to 31, not to -1."),
        ([[0, 0, 0, 0]], "Sprites' factors have the shape [N, 5], not [1, 4]."),
        ([[0.0, 0, 0, 0, 0]], "Sprites' factors are integers, not float32."),
    ],
)
def test_factors_beyond_the_grid_are_refused_in_one_sentence(factors: list, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        render(torch.tensor(factors))
    assert str(caught.value) == sentence


def test_no_factors_give_no_pictures() -> None:
    assert render(torch.empty(0, 5, dtype=torch.int64)).shape == (0, 1, 64, 64)


def test_lazy_images_index_like_a_tensor() -> None:
    images = DrawnImages(GRID)
    assert images.shape == (N, 1, 64, 64) and len(images) == N and images.dtype == torch.uint8
    wanted = torch.tensor([5, 737_279, 5, 400_000])
    drawn = render(factors_of(wanted))
    assert torch.equal(images[wanted], drawn)
    assert torch.equal(images[wanted.tolist()], drawn)
    assert torch.equal(images[wanted.numpy()], drawn)
    assert torch.equal(images[400_000], drawn[3]) and torch.equal(images[-1], drawn[1])
    assert torch.equal(images[10:20:5], render(factors_of(torch.tensor([10, 15]))))
    assert images[[]].shape == (0, 1, 64, 64)
    mask = torch.zeros(N, dtype=torch.bool)
    mask[wanted] = True
    assert torch.equal(images[mask], drawn[[0, 3, 1]])
    part = images.take(wanted)
    assert part.shape == (4, 1, 64, 64) and torch.equal(part[1:3], drawn[1:3])
    assert torch.equal(part.to("cpu")[:], drawn)
    for wrong in (N, -N - 1):
        with pytest.raises(IndexError):
            images[wrong]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_draws_the_same_pictures() -> None:
    factors = some_factors(5_000)
    assert (render(factors) != render(factors.cuda()).cpu()).float().mean() < 1e-5


def test_dataset_agrees_with_the_pictures() -> None:
    data = load_dataset("sprites")
    positions = data.splits["validation"][:50]
    part = data.take(positions)
    assert part.factors is not None and data.factors is not None and part.y is not None
    assert torch.equal(part.x[:], render(part.factors)) and torch.equal(part.index, positions)
    assert torch.equal(part.y, part.factors[:, 0])
    assert data.factors.dtype == torch.int64


def test_drawing_keeps_up_with_training() -> None:
    """A floor far under the usual 90,000 a second, so that only a real slip fails it on a busy machine."""
    factors = some_factors(2_048)
    render(factors)
    best = min(_seconds(factors) for _ in range(3))
    assert len(factors) / best > 2_000


def _seconds(factors: Tensor) -> float:
    start = time.process_time()  # of this process alone: others may want the cores
    render(factors)
    return time.process_time() - start


def test_pictures_are_the_ones_shipped_models_were_trained_on() -> None:
    """Runs refer to sprites by number. A few pixels may differ by platform, hence areas instead of a hash."""
    area = (render(some_factors(64, seed=7)) > 0).flatten(1).sum(1)
    digest = hashlib.sha256(all_factors().to(torch.uint8).numpy().tobytes()).hexdigest()
    assert digest.startswith("b314794cb1e63cfb")
    assert int(area.sum()) == pytest.approx(11270, abs=20)


def test_likeness_to_the_real_dsprites(data_root: Path) -> None:
    """Same factor values, and a mean overlap (IoU) of at least 0.95 for each shape."""
    path = data_root / "dsprites" / "dsprites_grid46080.npz"
    if not path.is_file():
        pytest.skip(f"needs the real pictures at {path}")
    real = load_dataset("dsprites-subset")
    assert real.factors is not None
    factors = real.factors * torch.tensor([1, 1, 4, 2, 2])
    with np.load(path, allow_pickle=False) as archive:
        values = archive["latents_values"]
    for column, name in enumerate(FACTOR_NAMES):
        ours = np.array(FACTOR_VALUES[name])[factors[:, column].numpy()]
        assert np.allclose(ours, values[:, column], atol=1e-8)
    chosen = torch.arange(0, len(real), 7)  # 7 shares no factor with the grid: every value comes up
    a, b = real.x[chosen].flatten(1) > 0, render(factors[chosen]).flatten(1) > 0
    iou = (a & b).sum(1) / (a | b).sum(1)
    for shape in range(3):
        own = iou[real.factors[chosen, 0] == shape]
        assert float(own.mean()) >= 0.95 and float(own.min()) >= 0.85
