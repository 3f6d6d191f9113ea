"""Claim 9: the class of MNIST's digits from 100 labels, by M2 and by M1+M2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.claims.claim import Cell, Claim, Measured, Published, Split, Target
from benchmarks.claims.training import Scores, fitted

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.runs import Run


def error(split: Split) -> Scores:
    """Samples of a split, in %, whose likeliest class is not theirs."""

    def score(run: Run, data: Dataset, seed: int) -> Sequence[Measured]:
        from vae_core.redraw import inferred

        rows = data.splits[split]
        assert data.y is not None
        wrong = inferred(run.model, data.x[rows]) != data.y[rows]
        return [Measured("error", 100 * float(wrong.float().mean()), split, len(rows))]

    return score


NET = {
    "data": "mnist", "net": "mlp", "labels": 10, "binarise": True, "batch_size": 100, "label_share": 0.1,
    "latent_dim": 50, "decay": 0.5, "evaluations": 4,
}  # fmt: skip
M2 = NET | {
    "bottleneck": "class", "hidden": (200,), "label_weight": 50.0, "learning_rate": 2e-3, "steps": 1_500,
}  # fmt: skip
STACKED = NET | {
    "bottleneck": "stacked", "hidden": (500,), "first_dim": 50, "label_weight": 10.0, "learning_rate": 3e-3,
    "steps": 20_000, "evaluations": 20,
}  # fmt: skip
LONG = {"steps": None, "epochs": 1_000, "evaluations": 100}
FINAL = [error("validation"), error("test")]
KINGMA = "Kingma et al. 2014, table 1"
RE_RUN = "a re-run, quoted second-hand"
PAPER = {
    "M2": Published(11.97, "± 1.71 %", KINGMA, verified=False),
    "M1+M2": Published(3.33, "± 0.14 %", KINGMA, verified=False),
}
AGAIN = {
    "M2": Published(7.15, "test error in %", RE_RUN, verified=False),
    "M1+M2": Published(2.80, "test error in %", RE_RUN, verified=False),
}
CLAIM = Claim(
    number=9,
    key="few-labels",
    title="MNIST from 100 labels",
    protocol="Ten labels of each class, which the seed chooses, beside the other 54,900 samples without; 5,000 are "
    "held out for validation. Pixels are drawn black or white anew at each step; a tenth of each batch of 100 is "
    "drawn from the labelled samples; Adam with a cool-down; the weights with the best bound on validation. M2: "
    "784-200-z50, 2e-3, 1,500 steps, a label weighs 50. M1+M2: 784-500-z50 and 50-500-z50, trained side by side, "
    "3e-3, 20,000 steps, a label weighs 10, which was chosen by the validation split of seed 1; two settings with a "
    "weight of 1 were scored on the test split before and stand below. The error, in %, is that of the likeliest "
    "class on 10,000 test samples. Published: wider nets (M1 500-500), thousands of epochs, M1 before M2.",
    cells=(
        Cell("m2", "M2", fitted(M2, FINAL)),
        Cell("stacked", "M1+M2, 3,500 steps, a label weighs 1",
             fitted(STACKED | {"label_weight": 1.0, "steps": 3_500, "evaluations": 4}, FINAL)),
        Cell("stacked-20k", "M1+M2, a label weighs 1", fitted(STACKED | {"label_weight": 1.0}, FINAL)),
        Cell("stacked-sure", "M1+M2", fitted(STACKED, FINAL)),
        Cell("m2-full", "M2, 784-500-z50, 1,000 epochs",
             fitted(M2 | LONG | {"hidden": (500,), "label_weight": 1.0, "learning_rate": 3e-4}, FINAL), gpu=True),
        Cell("stacked-full", "M1+M2, 500-500, 1,000 epochs",
             fitted(STACKED | LONG | {"hidden": (500, 500), "learning_rate": 1e-3}, FINAL), gpu=True),
    ),
    targets=(
        *(
            Target(f"{said}: {title}, error in %", cell, "error", numbers[title], numbers[title].value, mean=True)
            for title, cell in (("M2", "m2"), ("M1+M2", "stacked-sure"))
            for said, numbers in (("On par", PAPER), ("Better", AGAIN))
        ),
        Target("M1+M2, a label weighs 1", "stacked-20k", "error", mean=True),
        Target("M1+M2 in 3,500 steps, a label weighs 1", "stacked", "error", mean=True),
    ),
    tried="Settings were compared on validation by single short trainings from seed 0: for M1+M2, Adam 1e-3 with grey "
    "pixels and a label's weight of 5 was worse. Where a label weighs 1, more steps help some seeds and not others, "
    "whose error stays near that of one class taken for another; a weight of 10 mended seed 1, not seed 2. M2: where "
    "a label weighs 5 (z10 at 3e-3, z50 at 1e-3) or 15, the error rises again after a few hundred steps, perhaps "
    "because the bound of the samples without a label draws classes away from the labels. Where it weighs 50, the "
    "error stays what it is after the first few hundred. Other shares of labels in a batch were not compared, and the "
    "long cells not run.",
)  # fmt: skip
