"""The rounds of the matching game as curves."""

from __future__ import annotations

import numpy as np

from vae_core.figures.game import LETTERS, Rounds, distance_over_time


def test_the_thick_line_is_the_median_and_a_long_name_is_wrapped_rather_than_cut() -> None:
    distance = np.array([[1.0, 0.5], [1.0, 0.1], [1.0, 0.0]])
    name = "A <b>model</b> whose visitors gave it a name of several lines, axes rotated"
    rounds, median = distance_over_time([Rounds(name, "#fff", distance)], np.array([0.0, 5.0]), solved_at=0.1).data
    np.testing.assert_allclose(median.y, [1, 0.1])
    assert len(rounds.x) == 9, "three rounds of two moments, each with a gap after it"
    lines = median.name.replace("&lt;", "<").replace("&gt;", ">").split("<br>")
    assert " ".join(lines) == name and max(map(len, lines)) <= LETTERS
