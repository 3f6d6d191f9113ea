"""docs/benchmarks.md, made from the kept rows: ours, the published number, its source and protocol, the ratio."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.claims import speed_rows
from benchmarks.claims.all import CLAIMS
from benchmarks.claims.claim import RESULTS, Claim, Published, Target, figures_of, rows_of
from benchmarks.queue import read_rows
from benchmarks.speed import PROJECT

PAGE = PROJECT / "docs" / "benchmarks.md"
NOT_RUN = "not run"
NAMES = {
    "nll": "−log p(x)",
    "minus_elbo": "−ELBO",
    "minus_elbo_own": "−ELBO with its own σ",
    "active": "active units",
    "mse": "squared error",
    "used": "part of the codes that is used",
    "error": "error in %",
    "auroc_regret": "AUROC of the likelihood regret",
    "auroc_posterior": "AUROC of the posterior's density",
    "auroc_density": "AUROC of the code's density",
    "auroc_mean": "AUROC of the distance to the mean",
    "auroc_neighbour": "AUROC of the nearest neighbour",
    "auroc_elbo": "AUROC of −ELBO",
    "distance_straight": "distance",
    "distance_spherical": "distance",
    "smoothness_straight": "smoothness",
    "smoothness_spherical": "smoothness",
    "frechet": "Fréchet distance",
    "frechet_of_data": "Fréchet distance of the data itself",
    "classifier_accuracy": "accuracy of the classifier whose features are compared",
    "sigma": "σ",
    "sigma_for_frechet": "σ chosen by the Fréchet distance",
    "sigma_for_minus_elbo": "σ chosen by the ELBO",
}
"""What metrics of the rows are called on the page, where their own name won't do."""
HEAD = """# Published numbers and measured speed

Written by `make bench-claims` from `{rows}`, a row a figure; no figure of a table is typed in by hand. *On par* is a
target at the published number, up to its rounding, *better* a harder one: a lower figure, fewer steps, or less work a
sample. These limits were set before anything was trained; which cell stands for a claim was chosen later in places,
where validation had shown a better setting. Ours is the median over seeds with the smallest and the largest, or with a
± their mean and standard deviation; most claims have one seed, and a lead of one seed is no proof. The ratio is ours
over the published number. Settings were chosen on the validation split, and a cell was scored once on the test split;
where an earlier setting of the same claim had been scored on it too, the claim says so. Figures of other samples, or by
other numbers of draws, can't be compared with each other. Trainings had one thread each, one beside others on two
cores, so that their seconds say little. **Unverified** are numbers that were quoted from memory or second-hand, not
read in the paper. A row that could not be run says so.

"""
REST = """## The rest

| what | where | made by |
|---|---|---|
| disentanglement on sprites | [sprites-study.md](sprites-study.md) | `make bench-disentanglement` |
| odd samples, filling, probes, few labels on shipped runs | [apply.md](apply.md) | `python -m vae_core apply` |
"""


def spread(values: Sequence[float]) -> str:
    """Median (smallest to largest), as it stands in a table."""
    if not values:
        return NOT_RUN
    middle = f"{statistics.median(values):.4g}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.4g} to {max(values):.4g})"


def middle(values: Sequence[float], target: Target) -> float:
    """What a target is judged by."""
    return statistics.mean(values) if target.mean else statistics.median(values)


def ours(values: Sequence[float], target: Target) -> str:
    """The figure as it stands in a target's line."""
    if not target.mean or len(values) < 2:
        return spread(values)
    deviation = statistics.stdev(values)
    places = max(0, 1 - math.floor(math.log10(deviation))) if deviation else 1  # two digits of it
    return f"{statistics.mean(values):.{places}f} ± {deviation:.{places}f}"


def published(number: Published | None) -> str:
    if number is None:
        return ""
    return f"{number.value:g}, {number.what}; {number.source}{'' if number.verified else ' (**unverified**)'}"


@dataclass(frozen=True)
class Result:
    """A target and what came of it, as they stand in a table; empty where there is nothing to say."""

    ours: str
    seeds: int
    ratio: str
    wanted: str
    reached: str


def result(rows: Sequence[dict[str, str]], claim: Claim, target: Target) -> Result:
    values = figures_of(rows, claim, target.cell, target.metric, "test")
    sign, limit = "≤" if target.lower else "≥", target.limit
    wanted = "" if limit is None else f"{sign} {limit:g}"
    if target.than:
        others = figures_of(rows, claim, target.than, target.metric, "test")
        limit = middle(others, target) + target.beyond if others else None
        more = f" {'+' if target.beyond > 0 else '−'} {abs(target.beyond):g}" if target.beyond else ""
        wanted = f"{sign} {claim.cell(target.than).title} ({spread(others)}){more}"
    met, ratio = "", ""
    if values:
        figure = middle(values, target)
        if limit is not None:
            met = "yes" if (figure <= limit if target.lower else figure >= limit) else "**missed**"
        if target.published is not None and target.published.value:
            ratio = f"{figure / target.published.value:.3f}"
    wants = claim.cell(target.cell).wants
    said = f"{NOT_RUN}, wants {wants}" if wants and not values else ours(values, target)
    return Result(said, len(values), ratio, wanted, met)


def named(metric: str) -> str:
    """A figure as it is spoken of; `NAME_at_SIGMA` and `NAME_dropout_PART` are one of several settings."""
    for mark, said in (("_at_", " at σ "), ("_dropout_", " at word dropout ")):
        name, found, value = metric.partition(mark)
        if found:
            return f"{named(name)}{said}{value}"
    return NAMES.get(metric, metric.replace("_", " "))


