"""A model from elsewhere: an encoder and a decoder as ONNX files, run by onnxruntime in a process of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vae_core.config import ModelSpec
from vae_core.foreign.pictures import decode, encode
from vae_core.foreign.process import Pair
from vae_core.models.base import Draws, Model, Posterior, Terms, unit_range
from vae_core.models.priors import log_normal
from vae_core.wiring import DECODER, ENCODER

NARROWEST = 1e-4
"""A spread of 0 would have an endless rate."""
CERTAIN = 1e-4
"""Its pixels are held this far from 0 and 1, or one surely wrong pixel would cost endlessly many nats."""


class Foreign(Model):
    """A posterior from encoder.onnx, pictures from decoder.onnx; no weights that could be trained.

    Its distortion is the cross-entropy of pixels, whatever it was trained with: so models can be compared.
    """

    def __init__(self, spec: ModelSpec, pair: Pair) -> None:
        super().__init__()
        if spec.wiring is None:
            raise ValueError("A model from elsewhere needs a wiring.")
        self.spec = spec
        self.wiring = spec.wiring
        self.pair = pair
        self.eval()

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(z|x) as the file says it. Raises ForeignError, and ValueError where there is no encoder."""
        if self.wiring.encoder is None:
            raise ValueError("This model has no encoder: it makes samples from codes, and no sample has a code.")
        mean, std = encode(self.pair, self.wiring.encoder, unit_range(x).cpu().numpy())
        codes = torch.from_numpy(mean.copy())
        if std is None:
            return Posterior(codes, torch.zeros_like(codes))
        return Posterior(codes, torch.from_numpy(std).clamp_min(NARROWEST))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The picture that the file makes of a code, in [0, 1]. Raises ForeignError."""
        codes = z.detach().cpu().numpy().astype(np.float32)
        return torch.from_numpy(decode(self.pair, self.wiring.decoder, codes, self.sample_shape))

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """Distortion (one posterior sample; `draws` of them where asked for and there is a spread) and rate."""
        real, posterior = unit_range(x), self.encode(x)
        spreads = self.spec.abilities.spreads
        z = posterior.draw(draws, generator)  # [K, B, D]
        made = self.decode(z.flatten(0, 1)).clamp(CERTAIN, 1 - CERTAIN)  # [K*B, C, H, W]
        targets = real.repeat(draws, 1, 1, 1)
        distortion = F.binary_cross_entropy(made, targets, reduction="none").flatten(1).sum(1).view(draws, len(x))
        return Terms(
            distortion[0],
            posterior.rate() if spreads else torch.zeros_like(posterior.mean),
            posterior,
            z[0],
            draws=None
            if draws == 1 or not spreads
            else Draws(
                z,
                distortion,
                log_normal(z, torch.zeros_like(z), torch.ones_like(z)).sum(-1),
                log_normal(z, posterior.mean, posterior.std).sum(-1),
            ),
        )


def pair_files(folder: Path, spec: ModelSpec) -> dict[str, Path]:
    """The files of a pair in a run folder, by their roles."""
    files = {"decoder": folder / DECODER}
    if spec.wiring is not None and spec.wiring.encoder is not None:
        files = {"encoder": folder / ENCODER} | files
    return files


def open_pair(folder: Path, spec: ModelSpec) -> Foreign:
    """The model of a run folder that holds a pair. Raises ForeignError."""
    return Foreign(spec, Pair(pair_files(folder, spec)))
