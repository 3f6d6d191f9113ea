"""Trains and scores what docs/benchmarks.md claims, and writes that page.

    make bench-claims                                          what lacks, one after the other, and the page
    python -m benchmarks.claims --claims static-mnist          one of them
    python -m benchmarks.claims --claims dynamic-mnist --cells full --seeds 3      one that wants a GPU, by name
    python -m benchmarks.claims --table                        only the page, from what is kept

Each training is a process of its own with one thread, so that one may run on each core: a file lock lets each take the
next that nobody has. What was scored stands in benchmarks/results/claims.csv and is not run again. Settings are
compared on the validation split (cells marked as tried); the test split is touched once, by the cells of the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from benchmarks.claims import page
from benchmarks.claims.all import CLAIMS
from benchmarks.claims.claim import COLUMNS, RESULTS, Cell, Claim
from benchmarks.machine import processor, usable_cores
from benchmarks.queue import keep_rows, read_rows, ship, taken
from benchmarks.speed import PROJECT, machine
from vae_core.data.cards import DatasetError

MACHINE = RESULTS.with_suffix(".json")


def is_done(claim: Claim, cell: Cell, seed: int) -> bool:
    key = (claim.key, cell.key, str(seed))
    return any((row["claim"], row["cell"], row["seed"]) == key for row in read_rows(RESULTS))


def device() -> str:
    """What the figure was taken on, in a few words."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{processor()}, 1 of {usable_cores()} cores"


def folder(work: Path, claim: Claim, cell: Cell, seed: int) -> Path:
    """Where a cell trains."""
    return work / f"{claim.key}-{cell.key}-s{seed}"


def do(claim: Claim, cell: Cell, seed: int, work: Path) -> None:
    """Train, score, keep."""
    done = cell.work(seed, folder(work, claim, cell, seed))
    told = {
        "claim": claim.key, "cell": cell.key, "seed": seed, "steps": done.steps, "device": device(),
        "train_seconds": round(done.train_seconds), "score_seconds": round(done.score_seconds),
        "date": date.today().isoformat(),
    }  # fmt: skip
    keep_rows(
        RESULTS,
        COLUMNS,
        [
            {"metric": one.metric, "value": one.value, "split": one.split, "samples": one.samples, "how": one.how}
            | told
            for one in done.figures
        ],
    )
    MACHINE.write_text(json.dumps(machine(), indent=1) + "\n", encoding="utf-8")


def in_turn(claim: Claim, cell: Cell, seed: int, work: Path) -> bool:
    """Do a cell in a process of its own, unless it is done or somebody is at it. -> False where it failed."""
    with taken(work, folder(work, claim, cell, seed).name) as got:
        key = f"{claim.key} {cell.key}, seed {seed}"
        if not got:
            print(f"{key}: another process is at it", flush=True)
            return True
        if is_done(claim, cell, seed):
            print(f"{key}: measured already (take its rows out of {RESULTS.name} to do it again)", flush=True)
            return True
        print(f"{key}: begins", flush=True)
        words = ["--work", str(work), "--one", claim.key, cell.key, str(seed)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.claims", *words], cwd=PROJECT, env=environment, close_fds=False
        )
        return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", nargs="*", choices=list(CLAIMS), help="all, where none is named")
    parser.add_argument("--cells", nargs="*", help="only these of each claim")
    parser.add_argument("--seeds", type=int, default=1, help="how many, from 0")
    parser.add_argument("--work", type=Path, default=PROJECT / "runs" / "claims", help="where runs are trained")
    parser.add_argument("--ship", action="store_true", help="put the runs that are worth it into checkpoints/")
    parser.add_argument("--table", action="store_true", help="only write the page")
    parser.add_argument("--one", nargs=3, metavar=("CLAIM", "CELL", "SEED"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        claim = CLAIMS[given.one[0]]
        try:
            do(claim, claim.cell(given.one[1]), int(given.one[2]), given.work)
        except DatasetError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    cells = {cell.key for key in given.claims or CLAIMS for cell in CLAIMS[key].cells}
    if unknown := [name for name in given.cells or () if name not in cells]:
        parser.error(f"there is no cell {unknown[0]}: choose from {', '.join(sorted(cells))}")
    if given.seeds < 1:
        parser.error(f"--seeds says how many: 1 or more, not {given.seeds}")
    failed = 0
    if not given.table:
        for seed in range(given.seeds):
            for claim in (CLAIMS[key] for key in given.claims or CLAIMS):
                for cell in claim.cells:
                    wanted = cell.key in given.cells if given.cells else not cell.gpu
                    failed += wanted and not in_turn(claim, cell, seed, given.work)
    if given.ship:
        for claim in CLAIMS.values():
            for cell in claim.cells:
                if cell.shipped and (trained := folder(given.work, claim, cell, seed=0)).exists():
                    ship(trained, cell.shipped)
    page.write()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
