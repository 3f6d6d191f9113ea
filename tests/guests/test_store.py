"""Guests are kept by their content: for every run of their shape, bounded, and never over each other."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.pages.toy import PICTURES, SENTENCES, TABLE
from vae_core.guests import FIRST, Guest, GuestError, Store, is_guest
from vae_core.guests import store as stores


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".guests")


def pixels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, PICTURES.sample_shape, dtype=np.uint8)


def test_a_guest_is_seen_by_every_run_of_its_shape_and_by_no_other(store: Store) -> None:
    guest = store.add(PICTURES, pixels(0), 3)
    assert is_guest(guest.number) and 10**8 <= guest.number < 10**9
    elsewhere = PICTURES.model_copy(update={"name": "own:other-digits", "size": 12})
    found = store.get(elsewhere, guest.number)
    assert found is not None and (found.x == guest.x).all() and found.y == 3
    assert store.get(PICTURES.model_copy(update={"sample_shape": (1, 4, 16)}), guest.number) is None
    assert store.get(TABLE, guest.number) is None and store.get(PICTURES, 5) is None


def test_the_same_content_is_the_same_guest_and_another_never_takes_its_place(store: Store) -> None:
    one, other = store.add(PICTURES, pixels(0)), store.add(PICTURES, pixels(1))
    assert store.add(PICTURES, pixels(0)).number == one.number != other.number
    assert store.add(PICTURES, pixels(0), 4).number != one.number  # told another class, it is another


def test_two_contents_of_one_number_are_both_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "END", FIRST + 3)  # three numbers in all
    guests = [store.add(PICTURES, pixels(seed)) for seed in range(3)]
    assert len({guest.number for guest in guests}) == 3
    for guest in guests:
        kept = store.get(PICTURES, guest.number)
        assert isinstance(kept, Guest) and (kept.x == guest.x).all()


def test_the_oldest_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "MOST", 3)
    guests = []
    for seed in range(4):
        guests.append(store.add(PICTURES, pixels(seed)))
        for age, guest in enumerate(reversed(guests)):  # a file's time may be too coarse for a test
            file = store.folder / "image-1x8x8" / f"{guest.number}.npz"
            if file.exists():
                os.utime(file, (1000 - age, 1000 - age))
    store.add(TABLE, np.zeros(3, np.float32))
    kept = [store.has(PICTURES, guest.number) for guest in guests]
    assert kept == [False, False, True, True]


def test_sentences_and_rows_are_kept_for_their_vocabulary_and_columns(store: Store) -> None:
    line = store.add(SENTENCES, np.array([4, 5, 2, 0, 0, 0]))
    other = SENTENCES.model_copy(update={"vocabulary": (*SENTENCES.vocabulary[:-1], "never")})
    assert store.has(SENTENCES, line.number) and not store.has(other, line.number)
    rescaled = TABLE.model_copy(update={"scale": (1.0, 1.0, 1.0)})
    row = store.add(TABLE, np.ones(3, np.float32))
    assert store.has(TABLE, row.number) and not store.has(rescaled, row.number)


def test_what_does_not_fit_or_is_damaged_is_no_guest(store: Store) -> None:
    for wrong in (pixels(0)[0], pixels(0).astype(np.float32)):
        with pytest.raises(GuestError, match="has the shape"):
            store.add(PICTURES, wrong)
    with pytest.raises(GuestError, match="none of them is number 10"):
        store.add(PICTURES, pixels(0), 10)
    guest = store.add(PICTURES, pixels(0))
    (store.folder / "image-1x8x8" / f"{guest.number}.npz").write_bytes(b"PK\x03\x04 and nothing")
    assert store.get(PICTURES, guest.number) is None


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / ".guests").write_text("a file stands here")
    with pytest.raises(GuestError, match="cannot be kept"):
        Store(tmp_path / ".guests").add(PICTURES, pixels(0))
