"""Samples that are made: their classes, their files, their bounds, and what they are worth to few labels."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_core.apply import shelves
from vae_core.apply.augment import MOST_BYTES, Made, augment, make_samples, smote
from vae_core.apply.classify import classifier, labelled_rows
from vae_core.apply.material import data_of, part_of
from vae_core.apply.outcome import ApplyError
from vae_core.runs import load_run

MADE = Made(
    np.random.default_rng(0).integers(0, 256, (6, 3, 5, 4)).astype(np.uint8),
    np.array([0, 0, 1, 1, 2, 2]),
    ("a cat", "../../etc", "A-Cat"),
)


@pytest.mark.parametrize("run", ["digits-class", "digits-m2"])
def test_samples_are_read_as_the_classes_that_they_were_made_of(run: str) -> None:
    made = make_samples(load_run(run), 20)
    assert made.x.shape == (200, 1, 8, 8) and made.x.dtype == np.uint8
    assert (np.bincount(made.y) == 20).all()
    part = part_of(data_of(load_run(run)), "train", 2000)
    read = classifier("neighbours", part.flat, part.classes).predict(made.flat)
    assert (read == made.y).mean() > 0.8
    np.testing.assert_array_equal(make_samples(load_run(run), 20).x, made.x)  # the same seed


def test_a_mixture_of_each_class_needs_known_samples_and_makes_their_kind() -> None:
    run = load_run("digits-10d")
    with pytest.raises(ApplyError, match="knows no classes"):
        make_samples(run, 5)
    part = part_of(data_of(run), "train", 1000)
    made = make_samples(run, 20, known=part.take(labelled_rows(part.classes, 20)))
    read = classifier("neighbours", part.flat, part.classes).predict(made.flat)
    assert (read == made.y).mean() > 0.7


def test_what_is_made_is_bounded() -> None:
    run = load_run("digits-class")
    for count in (0, -1, MOST_BYTES // 640 + 1):
        with pytest.raises(ApplyError, match="can be made at once"):
            make_samples(run, count)
    many = Made(np.zeros((shelves.MOST_FILES + 1, 1, 1, 1), np.uint8), np.zeros(shelves.MOST_FILES + 1, int), ("a",))
    with pytest.raises(ApplyError, match=r"write an \.npz"):
        shelves.as_zip(many)


def test_an_npz_comes_back_without_unpickling() -> None:
    with np.load(io.BytesIO(shelves.as_npz(MADE)), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["x"], MADE.x)
        np.testing.assert_array_equal(arrays["y"], MADE.y)
        assert arrays["class_names"].tolist() == list(MADE.class_names)


def test_pictures_lie_in_a_folder_for_each_class_and_nowhere_else(tmp_path: Path) -> None:
    shelves.write(MADE, tmp_path / "made")
    found = sorted(path.relative_to(tmp_path / "made").as_posix() for path in tmp_path.rglob("*.png"))
    with zipfile.ZipFile(io.BytesIO(shelves.as_zip(MADE))) as archive:
        assert sorted(archive.namelist()) == found
    folders = [name.split("/")[0] for name in found]
    assert len({folder.lower() for folder in folders}) == 3 and not any(".." in name for name in found)
    pixels = np.asarray(Image.open(tmp_path / "made" / found[0]))
    assert any((np.moveaxis(each, 0, -1) == pixels).all() for each in MADE.x)
    with pytest.raises(ApplyError, match="no new folder"):
        shelves.write(MADE, tmp_path / "made")
    shelves.write(MADE, tmp_path / "made.zip")
    assert (tmp_path / "made.zip").read_bytes() == shelves.as_zip(MADE)
    with pytest.raises(ApplyError, match="Only pictures"):
        shelves.as_zip(Made(np.zeros((2, 3), np.float32), np.zeros(2, int), ("a",)))


def test_smote_stays_between_samples_of_a_class() -> None:
    x = np.array([[0, 0], [2, 2], [10, 0], [10, 4]], np.float32)
    made, y = smote(x, np.array([0, 0, 1, 1]), 50)
    assert (np.bincount(y) == 50).all()
    first, second = made[y == 0], made[y == 1]
    assert np.allclose(first[:, 0], first[:, 1]) and first.min() >= 0 and first.max() <= 2
    assert np.allclose(second[:, 0], 10) and second[:, 1].max() <= 4


@pytest.mark.parametrize("run", ["digits-m1m2", "digits-class", "digits-10d"])
def test_few_labels_go_further_with_what_a_model_makes(run: str) -> None:
    """Of nearest neighbours; logistic regression gains little or loses, which the same table shows."""
    found = augment(load_run(run), repeats=3)
    outcome = found.outcome
    assert found.labels == 10 and found.accuracies["with_linear"].shape == (3,)
    assert outcome["with_neighbours"].value > outcome["without_neighbours"].value
    wins = outcome.best_baseline.value > outcome.best.value
    assert outcome.verdict.winner != ("model" if wins else "baseline")
    told = run == "digits-class"  # it knows more labels than what it is compared with: nobody wins
    assert ("told all labels" in outcome.verdict.text) == told and (outcome.verdict.winner is None) >= told


@pytest.mark.parametrize(
    ("run", "settings", "sentence"),
    [
        ("digits-gan", {}, "no encoder"),
        ("digits-vq", {}, "grid of discrete codes"),
        ("digits-m2", {"labels": 3}, "leave --labels away"),
        ("digits-10d", {"labels": 5000}, "ask for fewer"),
        ("digits-10d", {"repeats": 0}, "Between 1 and 50 repeats"),
        ("grammar", {}, "sentences"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run: str, settings: dict[str, int], sentence: str) -> None:
    with pytest.raises(ApplyError, match=sentence):
        augment(load_run(run), **settings)  # type: ignore[arg-type]
