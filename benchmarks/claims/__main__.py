"""Trains and scores what docs/benchmarks.md claims, and writes that page.

    make bench-claims                                          what lacks, one after the other, and the page
    python -m benchmarks.claims --list                         all claims and cells, and what each took
    python -m benchmarks.claims --claims static-mnist          one of them
    python -m benchmarks.claims --claims dynamic-mnist --cells full --seeds 3      one that wants hours, by name
    python -m benchmarks.claims --claims static-mnist --results mine.csv           again, beside what is kept
    python -m benchmarks.claims --table                        only the page, from what is kept

Each training is a process of its own with one thread, so that one may run on each core: a file lock lets each take the
next that nobody has. Broken off, it goes on where it was. What was scored stands in benchmarks/results/claims.csv and
is not run again. Cells that want hours or a GPU are begun only by name. Settings are compared on the validation split
(cells marked as tried); the test split is for the cells of the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.claims import page
from benchmarks.claims.all import CLAIMS
from benchmarks.claims.claim import COLUMNS, RESULTS, Cell, Claim, rows_of
from benchmarks.machine import processor, usable_cores
from benchmarks.queue import keep_rows, read_rows, ship, taken
from benchmarks.speed import PROJECT, machine
from vae_core.data.cards import DatasetError

BROKEN_OFF = 130
"""What a process returns that Ctrl-C has ended."""


def is_done(results: Path, claim: Claim, cell: Cell, seed: int) -> bool:
    return bool(rows_of(read_rows(results), claim, cell.key, seed=str(seed)))


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def device() -> str:
    """What the figure was taken on, in a few words."""
    if has_gpu():
        import torch

        return torch.cuda.get_device_name()
    return f"{processor()}, 1 of {usable_cores()} cores"


def folder(work: Path, claim: Claim, cell: Cell, seed: int) -> Path:
    """Where a cell trains."""
    return work / f"{claim.key}-{cell.key}-s{seed}"


def do(results: Path, claim: Claim, cell: Cell, seed: int, work: Path) -> None:
    """Train, score, keep."""
    done = cell.work(seed, folder(work, claim, cell, seed))
    told = {
        "claim": claim.key, "cell": cell.key, "seed": seed, "steps": done.steps, "device": device(),
        "train_seconds": round(done.train_seconds), "score_seconds": round(done.score_seconds),
        "date": date.today().isoformat(),
    }  # fmt: skip
    keep_rows(
        results,
        COLUMNS,
        [
            {"metric": one.metric, "value": one.value, "split": one.split, "samples": one.samples, "how": one.how}
            | told
            for one in done.figures
        ],
    )
    results.with_suffix(".json").write_text(json.dumps(machine(), indent=1) + "\n", encoding="utf-8")


def in_turn(results: Path, claim: Claim, cell: Cell, seed: int, work: Path) -> bool:
    """Do a cell in a process of its own, unless it is done or somebody is at it. -> False where it failed.

    Raises KeyboardInterrupt where it was broken off by hand.
    """
    with taken(work, folder(work, claim, cell, seed).name) as got:
        key = f"{claim.key} {cell.key}, seed {seed}"
        if not got:
            print(f"{key}: another process is at it", flush=True)
            return True
        if is_done(results, claim, cell, seed):
            print(f"{key}: measured already (--results with a file of your own measures again)", flush=True)
            return True
        print(f"{key}: begins", flush=True)
        words = ["--work", str(work), "--results", str(results), "--one", claim.key, cell.key, str(seed)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.claims", *words], cwd=PROJECT, env=environment, close_fds=False
        )
        if done.returncode == BROKEN_OFF:
            raise KeyboardInterrupt
        return done.returncode == 0


def results_in(path: Path, there: bool) -> Path:
    """A file of rows, whole. there: whether it has to exist, not only its folder. Raises ValueError for another."""
    if path.suffix != ".csv":
        raise ValueError(f"--results is a CSV file, such as mine.csv, not {path}")
    needed = path if there else path.parent
    if not needed.exists():
        raise ValueError(f"there is no {needed}: --results names a file in a folder that is there")
    return path.resolve()


def left_out(claims: Sequence[str] | None) -> list[str]:
    """What is begun only by name."""
    chosen = [CLAIMS[key] for key in claims or CLAIMS]
    return [f"{claim.key} {cell.key}" for claim in chosen for cell in claim.cells if cell.wants]


def asked(claims: Sequence[str] | None, cells: Sequence[str] | None) -> list[tuple[Claim, Cell]]:
    """What is to be done: the named cells of the named claims, or all that want neither hours nor a GPU.

    Raises ValueError where a cell is named without a claim, or one of them has no part in the other.
    """
    chosen = [CLAIMS[key] for key in claims or CLAIMS]
    if not cells:
        short = [(claim, cell) for claim in chosen for cell in claim.cells if not cell.wants]
        if not short:
            raise ValueError(f"all of it wants hours or a GPU and is begun by --cells: {', '.join(left_out(claims))}")
        return short
    if not claims:
        raise ValueError("--cells are those of a claim: name it with --claims")
    known = {cell.key for claim in chosen for cell in claim.cells}
    if unknown := [name for name in cells if name not in known]:
        raise ValueError(f"there is no cell {unknown[0]}: choose from {', '.join(sorted(known))}")
    for claim in chosen:
        if not any(cell.key in cells for cell in claim.cells):
            raise ValueError(f"{claim.key} has none of these cells: {', '.join(cell.key for cell in claim.cells)}")
    return [(claim, cell) for claim in chosen for cell in claim.cells if cell.key in cells]


def listing(results: Path, claims: Sequence[str]) -> str:
    """Claims and their cells, and what each took."""
    rows = read_rows(results)
    lines = []
    for claim in (CLAIMS[key] for key in claims):
        lines.append(f"{claim.key}: {claim.title}")
        for cell in claim.cells:
            own = rows_of(rows, claim, cell.key)
            clocks = ("train_seconds", "score_seconds")
            training, scoring = (max((float(row[name]) for row in own), default=0) for name in clocks)
            timed = f"{training:,.0f} s to train, {scoring:,.0f} s to score" if training else "not timed"
            wants = f" (wants {cell.wants})" if cell.wants else ""
            lines.append(f"  {cell.key:<22}{timed if own else 'not run'}{wants}: {cell.title}")
    return "\n".join(lines)


def options() -> argparse.Namespace:
    """The command line, checked. `results` and `work` are whole paths; `todo` are the cells to train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--claims", nargs="*", choices=list(CLAIMS), help="all, where none is named")
    parser.add_argument("--cells", nargs="*", help="only these of the named claims")
    parser.add_argument("--seeds", type=int, default=1, help="how many, from 0")
    parser.add_argument("--anyway", action="store_true", help="on a processor too what wants a GPU: days")
    parser.add_argument("--work", type=Path, help="where runs are trained: runs/claims, or beside a CSV of your own")
    parser.add_argument("--results", type=Path, default=RESULTS, help="a CSV of your own; its page lies beside it")
    parser.add_argument("--ship", action="store_true", help="put the runs that are worth it into checkpoints/")
    parser.add_argument("--list", action="store_true", help="only say what there is, and what it took")
    parser.add_argument("--table", action="store_true", help="only write the page")
    parser.add_argument("--one", nargs=3, metavar=("CLAIM", "CELL", "SEED"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    trains = not (given.list or given.table or given.one)
    try:
        given.results = results_in(given.results, there=given.list or given.table)
        given.todo = asked(given.claims, given.cells) if trains else []
    except ValueError as error:
        parser.error(str(error))
    own = given.results != RESULTS
    if given.ship and own:
        parser.error("--ship takes runs that the kept rows tell of: leave --results out")
    if given.seeds < 1:
        parser.error(f"--seeds says how many: 1 or more, not {given.seeds}")
    for claim, cell in given.todo:
        lacks = not all(is_done(given.results, claim, cell, seed) for seed in range(given.seeds))
        if lacks and cell.wants == "a GPU" and not given.anyway and not has_gpu():
            parser.error(f"{claim.key} {cell.key} wants a GPU, and there is none here: --anyway takes days without")
    given.work = (given.work or (given.results.with_suffix("") if own else PROJECT / "runs" / "claims")).resolve()
    return given


def single(results: Path, key: str, cell: str, seed: int, work: Path) -> int:
    """A single cell, in this process.  -> the exit status."""
    claim = CLAIMS[key]
    try:
        do(results, claim, claim.cell(cell), seed, work)
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return BROKEN_OFF
    return 0


def ship_all(work: Path) -> None:
    """Put the trained runs that are worth it into checkpoints/."""
    for claim in CLAIMS.values():
        for cell in claim.cells:
            if cell.shipped and (trained := folder(work, claim, cell, seed=0)).exists():
                ship(trained, cell.shipped)


def main() -> int:
    given = options()
    if given.list:
        print(listing(given.results, given.claims or list(CLAIMS)))
        return 0
    if given.one:
        key, cell, seed = given.one
        return single(given.results, key, cell, int(seed), given.work)
    failed = 0
    try:
        for seed in range(given.seeds):
            for claim, cell in given.todo:
                failed += not in_turn(given.results, claim, cell, seed, given.work)
    except KeyboardInterrupt:
        print("Broken off: the same command goes on where it was.", file=sys.stderr)
        return BROKEN_OFF
    if given.todo and not given.cells and (left := left_out(given.claims)):
        print(f"Left out, as they want hours or a GPU: {', '.join(left)}. --claims and --cells name them.")
    if given.ship:
        ship_all(given.work)
    print(f"Written: {page.write(given.results)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
