"""Lesson 11: each relative does what it is said to do, and the verdict follows from what was measured."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from vae_core import load_dataset, load_run
from vae_core.lessons import relatives, tiles
from vae_core.lessons.card import Material
from vae_core.lessons.family import FAMILY, lacks
from vae_core.lessons.scene import Bars, Pictures, Scene

RUNS = cache(load_run)


@pytest.fixture(scope="module")
def made() -> Scene:
    return relatives.scene(Material(RUNS, relatives.LESSON.sample))


def relative(key: str) -> relatives.Relative:
    return next(one for one in FAMILY if one.key == key)


def test_the_verdict_is_the_smallest_error(made: Scene) -> None:
    errors, _ = (panel.values for panel in made.panels if isinstance(panel, Bars))
    places = [relatives.DIGITS.index(FAMILY.index(relative(key))) for key in relatives.ASKED]
    assert made.answer == np.nanargmin(errors[-1][places])
    assert np.isnan(errors[-1][places[relatives.ASKED.index("gan")]])  # it has no encoder


def test_bars_are_added_as_the_visitor_goes_on(made: Scene) -> None:
    for bars in (panel.values for panel in made.panels if isinstance(panel, Bars)):
        assert (np.isfinite(bars[:-1]) <= np.isfinite(bars[1:])).all()
        assert np.isfinite(bars[0]).sum() == 1


def test_who_cannot_redraw_shows_nothing(made: Scene) -> None:
    shown = next(panel for panel in made.panels if isinstance(panel, Pictures)).pixels
    blank = [FAMILY[stop].key for stop in range(len(FAMILY)) if (shown[stop, 1] == tiles.BLANK).all()]
    assert blank == ["transformer", "gan"]
    assert "encoder" in lacks(relative("gan"), RUNS("digits-gan").config.model.abilities)


def test_a_transformer_goes_on_with_what_is_there() -> None:
    model, x = RUNS("digits-vq").model, load_dataset("digits").x[:1]
    new = tiles.dreamt(relative("transformer"), model, x)
    grids = model.prior.sample(4, beginning=torch.tensor([[5, 6, 7]]).expand(4, -1))  # type: ignore[operator, union-attr]
    assert (grids[:, :3] == torch.tensor([5, 6, 7])).all() and grids.shape == (4, 16)
    assert len(new) == tiles.DREAMS and (new[0] != new[1]).any()


def test_one_hand_writes_several_classes() -> None:
    run, x = RUNS("digits-class"), load_dataset("digits").x[:1]
    new = tiles.dreamt(relative("condition"), run.model, x)
    with torch.no_grad():
        codes = run.model.encode((new * 255).byte(), torch.arange(tiles.DREAMS)).mean
    assert codes.std(0).mean() < 0.6  # of draws it is 1


def test_measures_know_a_perfect_and_a_shifted_set() -> None:
    x = load_dataset("digits").x[:60]
    found = relatives.measured(RUNS("digits-10d").model, x, None)
    dark = relatives.measured(RUNS("digits-10d").model, torch.zeros_like(x), None)
    assert 0 < found.error < 0.2 and found.dreams < dark.dreams
