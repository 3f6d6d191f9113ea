"""An LSTM that reads sentences and one that writes them (Bowman et al. 2016, Generating sentences from a continuous
space).

A row of tokens is `w1 .. wn, end, padding ..`, as `vae_core.data.text` makes them; begin is what the decoder reads
before the first word. Nothing that stands behind the end token is ever looked at.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae_core import writing
from vae_core.config import ModelSpec
from vae_core.tokens import BEGIN, PADDING, UNKNOWN
from vae_core.writing import State


class SentenceEncoder(nn.Module):
    """Reads a sentence from left to right; what it knows at the end token becomes the outputs."""

    def __init__(self, spec: ModelSpec, outputs: int, context: int = 0) -> None:
        super().__init__()
        width = state_width(spec)
        self.embedding = nn.Embedding(spec.vocabulary, spec.embedding)
        self.lstm = nn.LSTM(spec.embedding, width, batch_first=True)
        self.out = nn.Linear(width + context, outputs)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """int64 [B, T] and [B, context] -> [B, outputs]. A sentence of padding alone is read as one padding."""
        states, _ = self.lstm(self.embedding(x))  # [B, T, H]
        last = ((x != PADDING).sum(1) - 1).clamp_min(0)  # [B]: where the end token stands
        state = states[torch.arange(len(x), device=x.device), last]  # [B, H]
        if context is not None and context.shape[1]:
            state = torch.cat([state, context.to(state.dtype)], 1)
        return self.out(state)


class SentenceDecoder(nn.Module):
    """Writes a sentence word by word. The code sets the first state and stands beside each word that is read.

    With an embedding of its own: its weights are all to be found in it, where it has to begin anew (Li et al. 2019).
    """

    def __init__(self, spec: ModelSpec, inputs: int) -> None:
        super().__init__()
        width = state_width(spec)
        self.length = spec.sample_shape[0]
        self.word_dropout = spec.word_dropout
        self.embedding = nn.Embedding(spec.vocabulary, spec.embedding)
        self.first = nn.Linear(inputs, 2 * width)
        self.lstm = nn.LSTM(spec.embedding + inputs, width, batch_first=True)
        self.out = nn.Linear(width, spec.vocabulary - 2)  # padding and begin are never written

    def forward(self, inputs: Tensor, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Logits of each token, given the code and the true tokens before it: [B, inputs], int64 [B, T] -> [B, T, V].

        In training words are hidden from the decoder with probability `word_dropout`, so that it must ask the code
        (Bowman et al. 2016, section 3.1).
        """
        begin = torch.full_like(x[:, :1], BEGIN)
        read = self._hidden(torch.cat([begin, x[:, :-1]], 1), generator)
        return self._logits(read, self.start(inputs))[0]

    def start(self, inputs: Tensor) -> State:
        """The state before the first word: of [B, inputs]."""
        hidden, cell = self.first(inputs).chunk(2, 1)  # [B, H] each
        return torch.tanh(hidden), cell, inputs

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Having read one more token, int64 [B]: logits of the next one, [B, V], and the state."""
        logits, state = self._logits(tokens[:, None], state)
        return logits[:, 0], state

    def greedy(self, inputs: Tensor) -> Tensor:
        """The likeliest token at each place, given those before it: int64 [B, T]."""
        return writing.greedy(self, inputs)

    def _logits(self, read: Tensor, state: State) -> tuple[Tensor, State]:
        """[B, L] tokens that are read -> [B, L, V], with -inf for what is never written."""
        hidden, cell, inputs = state
        words = self.embedding(read)  # [B, L, E]
        beside = inputs.to(words.dtype)[:, None].expand(-1, read.shape[1], -1)
        states, (hidden, cell) = self.lstm(
            torch.cat([words, beside], 2), (hidden[None].contiguous(), cell[None].contiguous())
        )
        return F.pad(self.out(states), (2, 0), value=-math.inf), (hidden[0], cell[0], inputs)

    def _hidden(self, read: Tensor, generator: torch.Generator | None) -> Tensor:
        if not (self.training and self.word_dropout):
            return read
        lost = torch.rand(read.shape, generator=generator, device=read.device) < self.word_dropout
        return torch.where(lost & (read > UNKNOWN), torch.full_like(read, UNKNOWN), read)


def state_width(spec: ModelSpec) -> int:
    """Numbers of an LSTM's state. Raises ValueError where the spec says none, or several."""
    if len(spec.hidden) != 1:
        raise ValueError(f"an LSTM has one state: say one width, not {len(spec.hidden)}")
    return spec.hidden[0]
