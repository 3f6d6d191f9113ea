"""All claims, in the order of the page."""

from __future__ import annotations

from benchmarks.claims import (
    captions,
    codebook,
    dynamic_mnist,
    few_labels,
    ladder,
    lines,
    odd,
    quadrants,
    sigma,
    static_mnist,
    vamp_prior,
)
from benchmarks.claims.claim import Claim

CLAIMS: dict[str, Claim] = {
    claim.key: claim
    for claim in (
        static_mnist.CLAIM,
        dynamic_mnist.VAE,
        dynamic_mnist.IWAE,
        vamp_prior.CLAIM,
        ladder.CLAIM,
        sigma.CLAIM,
        codebook.CLAIM,
        quadrants.CLAIM,
        few_labels.CLAIM,
        odd.CLAIM,
        captions.CLAIM,
        lines.CLAIM,
    )
}
