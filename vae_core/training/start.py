"""What weights are where a training, or a decoder, begins."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vae_core.config import TrainConfig
from vae_core.models import Model, build
from vae_core.models.base import unit_range

SUREST = 1e-3
"""Least chance of black or white that a pixel begins with."""
BATCH = 1_000


def begin(model: Model, x: Tensor, config: TrainConfig) -> None:
    """Let the model look at training samples x [N, *sample_shape] before the first step, and set what is asked for."""
    model.begin(x)
    if config.mean_start:
        _begin_at_mean(model, x)


def begin_decoder_anew(model: Model, optimiser: torch.optim.Optimizer, x: Tensor, config: TrainConfig) -> None:
    """Fresh weights for the decoder, beside an encoder that knows something by now (Li et al. 2019, section 3.2)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed + 1)
        fresh = build(model.spec).get_submodule("decoder")
    decoder = model.get_submodule("decoder")
    decoder.load_state_dict(fresh.state_dict())
    for parameter in decoder.parameters():
        optimiser.state.pop(parameter, None)
    if config.mean_start:
        _begin_at_mean(model, x)


@torch.no_grad()
def _begin_at_mean(model: Model, x: Tensor) -> None:
    """The bias of the decoder's last layer is the log odds of x's mean pixels, as in the code of Burda et al. 2016.

    From one half, the first steps go into the mean alone, which is worth hundreds of nats beside the few of a code.
    """
    mean = torch.stack([unit_range(part).sum(0) for part in x.split(BATCH)]).sum(0).flatten() / len(x)
    *_, last = (layer for layer in model.get_submodule("decoder").modules() if isinstance(layer, nn.Linear))
    assert last.out_features == math.prod(model.sample_shape)
    last.bias.copy_(torch.logit(mean.clamp(SUREST, 1 - SUREST)))
