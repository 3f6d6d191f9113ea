"""The study of beta on sprites: trains and scores every cell from several seeds, and writes docs/sprites-study.md.

    make bench-disentanglement                         what lacks of the protocol `laptop`, one after the other
    python -m benchmarks.disentanglement --protocol locatello --seeds 5      as published: wants a GPU and a day
    python -m benchmarks.disentanglement --cells study-beta-4 --seeds 3
    python -m benchmarks.disentanglement --table       only the page, from what is kept

Each training is a process of its own with one thread, so that two may run beside each other: a file lock lets each take
the next cell that nobody has. A cell that was scored stands in benchmarks/results/disentanglement.csv and is not run
again. With --ship the first seed's runs become checkpoints/study-*. No run is chosen by its labels: every one that
was trained is in the table.

Scores are taken as disentanglement_lib takes them: factors drawn at random from all there are, 10,000 samples, means of
the posteriors. `subset` are our drawings of the 46,080 factors that the subset of the real dSprites has, `dsprites` the
real pictures of the same: if our generator is faithful, they agree within their intervals.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.queue import keep_rows, read_rows, ship, taken, trained
from benchmarks.speed import PROJECT
from vae_core.studies import PROTOCOLS, RESULTS, STUDIED, StudyRun, study_runs

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.metrics.likelihood import Samples
    from vae_core.runs import Run

SCORES = ("mig", "dci", "sap", "factor_vae", "beta_vae", "modularity")
COLUMNS = (
    "protocol", "objective", "weight", "seed", "steps", "scored_on", "samples", "distortion", "rate", "active",
    *(f"{name}{end}" for name in SCORES for end in ("", "_low", "_high")), "train_seconds", "score_seconds",
)  # fmt: skip
DRAWN = 50_000
"""Samples with random factors, from which the scores draw theirs."""
SUBSET_STEPS = np.array([1, 1, 4, 2, 2])
"""The subset takes every 4th orientation and every 2nd position."""
FEWER = {"dci": 4, "beta_vae": 6, "factor_vae": 12, "sap": 10}
"""Repeats of the intervals, fewer than usual: there are three a training, and the real pictures' have none."""
Row = dict[str, object]


# -- one cell, in a process of its own ---------------------------------------------------------------------


def drawn(factors: np.ndarray) -> Tensor:
    """Our pictures of factors int [N, 5], in the grid of all sprites: uint8 [N, 1, 64, 64]."""
    import torch

    from vae_core.data.sprites import render

    return render(torch.from_numpy(factors))


def score_cell(run: Run, seed: int) -> Iterator[Row]:
    """Figures on sprites, on our drawings of dSprites' subset, and on the real one where it is there."""
    from vae_core.data import DatasetError, load_dataset
    from vae_core.data.sprites import FACTOR_SIZES

    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(0, n, DRAWN) for n in FACTOR_SIZES], 1)
    yield {"scored_on": "sprites", **figures(run, drawn(factors), factors, seed, FEWER)}
    try:
        real = load_dataset("dsprites-subset")
    except DatasetError as error:
        print(f"Not scored on the real dSprites: {error}", file=sys.stderr)
        return
    assert real.factors is not None
    factors = real.factors.numpy()
    yield {"scored_on": "subset", **figures(run, drawn(factors * SUBSET_STEPS), factors, seed, FEWER)}
    yield {"scored_on": "dsprites", **figures(run, real.x, factors, seed, repeats=0)}


