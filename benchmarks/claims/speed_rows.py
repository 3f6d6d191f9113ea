"""The speed rows of docs/benchmarks.md, from what the other benchmarks kept."""

from __future__ import annotations

from benchmarks.speed import RESULTS, kept
from benchmarks.table import Row, from_csv, shown, verdict, wanted

FEEL = RESULTS / "feel.csv"
TITLES = {"training": "Training", "umap": "Maps", "metrics": "Scores of disentanglement"}
HEAD = """## Speed

Copied from the same kept results as [feel.md](feel.md) (`make bench-feel`) and [speed.md](speed.md) (`make
bench-train`, `bench-umap`, `bench-metrics`), which say how each was measured.
*Load before* is how many programs waited for a core when a benchmark began; where that is more than the two cores, read
the seconds of the processor, not of the clock.
"""


def feel_line(row: Row) -> str:
    met = {"met": "yes", "MISSED": "**missed**"}[verdict(row)]
    said = " / ".join(shown(value) for value in (row.median, row.p95) if value is not None)
    return f"| {row.group} | {row.what} | {said} {row.unit} | {row.n} | {wanted(row)} | {met} |"


def speed_table(text: str) -> str:
    """The first table, with the sentence on its target where there is one."""
    table, *more = text.strip().split("\n\n")
    return "\n\n".join([table, *more[:1]])


def text() -> str:
    """Headed tables; a benchmark that was not run says so."""
    parts = [HEAD]
    if FEEL.exists():
        rows = [row for row in from_csv(FEEL.read_text(encoding="utf-8")) if row.met is not None]
        parts += [
            "### How it feels\n",
            "| | | median / p95 | measured | target | reached |\n" + "|---" * 6 + "|",
            *(feel_line(row) for row in rows),
            "",
        ]
    for name, title in TITLES.items():
        one = kept(name)
        parts += [f"### {title}\n", f"{speed_table(one.table)}\n\n{one.machine}\n" if one else "Not run.\n"]
    return "\n".join(parts)
