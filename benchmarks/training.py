"""Images per second of our training loop against peers' loops: same nets, data, machine, batch; alternating.

    make bench-train                     all cases, into docs/speed.md and benchmarks/results/
    python -m benchmarks.training --cases mlp --rounds 3

Every measurement is a process of its own with one thread. In each round all ways are run one after the other, so
that whatever else the machine does falls on all alike; the figure is the median over rounds of the ratio within
a round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.speed import in_a_process, keep

if TYPE_CHECKING:
    from vae_core.data import Dataset


@dataclass(frozen=True)
class Case:
    """One net on one dataset; `peers` with the ratio that ours is to reach, by precision."""

    title: str
    data: str
    side: int
    net: str
    hidden: tuple[int, ...]
    latent_dim: int
    batch: int
    samples: int
    epochs: int
    targets: dict[str, dict[str, float]]  # precision -> peer -> ratio


CASES = {
    "mlp": Case(
        "MLP 784-400-20, MNIST, batch 128", "mnist", 28, "mlp", (400,), 20, 128, 54_000, 1,
        {"fp32": {"pytorch/examples": 3.0, "pythae": 2.0}},
    ),
    "conv32": Case(
        "conv net of the dSprites kind, 32x32, batch 64", "dsprites", 32, "conv", (256,), 10, 64, 12_800, 1,
        {"fp32": {"disentangling-vae": 1.5}, "bf16": {"disentangling-vae": 1.6}},
    ),
    "conv64": Case(
        "conv net of the dSprites kind, 64x64, batch 64", "dsprites", 64, "conv", (256,), 10, 64, 6_400, 1,
        {"fp32": {"disentangling-vae": 1.3}, "bf16": {"disentangling-vae": 1.55}},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What one process says: images per second of the loop, and minus the ELBO it ended with on held-out samples."""

    speed: float
    loss: float


# -- one measurement, in a process of its own --------------------------------------------------------------


def load(case: Case) -> Dataset:
    """The case's pictures as a Dataset of `samples` training samples."""
    import torch

    from vae_core.data import load_dataset

    data = load_dataset("mnist" if case.data == "mnist" else "dsprites-subset")
    if case.side == 32 and case.data == "dsprites":
        halves = torch.nn.functional.max_pool2d(data.x.float(), 2).to(torch.uint8)
        data = type(data)(**{**vars(data), "x": halves})
    splits = dict(data.splits)
    splits["train"] = splits["train"][: case.samples]
    splits["validation"] = splits["validation"][:256]
    return type(data)(**{**vars(data), "splits": splits})


def measure(case: Case, way: str, precision: str, seed: int) -> Measured:
    """Train once; `way` is 'ours' or a peer's name."""
    import torch

    torch.set_num_threads(1)
    from benchmarks.peers import PEERS, held_out
    from vae_core.config import TrainConfig, model_spec

    data = load(case)
    config = TrainConfig(
        data=data.name, net=case.net, hidden=case.hidden, latent_dim=case.latent_dim, batch_size=case.batch,
        epochs=case.epochs, learning_rate=1e-3, likelihood="bernoulli", precision=precision, evaluations=1, seed=seed,
        device="cpu",
    )  # fmt: skip
    spec = model_spec(config, data.info)
    held = data.x[data.splits["test"][:2_000]]
    if way != "ours":
        done = PEERS[way](spec, data.x[data.splits["train"]], epochs=case.epochs, batch=case.batch, seed=seed)
        return Measured(done.samples / done.seconds, held_out(done.model, held))
    from vae_core.metrics.likelihood import held_out_terms
    from vae_core.training import train

    last = None
    for step in train(config, data=data):
        last = step
    assert last is not None
    terms = held_out_terms(last.model.eval(), held, torch.arange(len(held)))
    return Measured(last.samples_per_second, float(-terms.elbo.mean()))


# -- rounds ------------------------------------------------------------------------------------------------


def ways_of(case: Case) -> list[tuple[str, str]]:
    """(way, precision) of everything that a round measures."""
    peers = {peer for targets in case.targets.values() for peer in targets}
    return [*((peer, "fp32") for peer in sorted(peers)), *(("ours", precision) for precision in case.targets)]


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    case: str
    precision: str
    peer: str
    ours: float  # images per second, median
    theirs: float
    ratio: float  # median of the ratios within a round
    spread: tuple[float, float]  # smallest and largest of them
    target: float
    loss_ours: float  # minus the ELBO, nats per sample, median
    loss_theirs: float

    @property
    def equal(self) -> bool:
        """Whether ours ends within half a percent of the peer's ELBO (or better)."""
        return self.loss_ours <= 1.005 * self.loss_theirs


Found = dict[tuple[str, str], list[Measured]]


def measure_case(name: str, rounds: int) -> Found:
    """All measurements of a case, by (way, precision)."""
    found: Found = {way: [] for way in ways_of(CASES[name])}
    for number in range(rounds):
        for way, precision in found:
            said = in_a_process("benchmarks.training", ["--measure", name, way, precision, str(number)])
            one = Measured(**json.loads(said))
            found[way, precision].append(one)
            print(f"  {name} round {number + 1} {way} {precision}: {one.speed:,.0f} images/s, {one.loss:.2f} nats",
                  file=sys.stderr, flush=True)  # fmt: skip
    return found


def rows_of(case: Case, found: Found) -> list[Row]:
    rows = []
    for precision, targets in case.targets.items():
        for peer, target in targets.items():
            ours, theirs = found["ours", precision], found[peer, "fp32"]
            ratios = [a.speed / b.speed for a, b in zip(ours, theirs, strict=True)]
            rows.append(Row(
                case.title, precision, peer, statistics.median(one.speed for one in ours),
                statistics.median(one.speed for one in theirs), statistics.median(ratios), (min(ratios), max(ratios)),
                target, statistics.median(one.loss for one in ours), statistics.median(one.loss for one in theirs),
            ))  # fmt: skip
    return rows


def to_markdown(rows: list[Row]) -> str:
    lines = [
        "| net | precision | against | ours, images/s | theirs | ratio (range) | target | −ELBO, ours / theirs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = "met" if row.ratio >= row.target and row.equal else "**MISSED**"
        lines.append(
            f"| {row.case} | {row.precision} | {row.peer} | {row.ours:,.0f} | {row.theirs:,.0f} | "
            f"{row.ratio:.2f} ({row.spread[0]:.2f}–{row.spread[1]:.2f}) | ≥ {row.target:g}: {met} | "
            f"{row.loss_ours:.2f} / {row.loss_theirs:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", nargs=4, metavar=("CASE", "WAY", "PRECISION", "SEED"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        name, way, precision, seed = given.measure
        print(json.dumps(asdict(measure(CASES[name], way, precision, int(seed)))))
        return 0
    found = {name: measure_case(name, given.rounds) for name in given.cases}
    rows = [row for name, ways in found.items() for row in rows_of(CASES[name], ways)]
    print(table := to_markdown(rows))
    if set(given.cases) == set(CASES):
        raw = {
            f"{name} {way} {precision}": [asdict(one) for one in done]
            for name, ways in found.items()
            for (way, precision), done in ways.items()
        }
        keep("training", table, raw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