def estimator(row: dict[str, str]) -> str:
    """How a figure was taken, and on how many samples."""
    return ", ".join(filter(None, [row["how"], f"{int(row['samples']):,} samples"]))


def measured_as(rows: Sequence[dict[str, str]], claim: Claim, target: Target) -> str:
    """What was measured of which cell, how, and on how many test samples."""
    own = rows_of(rows, claim, target.cell, metric=target.metric, split="test")
    parts = [f"{claim.cell(target.cell).title}: {named(target.metric)}", estimator(own[0]) if own else ""]
    return ", ".join(filter(None, parts))


def line(rows: Sequence[dict[str, str]], claim: Claim, target: Target) -> str:
    """One line of a claim's table."""
    found = result(rows, claim, target)
    cells = [
        target.title, measured_as(rows, claim, target), found.ours, str(found.seeds),
        published(target.published), found.ratio, found.wanted, found.reached,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def counted(results: Sequence[Result]) -> str:
    """How many targets were reached, missed and not run."""
    found = Counter(one.reached or NOT_RUN for one in results)
    missed, lacking = found["**missed**"], found[NOT_RUN]
    parts = [f"{found['yes']} reached", f"{missed} missed" if missed else "", f"{lacking} not run" if lacking else ""]
    return f"{len(results)} targets, {', '.join(filter(None, parts))}"


def at_a_glance(rows: Sequence[dict[str, str]]) -> list[str]:
    """How many targets were reached, and each of them in a line."""
    asked = [
        (claim, target, result(rows, claim, target))
        for claim in CLAIMS.values()
        for target in claim.targets
        if target.limit is not None or target.than
    ]
    others = [found for _, target, found in asked if target.published is not None]
    own = [found for _, target, found in asked if target.published is None]
    return [
        f"Against published numbers: {counted(others)}. Against baselines trained here and limits that were set: "
        f"{counted(own)}. Some share a figure. Protocols, sources and what was tried stand below.\n",
        "| | claim | ours | seeds | target | reached |\n" + "|---" * 6 + "|",
        *(
            f"| {claim.number} | {claim.title}: {target.title} | {found.ours} | {found.seeds} | {found.wanted} | "
            f"{found.reached if found.seeds else ''} |"
            for claim, target, found in asked
        ),
        "",
    ]


def held_out(rows: Sequence[dict[str, str]], claim: Claim) -> list[str]:
    """What settings came to on the validation split, those that were only tried too, and on training samples where they
    were looked at: a table whose longer side goes down."""
    figures: dict[str, dict[str, list[float]]] = {}  # figure and how it was taken -> cell -> its values
    for cell in claim.cells:
        for split, of in (("validation", ""), ("train", " of training samples")):
            for row in rows_of(rows, claim, cell.key, split=split):
                figure = f"{named(row['metric'])}{of} ({estimator(row)})"
                figures.setdefault(figure, {}).setdefault(cell.key, []).append(float(row["value"]))
    cells = [cell for cell in claim.cells if any(cell.key in values for values in figures.values())]
    if not cells:
        return []
    table = [["", *figures]]
    for cell in cells:
        title = cell.title + (" (tried)" if cell.tried else "")
        table.append([title, *(spread(own[cell.key]) if cell.key in own else "" for own in figures.values())])
    if len(figures) > len(cells):
        table = [list(line) for line in zip(*table, strict=True)]
    head, *lines = (f"| {' | '.join(line)} |" for line in table)
    return ["On validation:", "", head, "|---" * len(table[0]) + "|", *lines, ""]


def took(rows: Sequence[dict[str, str]], claim: Claim) -> list[str]:
    """Steps, seconds and device of the cells of the table."""
    lines = []
    for cell in claim.cells:
        own = rows_of(rows, claim, cell.key)
        if own and not cell.tried:
            seconds = statistics.median(float(row["train_seconds"]) for row in own)
            spent = f"{cell.title}: {int(own[0]['steps']):,} steps"
            # 0 where a run was trained before, or the measuring was broken off
            spent += f" in {seconds:,.0f} s on {own[0]['device']}" if seconds else ", not timed"
            lines.append(f"{spent}.")
    return [" ".join(lines), ""] if lines else []


def text(results: Path = RESULTS) -> str:
    """The page as Markdown."""
    rows = read_rows(results)
    kept = results == RESULTS
    parts = [HEAD.format(rows=results.relative_to(PROJECT).as_posix() if kept else results.name), *at_a_glance(rows)]
    for claim in CLAIMS.values():
        parts += [
            f"## {claim.number}. {claim.title}\n\n{claim.protocol}\n",
            "| claim | figure | ours | seeds | published | ratio | target | reached |\n" + "|---" * 8 + "|",
        ]
        parts += [*(line(rows, claim, target) for target in claim.targets), ""]
        parts += [*took(rows, claim), *held_out(rows, claim)]
        if claim.tried and kept:  # it tells of the kept rows
            parts.append(f"{claim.tried}\n")
        keys = ", ".join(f"`{cell.key}`" + (f" (wants {cell.wants})" if cell.wants else "") for cell in claim.cells)
        parts.append(f"`python -m benchmarks.claims --claims {claim.key} --cells ...`, cells: {keys}.\n")
    return "\n".join([*parts, *([speed_rows.text(), REST] if kept else [])])


def write(results: Path = RESULTS) -> Path:
    """Of rows of one's own the page lies beside them.  -> where it was written."""
    place = PAGE if results == RESULTS else results.with_suffix(".md")
    place.write_text(text(results), encoding="utf-8")
    return place
