"""One step downhill: what all of training repeats."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from vae_core.team import Team
from vae_core.training.rehearsal import gradients


def descend(
    loss: Tensor,
    parameters: list[torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    team: Team,
    also: Iterable[Tensor] = (),
) -> None:
    """theta <- theta - eta * Adam(gradient of the loss): one step of stochastic gradient descent.

    Adam divides running means of the gradient by those of its square (Kingma and Ba 2015, algorithm 1).

    Args:
        loss: of one batch, a scalar. parameters: theta; nothing else gets a gradient.
        team: whose processes have a share of the batch each; gradients, and what is in `also`, are averaged over it; a
            process that trains alone averages nothing.
    """
    optimiser.zero_grad(set_to_none=True)
    loss.backward(inputs=parameters)
    team.average([*gradients(parameters), *also])
    optimiser.step()
