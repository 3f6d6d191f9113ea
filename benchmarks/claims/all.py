"""All claims, in the order of the page."""

from __future__ import annotations

from benchmarks.claims import dynamic_mnist, few_labels, lines, odd, quadrants, static_mnist
from benchmarks.claims.claim import Claim

CLAIMS: dict[str, Claim] = {
    claim.key: claim
    for claim in (
        static_mnist.CLAIM, dynamic_mnist.VAE, dynamic_mnist.IWAE, quadrants.CLAIM, few_labels.CLAIM, odd.CLAIM,
        lines.CLAIM,
    )
}  # fmt: skip
