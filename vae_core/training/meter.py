"""What a training tells of itself: means of its terms, its speed, rows of its curves, why it could not go on."""

from __future__ import annotations

import time

import torch

from vae_core.config import Figures, TrainConfig
from vae_core.training.losses import Losses


class Meter:
    """Means of the loss and its terms since they were cleared, kept on the device: reading alone waits for it.

    Its clock runs while batches are trained; looks at held-out samples, pauses and whoever takes a Step stop it.
    """

    def __init__(self, latent_dim: int, device: torch.device, batch_size: int) -> None:
        self.sums = torch.zeros(3 + latent_dim, device=device)  # loss, distortion, total rate, rate [D]
        self.first_bad = torch.full((), -1, dtype=torch.int64, device=device)
        self.batch_size = batch_size
        self.counted = self.seen = 0
        self.spent, self.started = 0.0, time.perf_counter()

    @torch.no_grad()
    def add(self, step: int, losses: Losses) -> None:
        bad = (self.first_bad < 0) & ~torch.isfinite(losses.model)
        self.first_bad = torch.where(bad, step, self.first_bad)
        self.sums += torch.cat([torch.stack([losses.model, losses.distortion, losses.total_rate]), losses.rate])
        self.counted += 1
        self.seen += self.batch_size

    def means(self) -> list[float]:
        """Loss, distortion, total rate, rate of each dimension."""
        means: list[float] = (self.sums / self.counted).tolist()
        return means

    def clear(self) -> None:
        self.sums.zero_()
        self.counted = 0

    def seconds(self) -> float:
        """Since the clock went on."""
        return time.perf_counter() - self.started

    def pause(self) -> None:
        if self.sums.device.type != "cpu":  # what was queued is training too
            self.sums[0].item()
        self.spent += self.seconds()

    def go_on(self) -> None:
        self.started = time.perf_counter()

    @property
    def speed(self) -> float:
        """Samples per second since the training began."""
        return self.seen / max(self.spent, 1e-9)

    def bad_step(self, now: int) -> int | None:
        """The first step whose loss was no number; `now` where it was so in another process of the team."""
        step = int(self.first_bad)
        return step if step >= 0 else None if bool(torch.isfinite(self.sums[0])) else now


def history_row(step: int, epoch: float, values: list[float], figures: Figures | None) -> dict[str, float]:
    """A row of history.csv. values: loss, distortion, total rate, rate of each dimension; nats per sample."""
    row = {
        "step": float(step),
        "epoch": epoch,
        "loss": values[0],
        "distortion": values[1],
        "rate": values[2],
        "validation_distortion": figures.distortion if figures else float("nan"),
        "validation_rate": figures.rate if figures else float("nan"),
    }
    return row | {f"rate_{d}": value for d, value in enumerate(values[3:])}


def cause_of(step: int, config: TrainConfig, best: Figures | None) -> str:
    """Why the loss was most likely no number at this step, what to try, and what is kept: for people."""
    if config.learning_rate > 3e-3:
        cause = f"the learning rate of {config.learning_rate:g} is most likely too high; try 0.001"
    elif config.beta > 100 or (config.objective == "capacity" and config.gamma > 1000):
        cause = "the rate weighs too much for this learning rate, most likely; try less, or a warm-up"
    elif config.precision == "bf16":
        cause = "bf16 most likely overflowed; try precision fp32"
    else:
        cause = "the learning rate is most likely too high for this net; try a third of it"
    kept = f"the best weights, of step {best.step}, are kept" if best else "no weights had been kept yet"
    return f"The loss was no longer a number at step {step}: {cause}. Training stopped; {kept}."
