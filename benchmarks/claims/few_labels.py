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
PRESSED = M2 | {
    "hidden": (500,), "beta": 4.0, "label_share": 0.3, "label_weight": 30.0, "precision": "bf16", "steps": 12_000,
    "evaluations": 20,
}  # fmt: skip
"""A code that costs four times as much leaves more to the class, which then has to be one that pixels show."""
NARROW = STACKED | {"latent_dim": 5, "label_weight": 3.0}
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
    "held out for validation, whose labels, many more than those learnt from, chose the settings. Pixels are drawn "
    "black or white anew at each step; batches of 100, a part of each drawn from the labelled samples; Adam with a "
    "cool-down; the weights with the best bound on validation. M2: 784-500-z50, 2e-3, bf16, 12,000 steps, three "
    "tenths labelled, a label weighs 30, and the rate weighs 4 (beta), which presses the code so that the class is "
    "needed. M1+M2: 784-500-z50 and 50-500-z5, trained side by side, 3e-3, 20,000 steps, a tenth labelled, a label "
    "weighs 3. Other settings, below, had been scored on the test split before these. The error, in %, is that of the "
    "likeliest class on 10,000 test samples. Published: wider nets (M1 500-500), thousands of epochs, a rate that "
    "weighs 1, M1 before M2.",
    cells=(
        Cell("m2", "M2, 784-200-z50, 1,500 steps, the rate weighs 1", fitted(M2, FINAL)),
        Cell("stacked", "M1+M2, 50 dimensions, 3,500 steps, a label weighs 1",
             fitted(STACKED | {"label_weight": 1.0, "steps": 3_500, "evaluations": 4}, FINAL)),
        Cell("stacked-20k", "M1+M2, 50 dimensions, a label weighs 1", fitted(STACKED | {"label_weight": 1.0}, FINAL)),
        Cell("stacked-sure", "M1+M2, 50 dimensions, a label weighs 10", fitted(STACKED, FINAL)),
        Cell("m2-pressed", "M2", fitted(PRESSED, FINAL)),
        Cell("stacked-narrow", "M1+M2", fitted(NARROW, FINAL)),
        Cell("m2-full", "M2, 784-500-z50, 1,000 epochs",
             fitted(M2 | LONG | {"hidden": (500,), "label_weight": 1.0, "learning_rate": 3e-4}, FINAL), wants="hours"),
        Cell("stacked-full", "M1+M2, 500-500, 1,000 epochs",
             fitted(STACKED | LONG | {"hidden": (500, 500), "learning_rate": 1e-3}, FINAL), wants="hours"),
    ),
    targets=(
        *(
            Target(f"{said}: {title}, error in %", cell, "error", numbers[title], numbers[title].value, mean=True)
            for title, cell in (("M2", "m2-pressed"), ("M1+M2", "stacked-narrow"))
            for said, numbers in (("On par", PAPER), ("Better", AGAIN))
        ),
        Target("M2, a rate that weighs 1", "m2", "error", mean=True),
        Target("M1+M2, 50 dimensions, a label weighs 10", "stacked-sure", "error", mean=True),
        Target("M1+M2, 50 dimensions, a label weighs 1", "stacked-20k", "error", mean=True),
        Target("The same in 3,500 steps", "stacked", "error", mean=True),
    ),
    tried="Settings were compared on validation by single short trainings, from seeds 0, 1 and 2. M2 whose rate "
    "weighs 1 comes to what its labels alone teach: the code takes up all that a class could tell, and the bound of "
    "samples without a label draws classes away from the labels where these weigh little (1, 5 or 15, with 5, 10 or "
    "50 dimensions). Where the rate weighs 4, the class is needed, and samples without a label group themselves about "
    "the labelled ones. In 3,000 to 4,000 steps, a rate that weighs 8 and a net of 200 in place of 500 are worse; "
    "labels that weigh 20 to 100 come to much the same; three tenths labelled in place of one, a second layer of 500 "
    "and twice the step size are each better, of which the first was taken and the three together not tried. More "
    "steps help. M1+M2: 2, 3 or 5 dimensions above M1 are better than 50 for the seeds that took one class for "
    "another; three tenths labelled or a fiftieth are worse, labels that weigh 50 too. Adam 1e-3 with grey pixels is "
    "worse. The long cells were not run.",
)  # fmt: skip
