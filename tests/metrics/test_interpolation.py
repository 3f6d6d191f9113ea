"""Laws of a walk's quality, on pictures of lines whose angles are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_core.data import lines
from vae_core.metrics.interpolation import walk_quality

ANGLES = np.arange(0, lines.ANGLES, 16)


def pictures(numbers: np.ndarray) -> np.ndarray:
    drawn = lines.draw(torch.from_numpy(np.asarray(numbers) % lines.ANGLES)[:, None])
    return drawn.flatten(1).double().numpy()


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return pictures(ANGLES)


def quality(walk: np.ndarray, samples: np.ndarray) -> tuple[float, float]:
    found = walk_quality(walk[None], samples, ANGLES * 2 * np.pi / lines.ANGLES)
    return found.distance, found.smoothness


def test_an_even_turn_is_perfect_through_zero_too(samples: np.ndarray) -> None:
    for start in (1_000, lines.ANGLES - 8 * 64):
        distance, smoothness = quality(pictures(start // 16 * 16 + 64 * np.arange(16)), samples)
        assert distance == pytest.approx(0, abs=1e-9) and smoothness == pytest.approx(0, abs=1e-9)


def test_a_fade_stays_neither_among_lines_nor_goes_evenly(samples: np.ndarray) -> None:
    a, b = pictures(np.array([0, 1_600]))
    distance, smoothness = quality(np.stack([(1 - t) * a + t * b for t in np.linspace(0, 1, 16)]), samples)
    assert distance > 0.05 and smoothness > 0.9  # all in one step


def test_what_is_measured_is_not_limited_by_the_lines_that_are_compared_with() -> None:
    """Every second of the angles is known, as in the benchmark: a true line between two of them is very near to one."""
    known = pictures(np.arange(0, lines.ANGLES, 2))
    between = pictures(1 + 2 * np.arange(0, lines.ANGLES // 2, 32)).reshape(8, 16, -1)
    distance = walk_quality(between, known, np.arange(0, lines.ANGLES, 2) * 2 * np.pi / lines.ANGLES).distance
    assert 0 < distance < 0.05e-3


def test_the_largest_step_counts(samples: np.ndarray) -> None:
    one_jump = np.array([0] * 8 + [160] * 8)
    assert quality(pictures(one_jump), samples)[1] == pytest.approx(1 - 1 / 15)


def test_shapes_that_do_not_fit_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Walks"):
        walk_quality(samples[None, :1], samples, ANGLES)


def test_a_line_points_where_its_angle_says() -> None:
    quarter = lines.ANGLES // 4
    east, north, west, south = lines.draw(quarter * torch.arange(4)[:, None])[:, 0].float()  # [32, 32] each
    assert (east.flip(1) - west).abs().max() == 0 and (north.flip(0) - south).abs().max() == 0
    assert (torch.rot90(east) - north).abs().max() == 0
    assert east[:, :14].sum() == 0 and north[18:].sum() == 0
    assert lines.direction(torch.tensor([[0], [lines.ANGLES - 1], [quarter]])).tolist() == [0, 0, 2]
