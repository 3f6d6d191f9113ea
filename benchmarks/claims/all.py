"""All claims, in the order of the page."""

from __future__ import annotations

from benchmarks.claims import captions, dynamic_mnist, lines, odd, static_mnist
from benchmarks.claims.claim import Claim

CLAIMS: dict[str, Claim] = {
    claim.key: claim
    for claim in (
        static_mnist.CLAIM, dynamic_mnist.VAE, dynamic_mnist.IWAE, odd.CLAIM, captions.CLAIM, lines.CLAIM,
    )
}  # fmt: skip
