"""Laws of dreams: seeds, temperature, mixtures, and how samples are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.pages.toy import PICTURES, SENTENCES, TABLE, TOYS
from vae_core.config import TrainConfig, model_spec
from vae_core.dreams import SAMPLERS, Asked, DreamError, as_numbers, decode_dreams, draw, draw_codes, match, samplers_of
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
    asked = Asked(sampler="mixture", components=1)
    assert (np.abs(draw_codes(model, asked, far) - 7) < 1).all()
    assert (np.abs(draw_codes(model, Asked(), far)) < 5).all(), "its own prior has no use for it"
    with pytest.raises(DreamError, match="no codes to draw from"):
        draw_codes(model, asked)


@pytest.mark.parametrize("family", ["gaussian", "vamp", "ladder", "gan", "m2", "class"])
def test_a_code_moves_on_a_line_with_the_temperature_as_the_model_itself_has_it(family: str) -> None:
    """What the browser computes by itself is what `sample_prior` draws at that temperature."""
    torch.manual_seed(0)
    train, info = TOYS[family]
    made = build(model_spec(train, info)).eval()
    told = np.zeros(6, np.int64) if made.spec.abilities.classes else None
    draws = draw(made, Asked(count=6, seed=2), None, told)
    y = None if told is None else torch.from_numpy(told)
    for temperature in (0.0, 0.3, 1.0, 1.7):
        with torch.no_grad():
            direct = made.sample_prior(6, y, temperature, torch.Generator().manual_seed(2)).numpy()
        np.testing.assert_allclose(draws.at(temperature), direct, rtol=1e-5, atol=1e-5)


def test_a_transformer_is_asked_at_its_temperature() -> None:
    torch.manual_seed(0)
    made = build(model_spec(*TOYS["vq"])).eval()
    cold, again = (draw(made, Asked(count=5, seed=seed, temperature=0.0)) for seed in (0, 1))
    assert cold.offset is None and not SAMPLERS["transformer"].linear
    np.testing.assert_array_equal(cold.at(1.3), again.middle)  # the likeliest each time, whatever the seed


OWN = {"gaussian": "normal", "autoencoder": "normal", "vamp": "vamp", "vq": "transformer", "fsq": "transformer"}


@pytest.mark.parametrize("family", sorted(TOYS))
def test_every_family_offers_its_own_prior_first_and_none_that_it_lacks(family: str) -> None:
    able = model_spec(*TOYS[family]).abilities
    names = samplers_of(able)
    assert names[0] == OWN.get(family, "normal") and len(set(names)) == len(names) and set(names) <= set(SAMPLERS)
    assert ("mixture" in names) == (able.encodes and able.cells is None) and "tray" in names
    assert Asked().named(able) == names[0]
    for name in sorted(set(SAMPLERS) - set(names)):
        with pytest.raises(DreamError, match="is not what this model has; choose own or"):
            Asked(sampler=name).named(able)


WRONG = [{"count": 0}, {"count": 10**6}, {"temperature": float("nan")}, {"temperature": -1}, {"temperature": 9},
         {"seed": -1}, {"components": 0}, {"sampler": "magic"}]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_drawn_is_said(model: torch.nn.Module, wrong: dict) -> None:
    with pytest.raises(DreamError):
        draw(model, Asked(**wrong))


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
