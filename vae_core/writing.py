"""Ways of writing a sentence down when its code is known: greedily, by chance, or with several drafts at a time (beam).

All of them ask a decoder for the logits of one token after the other, for a whole batch at once. A sentence ends with
the end token and is padded from there; one that has no end after T tokens is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vae_core.tokens import BEGIN, END, PADDING

if TYPE_CHECKING:
    from vae_core.models.vae import VAE

CODES_A_PASS = 1024

State = tuple[Tensor, ...]
"""What a decoder remembers, whatever it is: tensors [B, ...]."""
Way = Literal["greedy", "sample", "beam"]


class Writer(Protocol):
    """A decoder that can be asked token by token."""

    length: int
    """T, tokens of the longest sentence."""

    def start(self, inputs: Tensor) -> State: ...

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]: ...


def greedy(writer: Writer, inputs: Tensor) -> Tensor:
    """The likeliest token at each place, given those before it.  [B, inputs] -> int64 [B, T]."""
    return sample(writer, inputs, 0.0)


@torch.no_grad()
def sample(
    writer: Writer, inputs: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Tokens drawn one after the other from p(w_t | code, w_1 .. w_t-1)^(1/temperature).  [B, inputs] -> int64 [B, T].

    Temperature 1 draws from the model itself, less prefers what is likely, 0 is `greedy`.
    """
    state = writer.start(inputs)
    token = torch.full((len(inputs),), BEGIN, device=inputs.device)
    ended = torch.zeros_like(token, dtype=torch.bool)
    out = torch.full((len(inputs), writer.length), PADDING, device=inputs.device)
    for place in range(writer.length):
        logits, state = writer.step(token, state)
        token = _drawn(logits.float(), temperature, generator)
        out[:, place] = token.masked_fill(ended, PADDING)
        ended |= token == END
        if ended.all():
            break
    return out


def _drawn(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    """[B, V] -> int64 [B]."""
    if temperature == 0:
        return logits.argmax(1)
    # the largest becomes 0 first: a temperature near 0 then makes others -inf, and no number overflows
    scaled = (logits - logits.amax(1, keepdim=True)) / temperature
    return torch.multinomial(scaled.softmax(1), 1, generator=generator)[:, 0]


def beam(writer: Writer, inputs: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The likeliest sentence that `beams` finds: int64 [B, T], and its log-probability [B], nats."""
    tokens, log_p = beams(writer, inputs, width)
    return tokens[:, 0], log_p[:, 0]


@torch.no_grad()
def beams(writer: Writer, inputs: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The likeliest sentences, likeliest first, where at each place the `width` best beginnings are kept.

    [B, inputs] -> int64 [B, width, T], and log p(sentence | code) [B, width] in nats, not normalised by length: these
    are a model's own probabilities. Where there are fewer sentences than `width`, the last ones have -inf.
    """
    count, device = len(inputs), inputs.device
    state = tuple(part.repeat_interleave(width, 0) for part in writer.start(inputs))
    token = torch.full((count * width,), BEGIN, device=device)
    out = torch.full((count, width, writer.length), PADDING, device=device)
    score = torch.full((count, width), -torch.inf, device=device)
    score[:, 0] = 0  # all beginnings are still the same one: it counts once
    rows = torch.arange(count, device=device)[:, None]  # [B, 1]
    for place in range(writer.length):
        logits, state = writer.step(token, state)
        log_p = F.log_softmax(logits.float(), 1).view(count, width, -1)  # [B, W, V]
        over = ((token == END) | (token == PADDING)).view(count, width, 1)
        log_p = log_p.masked_fill(over, -torch.inf)
        log_p[..., PADDING] = log_p[..., PADDING].masked_fill(over[..., 0], 0.0)  # ended: goes on at no cost
        words = log_p.shape[2]
        score, best = (score[..., None] + log_p).flatten(1).topk(width, 1)  # [B, W]
        kept = best // words  # [B, W]: which beginnings go on
        out = out[rows, kept]
        out[..., place] = best % words
        token = (best % words).flatten()
        origin = (rows * width + kept).flatten()
        state = tuple(part[origin] for part in state)
        if ((token == END) | (token == PADDING)).all():
            break
    return out, score


@torch.no_grad()
def token_scores(model: VAE, x: Tensor, z: Tensor, y: Tensor | None = None) -> Tensor:
    """-log p(x_t | z, x_1 .. x_t-1) of each token of sentences, nats; 0 for padding: they add up to the distortion.

    int64 [B, T] and codes [B, D] (and what a conditional model is told) -> [B, T]. The model is in eval mode.
    """
    logits = model.decoder(model.told(z, y), x)  # [B, T, V]
    return F.cross_entropy(logits.float().transpose(1, 2), x, ignore_index=PADDING, reduction="none")


def write(
    model: VAE,
    codes: np.ndarray,
    y: np.ndarray | None = None,
    *,
    way: Way = "greedy",
    temperature: float = 1.0,
    width: int = 5,
    seed: int = 0,
) -> np.ndarray:
    """Sentences of codes [n, D], on the model's device: int64 [n, T].

    Args:
        y: what a conditional model is told, one entry a code.
        temperature: of `sample`.
        width: of `beam`, whose best sentence this is.
        seed: of `sample`; the same seed writes the same sentences.
    """
    generator = torch.Generator(model.device).manual_seed(seed)
    parts = [np.zeros((0, *model.sample_shape), np.int64)]
    for begin in range(0, len(codes), CODES_A_PASS):
        rows = slice(begin, begin + CODES_A_PASS)
        z = torch.from_numpy(np.ascontiguousarray(codes[rows], dtype=np.float32)).to(model.device)
        with torch.no_grad():
            inputs = model.told(z, None if y is None else torch.from_numpy(y[rows]).to(model.device))
        writer: Writer = model.decoder  # type: ignore[assignment]
        if way == "beam":
            tokens, _ = beam(writer, inputs, width)
        else:
            tokens = sample(writer, inputs, temperature if way == "sample" else 0.0, generator)
        parts.append(tokens.cpu().numpy())
    return np.concatenate(parts)
