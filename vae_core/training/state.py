"""Copies of what changes in training: weights and Adam's moments."""

from __future__ import annotations

import torch
from torch import Tensor


def copy_of(model: torch.nn.Module) -> dict[str, Tensor]:
    """Weights and buffers as they are now."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def moments_of(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Adam's moments and step counts as a flat dict of tensors, '<parameter number>.<what>'."""
    states = optimiser.state_dict()["state"]
    return {f"{i}.{what}": value for i, state in states.items() for what, value in state.items()}


def load_moments(optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    """Give an optimiser the moments that `moments_of` took."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in moments.items():
        number, what = name.split(".", 1)
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:  # in the parameter's order of memory, as Adam made them
            value = torch.empty_like(parameter).copy_(value)
        state.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
