"""Claim 5: static binarised MNIST by a ladder of three levels with convolutions."""

from __future__ import annotations

from benchmarks.claims.claim import Cell, Claim, Published, Target
from benchmarks.claims.training import bound, elbo, fitted

NET = {
    "data": "static-mnist",
    "net": "conv",
    "bottleneck": "ladder",
    "levels": (8, 16, 32),
    "batch_size": 100,
    "learning_rate": 1e-3,
}
LAPTOP = NET | {"hidden": (256,), "channels": (32, 64), "steps": 5_000, "decay": 0.7, "evaluations": 20,
                "warmup_steps": 1_000, "precision": "bf16"}  # fmt: skip
FULL = NET | {"hidden": (512,), "channels": (64, 128), "steps": 250_000, "decay": 0.5, "evaluations": 100,
              "warmup_steps": 25_000}  # fmt: skip
VALIDATION = [elbo("validation"), bound("validation", 50, 1_000)]
PUBLISHED = Published(79.24, "minus log p(x)", "quoted from memory, paper not named", verified=False)
TARGET = Published(81.1, "minus log p(x)", "quoted from memory, paper not named", verified=False)

CLAIM = Claim(
    number=5,
    key="ladder",
    title="Convolutional ladder of three levels, static MNIST",
    protocol="Larochelle's binarisation; levels of 8, 16 and 32 dimensions, batches of 100, Adam 1e-3 with a "
    "cool-down, the rate's weight rising over the first part; the weights that are best on validation. 500 epochs: "
    "channels 64 and 128, features of 512 numbers, 1,000 importance samples of all 10,000 test samples. 10 epochs: "
    "half of these widths, bf16, 1,000 importance samples of the first 1,000.",
    cells=(
        Cell("laptop", "10 epochs", fitted(LAPTOP, [*VALIDATION, bound("test", 1_000, 1_000)])),
        Cell("full", "500 epochs", fitted(FULL, [*VALIDATION, bound("test", 1_000)]), wants="a GPU"),
    ),
    targets=(
        Target("On par", "full", "nll", TARGET, 81.1),
        Target("Better", "full", "nll", PUBLISHED, 79.2),
        Target("What 10 epochs come to", "laptop", "nll", TARGET),
    ),
    tried="Only the 10 epochs were run, with one setting: they wake the coarsest level alone. Free bits, a slower "
    "warm-up and wider features were not tried.",
)
