"""How long maps of 10-D codes of MNIST take: our way with umap-learn against umap-learn's defaults, side by side.

    make bench-umap                      all sizes, into docs/speed.md and benchmarks/results/
    python -m benchmarks.umap_speed --sizes 5000 --rounds 1

Every figure comes from a process of its own with one thread, the two ways in turn. "First map": a fresh process, from
before `import umap` to the map; numba's cache is warm, as on every start but the very first. "Warm": the second
map in a process, seeded. Quality is measured on the same codes: trustworthiness (k = 15) and the accuracy of a
15-nearest-neighbour classifier on the map, trained on one half and asked about the other.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.speed import in_a_process, keep

MODULE = "benchmarks.umap_speed"
SIZES = (5_000, 20_000, 70_000)
NEIGHBORS = 15


@dataclass(frozen=True)
class Mapped:
    """What one process says: seconds to its first and its second map, and how good that second one is."""

    first: float
    warm: float
    trust: float
    accuracy: float


# -- one measurement, in a process of its own --------------------------------------------------------------


def quality(codes: np.ndarray, xy: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """(trustworthiness with k = 15, accuracy of 15 neighbours on the map) of at most 10,000 samples."""
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import KNeighborsClassifier

    chosen = np.random.default_rng(0).permutation(len(xy))
    some = chosen[:5_000]
    trust = float(trustworthiness(codes[some], xy[some], n_neighbors=NEIGHBORS))
    known, asked = np.array_split(chosen, 2)
    judge = KNeighborsClassifier(NEIGHBORS).fit(xy[known], y[known])
    return trust, float(judge.score(xy[asked], y[asked]))


def measure(way: str, codes: np.ndarray, y: np.ndarray) -> Mapped:
    """Two maps, one after the other, by `way`: 'ours' or 'defaults'."""
    times = []
    for seed in (0, 1):
        start = time.perf_counter()
        if way == "ours":
            from vae_core.latent.projection import MapSettings, umap_layout

            xy = umap_layout(codes, MapSettings(samples=len(codes), seed=seed), lambda part, text: None)
        else:
            import umap

            # the first map as anybody makes it; the second seeded, as a map has to be that comes out the same again
            xy = umap.UMAP(random_state=None if seed == 0 else seed).fit_transform(codes)
        times.append(time.perf_counter() - start)
    trust, accuracy = quality(codes, np.asarray(xy), y)
    return Mapped(*times, trust, accuracy)


def codes_of_mnist(file: Path) -> None:
    """Train a 10-D VAE on MNIST for three epochs and keep all its codes, float32 [70000, 10], and classes."""
    from vae_core.config import TrainConfig
    from vae_core.data import load_dataset
    from vae_core.runs.finish import encode_dataset
    from vae_core.training import train

    data = load_dataset("mnist")
    config = TrainConfig(data="mnist", net="mlp", latent_dim=10, epochs=3, evaluations=1, device="cpu")
    last = None
    for step in train(config, data=data):
        last = step
    assert last is not None
    found = encode_dataset(last.model.eval(), data)
    np.savez(file, codes=found.mean, y=found.y)


# -- rounds ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A line of the table. Seconds are medians; ratios are medians over rounds."""

    what: str
    size: int
    ours: float
    theirs: float
    ratio: float
    target: float
    trust: tuple[float, float]  # ours, theirs
    accuracy: tuple[float, float]

    @property
    def met(self) -> bool:
        """The target in time, with quality within 0.005 (or better)."""
        good = self.trust[0] >= self.trust[1] - 0.005 and self.accuracy[0] >= self.accuracy[1] - 0.005
        return good and self.ratio <= self.target


def rows_of(size: int, rounds: int, file: Path) -> list[Row]:
    found: dict[str, list[Mapped]] = {"ours": [], "defaults": []}
    for number in range(rounds):
        for way, done in found.items():
            one = Mapped(**json.loads(in_a_process(MODULE, ["--measure", way, str(size), str(file)])))
            done.append(one)
            print(f"  {size:,} round {number + 1} {way}: {asdict(one)}", file=sys.stderr, flush=True)
    pairs = list(zip(found["ours"], found["defaults"], strict=True))

    def row(what: str, target: float) -> Row:
        ours, theirs = ([getattr(pair[side], what) for pair in pairs] for side in (0, 1))
        return Row(
            what, size, statistics.median(ours), statistics.median(theirs),
            statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), target,
            (statistics.median(a.trust for a, _ in pairs), statistics.median(b.trust for _, b in pairs)),
            (statistics.median(a.accuracy for a, _ in pairs), statistics.median(b.accuracy for _, b in pairs)),
        )  # fmt: skip

    return [*([row("first", 1 / 7)] if size == SIZES[0] else []), row("warm", 1 / 2)]


def to_markdown(rows: list[Row]) -> str:
    lines = [
        "| map | codes | ours, s | umap-learn's defaults, s | ratio | target | trustworthiness, ours / theirs "
        "| 15-NN accuracy, ours / theirs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        kind = "first, fresh process" if row.what == "first" else "warm, seeded"
        lines.append(
            f"| {kind} | {row.size:,} | {row.ours:.2f} | {row.theirs:.2f} | {row.ratio:.3f} | ≤ {row.target:.3f}: "
            f"{'met' if row.met else '**MISSED**'} | {row.trust[0]:.4f} / {row.trust[1]:.4f} | "
            f"{row.accuracy[0]:.4f} / {row.accuracy[1]:.4f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--codes", type=Path, help="codes kept by an earlier call")
    parser.add_argument("--measure", nargs=3, metavar=("WAY", "SIZE", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        way, size, file = given.measure
        with np.load(file, allow_pickle=False) as arrays:
            chosen = np.random.default_rng(0).permutation(len(arrays["codes"]))[: int(size)]
            codes, y = arrays["codes"][chosen], arrays["y"][chosen]
        print(json.dumps(asdict(measure(way, codes, y))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = given.codes or Path(folder) / "codes.npz"
        if not file.exists():
            codes_of_mnist(file)
        in_a_process(MODULE, ["--measure", "ours", "500", str(file)])  # numba's cache is filled
        rows = [row for size in given.sizes for row in rows_of(size, given.rounds, file)]
    print(table := to_markdown(rows))
    if tuple(given.sizes) == SIZES:
        keep("umap", table, [asdict(row) for row in rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())
