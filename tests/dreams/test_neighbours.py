"""Laws of nearest training samples: brute force, a sample is its own neighbour, edits as Levenshtein counts them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vae_core import load_dataset
from vae_core.dreams import neighbours
from vae_core.dreams.neighbours import Usual, edits, held_out, lengths, nearest, nearest_code, usual


@pytest.mark.parametrize("name", ["digits", "wine", "grammar"])
def test_a_training_sample_is_nearest_to_itself(name: str) -> None:
    data = load_dataset(name)
    rows = data.splits["train"][:9]
    found = nearest(data.info, np.asarray(data.x[rows]), data)
    np.testing.assert_array_equal(found.distance, 0)
    np.testing.assert_array_equal(np.asarray(data.x[found.place]), np.asarray(data.x[rows]))


def test_neighbours_are_those_of_brute_force_whatever_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = load_dataset("digits")
    samples = np.random.default_rng(0).integers(0, 256, (6, 1, 8, 8), dtype=np.uint8)
    train = data.splits["train"].numpy()
    held = np.asarray(data.x[train]).reshape(len(train), -1) / 255
    every = np.sqrt(np.square(samples.reshape(6, 1, -1) / 255 - held[None]).mean(2))  # [6, n]
    for numbers in (neighbours.CHUNK_NUMBERS, 64 * 100):
        monkeypatch.setattr(neighbours, "CHUNK_NUMBERS", numbers)
        found = nearest(data.info, samples, data)
        np.testing.assert_allclose(found.distance, every.min(1), rtol=1e-5)
        np.testing.assert_array_equal(found.place, train[every.argmin(1)])
        assert found.looked == found.of == len(train)


def test_of_many_samples_a_part_is_looked_at_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    data = load_dataset("digits")
    monkeypatch.setattr(neighbours, "MOST_NUMBERS", 64 * 50)
    found = nearest(data.info, np.asarray(data.x[:3]), data)
    assert found.looked == 50 and found.of == len(data.splits["train"])


def levenshtein(a: str, b: str) -> int:
    """As the textbook has it."""

    @cache
    def d(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return d(len(a), len(b))


def test_edits_are_those_of_levenshtein() -> None:
    words = ["kitten", "sitting", "mitten", "", "ten", "knitting", "tennis"]
    tokens = np.zeros((len(words), 9), np.int64)
    for row, word in enumerate(words):
        tokens[row, : len(word)] = [ord(letter) for letter in word]
        tokens[row, len(word)] = 2  # the end
    for word in words:
        wanted = [levenshtein(word, other) for other in words]
        one = np.array([ord(letter) for letter in word], np.int64)
        np.testing.assert_array_equal(edits(one, tokens, lengths(tokens)), wanted)


def test_the_usual_distance_is_that_of_samples_no_training_has_seen() -> None:
    data = load_dataset("digits")
    known = usual(data.info, data, held_out(data) // 2)
    assert len(known.distance) == 179 and (np.diff(known.distance) >= 0).all() and known.distance[0] > 0
    assert known.closer(known.distance[-1]) == 1 and known.closer(0.0) == 0
    assert known.closer(known.median) == pytest.approx(0.5, abs=0.01)
    own = nearest(data.info, held_out(data), data).distance
    assert known.nearer_than_usual(own) == len(own) // 2, "held-out samples are as near as held-out samples are"
    assert len(known.decoded) == 179 and known.decoded_closer != 0.5


def test_more_copies_are_counted_as_nearer() -> None:
    known = Usual(np.array([1.0, 2.0, 3.0]), np.empty(0))
    assert known.nearer_than_usual(np.array([0.0, 1.9, 2.0, 5.0])) == 2
    np.testing.assert_allclose(known.closer(np.array([0.5, 1.0, 2.5, 9.0])), [0, 1 / 3, 2 / 3, 1])


def test_codes_are_compared_in_the_dimensions_that_are_awake() -> None:
    seen = np.array([[0, 0, 9], [1, 1, -9]], np.float32)
    distance, row = nearest_code(np.array([[1, 0.9, 9]], np.float32), seen, np.array([0, 1]))
    assert row.tolist() == [1] and distance[0] == pytest.approx(0.1, abs=1e-6)
