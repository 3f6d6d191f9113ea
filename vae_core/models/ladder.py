"""The hierarchical VAE: a ladder of two to four levels, each one's prior told by the coarser ones.

Samples are read upwards, from fine features to coarse ones, and drawn downwards, from coarse levels to fine ones, by
posterior and prior alike (Sønderby et al. 2016, Ladder VAE, figure 1; Kingma et al. 2016). With z_l the l-th level and
the residual parameterisation of Vahdat and Kautz 2020 (NVAE, section 3.2):

    p(z_l | z_<l)    = N(m, s^2),                    m and s told by z_<l, N(0, I) for the coarsest level
    q(z_l | z_<l, x) = N(m + s dm, (s ds)^2),        dm and ds told by z_<l and x

The model's *code* is e_l = (z_l - m) / s, flattened coarse first: its prior is N(0, I) whatever the level, its
posterior N(dm, ds^2), and its rate the closed form of these (NVAE's eq. 2). To keep what is coarse and dream what is
fine is to draw the later dimensions of a code anew (`vae_core.latent.levels`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn
from torch.func import functional_call

from vae_core import nets
from vae_core.config import ModelSpec
from vae_core.likelihoods import likelihood_of
from vae_core.models.base import Draws, Model, Posterior, Terms, unit_range
from vae_core.models.priors import HALF_LOG_TWO_PI, log_normal

MAX_LOG_STD = 5.0
"""Logs of spreads bend towards +-5, as in NVAE's code: further out nothing useful lies, and training blows up."""

FIRST_LOG_STD = -2.0
"""Posteriors begin narrow: codes that are mere noise at first are ones that the decoder learns to ignore for good."""


class Residual(nn.Module):
    """h + what two layers make of the normalised h: [B, width] -> [B, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(inplace=True), nn.Linear(width, width)
        )

    def forward(self, h: Tensor) -> Tensor:
        return h + self.change(h)


class Gaussian(nn.Module):
    """[B, width] -> a diagonal Gaussian over [B, dims], whose spread is about exp(`log_std`) at first."""

    def __init__(self, width: int, dims: int, log_std: float = 0.0) -> None:
        super().__init__()
        told = nn.Linear(width, 2 * dims)
        nn.init.constant_(told.bias[dims:], log_std)
        self.head = nn.Sequential(nn.LayerNorm(width), told)

    def forward(self, h: Tensor) -> Posterior:
        mean, log_std = self.head(h).float().chunk(2, dim=1)  # [B, dims] each
        return Posterior(mean, (MAX_LOG_STD * (log_std / MAX_LOG_STD).tanh()).exp())


@dataclass(frozen=True)
class Descent:
    """One way down the ladder, levels beside each other, coarse first: [B, D] each."""

    codes: Tensor
    z: Tensor  # prior.mean + prior.std * codes
    prior: Posterior  # p(z_l | z_<l), in z's coordinates
    posterior: Posterior | None  # N(dm, ds^2), in the codes' coordinates; None where no sample was looked at


class TopDown(nn.Module):
    """Priors and posteriors of all levels. What the levels so far have told is a state that grows by residuals."""

    def __init__(self, levels: Sequence[int], width: int) -> None:
        super().__init__()
        self.bounds = list(pairwise((0, *accumulate(levels))))
        self.width = width
        self.enter = nn.ModuleList(nn.Linear(dims, width) for dims in levels[:-1])
        self.settle = nn.ModuleList(Residual(width) for _ in levels[:-1])
        self.prior = nn.ModuleList(Gaussian(width, dims) for dims in levels[1:])
        self.posterior = nn.ModuleList(
            nn.Sequential(Residual(width), Gaussian(width, dims, FIRST_LOG_STD)) for dims in levels
        )

    def forward(
        self, features: Sequence[Tensor] = (), noise: Tensor | None = None, codes: Tensor | None = None
    ) -> Descent:
        """Down by given `codes` [B, D], or by the posteriors' samples: dm + ds * noise, the noise [B, D].

        `features`, [B, width] for each level, are what the posteriors look at; codes alone need none.
        """
        like = codes if codes is not None else noise
        if like is None or not (features or codes is not None):
            raise ValueError("The way down needs codes, or the features of samples and noise.")
        state = like.new_zeros(like.shape[0], self.width)
        taken: list[Tensor] = []
        z: list[Tensor] = []
        priors: list[Posterior] = []
        posteriors: list[Posterior] = []
        for level, (first, last) in enumerate(self.bounds):
            if level == 0:
                standard = torch.zeros_like(like[:, first:last])
                priors.append(Posterior(standard, standard + 1))
            else:
                state = self.settle[level - 1](state + self.enter[level - 1](z[-1]))  # [B, width]
                priors.append(self.prior[level - 1](state))
            if features:
                posteriors.append(self.posterior[level](features[level] + state))
            if codes is not None:
                taken.append(codes[:, first:last])
            else:
                taken.append(posteriors[-1].mean + posteriors[-1].std * like[:, first:last])
            z.append(priors[-1].mean + priors[-1].std * taken[-1])  # [B, dims of the level]
        return Descent(
            torch.cat(taken, 1), torch.cat(z, 1), _beside(priors), _beside(posteriors) if posteriors else None
        )


def _beside(levels: Sequence[Posterior]) -> Posterior:
    return Posterior(torch.cat([level.mean for level in levels], 1), torch.cat([level.std for level in levels], 1))


class Growing(nn.Module):
    """[B, D] -> the likelihood's parameters: coarse levels enter at the beginning, finer ones later on.

    A convolutional one grows from stage to stage: level l is added, as a feature map, where the side is 2^l times the
    smallest, or at the last stage where there are more levels than stages. In an MLP each level has a layer. What comes
    late is near the pixels, with few layers to change them all; what comes first has them all to become a shape.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        width = spec.hidden[-1]
        self.levels = spec.levels
        grow: list[nn.Module]
        shapes: list[tuple[int, ...]]  # of what enters each stage
        if spec.net == "conv" and len(spec.sample_shape) == 3:
            outward = (*reversed(spec.channels), spec.sample_shape[0])
            grow = [nn.ConvTranspose2d(a, b, nets.KERNEL, nets.STRIDE, nets.PADDING) for a, b in pairwise(outward)]
            side = spec.sample_shape[1] >> len(spec.channels)
            shapes = [(channels, side << stage, side << stage) for stage, channels in enumerate(outward[:-1])]
        else:
            pixels = nn.Sequential(nn.Linear(width, math.prod(spec.sample_shape)), nn.Unflatten(1, spec.sample_shape))
            grow = [*(nn.Linear(width, width) for _ in spec.levels[1:]), pixels]
            shapes = [(width,)] * len(grow)
        self.stages = [min(level, len(grow) - 1) for level in range(len(spec.levels))]  # where each level enters
        first, *later = (math.prod(shapes[stage]) for stage in self.stages)
        self.begin = nn.Sequential(
            nn.Linear(spec.levels[0], width), nn.ReLU(inplace=True), nn.Linear(width, first), nn.Unflatten(1, shapes[0])
        )
        self.enter = nn.ModuleList(
            nn.Sequential(nn.Linear(dims, size), nn.Unflatten(1, shapes[stage]))
            for dims, size, stage in zip(spec.levels[1:], later, self.stages[1:], strict=True)
        )
        self.grow = nn.ModuleList(grow)

    def forward(self, z: Tensor) -> Tensor:
        coarsest, *finer = z.split(self.levels, 1)
        h = self.begin(coarsest)
        for stage, grow in enumerate(self.grow):
            for at, enter, part in zip(self.stages[1:], self.enter, finer, strict=True):
                if at == stage:
                    h = h + enter(part)
            h = grow(torch.relu(h))
        return h


