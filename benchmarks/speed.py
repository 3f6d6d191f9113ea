"""docs/speed.md, made from the kept results of benchmarks.training, umap_speed and metrics_speed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.machine import load, processor, usable_cores

RESULTS = Path(__file__).parent / "results"
PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "speed.md"

HEAD = """# Speed

Written by `make bench-train`, `make bench-umap` and `make bench-metrics`; the raw results are in
`benchmarks/results/`. Ratios are medians over rounds in which all ways ran one after the other, each in a process of
its own with one thread; a range of one number is one round, which on a machine that others use says little.
"""
TRAINING = """## Training

Images per second of the training loop, looks at held-out samples left out; same nets, data, batch and epochs.
pytorch/examples and disentangling-vae are their loops re-stated (`benchmarks/peers.py`), pythae is pythae itself.
A target counts as met where the ratio is reached and −ELBO on held-out samples is at most half a percent above the
peer's. A larger batch is no speed: at the same rate it ends at a worse ELBO.

What makes the difference: pictures stay uint8 in memory and batches are indexed, not collated; fused Adam; the
Bernoulli cost with one exponential a pixel; no reading of numbers between reports; channels last and in-place ReLU in
convolutions; oneDNN's fp32 products where they are seen to be exact (`vae_core/products.py`).
"""
UMAP = """## Maps

UMAP of 10-D codes of MNIST by umap-learn, ours against its own defaults. Ours: exact neighbours (a k-d tree), a start
from PCA, a fixed seed, 200 epochs, numba's cache switched on. "First" is a fresh process, from before `import umap` to
the map, with numba's cache filled by an earlier one. New samples are placed at the weighted mean of their five nearest
codes, without refitting and without umap-learn's `transform`, which compiles for many seconds first. With 100 epochs
for more than 10,000 codes a map is made sooner and its neighbours' accuracy falls by more than the allowed 0.005, so
large maps keep their 200.
"""
METRICS = """## Scores of disentanglement

One estimate of each score with disentanglement_lib's settings, without its interval: 10,000 samples, 10 dimensions,
five factors of 3, 6, 40, 32 and 32 values. The shares are of the six that the literature compares. DCI's boosting is
LightGBM with scikit-learn's settings (11,300 trees here), its factors spread over the cores; votes are drawn and
counted thousands at a time; SAP's machines are solved in the primal, where each has two unknowns.
"""


def in_a_process(module: str, words: Sequence[str]) -> str:
    """The last line that `python -m MODULE WORDS` says, in a process with one thread. Raises RuntimeError."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout.strip().splitlines()[-1]


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "umap-learn", "numba", "scipy", "scikit-learn", "lightgbm")
    )
    return {
        "Date": date.today().isoformat(),
        "Processor": f"{processor()}, {usable_cores()} cores",
        "Python": platform.python_version(),
        "Libraries": libraries,
        "Load before": load(),
    }


def keep(name: str, table: str, raw: object) -> None:
    """Keep a benchmark's results and write the page anew."""
    RESULTS.mkdir(exist_ok=True)
    content = {"machine": machine(), "table": table, "raw": raw}
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    render()


@dataclass(frozen=True)
class Kept:
    """A benchmark's results as they stand on a page."""

    table: str
    machine: str


def kept(name: str) -> Kept | None:
    """What is kept of a benchmark; None where it was not run."""
    file = RESULTS / f"{name}.json"
    if not file.exists():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    return Kept(content["table"], "; ".join(f"{key}: {value}" for key, value in content["machine"].items()) + ".")


def render() -> None:
    """Write docs/speed.md from what is kept."""
    parts = [HEAD]
    for name, words in (("training", TRAINING), ("umap", UMAP), ("metrics", METRICS)):
        if found := kept(name):
            parts += [words, found.table, f"{found.machine}\n"]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
