"""Figures of a benchmark as rows: summed up, held against targets, written as CSV, as Markdown and for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby

import numpy as np


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        group: the heading it stands under.
        what: what was measured.
        unit: "ms", "s", "bytes", "frames/s", ...
        n: how many measurements stand behind it.
        median, p95: over these, in `unit`; p95 is the bad end (the 5th percentile where more is better), None
            where there are too few measurements to speak of one.
        target, target_p95: what they should be at most (at least, where `at_least`); None where nothing is asked.
        at_least: whether more is better.
        note: a remark, e.g. on which model.
    """

    group: str
    what: str
    unit: str
    n: int
    median: float
    p95: float | None = None
    target: float | None = None
    target_p95: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether every target is met, as measured and not as rounded for print; None where there is none."""
        sign = -1 if self.at_least else 1
        pairs = [
            (value, target)
            for value, target in ((self.median, self.target), (self.p95, self.target_p95))
            if target is not None
        ]
        if not pairs:
            return None
        return all(value is not None and sign * value <= sign * target for value, target in pairs)


ENOUGH = 20
"""Measurements from which on a 95th percentile is given."""


def summed_up(
    group: str,
    what: str,
    unit: str,
    values: Sequence[float],
    *,
    target: float | None = None,
    target_p95: float | None = None,
    at_least: bool = False,
    note: str = "",
) -> Row:
    """A row from single measurements.

    Raises:
        ValueError: there are none, or one is not a number; a benchmark that measured nothing must not look fine.
    """
    if not len(values) or not np.isfinite(values).all():
        raise ValueError(f"{group}, {what}: nothing was measured.")
    tail = float(np.percentile(values, 5 if at_least else 95)) if len(values) >= ENOUGH else None
    if target_p95 is not None and tail is None:
        tail = float(min(values) if at_least else max(values))
    middle = float(np.median(values))
    return Row(group, what, unit, len(values), middle, tail, target, target_p95, at_least, note)


# -- CSV ---------------------------------------------------------------------------------------------------


def to_csv(rows: Iterable[Row]) -> str:
    """One line a row, with a column that says whether its targets are met."""
    stream = io.StringIO()
    names = [field.name for field in fields(Row)]
    writer = csv.DictWriter(stream, [*names, "met"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        numbers = {
            name: f"{value:.6g}" if isinstance(value, float) else value for name, value in asdict(row).items()
        }
        writer.writerow({**numbers, "met": verdict(row)})
    return stream.getvalue()


def from_csv(text: str) -> list[Row]:
    """The rows of `to_csv`. Raises ValueError or KeyError on other text."""

    def number(value: str) -> float | None:
        return float(value) if value else None

    return [
        Row(
            group=line["group"],
            what=line["what"],
            unit=line["unit"],
            n=int(line["n"]),
            median=float(line["median"]),
            p95=number(line["p95"]),
            target=number(line["target"]),
            target_p95=number(line["target_p95"]),
            at_least=line["at_least"] == "True",
            note=line["note"],
        )
        for line in csv.DictReader(io.StringIO(text))
    ]


# -- for people --------------------------------------------------------------------------------------------


def shown(value: float | None) -> str:
    """A figure at a length that can be read; three significant digits below a hundred."""
    if value is None:
        return ""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 if abs(value) < 1 else 1
    return f"{value:.{digits}f}"


def verdict(row: Row) -> str:
    return {None: "", True: "met", False: "MISSED"}[row.met]


def wanted(row: Row) -> str:
    """The targets in words, e.g. "≤ 3 / 5"."""
    if row.met is None:
        return ""
    parts = [f"{value:,g}" for value in (row.target, row.target_p95) if value is not None]
    return f"{'≥' if row.at_least else '≤'} {' / '.join(parts)}"


HEADINGS = ("", "median", "p95", "unit", "target", "", "n", "")


def _cells(row: Row) -> tuple[str, ...]:
    figures = (shown(row.median), shown(row.p95), row.unit, wanted(row), verdict(row))
    return (row.what, *figures, f"{row.n}", row.note)


def _groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    order = {name: i for i, name in reversed(list(enumerate(row.group for row in rows)))}
    ordered = sorted(rows, key=lambda row: order[row.group])
    return {name: list(members) for name, members in groupby(ordered, key=lambda row: row.group)}


def to_text(rows: Sequence[Row]) -> str:
    """The table for a terminal."""
    if not rows:
        return ""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    left = {0, 3, 4, 5, 7}

    def line(values: Sequence[str]) -> str:
        padded = (
            value.ljust(width) if column in left else value.rjust(width)
            for column, (value, width) in enumerate(zip(values, widths, strict=True))
        )
        return "  " + "  ".join(padded).rstrip()

    parts = []
    for name, members in _groups(rows).items():
        parts += [name, line(HEADINGS), *(line(_cells(row)) for row in members), ""]
    return "\n".join(parts)


def tally(rows: Iterable[Row]) -> str:
    """How many targets are met, and which are not."""
    asked = [row for row in rows if row.met is not None]
    missed = [f"{row.group}: {row.what}" for row in asked if not row.met]
    text = f"{len(asked) - len(missed)} of {len(asked)} targets met."
    return text + (f" Missed: {'; '.join(missed)}." if missed else "")


def to_markdown(rows: Sequence[Row], machine: Mapping[str, str], intro: str) -> str:
    """The page: what was measured where, then one table a group."""
    parts = ["# What it feels like, in figures", intro, tally(rows), "## The machine"]
    parts.append("\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items())]))
    for name, members in _groups(rows).items():
        lines = ["| | median | p95 | unit | target | | n | |", "|---|---:|---:|---|---|---|---:|---|"]
        for row in members:
            what, *figures, state, count, note = _cells(row)
            bold = f"**{state}**" if state == "MISSED" else state
            lines.append("| " + " | ".join([what, *figures, bold, count, note]) + " |")
        parts += [f"## {name}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"
