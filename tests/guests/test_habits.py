"""What the pictures of a dataset are like, found of pictures whose making is known."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.guests import habit_of


def strokes(n: int = 20, side: int = 40, thick: int = 4, spread: int = 0) -> np.ndarray:
    """Upright strokes 24 pixels long, moved by up to `spread` pixels."""
    made = np.zeros((n, side, side), dtype=np.uint8)
    moves = np.random.default_rng(0).integers(-spread, spread + 1, (n, 2))
    for page, (down, right) in zip(made, moves, strict=True):
        page[8 + down : 32 + down, 18 + right : 18 + thick + right] = 255
    return made


def test_a_strokes_length_and_thickness_are_found_and_where_it_lies() -> None:
    habit = habit_of(strokes())
    assert not habit.light and habit.centred and habit.reach == 24
    assert habit.middle == pytest.approx((20, 20))
    assert habit.brush == pytest.approx(4, rel=0.15)


def test_ink_on_light_paper_is_the_same_but_light() -> None:
    dark, light = habit_of(strokes()), habit_of(255 - strokes())
    assert light.light and (light.reach, light.brush, light.centred) == (dark.reach, dark.brush, dark.centred)


def test_samples_that_lie_anywhere_are_not_centred() -> None:
    assert not habit_of(strokes(spread=7)).centred


def test_colours_and_empty_pictures_have_a_habit_too() -> None:
    assert habit_of(np.repeat(strokes()[..., None], 3, axis=3)).reach == 24
    empty = habit_of(np.zeros((3, 8, 8), np.uint8))
    assert not empty.centred and empty.brush >= 1


def test_mnist_is_centred_by_its_centre_of_mass_in_a_box_of_twenty(data_root: object) -> None:
    from vae_core.data import is_available, load_dataset

    if not is_available("mnist"):
        pytest.skip("needs MNIST in LATENTARIUM_DATA")
    habit = habit_of(np.asarray(load_dataset("mnist").x[np.arange(200)])[:, 0])
    assert habit.centred and not habit.light and habit.reach == 20
    assert habit.middle == pytest.approx((14.5, 14.5), abs=0.15)
    assert 2 < habit.brush < 4
