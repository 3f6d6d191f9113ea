"""Distances of dreams beside those of held-out samples: a row each, the picked dream marked, nothing moved."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.figures.copies import distances

HELD, DECODED = np.array([0.1, 0.2, 0.4]), np.array([0.05, 0.1, 0.2])
SHEETS = [("N(0, I)", [0.3, 0.15]), ("Mixture <b>", [0.12, 0.5])]


def test_a_row_each_and_a_ring_round_the_picked_one() -> None:
    figure = distances(HELD, DECODED, SHEETS, (1, 0), "apart")
    names = [trace.name for trace in figure.data if trace.name]
    assert names == ["held out", "held out, decoded", "Mixture &lt;b&gt;", "N(0, I)"]
    rows = {trace.name: trace for trace in figure.data if trace.name}
    np.testing.assert_array_equal(rows["N(0, I)"].x, SHEETS[0][1])
    np.testing.assert_array_equal(rows["held out"].x, HELD)
    (ring,) = [trace for trace in figure.data if trace.name is None]
    assert list(ring.x) == [0.12] and round(ring.y[0]) == 2
    assert figure.layout.yaxis.ticktext[::-1] == ("N(0, I)", "Mixture &lt;b&gt;", "held out, decoded", "held out")
    assert figure.layout.shapes[0].x0 == pytest.approx(0.2)


def test_without_reconstructions_there_is_no_row_for_them() -> None:
    assert len([trace for trace in distances(HELD, [], SHEETS[:1], (0, 1), "apart").data if trace.name]) == 2


def test_without_held_out_samples_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(ValueError, match="there are none"):
        distances([], [], SHEETS, (0, 0), "apart")
