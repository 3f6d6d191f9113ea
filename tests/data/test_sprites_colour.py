"""Sprites in colour: hue changes the colour and nothing else; the rest is the sprites' own drawing."""

from __future__ import annotations

import colorsys

import pytest
import torch
from torch import Tensor

from vae_core.data import CARDS, load_dataset
from vae_core.data import sprites_colour as colour
from vae_core.data.sprites import render

GRID = colour.GRID


def some_factors(n: int) -> Tensor:
    return GRID.factors_of(torch.randint(GRID.n, (n,), generator=torch.Generator().manual_seed(0)))


def test_the_grid_is_the_cards() -> None:
    card = CARDS["sprites-colour"]
    assert (card.factor_names, card.factor_sizes, card.n) == (GRID.names, GRID.sizes, GRID.n)
    data = load_dataset("sprites-colour")
    assert data.sample_shape == card.sample_shape and data.factors is not None
    some = torch.tensor([0, 77_777, GRID.n - 1])
    assert torch.equal(data.x[some], GRID.render(data.factors[some]))


def test_hue_changes_only_the_colour() -> None:
    factors = some_factors(200)[:, None].repeat(1, colour.HUES, 1)
    factors[:, :, 5] = torch.arange(colour.HUES)
    pictures = GRID.render(factors.flatten(0, 1)).view(200, colour.HUES, 3, 32, 32)
    cover = pictures.amax(2)  # [200, hues, 32, 32]: fully saturated, so one channel always carries the whole cover
    assert (cover == cover[:, :1]).all() and (cover.flatten(2).amax(2) == 255).all()
    for hue in range(colour.HUES):
        rgb = torch.tensor(colorsys.hsv_to_rgb(hue / colour.HUES, 1, 1))
        expected = cover[:, hue, None].float() * rgb[:, None, None]
        assert (pictures[:, hue].float() - expected).abs().max() <= 1
    assert len({tuple(pictures[0, hue].flatten().tolist()) for hue in range(colour.HUES)}) == colour.HUES


def test_the_cover_is_the_sprite_averaged() -> None:
    factors = some_factors(100)
    fine = factors[:, :5] * torch.tensor(colour.STEP) + torch.tensor(colour.FIRST)
    white = render(fine).view(100, 32, 2, 32, 2).float().mean((2, 4))
    assert (GRID.render(factors).amax(1).float() - white).abs().max() <= 0.5


def test_no_edge_is_cut_and_all_levels_are_used() -> None:
    pictures = GRID.render(some_factors(3_000))
    assert not pictures[..., 0].any() and not pictures[..., -1].any()
    assert not pictures[..., 0, :].any() and not pictures[..., -1, :].any()
    assert {0, 64, 128, 191, 255} <= set(pictures.unique().tolist())


def test_factors_beyond_the_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"factor hue goes from 0 to 7, not to 8\."):
        GRID.render(torch.tensor([[0, 0, 0, 0, 0, 8]]))
    with pytest.raises(ValueError, match=r"shape \[N, 6\]"):
        GRID.render(torch.zeros(1, 5, dtype=torch.int64))
    assert GRID.render(torch.empty(0, 6, dtype=torch.int64)).shape == (0, 3, 32, 32)
