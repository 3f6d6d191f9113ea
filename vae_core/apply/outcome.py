"""What an application reaches, in the same words for all of them: figures of merit, baselines among them. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any, Literal


class ApplyError(ValueError):
    """One clear sentence on what cannot be done with this run or data, and what would do."""


@dataclass(frozen=True)
class Merit:
    """One way of doing the task and what it reaches on held-out data.

    Attributes:
        name: for JSON and tests; title: for people.
        low, high: ends of a 95 % interval; both are the value where none was made.
        baseline: it needs no model of ours.
        trivial: of the baselines, those that anything must beat (mean filling, distance to the mean, chance).
        note: what must be known to read the value, a sentence.
    """

    name: str
    title: str
    value: float
    low: float
    high: float
    baseline: bool = False
    trivial: bool = False
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """Who is better, in a sentence.

    winner: None where that is open: intervals overlap or are absent, or the comparison is not fair.
    """

    winner: Literal["model", "baseline"] | None
    text: str


@dataclass(frozen=True)
class Outcome:
    """A table of merits.

    Attributes:
        measure: what the values are, with their unit.
        better: which end of the scale is the good one.
        remarks: sentences that belong below the table.
        unfair: why the model's rows cannot be compared with the baselines', a sentence; "" where they can.
        judged: the verdict where it is not of the best two rows (few labels: of whole curves).
    """

    application: str
    run: str
    measure: str
    better: Literal["higher", "lower"]
    merits: tuple[Merit, ...]
    remarks: tuple[str, ...] = ()
    unfair: str = ""
    judged: Verdict | None = None

    def __getitem__(self, name: str) -> Merit:
        """The merit of this name. Raises KeyError."""
        for merit in self.merits:
            if merit.name == name:
                return merit
        raise KeyError(name)

    @property
    def best(self) -> Merit:
        """Of the model's ways."""
        return self._best([merit for merit in self.merits if not merit.baseline])

    @property
    def best_baseline(self) -> Merit:
        return self._best([merit for merit in self.merits if merit.baseline])

    def beats(self, one: Merit, other: Merit) -> bool:
        return one.value > other.value if self.better == "higher" else one.value < other.value

    def _best(self, merits: list[Merit]) -> Merit:
        if not merits:
            raise ApplyError(f"{self.application} has nothing to compare here.")
        return (max if self.better == "higher" else min)(merits, key=lambda merit: merit.value)

    @property
    def verdict(self) -> Verdict:
        """Whether the model's best way is better than the best baseline: only where their intervals lie apart."""
        if self.judged is not None:
            return self.judged
        ours, theirs = self.best, self.best_baseline
        figures = f"{ours.value:.3f} against {theirs.value:.3f}"
        if self.unfair:
            return Verdict(None, f"No fair comparison: {self.unfair} {ours.title}, {theirs.title}: {figures}.")
        if not apart(ours, theirs):
            why = "their intervals overlap" if measured(ours) or measured(theirs) else "neither has an interval"
            ways = f"the model's best way ({ours.title}: {ours.value:.3f})"
            others = f"the best baseline ({theirs.title}: {theirs.value:.3f})"
            return Verdict(None, f"No clear difference between {ways} and {others}: {why}.")
        if self.beats(ours, theirs):
            words = f"{ours.title} is better than every baseline, of which {theirs.title} is best: {figures}."
            return Verdict("model", words)
        return Verdict("baseline", f"A baseline wins: {theirs.title}. The model's best is {ours.title}: {figures}.")

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and words; what is not finite becomes None."""
        return {
            "application": self.application,
            "run": self.run,
            "measure": self.measure,
            "better": self.better,
            "merits": [
                {
                    "name": merit.name,
                    "title": merit.title,
                    "value": _plain(merit.value),
                    "low": _plain(merit.low),
                    "high": _plain(merit.high),
                    "baseline": merit.baseline,
                    "note": merit.note,
                }
                for merit in self.merits
            ],
            "verdict": self.verdict.text,
            "winner": self.verdict.winner,
            "remarks": list(self.remarks),
        }

    def as_text(self) -> str:
        """A table for the terminal."""
        width = max(len(merit.title) for merit in self.merits)
        lines = [f"{self.measure} ({self.better} is better)"]
        for merit in self.merits:
            interval = "" if merit.low == merit.high else f"  {merit.low:.3f} to {merit.high:.3f}"
            kind = "  baseline" if merit.baseline else ""
            lines.append(f"  {merit.title:<{width}}  {merit.value:.3f}{interval}{kind}".rstrip())
        return "\n".join([*lines, self.verdict.text, *self.remarks])


def measured(merit: Merit) -> bool:
    """Whether it has an interval."""
    return merit.low < merit.high


def apart(one: Merit, other: Merit) -> bool:
    """Whether two merits differ clearly: their 95 % intervals do not touch, and one of them has one."""
    return (measured(one) or measured(other)) and (one.low > other.high or other.low > one.high)


def _plain(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `right` in n (Wilson 1927, which stays within 0..1)."""
    if n < 1:
        raise ApplyError("A share of no samples has no interval.")
    z, share = 1.959964, right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
