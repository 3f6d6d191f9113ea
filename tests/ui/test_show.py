"""Decoded samples in words and pictures: what changed is marked, and addresses of cells are read strictly."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pages.toy import PICTURES, SENTENCES, TABLE, write_toy
from ui import cells, show, starts
from vae_core.runs import Run, load_run


def tokens(sentence: str) -> np.ndarray:
    row = [SENTENCES.vocabulary.index(word) for word in sentence.split()] + [2]
    return np.array(row + [0] * (8 - len(row)))


def bare(html: str) -> str:
    return html.replace(f'<mark style="{show.CHANGED}">', "[").replace("</mark>", "]")


@pytest.mark.parametrize(
    ("before", "now", "wanted"),
    [
        ("the cat sleeps", "the cat sleeps", "the cat sleeps"),
        ("the cat sleeps", "the dog sleeps", "the [dog] sleeps"),
        ("the cat sleeps", "the cat did not sleeps", "the cat [did not] sleeps"),
        ("the cat did not sleeps", "the cat sleeps", "the cat sleeps"),
        ("the cat", "a dog", "[a dog]"),
        ("the cat", "", "<em>an empty sentence</em>"),
    ],
)
def test_words_that_changed_are_marked(before: str, now: str, wanted: str) -> None:
    assert bare(show.marked(SENTENCES, tokens(now), tokens(before))) == wanted
    assert "<mark" not in show.marked(SENTENCES, tokens(now))


def test_words_of_other_people_are_no_markup() -> None:
    info = SENTENCES.model_copy(update={"vocabulary": (*SENTENCES.vocabulary[:4], "<b>", "&")})
    assert show.marked(info, np.array([4, 5, 2])) == "&lt;b&gt; &amp;"


def test_letters_stand_side_by_side() -> None:
    info = SENTENCES.model_copy(update={"vocabulary": (*SENTENCES.vocabulary[:4], "a", "b", "c"), "joiner": ""})
    assert bare(show.marked(info, np.array([4, 5, 6, 2, 4]), np.array([4, 6, 2]))) == "a[b]c"


@pytest.mark.parametrize(
    ("info", "decoded"),
    [
        (PICTURES, np.arange(3 * 64, dtype=np.uint8).reshape(3, 1, 8, 8)),
        (TABLE, np.ones((3, 3), np.float32)),
    ],
    ids=["image", "table"],
)
def test_a_film_shows_samples_side_by_side(info, decoded: np.ndarray) -> None:
    run = Run(Path("nowhere"), type("Config", (), {"data": info})())  # type: ignore[arg-type]
    with Image.open(BytesIO(show.film_png(run, decoded, tile=32))) as film:
        assert film.size == (3 * 34 - 2, 32)


def test_how_far_codes_are_is_told_of_those_that_were_seen(no_runs: Path) -> None:
    run = load_run(write_toy(no_runs, "table"))
    near, far = run.codes.mean[:5], np.full((1, 4), 50.0)
    zones = show.zones_of(run, np.concatenate([near, far]))
    assert zones is not None and (zones[:5] == show.INSIDE).all() and zones[5] == show.FAR


# -- grids of codes ----------------------------------------------------------------------------------------


def test_changed_cells_go_through_the_address() -> None:
    changes = {9: 3, 5: 12}
    text = cells.format_changes(changes)
    assert text == "5.12_9.3" and cells.parse_changes(text, 16, 13) == changes
    assert cells.format_changes({}) is None


@pytest.mark.parametrize("text", ["", "5", "5.13", "16.0", "-1.2", "5.1_", "a.b", "5.1.2", "5.٣"])
def test_cells_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        cells.parse_changes(text, 16, 13)


def test_what_changed_is_amber_where_brighter_and_blue_where_darker() -> None:
    before = np.array([[0, 200, 100]], np.uint8)
    after = np.array([[200, 0, 100]], np.uint8)
    brighter, darker, same = cells.difference(before, after)[0].astype(int)
    assert brighter[0] > brighter[2] + 50 and darker[2] > darker[0] + 50
    assert same[0] == same[1] == same[2] == 35, "what did not change is grey, and dim"
    assert cells.plain_change(before, after).startswith("67%")
    assert cells.difference(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)).shape == (2, 2, 3)


def test_a_grid_is_what_the_model_reads_off_its_codes(no_runs: Path) -> None:
    from ui import cache

    run = load_run(write_toy(no_runs, "vq"))
    grids = cache.get_grids("vq")
    assert grids.shape == (60, 16) and grids.max() < run.config.model.codebook
    pictures = cache.get_decoded_grids("vq", grids[:3])
    np.testing.assert_array_equal(pictures, cache.get_decoded("vq", run.codes.mean[:3])[:, 0])


# -- where a traverse begins -------------------------------------------------------------------------------


PRIOR, CODES = "Prior's mean", "Mean of the codes"


@pytest.mark.parametrize(
    ("family", "label"), [("gaussian", PRIOR), ("gan", PRIOR), ("autoencoder", CODES), ("vamp", CODES)]
)
def test_a_start_is_the_prior_only_where_there_is_one(family: str, label: str, no_runs: Path) -> None:
    run = load_run(write_toy(no_runs, family))
    start = starts.start_of(run)
    assert start.label == label
    if label == CODES:
        np.testing.assert_allclose(start.mean, run.codes.mean.mean(0), atol=1e-5)
        np.testing.assert_allclose(start.spread, run.codes.mean.std(0), atol=1e-5)
