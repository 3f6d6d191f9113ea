"""Trains shipped runs as vae_core.zoo has them: `python -m scripts.train_zoo [name ...]`, or those that lack.

Each is trained into a folder beside, gets its UMAP map, and takes its place in checkpoints/ only when it is whole.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from vae_core.config import checkpoints_folder
from vae_core.latent.projection import MapSettings
from vae_core.runs import load_run
from vae_core.runs.maps import project_run
from vae_core.training import train
from vae_core.zoo import ZOO

WASTE = ("state.safetensors", ".lock", "maps/.*.lock")
MAP_SAMPLES = 5_000


def make(name: str, work: Path) -> Path:
    """The whole run folder of this entry, trained under `work`."""
    out, started = work / name, time.monotonic()
    for step in train(ZOO[name].config().model_copy(update={"out": out})):
        if step.validation:
            v = step.validation
            print(f"{name}: step {step.step:,} of {step.total:,}, distortion {v.distortion:.2f}, rate {v.rate:.2f}",
                  flush=True)  # fmt: skip
    run = load_run(out)
    if run.latent_dim > 2:
        project_run(run, MapSettings(method="umap", samples=min(MAP_SAMPLES, len(run.codes))), lambda part, text: None)
    for waste in [file for pattern in WASTE for file in out.glob(pattern)]:
        waste.unlink()
    print(f"{name}: made in {time.monotonic() - started:.0f} s", flush=True)
    return out


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ZOO]
    if unknown:
        print(f"There is no {unknown[0]} in the zoo: choose from {', '.join(ZOO)}.", file=sys.stderr)
        return 1
    missing = [name for name in ZOO if not (checkpoints_folder() / name / "config.json").exists()]
    for name in names or missing:
        with tempfile.TemporaryDirectory() as work:
            made = make(name, Path(work))
            shutil.rmtree(checkpoints_folder() / name, ignore_errors=True)
            shutil.move(made, checkpoints_folder() / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
