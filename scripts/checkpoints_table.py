"""Writes checkpoints/README.md from the shipped runs: `python -m scripts.checkpoints_table`.

Every figure comes from a run's own files, or from evaluating it on its test split.
"""

from __future__ import annotations

from pathlib import Path

from vae_core.config import checkpoints_folder
from vae_core.evaluation import Result, evaluate
from vae_core.runs import Run, list_runs, load_run

HEAD = """# Shipped runs

| run | data | net | dims (active) | beta | likelihood | distortion | rate | ELBO | bound, K = {k} | MiB |
|---|---|---|---|---|---|---|---|---|---|---|
"""
FOOT = """
Nats per sample on the test split, one posterior sample each; *bound* is the importance-weighted bound on log p(x) of
the first 1,000 test samples. Grey pictures count as the mean over their random binarisations, so MNIST's figures
stand beside those of dynamic binarisation. A Gaussian likelihood is a density: its figures can be of either sign and
are not to be compared with Bernoulli's.

Each folder's `card.md` has the one command that makes the run again. The weights are those that were best on the
validation split; no data is shipped. This page is written by `python -m scripts.checkpoints_table`.
"""
IMPORTANCE = 100


def row(run: Run, test: Result) -> str:
    bound = evaluate(run.folder, split="test", samples=1_000, importance=IMPORTANCE)["importance_bound"]
    size = sum(file.stat().st_size for file in shipped_files(run.folder)) / 2**20
    model = run.config.model
    cells = [
        f"[{run.title}]({run.name}/card.md)", run.config.data.name, model.net,
        f"{model.latent_dim} ({test['active_units']})", f"{run.config.train.beta:g}", model.likelihood,
        f"{test['distortion']:.2f}", f"{test['rate']:.2f}", f"{test['elbo']:.2f}", f"{bound:.2f}", f"{size:.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |\n"


def factors(run: Run, test: Result) -> str:
    """Which dimension carries which factor, for data whose factors are known."""
    if "mig" not in test:
        return ""
    lines = [
        f"- {name.removeprefix('best_dimension_for_')}: dimension {value}"
        for name, value in test.items()
        if name.startswith("best_dimension_for_")
    ]
    return (
        f"\n**{run.title}**: mutual information gap {test['mig']:.3f} on 10,000 test samples "
        "(20 equal-width bins a code). The dimension that tells most of each factor, and how much of it:\n\n"
        + "\n".join(lines)
        + "\n"
    )


def shipped_files(folder: Path) -> list[Path]:
    ignored = {"state.safetensors", "live.npz", "live.csv", "worker.log", ".lock", ".names.lock"}
    return [file for file in folder.rglob("*") if file.is_file() and file.name not in ignored]


def main() -> None:
    runs = [load_run(card.folder) for card in list_runs() if card.shipped and card.ready]
    total = sum(file.stat().st_size for run in runs for file in shipped_files(run.folder)) / 2**20
    tests = [evaluate(run.folder, split="test", samples=10_000) for run in runs]
    text = HEAD.format(k=IMPORTANCE) + "".join(map(row, runs, tests)) + f"\n{total:.1f} MiB in all.\n"
    text += "".join(map(factors, runs, tests)) + FOOT
    (checkpoints_folder() / "README.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
