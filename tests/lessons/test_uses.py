"""Lesson 12: counts are those of the threshold, the verdict follows from them, and failures are figures too."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vae_core import load_run
from vae_core.apply.anomaly import detect
from vae_core.lessons import uses
from vae_core.lessons.card import Material
from vae_core.lessons.scene import Bars, Pictures, Scene, Words


@pytest.fixture(scope="module")
def made() -> Scene:
    return uses.scene(Material(cache(load_run)))


def values(scene: Scene) -> dict[str, np.ndarray]:
    return {number.term: number.values for number in scene.numbers}


def test_counts_are_those_of_the_application(made: Scene) -> None:
    found = detect(load_run(uses.CELLS), normal=uses.NORMAL, scores=("density",))
    score, told = found.score("density"), values(made)
    for stop in (0, uses.ASKED, 40):
        called = score.values >= score.threshold(uses.SHARES[stop] / 100)
        assert told["hits"][stop] == (called & found.odd).sum()
        assert told["alarms"][stop] == pytest.approx(100 * called[~found.odd].mean())
    calls = next(panel for panel in made.panels if isinstance(panel, Bars)).values
    np.testing.assert_array_equal(calls.sum(1), len(found.odd))


def test_more_alarms_find_more(made: Scene) -> None:
    told = values(made)
    assert (np.diff(told["threshold"]) <= 0).all()
    for name in ("density", "distortion", "neighbour", "alarms"):
        assert (np.diff(told[name]) >= 0).all(), name


def test_the_verdict_is_the_most_found(made: Scene) -> None:
    told = [values(made)[name][uses.ASKED] for name in uses.WAYS]
    assert told[made.answer] == max(told)
    assert uses.ASKED in made.see and made.drag.start not in made.see


def test_notes_say_who_is_found(made: Scene) -> None:
    rows = next(panel for panel in made.panels if isinstance(panel, Pictures))
    ranks = [notes.count("found") for notes in rows.notes]
    assert ranks == sorted(ranks) and ranks[0] < len(rows.labels) == ranks[-1]
    assert all("missed" not in notes[: notes.count("found")] for notes in rows.notes)  # the easiest come first


def test_failures_are_told_as_they_are(made: Scene) -> None:
    filling = [panel for panel in made.panels if isinstance(panel, Bars)][1]
    mean, neighbours, *ours = filling.values[0]
    assert min(ours) < mean  # the trivial baseline is beaten
    words = next(panel for panel in made.panels if isinstance(panel, Words)).lines[0]
    assert ("the baseline wins" in words[1]) == (neighbours < min(ours))
    assert int(words[0].split("than ")[1].split(" of")[0]) > 0.9 * uses.PRICED
