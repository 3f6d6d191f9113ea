"""Long trainings that may be broken off, repeated, and run beside each other: locks, rows that are kept, resuming; and
their runs put among the shipped ones."""

from __future__ import annotations

import csv
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from vae_core.config import TrainConfig, checkpoints_folder

Row = Mapping[str, object]


@contextmanager
def taken(work: Path, name: str) -> Iterator[bool]:
    """Whether this process got the piece of work; the kernel gives it back however the process ends, and the last
    process that it started with `close_fds=False` to do the work."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / f"{name}.lock").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def read_rows(results: Path) -> list[dict[str, str]]:
    """What was measured; nothing where there is no file yet."""
    if not results.exists():
        return []
    with results.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def keep_rows(results: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Add rows to a CSV file; processes beside each other don't lose any."""
    results.parent.mkdir(exist_ok=True)
    with results.open("a", encoding="utf-8", newline="") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        file.seek(0, os.SEEK_END)  # another process may have written since the file was opened
        if file.tell() == 0:
            writer.writeheader()
        writer.writerows(
            {name: f"{value:.5g}" if isinstance(value, float) else value for name, value in row.items()} for row in rows
        )


WASTE = ("state.safetensors", ".lock", "live.npz", "film.npz", "seconds.txt")


def ship(trained: Path, name: str) -> None:
    """Put a copy of a finished run among the shipped ones, under this name; its config and card don't tell where it was
    trained."""
    from vae_core.runs import load_run
    from vae_core.runs.finish import card
    from vae_core.runs.folder import RunFolder

    place = checkpoints_folder() / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(trained, place, ignore=shutil.ignore_patterns(*WASTE))
    folder = RunFolder(place)
    config = folder.read_config()
    config = config.model_copy(update={"train": config.train.model_copy(update={"out": None})})
    folder.write_config(config)
    (place / "card.md").write_text(card(name, config, load_run(place).codes), encoding="utf-8")


def trained(config: TrainConfig, out: Path, title: str) -> float:
    """Train into `out`, or go on with what was begun there.  -> seconds, those of earlier attempts included."""
    from vae_core.runs.folder import RunFolder
    from vae_core.training import train

    began, clock = time.monotonic(), out / "seconds.txt"
    before = float(clock.read_text()) if clock.exists() else 0.0
    if (out / "config.json").exists() and RunFolder(out).read_config().state == "finished":
        return before
    if out.exists() and not (out / "state.safetensors").exists():
        shutil.rmtree(out)  # broken off before anything was kept
    config = config.model_copy(update={"out": out})

    def so_far() -> float:
        seconds = before + time.monotonic() - began
        clock.write_text(f"{seconds:.0f}")
        return seconds

    for step in train(config, resume=(out / "state.safetensors").exists()):
        if step.validation:
            v = step.validation
            print(f"{title}: step {step.step:,} of {step.total:,}, distortion {v.distortion:.2f}, rate {v.rate:.2f}",
                  flush=True)  # fmt: skip
            so_far()  # kept where the process is killed
    return so_far()
