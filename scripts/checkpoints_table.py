"""Writes checkpoints/README.md and the README's table of families: `python -m scripts.checkpoints_table`.

Every figure comes from a run's own files, or from evaluating it on its test split.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vae_core.config import PROJECT, checkpoints_folder
from vae_core.evaluation import Result, evaluate
from vae_core.runs import Run, list_runs, load_run
from vae_core.studies import STUDIED
from vae_core.zoo import SECTIONS, ZOO

IMPORTANCE = 100
GAPS = "| run | MIG | dimensions |\n|---|---|---|\n"
BEGIN, END = "<!-- families: written by python -m scripts.checkpoints_table -->", "<!-- /families -->"

MORE = "more (dreams: energy distance, V-statistic)"
HEAD = """# Shipped runs

| run | data | net | dims (active) | distortion | rate | ELBO | bound, K = {k} | {more} | MiB |
|---|---|---|---|---|---|---|---|---|---|
"""
FOOT = """
Nats per sample on the test split, one posterior sample each; *bound* is the importance-weighted bound on log p(x) of
the first 1,000 test samples. Grey pictures count as the mean over their random binarisations, so MNIST's figures
stand beside those of dynamic binarisation. The likelihood of a Gaussian run is a density: its figures can be of either
sign and are not to be compared with Bernoulli's. *Dreams* is the energy distance between decoded codes of the prior and
test samples, then that of a mixture of ten Gaussians fitted to the codes, and in brackets that between training and
test samples. All three are V-statistics of up to 2,000 samples: two finite sets of the same distribution are
a little apart in them, the further the fewer there are; Compare and Generate take up to 500 and so show larger ones.
The GAN's energy distance on the training pages and in its card is an estimate without that bias, and so near 0.

