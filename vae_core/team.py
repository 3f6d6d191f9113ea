"""Several processes that train one model together: Lightning Fabric starts and joins them, on one machine or more.

Each takes its share of every batch; gradients are averaged before each step, so all have the same weights at all
times. Only the leader writes a run folder and hears of orders; it passes them on.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    import torch
    from lightning_fabric import Fabric
    from torch import Tensor

    from vae_core.config import TrainConfig

T = TypeVar("T")
PATIENCE = timedelta(minutes=30)
"""How long the others wait for a leader: longer than it needs for a look at held-out samples or a full disk's retries,
and what they lose where it dies over NCCL, which does not see that. A leader that is paused tells them so meanwhile."""


@dataclass(frozen=True)
class Team:
    """This process among those that train together; alone where `fabric` is None."""

    rank: int = 0
    size: int = 1
    fabric: Fabric | None = None

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """This process's part of a batch's rows, [B] -> [B / size]."""
        return rows[self.rank :: self.size]

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace each of these by its mean over the team, in one message. All must call it with the same shapes."""
        if self.fabric is None:
            return
        import torch

        parts = list(tensors)
        flat = torch.cat([part.detach().reshape(-1).float() for part in parts])
        mean_of_all = cast("Tensor", self.fabric.all_reduce(flat, reduce_op="mean"))
        with torch.no_grad():
            for part, mean in zip(parts, mean_of_all.split([part.numel() for part in parts]), strict=True):
                part.copy_(mean.view_as(part))

    def heard(self, said: T) -> T:
        """What the leader said; all must call it, and wait for the leader."""
        return said if self.fabric is None else self.fabric.broadcast(said, src=0)


def is_follower() -> bool:
    """Whether this process was started to follow another's lead, by us, by torchrun or on a further machine."""
    return any(int(os.environ.get(name) or 0) > 0 for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK"))


def team_of(config: TrainConfig, device: torch.device) -> Team:
    """The team that a training's settings, or torchrun around it, ask for; processes that lack are started.

    Raises ValueError where the batch cannot be shared out evenly, or there are fewer GPUs than devices.
    """
    devices, nodes = _asked(config)
    size = devices * nodes
    if size == 1:
        return Team()
    import torch

    if config.batch_size % size:
        raise ValueError(
            f"a batch of {config.batch_size} cannot be shared evenly by {size} processes: take a multiple of {size}"
        )
    if device.type == "cuda" and devices > torch.cuda.device_count():
        raise ValueError(f"this machine has {torch.cuda.device_count()} GPUs, not {devices}: ask for fewer devices")
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"several devices train together on cuda or cpu, not on {device.type}")
    fabric = _joined(device.type, devices, nodes)
    return Team(fabric.global_rank, fabric.world_size, fabric)


def _asked(config: TrainConfig) -> tuple[int, int]:
    """(processes a machine, machines): torchrun's where it runs us, else the settings'."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        return here, int(os.environ["WORLD_SIZE"]) // here
    return config.devices, config.nodes


@lru_cache(maxsize=1)
def _joined(accelerator: str, devices: int, nodes: int) -> Fabric:
    """Start what lacks and meet the others; once in a process."""
    from lightning_fabric import Fabric
    from lightning_fabric.strategies import DDPStrategy

    fabric = Fabric(
        accelerator=accelerator, devices=devices, num_nodes=nodes, strategy=DDPStrategy(timeout=PATIENCE),
    )  # fmt: skip
    fabric.launch()
    atexit.register(_part)
    return fabric


def _part() -> None:
    """Leave the team before the interpreter takes its threads down: one that is still at work then aborts the process,
    and whoever started it kills all others, the leader that writes the results among them."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
