"""Claim 10: digits stand out for a model of clothes."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.claims.claim import Cell, Claim, Measured, Published, Target, Trained

RUN = "fashion-16d"
LOOKED_AT = 3_000
"""Test samples of each side on which scores were compared while they were thought up: left out of the figure."""
SAMPLES = 3_000
SEARCHED = 500
"""Of each side, for what searches a posterior for each sample."""


def work(seed: int, out: Path) -> Trained:
    """AUROC of clothes' test samples against MNIST's, by scores of the shipped run."""
    import numpy as np

    from vae_core.apply.anomaly import TITLES, detect, values_of
    from vae_core.apply.roc import area_of
    from vae_core.data import load_dataset
    from vae_core.runs import load_run

    began = time.monotonic()
    run = load_run(RUN)
    names = ("posterior", "density", "elbo", "neighbour", "mean", "regret")
    known = detect(run, odd="mnist", scores=names[:1], samples=50, seed=seed)  # what densities are fitted to
    figures = []
    for name in names:
        count = SEARCHED if name == "regret" else SAMPLES
        values = []
        for data in (load_dataset("fashion-mnist"), load_dataset("mnist")):
            rows = data.splits["test"][LOOKED_AT : LOOKED_AT + count]
            values.append(values_of(run, known, name, data.x[rows]))
        odd = np.repeat([False, True], count)
        figures.append(
            Measured(f"auroc_{name}", area_of(np.concatenate(values), odd), "test", 2 * count, TITLES[name].lower())
        )
    steps = run.config.best.step if run.config.best else 0
    return Trained(figures, steps, 0.0, time.monotonic() - began)


PUBLISHED = Published(
    0.98,
    "AUROC, likelihood regret and later scores (0.98 to 1.00)",
    "Xiao et al. 2020 and others",
    verified=False,
)
CLAIM = Claim(
    number=10,
    key="odd",
    title="Fashion against MNIST",
    protocol=f"The shipped run {RUN} has seen clothes alone; test samples 3,000 to 6,000 of both (the first 3,000 were "
    "looked at while scores were compared). Density of the posterior: a mixture of ten Gaussians fitted to the means "
    "and log spreads of 5,000 training samples' posteriors; nothing is searched for a sample. Regret: 40 steps of Adam "
    "on each sample's posterior.",
    cells=(Cell("shipped", f"shipped {RUN}", work),),
    targets=(
        Target("On par", "shipped", "auroc_regret", PUBLISHED, 0.98, lower=False),
        Target("Better: nothing optimised per image", "shipped", "auroc_posterior", PUBLISHED, 0.98, lower=False),
        Target("Baseline: nearest neighbour in pixels", "shipped", "auroc_neighbour"),
        Target("What fails: density of the code", "shipped", "auroc_density"),
        Target("What fails: distance to the mean", "shipped", "auroc_mean"),
        Target("What fails: minus the ELBO", "shipped", "auroc_elbo"),
    ),
)
