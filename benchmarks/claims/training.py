"""What most claims do: train a run, then take a bound on held-out samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.claims.claim import Measured, Split, Trained
from benchmarks.queue import trained
from vae_core.config import TrainConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vae_core.data import Dataset
    from vae_core.runs import Run

Scores = Callable[["Run", "Dataset", int], Sequence[Measured]]
"""(run, its data, seed) -> figures."""


def fitted(settings: dict[str, Any], scores: Sequence[Scores]) -> Callable[[int, Path], Trained]:
    """Work that trains these settings from a seed and takes these scores of the best weights on validation."""

    def work(seed: int, out: Path) -> Trained:
        from vae_core.data import load_dataset
        from vae_core.runs import load_run

        config = TrainConfig.model_validate({**settings, "seed": seed})
        seconds = trained(config, out, out.name)
        run, data = load_run(out), load_dataset(config.data)
        run.model.eval()
        began = time.monotonic()
        figures = [figure for score in scores for figure in score(run, data, seed)]
        steps = config.steps or config.epochs * (len(data.splits["train"]) // config.batch_size)
        return Trained(figures, steps, seconds, time.monotonic() - began)

    return work


def bound(split: Split, samples: int, count: int = 0) -> Scores:
    """Minus the importance-weighted bound of `samples` draws on a split (its first `count` samples, 0: all), nats.

    Where a model's pixels are binarised anew, they are drawn once for all draws of a sample, from the seed.
    """

    def score(run: Run, data: Dataset, seed: int) -> Sequence[Measured]:
        from vae_core.metrics.likelihood import importance_bound

        rows = data.splits[split][: count or None]
        bounds = importance_bound(run.model, data.x, rows, samples, seed)
        return [Measured("nll", -float(bounds.mean()), split, len(rows), f"{samples:,} importance samples")]

    return score


def elbo(split: Split) -> Scores:
    """Minus the ELBO, distortion, rate and active units on a split."""

    def score(run: Run, data: Dataset, seed: int) -> Sequence[Measured]:
        from vae_core.metrics.activity import active_units
        from vae_core.metrics.likelihood import held_out_terms

        rows = data.splits[split]
        terms = held_out_terms(run.model, data.x, rows, seed)
        active = float(active_units(terms.posterior.mean.numpy()).sum())
        one = "one draw of each posterior"
        return [
            Measured("minus_elbo", -float(terms.elbo.mean()), split, len(rows), one),
            Measured("distortion", float(terms.distortion.mean()), split, len(rows), one),
            Measured("rate", float(terms.total_rate.mean()), split, len(rows), one),
            Measured("active", active, split, len(rows)),
        ]

    return score


def fit(
    net: nn.Module,
    config: TrainConfig,
    positions: Tensor,
    cost: Callable[[Tensor], Tensor],
    held_out: Callable[[], float],
) -> tuple[float, int]:
    """Train a baseline that is no model of ours as `vae_core.training` trains those: its batches, Adam, its tail of the
    learning rate; the net keeps the weights that are best on validation.

    Args:
        positions: of the training split.
        cost: rows -> what is minimised of each, nats.
        held_out: the same on the validation split, in the mean.

    -> the lowest of these, the step of its weights.
    """
    import torch

    from vae_core.training.batches import batches, cosine_tail
    from vae_core.training.state import copy_of

    optimiser = torch.optim.Adam(net.parameters(), lr=config.learning_rate, fused=True)
    total = config.steps or config.epochs * (len(positions) // config.batch_size)
    look_every = max(1, total // config.evaluations)
    lowest, best, weights = float("inf"), 0, copy_of(net)
    for step, rows in enumerate(batches(positions, config.batch_size, config.seed, range(total)), 1):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * cosine_tail(step - 1, total, config.decay)
        optimiser.zero_grad()
        cost(rows).mean().backward()
        optimiser.step()
        if step % look_every == 0 or step == total:
            found = held_out()
            print(f"baseline: step {step:,} of {total:,}, {found:.2f} nats", flush=True)
            if found < lowest:
                lowest, best, weights = found, step, copy_of(net)
    net.load_state_dict(weights)
    return lowest, best
