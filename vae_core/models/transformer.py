"""The prior of a grid of discrete codes: a small causal transformer that reads the cells one after the other.

p(i_1 ... i_T) = prod_t p(i_t | i_1 ... i_(t-1)), in raster order. van den Oord et al. 2017 (VQ-VAE), section 3.3, put
an autoregressive prior there; the net is the decoder of Vaswani et al. 2017 without cross-attention, normalised before
each layer (Radford et al. 2019, section 2.3).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOST_HEADS = 4
HEAD_WIDTH = 16
"""Numbers that a head has at least; a narrow transformer has fewer heads."""
COLDEST = 1e-4
"""Temperatures below count as this one: the likeliest code, in all but exact ties."""


class CausalAttention(nn.Module):
    """Each place looks at itself and at the places before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = next(n for n in range(min(MOST_HEADS, max(1, width // HEAD_WIDTH)), 0, -1) if width % n == 0)
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, width] -> [B, T, width]."""
        parts = self.inward(x).unflatten(2, (3, self.heads, -1))  # [B, T, 3, heads, width / heads]
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind()  # [B, heads, T, width / heads] each
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.outward(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then two dense layers at each place; both are added to what comes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(width), CausalAttention(width))
        self.dense = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, width] -> [B, T, width]."""
        x = x + self.attention(x)
        return x + self.dense(x)


class Transformer(nn.Module):
    """Logits of the next code after each beginning of a sequence of `places` codes out of `codes`."""

    def __init__(self, codes: int, places: int, width: int, layers: int) -> None:
        super().__init__()
        self.begin, self.places = codes, places  # the token behind the last code says: nothing yet
        self.tokens = nn.Embedding(codes + 1, width)
        self.positions = nn.Embedding(places, width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(layers)])
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, codes))
        for table in (self.tokens, self.positions):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, prefix: Tensor) -> Tensor:
        """int64 [B, t] of the first t < places codes -> [B, t + 1, codes]: row s are the logits of code s."""
        read = F.pad(prefix, (1, 0), value=self.begin)  # [B, t + 1]
        return self.head(self.blocks(self.tokens(read) + self.positions.weight[: read.shape[1]]))

    def nll(self, indices: Tensor) -> Tensor:
        """-log p(i_t | i_1 ... i_(t-1)) of each place.  int64 [B, places] -> [B, places], nats."""
        logits = self(indices[:, :-1]).float()  # [B, places, codes]
        return F.cross_entropy(logits.transpose(1, 2), indices, reduction="none")

    @torch.no_grad()
    def sample(
        self,
        n: int,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
        beginning: Tensor | None = None,
    ) -> Tensor:
        """n sequences, each code drawn after those before it, with logits / temperature: int64 [n, places].

        beginning: codes that are there already, int64 [n, t] with t <= places; none where it is left out. Raises
        ValueError where it has another shape.
        """
        drawn = beginning
        if drawn is None:
            drawn = torch.zeros(n, 0, dtype=torch.int64, device=self.positions.weight.device)
        if drawn.ndim != 2 or len(drawn) != n or drawn.shape[1] > self.places:
            raise ValueError(f"Beginnings are [{n}, up to {self.places}] codes, not {list(drawn.shape)}.")
        while drawn.shape[1] < self.places:
            logits = self(drawn)[:, -1].float() / max(temperature, COLDEST)  # [n, codes]
            code = torch.multinomial(logits.softmax(-1), 1, generator=generator)
            drawn = torch.cat([drawn, code], 1)
        return drawn
