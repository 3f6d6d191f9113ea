"""Laws of the schedules."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from vae_core.config import TrainConfig
from vae_core.objectives import Setting, ramp
from vae_core.objectives.schedules import cyclical, rate_weight


def test_ramp_is_the_same_for_tensors_and_numbers() -> None:
    for step in (0.0, 3.0, 10.0, 99.0):
        assert float(ramp(torch.tensor(step), 10, 2.5)) == pytest.approx(float(ramp(step, 10, 2.5)))


def test_cycles_are_those_of_the_paper() -> None:
    total, cycles, rise = 120, 4, 0.5
    for step in range(total):
        within = step % (total // cycles) / (total / cycles)  # tau of eq. 6 (its steps begin at 1)
        expected = within / rise if within <= rise else 1.0
        assert cyclical(step, total, cycles, rise, 2.0) == pytest.approx(2 * expected)
        tensor = cyclical(torch.tensor(float(step)), total, cycles, rise, 2.0)
        assert float(tensor) == pytest.approx(2 * expected, abs=1e-5)


@pytest.mark.parametrize("cycles", [1, 3, 7])
def test_a_cycle_begins_low_rises_and_ends_flat(cycles: int) -> None:
    weights = [float(cyclical(step, 1000, cycles, 0.5, 4.0, start=1.0)) for step in range(1000)]
    falls = [i for i in range(1, 1000) if weights[i] < weights[i - 1]]
    assert len(falls) == cycles - 1 and weights[0] == 1.0 and max(weights) == weights[-1] == 4.0
    assert sum(w == 4.0 for w in weights) == pytest.approx(500, abs=2 * cycles)


def test_a_cycle_that_rises_throughout_ends_at_its_end() -> None:
    assert float(cyclical(999, 1000, 1, 1.0, 1.0)) == pytest.approx(0.999)


def test_the_rate_is_free_while_the_encoder_is_trained_alone_and_schedules_begin_then(
    at: Callable[..., Setting],
) -> None:
    plain = TrainConfig(beta=2, pretrain_steps=200)
    assert [float(rate_weight(at(plain, s))) for s in (0.0, 199.0, 200.0, 900.0)] == [0, 0, 2, 2]
    warm = TrainConfig(beta=2, pretrain_steps=200, warmup_steps=100, warmup_from=1)
    assert [float(rate_weight(at(warm, s))) for s in (0.0, 199.0, 200.0, 250.0, 300.0)] == [0, 0, 1, 1.5, 2]
    cycled = TrainConfig(beta=2, pretrain_steps=200, cycles=2)  # of 400 steps each
    steps = (0.0, 199.0, 200.0, 300.0, 400.0, 599.0, 600.0, 700.0)
    assert [float(rate_weight(at(cycled, s))) for s in steps] == [0, 0, 0, 1, 2, 2, 0, 1]
    for config in (plain, warm, cycled):
        for step in steps:
            as_tensor = float(rate_weight(at(config, torch.tensor(step))))
            assert as_tensor == pytest.approx(float(rate_weight(at(config, step))))


def test_pre_training_longer_than_the_training_is_no_error(at: Callable[..., Setting]) -> None:
    config = TrainConfig(pretrain_steps=5000, cycles=3)
    assert float(rate_weight(at(config, 999.0))) == float(rate_weight(at(config, torch.tensor(999.0)))) == 0
