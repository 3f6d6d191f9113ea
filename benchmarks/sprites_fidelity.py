"""How like dSprites are the generated sprites? Writes docs/sprites.md, prints it and the speed of drawing.

    python -m benchmarks.sprites_fidelity

Needs dSprites' regular subset of 46,080 pictures in the data folder (`dsprites/dsprites_grid46080.npz`).
IoU: pixels white in both pictures over pixels white in either, per picture; then the mean over pictures.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from vae_core.data import CARDS, DatasetError, load_dataset
from vae_core.data.sprites import N, factors_of, render

PROJECT = Path(__file__).resolve().parents[1]
STEPS = torch.tensor([1, 1, 4, 2, 2])  # the subset takes every 4th orientation, every 2nd position

PAGE = """# How like dSprites are the generated sprites?

The sprites are drawn when they are needed, with the factor grid of dSprites (Matthey et al. 2017): 3 shapes x 6 scales
x 40 orientations x 32 x 32 positions. Held against 46,080 of its pictures on a regular grid, same factors:

| shape | mean IoU | worst | identical | pictures |
|---|---|---|---|---|
{rows}

IoU: pixels white in both pictures over pixels white in either. Written by `python -m benchmarks.sprites_fidelity`.
"""


def overlap(real: Tensor, drawn: Tensor) -> Tensor:
    """IoU of each pair of pictures, uint8 [N, 1, H, W] twice -> float [N]."""
    a, b = real.flatten(1) > 0, drawn.flatten(1) > 0
    return (a & b).sum(1) / (a | b).sum(1)


def speed(samples: int = 20_000, batch: int = 128) -> float:
    """Pictures a second, one thread, drawn in batches of random factors."""
    factors = factors_of(torch.randint(N, (samples,), generator=torch.Generator().manual_seed(0)))
    render(factors[:batch])
    start = time.perf_counter()
    for part in factors.split(batch):
        render(part)
    return samples / (time.perf_counter() - start)


def main() -> int:
    torch.set_num_threads(1)
    try:
        dataset = load_dataset("dsprites-subset")
    except DatasetError as error:
        print(error)
        return 1
    assert isinstance(dataset.x, Tensor) and dataset.factors is not None
    iou = overlap(dataset.x, render(dataset.factors * STEPS))
    rows = []
    for shape, name in enumerate(CARDS["sprites"].class_names):
        own = iou[dataset.factors[:, 0] == shape]
        same = (own == 1).float().mean()
        rows.append(f"| {name} | {own.mean():.4f} | {own.min():.4f} | {same:.1%} | {len(own):,} |")
    page = PAGE.format(rows="\n".join(rows))
    (PROJECT / "docs" / "sprites.md").write_text(page)
    print(page)
    print(f"{speed():,.0f} sprites a second on one thread, in batches of 128")
    return 0


if __name__ == "__main__":
    sys.exit(main())
