"""Samples that nobody put in: codes drawn from a prior, decoded, measured against what the model was trained on."""

from vae_core.dreams.asked import SAMPLERS, Asked, DreamError, Sampler, own_sampler, samplers_of
from vae_core.dreams.compare import Match, as_numbers, match
from vae_core.dreams.draws import decode_dreams, draw, draw_codes

__all__ = [
    "SAMPLERS",
    "Asked",
    "DreamError",
    "Match",
    "Sampler",
    "as_numbers",
    "decode_dreams",
    "draw",
    "draw_codes",
    "match",
    "own_sampler",
    "samplers_of",
]