class Ladder(Model):
    """bottom-up encoder + ladder of Gaussian levels + decoder of all levels + likelihood."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        if not spec.hidden:
            raise ValueError("A ladder needs at least one hidden width: that of its features.")
        self.spec = spec
        width = spec.hidden[-1]
        self.encoder = nets.encoder(spec, width)
        self.climb = nn.ModuleList(Residual(width) for _ in spec.levels[1:])
        self.ladder = TopDown(spec.levels, width)
        self.decoder = Growing(spec)
        self.likelihood = likelihood_of(spec)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(e_l | x, e_<l) of each level, the coarser ones at their means: [B, D]."""
        noise = torch.zeros(x.shape[0], self.latent_dim, device=x.device)
        return self._looked(self._features(unit_range(x)), noise)[1]

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The expected sample of codes [B, D], coarse levels first: [B, *sample_shape]."""
        return self.likelihood.mean(self._drawn(self.ladder(codes=z)))

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """Distortion and rate on one sampled way down; the posterior is the one met on that way."""
        x = unit_range(x)
        batch, dims = x.shape[0], self.latent_dim
        features = self._features(x)
        noise = torch.randn(draws * batch, dims, generator=generator, device=x.device)
        if draws == 1:
            down, posterior = self._looked(features, noise)
            return Terms(self.likelihood.nll(self._drawn(down), x), posterior.rate(), posterior, down.codes)
        features = [feature.repeat(draws, 1) for feature in features]  # [K*B, width] each
        down, posterior = self._looked(features, noise)
        z = down.codes.view(draws, batch, dims)
        # All that is told of these codes is told of `z`: what an objective does to its gradient reaches everything.
        flat = z.flatten(0, 1)
        many = x.repeat(draws, *[1] * (x.ndim - 1))
        distortion = self.likelihood.nll(self._drawn(self.ladder(codes=flat)), many).view(draws, batch)
        first = Posterior(posterior.mean[:batch], posterior.std[:batch])
        return Terms(
            distortion[0],
            first.rate(),
            first,
            z[0],
            draws=Draws(
                z,
                distortion,
                (-0.5 * z.square() - HALF_LOG_TWO_PI).sum(-1),
                self._log_density(flat, features).view(draws, batch),
            ),
        )

    def _features(self, x: Tensor) -> list[Tensor]:
        """What each level looks at, coarse first: [B, width] each. Read upwards: the finest comes first."""
        found = [self.encoder(x)]
        for step in self.climb:
            found.append(step(found[-1]))
        return found[::-1]

    def _looked(self, features: Sequence[Tensor], noise: Tensor) -> tuple[Descent, Posterior]:
        down: Descent = self.ladder(features, noise=noise)
        assert down.posterior is not None
        return down, down.posterior

    def _drawn(self, down: Descent) -> Tensor:
        """The likelihood's parameters."""
        out: Tensor = self.decoder(down.z).float()
        return out

    def _log_density(self, codes: Tensor, features: Sequence[Tensor]) -> Tensor:
        """log q(code | x), [B], nats: a function of the codes, all that is learned in it detached.

        A finer level's posterior moves with the coarser codes, so they are looked at once more with frozen weights.
        """
        frozen = {name: value.detach() for name, value in self.ladder.named_parameters()}
        told = [feature.detach() for feature in features]
        down: Descent = functional_call(self.ladder, frozen, (told,), {"codes": codes})
        assert down.posterior is not None
        return log_normal(codes, down.posterior.mean, down.posterior.std).sum(-1)
