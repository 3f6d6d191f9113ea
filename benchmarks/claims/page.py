"""docs/benchmarks.md, made from the kept rows: ours, the published number, its source and protocol, the ratio."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.claims import speed_rows
from benchmarks.claims.all import CLAIMS
from benchmarks.claims.claim import RESULTS, Claim, Published, Target, figures_of, rows_of
from benchmarks.queue import read_rows
from benchmarks.speed import PROJECT

PAGE = PROJECT / "docs" / "benchmarks.md"
NOT_RUN = "not run"
GPU = "not run, wants a GPU"
HEAD = """# Published numbers and measured speed

Written by `make bench-claims` from `benchmarks/results/claims.csv`, a row a figure; no figure of a table is typed in by
hand. *On par* is a target at the published number, *better* one beyond it. Ours is the median over seeds with the
smallest and the largest, or with a ± their mean and standard deviation; most claims have one seed, and a lead of one
seed is no proof. The ratio is ours over the published number. Settings were chosen on the validation split; the test
split was touched once, but where a claim says that an earlier setting had been scored on it too. Trainings had one
thread each, one beside others on two cores, so that their seconds say little. **Unverified** are numbers that were
quoted from memory or second-hand, not read in the paper. A row that could not be run says so.

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
    return f"{statistics.mean(values):.4g} ± {statistics.stdev(values):.2g}"


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
    said = GPU if not values and claim.cell(target.cell).gpu else ours(values, target)
    return Result(said, len(values), ratio, wanted, met)


def estimator(row: dict[str, str]) -> str:
    """How a figure was taken, and on how many samples."""
    return ", ".join(filter(None, [row["how"], f"{int(row['samples']):,} samples"]))


def measured_as(rows: Sequence[dict[str, str]], claim: Claim, target: Target) -> str:
    """What was measured of which cell, how, and on how many test samples."""
    own = rows_of(rows, claim, target.cell, metric=target.metric, split="test")
    parts = [f"{claim.cell(target.cell).title}: {target.metric}", estimator(own[0]) if own else ""]
    return ", ".join(filter(None, parts))


def line(rows: Sequence[dict[str, str]], claim: Claim, target: Target) -> str:
    """One line of a claim's table."""
    found = result(rows, claim, target)
    cells = [
        target.title, measured_as(rows, claim, target), found.ours, str(found.seeds),
        published(target.published), found.ratio, found.wanted, found.reached,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def at_a_glance(rows: Sequence[dict[str, str]]) -> list[str]:
    """How many targets were reached, and each of them in a line."""
    asked = [
        (claim, target, result(rows, claim, target))
        for claim in CLAIMS.values()
        for target in claim.targets
        if target.limit is not None or target.than
    ]
    counted = Counter(found.reached if found.seeds else NOT_RUN for _, _, found in asked)
    return [
        f"Of {len(asked)} targets {counted['yes']} are reached, {counted['**missed**']} missed and {counted[NOT_RUN]} "
        "not run. Protocols, sources and what was tried stand below.\n",
        "| | claim | ours | seeds | target | reached |\n" + "|---" * 6 + "|",
        *(
            f"| {claim.number} | {claim.title}: {target.title} | {found.ours} | {found.seeds} | {found.wanted} | "
            f"{found.reached if found.seeds else ''} |"
            for claim, target, found in asked
        ),
        "",
    ]


def validation(rows: Sequence[dict[str, str]], claim: Claim) -> list[str]:
    """What settings came to on the validation split, those that were only tried too."""
    lines = []
    for cell in claim.cells:
        own = {row["metric"]: row for row in rows_of(rows, claim, cell.key, split="validation")}
        if own:
            said = ", ".join(
                f"{name} {spread(figures_of(rows, claim, cell.key, name, 'validation'))} ({estimator(row)})"
                for name, row in own.items()
            )
            lines.append(f"- {cell.title}{' (tried)' if cell.tried else ''}: {said}")
    return ["On validation:", "", *lines, ""] if lines else []


def took(rows: Sequence[dict[str, str]], claim: Claim) -> list[str]:
    """Steps, seconds and device of the cells of the table."""
    lines = []
    for cell in claim.cells:
        own = rows_of(rows, claim, cell.key)
        if own and not cell.tried:
            seconds = statistics.median(float(row["train_seconds"]) for row in own)
            spent = f"{cell.title}: {int(own[0]['steps']):,} steps"
            if seconds:  # a shipped run was trained before
                spent += f" in {seconds:,.0f} s on {own[0]['device']}"
            lines.append(f"{spent}.")
    return [" ".join(lines), ""] if lines else []


def text() -> str:
    """The page as Markdown."""
    rows = read_rows(RESULTS)
    parts = [HEAD, *at_a_glance(rows)]
    for claim in CLAIMS.values():
        parts += [
            f"## {claim.number}. {claim.title}\n\n{claim.protocol}\n",
            "| claim | figure | ours | seeds | published | ratio | target | reached |\n" + "|---" * 8 + "|",
        ]
        parts += [*(line(rows, claim, target) for target in claim.targets), ""]
        parts += [*took(rows, claim), *validation(rows, claim)]
        if claim.tried:
            parts.append(f"{claim.tried}\n")
        keys = ", ".join(f"`{cell.key}`" + (" (GPU)" if cell.gpu else "") for cell in claim.cells)
        parts.append(f"`python -m benchmarks.claims --claims {claim.key} --cells ...`, cells: {keys}.\n")
    return "\n".join([*parts, speed_rows.text(), REST])


def write() -> None:
    PAGE.write_text(text(), encoding="utf-8")
