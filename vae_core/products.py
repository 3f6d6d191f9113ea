"""Matrix products on a CPU: oneDNN's, where they are quicker than the default's and just as exact."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache

import torch

EXACT = 1e-5
"""Largest error of a product, against double precision and relative to its size, that still counts as fp32's own.
fp32 itself has about 1e-6 here, bf16 4e-3."""


@contextlib.contextmanager
def quick_products(device: torch.device) -> Iterator[None]:
    """fp32 products by oneDNN inside this block, on a CPU where that was seen to be exact.

    "medium" allows products of rounded numbers (bf16), and with AMX units oneDNN takes them. Elsewhere it computes
    in fp32 all the same, only by better code than the default's on many machines (docs/speed.md). So we look once.
    """
    before = torch.get_float32_matmul_precision()
    if device.type != "cpu" or not medium_is_exact():
        yield
        return
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@lru_cache(maxsize=1)
def medium_is_exact() -> bool:
    """Whether this machine's "medium" products of fp32 matrices are fp32's own."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        return product_error() < EXACT
    finally:
        torch.set_float32_matmul_precision(before)


def product_error() -> float:
    """Error of a layer's three products (forward, both gradients) at the precision in force, relative to their size."""
    generator = torch.Generator().manual_seed(0)
    x, weight, slope = (torch.randn(shape, generator=generator) for shape in ((128, 512), (256, 512), (128, 256)))
    found = (torch.nn.functional.linear(x, weight), slope @ weight, slope.t() @ x)
    x, weight, slope = x.double(), weight.double(), slope.double()
    exact = (x @ weight.t(), slope @ weight, slope.t() @ x)
    return max(float((a.double() - b).abs().max() / b.abs().max()) for a, b in zip(found, exact, strict=True))
