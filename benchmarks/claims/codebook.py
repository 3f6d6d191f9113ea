"""Claim 7: a codebook that is used to the last code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from benchmarks.claims.claim import Cell, Claim, Measured, Split, Target
from benchmarks.claims.training import Scores, fitted

if TYPE_CHECKING:
    from vae_core.data import Dataset
    from vae_core.models.base import Discrete
    from vae_core.runs import Run

BATCH = 500


def usage(split: Split) -> Scores:
    """Part of the codes that any cell of a split's samples takes, their perplexity, mean squared error of a pixel."""

    def score(run: Run, data: Dataset, seed: int) -> Sequence[Measured]:
        import torch

        from vae_core.metrics.codebook import part_used, perplexity
        from vae_core.models.base import unit_range

        rows, model = data.splits[split], run.model
        counts = torch.zeros(model.spec.codebook, dtype=torch.int64)
        error = 0.0
        with torch.no_grad():
            for part in rows.split(BATCH):
                x = data.x[part]
                indices = cast("Discrete", model).indices(x)
                counts += indices.flatten().bincount(minlength=len(counts))
                made = model.decode(cast("Discrete", model).codes_at(indices))
                error += float((made - unit_range(x)).square().flatten(1).mean(1).double().sum())
        cells = f"{int(counts.sum()):,} cells"
        return [
            Measured("used", part_used(counts.numpy()), split, len(rows), cells),
            Measured("perplexity", perplexity(counts.numpy()), split, len(rows), cells),
            Measured("mse", error / len(rows), split, len(rows)),
        ]

    return score


NET = {
    "data": "fashion-mnist", "bottleneck": "vq", "codebook": 512, "code_dim": 8, "channels": (16, 32),
    "likelihood": "gaussian", "prior_width": 8, "prior_layers": 1, "beta": 0.0, "steps": 15_000, "batch_size": 16,
    "learning_rate": 1e-3, "decay": 0.5, "evaluations": 10,
}  # fmt: skip
SCORES = [usage("train"), usage("validation"), usage("test")]

CLAIM = Claim(
    number=7,
    key="codebook",
    title="VQ-VAE on Fashion-MNIST, 512 codes",
    protocol="Two halvings (16 and 32 channels), 7 x 7 cells of 8 numbers; 15,000 steps of Adam 1e-3 with a cool-down "
    "over the second half, batches of 16; Gaussian pixels of the best sigma. Beside running means that begin at "
    "N(0, I) (van den Oord et al. 2017, appendix A.1): the same that begin at cluster means, and codes taken by less "
    "than 0.03 of an even share begin anew. The prior is not measured and its rate weighs nothing: the weights with "
    "the least distortion on validation. A code is used where one cell of the whole split takes it; squared error "
    "a pixel of [0, 1].",
    cells=(
        Cell("ours", "restarts", fitted(NET, SCORES)),
        Cell("plain", "plain running means", fitted(NET | {"restarts": False}, SCORES)),
    ),
    targets=(
        Target("All codes are used", "ours", "used", limit=1.0, lower=False),
        Target("Better: squared error", "ours", "mse", than="plain"),
        Target("Perplexity", "ours", "perplexity"),
        Target("Baseline: codes used", "plain", "used"),
        Target("Baseline: perplexity", "plain", "perplexity"),
    ),
)