def figures(run: Run, pictures: Samples, factors: np.ndarray, seed: int, repeats: Mapping[str, int] | int) -> Row:
    """Distortion, rate, active units and the scores of these pictures, with the seconds they took."""
    import torch

    from vae_core.metrics.activity import active_units
    from vae_core.metrics.disentanglement import measure
    from vae_core.metrics.likelihood import held_out_terms

    began = time.monotonic()
    terms = held_out_terms(run.model, pictures, torch.arange(len(factors)), seed)
    codes = terms.posterior.mean.float().numpy()
    row: Row = {
        "samples": len(codes), "distortion": float(terms.distortion.mean()), "rate": float(terms.total_rate.mean()),
        "active": int(active_units(codes).sum()),
    }  # fmt: skip
    found = measure(codes, factors, SCORES, seed=seed, repeats=repeats, settings={"dci": {"threads": 1}})
    for name, one in found.items():
        row |= {name: one.score, f"{name}_low": one.low, f"{name}_high": one.high}
    return row | {"score_seconds": round(time.monotonic() - began, 1)}


# -- the queue ---------------------------------------------------------------------------------------------


def kept() -> list[dict[str, str]]:
    """The rows that were measured."""
    return read_rows(RESULTS)


def is_done(rows: Sequence[dict[str, str]], protocol: str, cell: StudyRun, seed: int) -> bool:
    key = (protocol, cell.objective, f"{cell.weight:g}", str(seed))
    return any((row["protocol"], row["objective"], row["weight"], row["seed"]) == key for row in rows)


def do_cell(key: str, cell: StudyRun, seed: int, work: Path, given: argparse.Namespace) -> None:
    """Train, score, keep; ship the first seed's."""
    from vae_core.runs import load_run

    protocol, out = PROTOCOLS[key], work / f"{cell.name}-s{seed}"
    seconds = trained(protocol.config(cell, seed), out, f"{cell.name} seed {seed}")
    if given.train:
        return
    run = load_run(out)
    told: Row = {
        "protocol": key, "objective": cell.objective, "weight": f"{cell.weight:g}", "seed": seed,
        "steps": protocol.settings["steps"], "train_seconds": round(seconds),
    }  # fmt: skip
    keep_rows(RESULTS, COLUMNS, [told | row for row in score_cell(run, seed)])
    if given.ship and seed == 0:
        ship(out, cell.name)


# -- the page ----------------------------------------------------------------------------------------------


PAGE = PROJECT / "docs" / "sprites-study.md"
HEAD = """# The study of β on sprites

Written by `make bench-disentanglement`; every training is a row of `benchmarks/results/disentanglement.csv`.
Medians over seeds, with the smallest and the largest; where there is one seed, there is no spread. No run was chosen by
its labels.
Scores by the estimators of `vae_core.metrics.disentanglement` with disentanglement_lib's settings
([the scores](disentanglement.md)), on the means of 50,000 sprites with random factors. DCI boosts
with LightGBM.
"""
PUBLISHED = """## Published

Quoted second-hand and **unverified**; estimators and nets differ between papers. Medians of the large study for β-VAE
(Locatello et al. 2019), the others as later papers repeat them.

| method | FactorVAE score | MIG | DCI |
|---|---|---|---|
| β-VAE | 0.66 | 0.10 | 0.19 |
| FactorVAE | 0.82 | 0.43 | 0.74 |
| β-TCVAE | 0.62 | 0.45 | 0.29 |
| VAE | 0.63 | 0.10 | 0.30 |
"""
FAITHFUL = """## Is our generator faithful?

The same models, trained on our sprites, encode the 46,080 pictures of the real dSprites' subset and our drawings of the
same factors. Difference of the scores, real minus ours, median over runs (largest), and in how many runs the real score
lies within the 95 % interval of ours.
"""


def page() -> str:
    """The results as Markdown."""
    rows = kept()
    parts = [HEAD]
    for key, protocol in PROTOCOLS.items():
        own = [row for row in rows if row["protocol"] == key and row["scored_on"] == "sprites"]
        parts.append(f"## {key}\n\n{protocol.title}.\n")
        parts.append(_scores(own) if own else "Not run.\n")
    parts.append(PUBLISHED)
    if any(row["scored_on"] == "dsprites" for row in rows):
        parts += [FAITHFUL, _faithful(rows)]
    return "\n".join(parts)


