"""Claim 4: static binarised MNIST under a mixture of posteriors of learned pseudo-inputs."""

from __future__ import annotations

from benchmarks.claims.claim import Cell, Claim, Published, Target
from benchmarks.claims.training import bound, elbo, fitted

NET = {
    "data": "static-mnist",
    "net": "mlp",
    "hidden": (300, 300),
    "activation": "gated",
    "latent_dim": 40,
    "prior": "vamp",
    "pseudo_inputs": 500,
    "batch_size": 100,
}
LAPTOP = NET | {"steps": 12_500, "learning_rate": 1e-3, "decay": 0.7, "evaluations": 25, "precision": "bf16"}
LONG = NET | {"learning_rate": 5e-4, "decay": 0.5, "warmup_steps": 10_000, "evaluations": 100, "precision": "bf16"}
HELD_OUT = [elbo("train"), elbo("validation"), bound("validation", 50, 2_000)]
TOMCZAK = Published(
    85.57,
    "minus log p(x)",
    "Tomczak and Welling 2018, table 1, as pythae quotes it, whose re-run has 85.79",
    verified=False,
)

CLAIM = Claim(
    number=4,
    key="vamp-prior",
    title="VampPrior, K = 500, static MNIST",
    protocol="Larochelle's binarisation; gated layers 300-300, z40, 500 pseudo-inputs that begin as noise; batches of "
    "100, Adam with a cool-down; the weights that are best on validation. 500 epochs and 200: Adam 5e-4, bf16, the "
    "rate's weight rising over 20 epochs, 5,000 importance samples. 25 epochs, what a processor does in "
    "twenty minutes: Adam 1e-3, bf16, no warm-up, 500 importance samples.",
    cells=(
        Cell("laptop", "25 epochs", fitted(LAPTOP, [*HELD_OUT, bound("test", 500)])),
        Cell("200", "200 epochs", fitted(LONG | {"steps": 100_000}, [*HELD_OUT, bound("test", 5_000)]), wants="hours"),
        Cell("500", "500 epochs", fitted(LONG | {"steps": 250_000}, [*HELD_OUT, bound("test", 5_000)]), wants="hours"),
    ),
    targets=(
        Target("On par", "200", "nll", TOMCZAK, 85.6),
        Target("Better: in 200 epochs", "200", "nll", TOMCZAK, 85.6),
        Target("500 epochs", "500", "nll", TOMCZAK),
        Target("What 25 epochs come to", "laptop", "nll", TOMCZAK),
    ),
    tried="One setting of each length was run, and not the 500 epochs. Validation is at its best at the end of the "
    "200, though the gap to the training samples, both in the table, is wide. The 25 epochs had been scored on the "
    "test split before the 200 were trained. On par asks for no number of epochs, so the 200 stand for both targets.",
)
