"""How long the scores of disentanglement take, and how far our boosting is from the one that disentanglement_lib calls.

    make bench-metrics                   into docs/speed.md and benchmarks/results/metrics.json and .csv
    python -m benchmarks.metrics_speed --rounds 1

Codes of 10,000 samples, 10 dimensions and the sprites' five factors (3, 6, 40, 32 and 32 values), made up: a
perfect code (each factor in a dimension of its own, five dead ones), an entangled one (turned part of the way, with
noise: what a VAE's codes look like to trees, and the slowest), and noise. Each round is a process of its own; the
figure is the median over rounds. Beside the clock's time stands the processor's, which others' work hardly changes.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass, fields

import numpy as np

from benchmarks.machine import usable_cores
from benchmarks.speed import RESULTS, in_a_process, keep

MODULE = "benchmarks.metrics_speed"
SAMPLES, DIMS, SIZES = 10_000, 10, (3, 6, 40, 32, 32)
SIX = ("mig", "dci", "sap", "factor_vae", "beta_vae", "modularity")
TARGET = 60.0
CODES = ("perfect", "entangled", "noise")
SMALL, SMALL_DIMS, SMALL_SIZES = 3_000, 5, (3, 6, 10)
"""What scikit-learn's boosting gets through in seconds."""


def codes_of(kind: str, samples: int, dims: int, sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Factors int [N, K] and codes [N, D] of one kind: perfect, entangled, rotated, noisy or noise."""
    from vae_core.metrics.disentanglement import known_codes

    factors, known = known_codes(samples, dims, sizes)
    if kind in known:
        return factors, known[kind]
    noise = np.random.default_rng(1).normal(size=known["perfect"].shape)
    if kind == "noisy":
        return factors, known["perfect"] + 0.3 * noise
    return factors, 0.6 * known["perfect"] + 0.4 * known["rotated"] + 0.1 * noise


# -- time ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timed:
    """One score of one code in one round. Seconds by the clock, and of the processor."""

    code: str
    metric: str
    round: int
    score: float
    seconds: float
    processor: float


def timed(kind: str, cores: int) -> list[dict[str, float | str]]:
    """Every score once, in this process, with the cards' settings."""
    from vae_core.metrics.disentanglement import METRICS
    from vae_core.metrics.disentanglement.estimates import estimate, full_settings

    factors, codes = codes_of(kind, SAMPLES, DIMS, SIZES)
    import lightgbm
    import sklearn.linear_model
    import sklearn.svm

    assert lightgbm and sklearn.linear_model and sklearn.svm  # loaded before the clock starts
    found: list[dict[str, float | str]] = []
    for name in METRICS:
        settings = full_settings(name, {"threads": cores} if name == "dci" else None)
        start, used = time.perf_counter(), time.process_time()
        score = estimate(name, codes, factors, settings).score
        seconds, processor = time.perf_counter() - start, time.process_time() - used
        found.append({"code": kind, "metric": name, "score": score, "seconds": seconds, "processor": processor})
    return found


def speed_table(rows: list[Timed]) -> str:
    """Markdown: seconds by the clock and of the processor, and the share of the latter, by code."""
    from vae_core.metrics.disentanglement import METRICS

    kinds = [kind for kind in CODES if any(row.code == kind for row in rows)]

    def median(kind: str, name: str, of: str) -> float:
        return statistics.median(getattr(row, of) for row in rows if (row.code, row.metric) == (kind, name))

    lines = [
        f"| score | {' | '.join(f'{kind}, s | processor, s | share' for kind in kinds)} |",
        f"|---|{'---|' * 3 * len(kinds)}",
    ]
    totals = {
        kind: {of: sum(median(kind, name, of) for name in SIX) for of in ("seconds", "processor")} for kind in kinds
    }
    for name in METRICS:
        cells = []
        for kind in kinds:
            seconds, own = median(kind, name, "seconds"), median(kind, name, "processor")
            share = f"{own / totals[kind]['processor']:.0%}" if name in SIX else "beside them"
            cells.append(f"{seconds:.2f} | {own:.2f} | {share}")
        lines.append(f"| {METRICS[name].title} | {' | '.join(cells)} |")
    ends = [f"{total['seconds']:.1f} | {total['processor']:.1f} | 100%" for total in totals.values()]
    lines.append(f"| **the first six** | {' | '.join(ends)} |")
    clock, used = (max(total[of] for total in totals.values()) for of in ("seconds", "processor"))
    verdict = "met" if used < TARGET else "**MISSED**"
    lines += [
        "",
        f"Target: the six in less than {TARGET:.0f} s: {verdict} ({used:.1f} s of one processor at most; "
        f"{clock:.1f} s by the clock, which counts others' work too).",
    ]
    return "\n".join(lines) + "\n"


# -- agreement of the boostings --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """DCI of one code by one way of predicting the factors."""

    code: str
    regressor: str
    score: float
    completeness: float
    informativeness: float
    seconds: float
    farthest: float
    """The largest difference of an importance from scikit-learn's."""


def agreements() -> list[Agreement]:
    """DCI of small codes by each regressor."""
    from vae_core.metrics.disentanglement import Regressor, dci

    ways: tuple[Regressor, ...] = ("sklearn", "boosting", "forest")
    found = []
    for kind in ("perfect", "noisy", "entangled", "rotated", "noise"):
        factors, codes = codes_of(kind, SMALL, SMALL_DIMS, SMALL_SIZES)
        reference = None
        for way in ways:
            start = time.perf_counter()
            one = dci(codes, factors, regressor=way)
            seconds = time.perf_counter() - start
            reference = one.importance if reference is None else reference
            farthest = float(np.abs(one.importance - reference).max())
            found.append(Agreement(kind, way, one.score, one.completeness, one.informativeness, seconds, farthest))
    return found


def agreement_table(rows: list[Agreement]) -> str:
    lines = [
        "| code | trees | disentanglement | completeness | informativeness | seconds | farthest importance |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.code} | {row.regressor} | {row.score:.3f} | {row.completeness:.3f} | {row.informativeness:.3f} "
            f"| {row.seconds:.1f} | {row.farthest:.3f} |"
        )
    return "\n".join(lines) + "\n"


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=min(2, usable_cores()))
    parser.add_argument("--measure", choices=CODES, help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.measure:
        print(json.dumps(timed(asked.measure, asked.cores)))
        return 0
    rows = []
    for number in range(1, asked.rounds + 1):
        for kind in CODES:
            said = json.loads(in_a_process(MODULE, ["--measure", kind, "--cores", str(asked.cores)]))
            rows += [Timed(round=number, **one) for one in said]
            print(f"  round {number} {kind}: {sum(one['seconds'] for one in said):.1f} s", file=sys.stderr, flush=True)
    agreed = agreements()
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "metrics.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Timed)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    words_between = (
        f"{asked.rounds} rounds on {asked.cores} cores. The trees of DCI against each other, on {SMALL:,} samples:\n"
    )
    table = "\n".join([speed_table(rows), words_between, agreement_table(agreed)])
    keep("metrics", table, {"times": [asdict(row) for row in rows], "agreement": [asdict(row) for row in agreed]})
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
