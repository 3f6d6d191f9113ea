"""Laws of dreams: seeds, temperature, mixtures, and how samples are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.pages.toy import PICTURES, SENTENCES, TABLE
from vae_core.config import TrainConfig, model_spec
from vae_core.dreams import Asked, as_numbers, decode_dreams, draw_codes, match
from vae_core.latent.mixture import fit
from vae_core.models import build


@pytest.fixture
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return build(model_spec(TrainConfig(latent_dim=3, hidden=(8,)), PICTURES)).eval()


def test_a_seed_is_a_dream_and_the_temperature_widens_it(model: torch.nn.Module) -> None:
    asked = Asked(count=5, seed=4)
    codes = draw_codes(model, asked, None)
    assert codes.shape == (5, 3) and codes.dtype == np.float32
    np.testing.assert_array_equal(codes, draw_codes(model, asked, None))
    np.testing.assert_allclose(draw_codes(model, replace(asked, temperature=2.0), None), 2 * codes, rtol=1e-6)
    assert not draw_codes(model, replace(asked, temperature=0.0), None).any()


def test_a_mixture_takes_the_priors_place(model: torch.nn.Module) -> None:
    far = fit(np.full((50, 3), 7.0), np.full((50, 3), 0.1), components=1)
    assert (np.abs(draw_codes(model, Asked(components=1), far) - 7) < 1).all()


def test_sentences_are_written_in_the_way_that_is_asked_for() -> None:
    torch.manual_seed(0)
    model = build(model_spec(TrainConfig(latent_dim=3, hidden=(8,)), SENTENCES)).eval()
    codes = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    asked = Asked(way="sample", warmth=3.0)
    drawn = decode_dreams(model, SENTENCES, codes, asked)
    assert drawn.shape == (20, 6) and drawn.dtype == np.int64
    np.testing.assert_array_equal(drawn, decode_dreams(model, SENTENCES, codes, asked))
    assert (drawn != decode_dreams(model, SENTENCES, codes, Asked())).any()


def test_sentences_differ_by_the_places_in_which_they_do() -> None:
    first, second = np.array([[4, 5, 2, 0], [4, 5, 2, 0]]), np.array([[4, 6, 2, 0], [7, 8, 9, 2]])
    a, b = as_numbers(SENTENCES, first, second)
    np.testing.assert_allclose(np.square(a - b).sum(1), [2 * 1, 2 * 4])
    assert as_numbers(SENTENCES, np.arange(30_000)[None], np.arange(30_000)[None]) is None


def test_pixels_and_columns_are_compared_in_their_units() -> None:
    pixels = np.full((2, 1, 8, 8), 255, np.uint8)
    assert as_numbers(PICTURES, pixels, pixels)[0].max() == 1
    rows = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    np.testing.assert_array_equal(as_numbers(TABLE, rows, rows)[0], rows)


def test_worse_dreams_are_farther_away() -> None:
    generator = np.random.default_rng(0)
    held_out, training, good = generator.standard_normal((3, 200, 3)).astype(np.float32)
    close, far = match(TABLE, good, held_out, training), match(TABLE, good + 2, held_out, training)
    assert far.distance > 10 * close.distance and close.count == 200
    assert close.real == far.real == pytest.approx(close.distance, abs=0.1)