def _scores(rows: Sequence[dict[str, str]]) -> str:
    shown = ("distortion", "rate", "active", *SCORES)
    lines = [f"| run | steps | seeds | {' | '.join(SHOWN)} |", "|---" * (len(shown) + 3) + "|"]
    for cell in study_runs():
        own = [row for row in rows if (row["objective"], row["weight"]) == (cell.objective, f"{cell.weight:g}")]
        if own:
            cells = " | ".join(_spread([float(row[name]) for row in own], name) for name in shown)
            lines.append(f"| {cell.title} | {int(own[0]['steps']):,} | {len(own)} | {cells} |")
    return "\n".join(lines) + "\n"


SHOWN = ("distortion", "rate", "active", "MIG", "DCI", "SAP", "FactorVAE score", "β-VAE score", "modularity")


def _spread(values: list[float], name: str) -> str:
    form = {"distortion": ".1f", "rate": ".1f", "active": ".0f"}.get(name, ".2f")
    middle = format(statistics.median(values), form)
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}}–{max(values):{form}})"


def _faithful(rows: Sequence[dict[str, str]]) -> str:
    pairs: dict[tuple[str, ...], dict[str, dict[str, str]]] = {}
    for row in rows:
        pairs.setdefault((row["protocol"], row["objective"], row["weight"], row["seed"]), {})[row["scored_on"]] = row
    both = [(found["subset"], found["dsprites"]) for found in pairs.values() if {"subset", "dsprites"} <= set(found)]
    lines = ["| score | runs | difference, median (largest) | within the interval |", "|---|---|---|---|"]
    for name in SCORES:
        gaps = [float(real[name]) - float(ours[name]) for ours, real in both]
        inside = sum(
            float(ours[f"{name}_low"]) <= float(real[name]) <= float(ours[f"{name}_high"]) for ours, real in both
        )
        largest = max(gaps, key=abs)
        lines.append(
            f"| {name} | {len(both)} | {statistics.median(gaps):+.4f} ({largest:+.4f}) | {inside} of {len(both)} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="laptop")
    parser.add_argument("--cells", nargs="*", choices=STUDIED)
    parser.add_argument("--seeds", type=int, help="how many, from 0; as many as the protocol plans")
    parser.add_argument("--work", type=Path, default=PROJECT / "runs" / "study", help="where runs are trained")
    parser.add_argument("--ship", action="store_true", help="put the first seed's runs into checkpoints/")
    parser.add_argument("--train", action="store_true", help="only train; a later call scores")
    parser.add_argument("--table", action="store_true", help="only write the page")
    parser.add_argument("--one", nargs=2, metavar=("CELL", "SEED"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    cells = {cell.name: cell for cell in study_runs()}
    work = given.work / given.protocol
    if given.one:
        do_cell(given.protocol, cells[given.one[0]], int(given.one[1]), work, given)
        return 0
    failed = 0
    if not given.table:
        names = given.cells or list(cells)
        for seed in range(given.seeds or PROTOCOLS[given.protocol].seeds):
            for name in names:
                failed += not _in_turn(given.protocol, cells[name], seed, work, given)
    if not given.train:
        PAGE.write_text(page(), encoding="utf-8")
    return 1 if failed else 0


def _in_turn(protocol: str, cell: StudyRun, seed: int, work: Path, given: argparse.Namespace) -> bool:
    """Do a cell in a process of its own, unless it is done or somebody is at it. -> False where it failed."""
    with taken(work, f"{cell.name}-s{seed}") as got:
        if not got or is_done(kept(), protocol, cell, seed):
            return True
        words = ["--protocol", protocol, "--work", str(work.parent), "--one", cell.name, str(seed)]
        words += [f"--{name}" for name in ("ship", "train") if getattr(given, name)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.disentanglement", *words], cwd=PROJECT, env=environment
        )
        return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
