"""Each objective in the one loop: resumed to the bit, and learning what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from vae_core.config import TrainConfig
from vae_core.objective_cards import OBJECTIVE_CARDS
from vae_core.objectives import OBJECTIVES
from vae_core.runs.folder import RunFolder
from vae_core.training import train

SMALL = {"data": "digits", "latent_dim": 3, "hidden": (16,), "batch_size": 32, "critic_hidden": (16,), "seed": 3}
OWN: dict[str, dict[str, Any]] = {
    "elbo": {"cycles": 3, "pretrain_steps": 15, "free_bits": 0.1},
    "tcvae": {"beta": 6.0},
    "mmd": {"mmd_alpha": 0.5},
    "adversarial": {"bottleneck": "none"},
}


def config_of(name: str, **more: Any) -> TrainConfig:
    return TrainConfig.model_validate({**SMALL, "objective": name, **OWN.get(name, {}), **more})


class Killed(Exception):
    pass


@pytest.mark.parametrize("name", OBJECTIVES)
def test_cut_off_and_resumed_it_ends_with_the_same_bits(name: str, tmp_path: Path) -> None:
    """Critics, their optimisers and all that losses draw included."""
    config = config_of(name, steps=30, evaluations=3)
    for _ in train(config.model_copy(update={"out": tmp_path / "whole"})):
        pass
    cut = config.model_copy(update={"out": tmp_path / "cut"})
    steps = train(cut)
    for step in steps:
        if step.step >= 13:  # three past the last saved state
            break
    with pytest.raises(Killed):
        steps.throw(Killed)
    for _ in train(cut, resume=True):
        pass
    whole, resumed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "cut")
    assert whole.state.read_bytes() == resumed.state.read_bytes()
    assert whole.weights.read_bytes() == resumed.weights.read_bytes()


def covariance(config: TrainConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the codes of 500 digits at the end, [D, D], and the mean rate per dimension, [D]."""
    from vae_core.data import load_dataset

    *_, last = train(config)
    model = last.model.eval()
    with torch.no_grad():
        posterior = model.encode(load_dataset("digits").x[:500])
    return torch.cov(posterior.mean.T), posterior.rate().mean(0)


def test_dip_makes_codes_white() -> None:
    plain, _ = covariance(config_of("elbo", steps=300, learning_rate=5e-3))
    white, _ = covariance(config_of("dip", steps=300, learning_rate=5e-3))
    eye = torch.eye(3)
    assert (white - eye).abs().mean() < 0.15 < (plain - eye).abs().mean()


def test_mmd_lets_codes_tell_more() -> None:
    _, plain = covariance(config_of("elbo", steps=300, learning_rate=5e-3))
    _, told = covariance(config_of("mmd", steps=300, learning_rate=5e-3, mmd_alpha=1.0))
    assert told.sum() > 2 * plain.sum()


def test_each_objective_is_tried_with_a_model_that_it_is_made_for() -> None:
    for name, card in OBJECTIVE_CARDS.items():
        assert not card.bottlenecks or config_of(name).bottleneck in card.bottlenecks