Each folder's `card.md` has the one command that makes the run again, `python -m scripts.train_zoo NAME` calls it. The
weights are those that were best on the validation split, or the last ones where an objective cannot be judged there; no
data is shipped. This page is written by `python -m scripts.checkpoints_table`.
"""


def own_figures(result: Result) -> list[str]:
    """What a family is judged by besides the ELBO."""
    told = []
    if "accuracy" in result:
        told.append(f"test accuracy {result['accuracy']:.1%}")
    if "codebook_perplexity" in result:
        told.append(f"codebook perplexity {result['codebook_perplexity']:.1f} of {result['codebook']}")
    if "nats_per_token" in result:
        told.append(
            f"{result['nats_per_token']:.2f} nats a token, {result['tokens_per_sentence']:.1f} tokens a sentence"
        )
    if "mig" in result:
        told.append(f"MIG {result['mig']:.3f}")
    levels = [value for key, value in result.items() if key.startswith("rate_of_level_")]
    if levels:
        told.append("rate by level " + ", ".join(f"{value:.1f}" for value in levels))
    return told


def number(result: Result, key: str) -> str:
    return f"{result[key]:.2f}" if key in result else ""


def run_row(run: Run, test: Result) -> str:
    size = mebibytes([run.folder])
    model = run.config.model
    bound = ""
    if model.abilities.spreads and model.abilities.kind != "text":  # a point has no density to weigh
        result = evaluate(run.folder, split="test", samples=1_000, importance=IMPORTANCE)
        bound = number(result, "importance_bound")
    more = own_figures(test)
    dreams = [f"{test[key]:.2f}" for key in ("dream_distance", "mixture_distance") if key in test]
    if dreams:
        told = " / ".join(dreams) if "dream_distance" in test else f"of a mixture {dreams[0]}"
        more.append(f"dreams {told} ({test['data_distance']:.2f})")
    dims = f"{model.latent_dim} ({test['active_units']})" if "active_units" in test else str(model.latent_dim)
    cells = [
        f"[{run.title}]({run.name}/card.md)", run.config.data.name, model.net, dims, number(test, "distortion"),
        number(test, "rate"), number(test, "elbo"), bound, "; ".join(more), f"{size:.2f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |\n"


def family_row(name: str, run: Run, test: Result) -> str:
    """One family of the README's table."""
    entry = ZOO[name]
    reached = [f"ELBO {test['elbo']:.2f}"] if "elbo" in test else []
    if "distortion" in test and not reached:
        reached.append(f"distortion {test['distortion']:.2f}")
    reached += own_figures(test)
    if entry.section == "Text":
        reached.append(f"rate {test['rate']:.2f}, {test['active_units']} of {test['latent_dim']} units active")
    if not run.config.model.abilities.encodes:
        dreams, data = test["dream_distance"], test["data_distance"]
        reached.append(f"dreams {dreams:.2f} from held-out samples, training samples {data:.2f} (energy, V-statistic)")
    cells = [
        f"[{entry.title}](checkpoints/{name}/card.md)", entry.paper, entry.teaches, f"`zoo {name}`", "; ".join(reached)
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |\n"


def families(runs: dict[str, Run], tests: dict[str, Result]) -> str:
    """The README's table: all families whose run is shipped, by section."""
    text = "| family | paper | what it teaches | command | held out |\n|---|---|---|---|---|\n"
    for section in SECTIONS:
        names = [name for name, entry in ZOO.items() if entry.section == section and name in runs]
        text += f"| **{section}** | | | | |\n" if names else ""
        text += "".join(family_row(name, runs[name], tests[name]) for name in names)
    return text


def factors(run: Run, test: Result) -> str:
    """Which dimension carries which factor, for data whose factors are known."""
    if "mig" not in test:
        return ""
    told = [
        f"{name.removeprefix('best_dimension_for_')}: {value}"
        for name, value in test.items()
        if name.startswith("best_dimension_for_")
    ]
    return f"| {run.title} | {test['mig']:.3f} | {'; '.join(told)} |\n"


def shipped_files(folder: Path) -> list[Path]:
    ignored = {"state.safetensors", "live.npz", "live.csv", "worker.log", ".lock", ".names.lock"}
    return [file for file in folder.rglob("*") if file.is_file() and file.name not in ignored]


def mebibytes(folders: Iterable[Path]) -> float:
    return sum(file.stat().st_size for folder in folders for file in shipped_files(folder)) / 2**20


def sizes(folders: Iterable[Path]) -> str:
    """How much is shipped; the study's runs have a page of their own instead of a row each."""
    own, study = [], []
    for folder in folders:
        (study if folder.name in STUDIED else own).append(folder)
    text = f"{mebibytes(own):.1f} MiB in all"
    if study:
        text += (
            f", and {mebibytes(study):.1f} MiB of `study-*`: {len(study)} runs that differ in their objective alone, "
            "with their figures on [a page of their own](../docs/sprites-study.md)"
        )
    return f"{text}.\n"


def main() -> None:
    shipped = [card for card in list_runs() if card.shipped and card.ready]
    cards = [card for card in shipped if card.name not in STUDIED]
    order = {name: place for place, name in enumerate(ZOO)}
    cards.sort(key=lambda card: order.get(card.name, len(order)))
    runs = {card.name: load_run(card.folder) for card in cards}
    tests, rows = dict[str, Result](), ""
    for name, run in runs.items():
        tests[name] = evaluate(run.folder, split="test", samples=10_000)
        rows += run_row(run, tests[name])
        print(rows.splitlines()[-1], flush=True)
    gaps = "".join(factors(run, tests[name]) for name, run in runs.items())
    text = f"{HEAD.format(k=IMPORTANCE, more=MORE)}{rows}\n{sizes(card.folder for card in shipped)}"
    text += (
        "\nWhere factors are known, the mutual information gap (10,000 test samples, 20 equal-width bins a code), "
        f"the dimension that tells most of each factor, and how much:\n\n{GAPS}{gaps}"
    )
    (checkpoints_folder() / "README.md").write_text(text + FOOT)
    readme = PROJECT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{families(runs, tests)}{END}{after}")


if __name__ == "__main__":
    main()
