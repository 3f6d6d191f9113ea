"""The account of a single step: the same batch with the same noise once more, after which nothing has changed."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import torch
from torch import Tensor

from vae_core.config import Account
from vae_core.models import Model
from vae_core.training.losses import Losses


def streams_of(noise: torch.Generator, device: torch.device) -> list[Tensor]:
    """The states of all random streams that a batch may draw from."""
    states = [noise.get_state(), torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


def set_streams(noise: torch.Generator, device: torch.device, states: list[Tensor]) -> None:
    """Put all random streams back to what `streams_of` gave."""
    noise.set_state(states[0])
    torch.set_rng_state(states[1])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[2], device)


@contextlib.contextmanager
def rehearsed(
    model: Model, noise: torch.Generator, device: torch.device, streams: list[Tensor]
) -> Generator[None, None, None]:
    """Draws here are those that these `streams` gave; afterwards streams and running buffers are as they were."""
    kept = streams_of(noise, device)
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    set_streams(noise, device, streams)
    try:
        yield
    finally:
        set_streams(noise, device, kept)
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)


def figures_of(losses: Losses) -> tuple[float, float, float]:
    """Loss, distortion, total rate."""
    return float(losses.model.detach()), float(losses.distortion.detach()), float(losses.total_rate.detach())


def gradients(parameters: list[torch.nn.Parameter]) -> list[Tensor]:
    """The gradients that there are, in the order of the parameters."""
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def account_of(step: int, before: tuple[float, ...], after: tuple[float, ...], norm: float) -> Account:
    """What one step did: figures of its batch before and after it, and the gradient's length."""
    names = ("loss", "distortion", "rate")
    return Account(
        step=step,
        gradient_norm=norm,
        **{f"{name}_before": value for name, value in zip(names, before, strict=True)},
        **{f"{name}_after": value for name, value in zip(names, after, strict=True)},
    )
