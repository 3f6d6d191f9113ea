"""Laws of nearest training samples: brute force, a sample is its own neighbour, edits as Levenshtein counts them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vae_core import load_dataset
from vae_core.dreams import neighbours
from vae_core.dreams.neighbours import Usual, edits, held_out, lengths, nearest, samples_at, taught_codes, usual


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
    for numbers, a_pass in ((neighbours.CHUNK_NUMBERS, 256), (64 * 100, 256), (64 * 100, 4)):
        monkeypatch.setattr(neighbours, "CHUNK_NUMBERS", numbers)
        monkeypatch.setattr(neighbours, "SAMPLES_A_PASS", a_pass)
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
    rows = held_out(data)
    known = usual(data.info, data, rows, samples_at(data, rows) // 2)
    assert len(known.distance) == 179 and (np.diff(known.distance) >= 0).all() and known.distance[0] > 0
    assert known.closer(known.distance[-1]) == 1 and known.closer(0.0) == 0
    assert known.closer(known.median) == pytest.approx(0.5, abs=0.01)
    own = nearest(data.info, samples_at(data, rows), data).distance
    assert known.nearer_than_usual(own) == len(own) // 2, "held-out samples are as near as held-out samples are"
    assert len(known.decoded) == 179 and known.decoded_closer != 0.5


def test_a_class_is_measured_by_its_own_samples() -> None:
    data = load_dataset("digits")
    rows = {label: held_out(data, label) for label in (-1, 0, 8)}
    assert sum(len(held_out(data, label)) for label in range(10)) == len(rows[-1]) == 179
    assert set(data.y[rows[8]].tolist()) == {8} and set(rows[8].tolist()) <= set(data.splits["test"].tolist())
    known = {label: usual(data.info, data, some) for label, some in rows.items()}
    assert known[-1].nearer_than_usual(known[0].distance) > 0.8 * len(rows[0]), "by the measure of all, 0s look copied"
    assert known[-1].nearer_than_usual(known[8].distance) < 0.2 * len(rows[8]), "and 8s do not"
    for label in (0, 8):
        assert known[label].own_closer == pytest.approx(0.5, abs=0.05)


def test_more_copies_are_counted_as_nearer() -> None:
    known = Usual(np.array([1.0, 2.0, 3.0]), np.empty(0))
    assert known.nearer_than_usual(np.array([0.0, 1.9, 2.0, 5.0])) == 2
    np.testing.assert_allclose(known.closer(np.array([0.5, 1.0, 2.5, 9.0])), [0, 1 / 3, 2 / 3, 1])


def test_codes_are_compared_in_the_dimensions_that_are_awake() -> None:
    mean = np.array([[0, 0, 0.001], [2, 2, -0.001], [4, 9, 0]], np.float32)
    found = taught_codes(mean, np.zeros_like(mean), np.array([0, 1]), np.array([2]))
    assert found.nearest(np.array([2, 1.9, 50], np.float32)) == (pytest.approx(0.1, abs=1e-6), 1)
    assert found.usual == pytest.approx(np.hypot(2, 7)), "the third is held out: never found, but measured with"
    assert taught_codes(mean[:, 2:], mean[:, 2:], np.array([0]), np.array([1])) is None, "nothing is awake"
    assert taught_codes(mean, mean, np.array([], int), np.array([1])) is None


def test_a_code_drawn_as_held_out_ones_are_is_as_far_as_they_usually_are() -> None:
    """Draws are measured by draws: by the means of posteriors that say little, every dream would seem far."""
    generator = np.random.default_rng(0)
    mean = generator.normal(0, 0.5, (900, 4)).astype(np.float32)
    std = np.full_like(mean, np.sqrt(0.75))
    found = taught_codes(mean, std, np.arange(600), np.arange(600, 900))
    dreams = generator.standard_normal((300, 4)).astype(np.float32)
    assert np.median([found.nearest(code)[0] for code in dreams]) == pytest.approx(found.usual, rel=0.15)
