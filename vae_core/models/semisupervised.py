"""Models that infer a class beside the code, learnt from few labels and many samples without one.

Kingma, Mohamed, Rezende, Welling 2014 (Semi-supervised learning with deep generative models): M2, and M2 on the codes
of a VAE (M1+M2). The class is a second latent variable y with p(y) = 1/K: where it is not told, the bound is summed
over all K of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vae_core import nets
from vae_core.config import ModelSpec
from vae_core.likelihoods import likelihood_of
from vae_core.models.base import Draws, Model, Posterior, Terms, gaussian, unit_range
from vae_core.models.priors import HALF_LOG_TWO_PI, log_normal

LEAST_LOG_STD, MOST_LOG_STD = -6.0, 6.0
"""Of p(z1|z2, y): a perfect fit would otherwise be infinitely likely."""

Cost = Callable[[Tensor, int], Tensor]
"""(code and class [n*B, D+K], n) -> -log p(x|z, y) of n decodings of the batch, [n*B] nats."""


@dataclass(frozen=True)
class Inferred:
    """The bound's parts with the class summed over, where it is not told."""

    cost: Tensor  # [B], what decoding costs, over q(y|x) q(z|x, y)
    rate: Tensor  # [B, D], KL(q(z_d|x, y) || N(0, 1)) over q(y|x)
    of_class: Tensor  # [B], KL(q(y|x) || p(y)); log K where the class is told
    penalty: Tensor  # [B], label_weight * -log q(y|x) where the class is told
    posterior: Posterior  # of the class that is told, else of the likeliest
    z: Tensor  # [B, D], its sample


class ClassInference(nn.Module):
    """q(y|x) and q(z|x, y), for samples x of `spec.sample_shape`."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.classes = spec.classes
        self.label_weight = spec.label_weight
        self.classifier = nets.encoder(spec, spec.classes)
        self.encoder = nets.encoder(spec, 2 * spec.latent_dim, context=spec.classes)

    def log_classes(self, x: Tensor) -> Tensor:
        """log q(y|x), [B, K]."""
        return self.classifier(x).float().log_softmax(1)

    def posterior(self, x: Tensor, label: Tensor) -> Posterior:
        """q(z|x, y) for classes y, int64 [B]."""
        return gaussian(self.encoder(x, self._one_hot(label)))

    def likeliest(self, x: Tensor, y: Tensor | None) -> Tensor:
        """The class that is told, else the likeliest one: int64 [B]."""
        return _told_or(y, self.log_classes(x).argmax(1))

    def beside(self, z: Tensor, y: Tensor | None) -> Tensor:
        """Codes and their classes as the decoder takes them, [B, D+K].

        An unknown class is 1/K of each: a decoder that was always told one has no better reading of "any".
        """
        even = z.new_full((len(z), self.classes), 1 / self.classes)
        if y is None:
            return torch.cat([z, even], 1)
        return torch.cat([z, torch.where(y[:, None] >= 0, self._one_hot(y.clamp_min(0)), even)], 1)

    def bound(self, x: Tensor, y: Tensor | None, cost: Cost, generator: torch.Generator | None) -> Inferred:
        """Kingma et al. 2014, eq. 6 (class told), 7 (class unknown) and 9 (classification loss).

        Both are one formula, sum_y w_y (cost_y + rate_y + log w_y / p(y)), where w is q(y|x), or all on the class
        that is told.
        """
        count, classes = len(x), self.classes
        log_q = self.log_classes(x)  # [B, K]
        label = _told_or(y, log_q.argmax(1))  # [B]
        told = torch.zeros_like(label, dtype=torch.bool) if y is None else y >= 0  # [B]
        weight = self._weight(log_q, label, told).T  # [K, B]
        every = torch.arange(classes, device=x.device).repeat_interleave(count)  # [K*B], class by class
        posterior = gaussian(self.encoder.each(x, torch.eye(classes, device=x.device)))  # type: ignore[operator]
        z = posterior.sample(generator)  # [K*B, D]
        costs = cost(self.beside(z, every), classes).view(classes, count)  # [K, B]
        rates = posterior.rate().view(classes, count, -1)  # [K, B, D]
        negative_entropy = (log_q.exp() * log_q).sum(1)  # [B]
        missed = -log_q.gather(1, label[:, None]).squeeze(1)  # [B]
        chosen = label * count + torch.arange(count, device=x.device)  # rows of [K*B]
        return Inferred(
            cost=(weight * costs).sum(0),
            rate=(weight[..., None] * rates).sum(0),
            of_class=math.log(classes) + torch.where(told, 0.0, negative_entropy),
            penalty=self.label_weight * torch.where(told, missed, 0.0),
            posterior=Posterior(posterior.mean[chosen], posterior.std[chosen]),
            z=z[chosen],
        )

    def draw(self, x: Tensor, y: Tensor | None, generator: torch.Generator | None) -> Draws:
        """One class and code of each row of x, as importance weights want them, all [1, B, ...].

        The distortion is left to the caller; `z` has the class beside it, [1, B, D+K].
        """
        log_q = self.log_classes(x)
        told = torch.zeros(len(x), dtype=torch.bool, device=x.device) if y is None else y >= 0
        weight = self._weight(log_q, _told_or(y, log_q.argmax(1)), told)  # [B, K]
        label = torch.multinomial(weight, 1, generator=generator).squeeze(1)  # [B]
        posterior = self.posterior(x, label)
        z = posterior.sample(generator)
        log_class = weight.gather(1, label[:, None]).squeeze(1).log()  # 0 where told
        log_code = log_normal(z, posterior.mean, posterior.std).sum(1)
        log_prior = (-0.5 * z.square() - HALF_LOG_TWO_PI).sum(1) - math.log(self.classes)
        nothing = torch.zeros_like(log_prior)
        return Draws(self.beside(z, label)[None], nothing[None], log_prior[None], (log_class + log_code)[None])

    def _one_hot(self, label: Tensor) -> Tensor:
        return one_hot(label, self.classes).float()

    def _weight(self, log_q: Tensor, label: Tensor, told: Tensor) -> Tensor:
        """How much each class counts, [B, K]: q(y|x), or 1 for the one that is told."""
        return torch.where(told[:, None], self._one_hot(label), log_q.exp())


class M2(Model):
    """q(y|x), q(z|x, y), p(x|z, y): the class is inferred from the sample, and the code says what it leaves open."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.inference = ClassInference(spec)
        self.decoder = nets.decoder(spec, spec.latent_dim + spec.classes)
        self.likelihood = likelihood_of(spec)

    def classify(self, x: Tensor) -> Tensor:
        """q(y|x), [B, K]."""
        return self.inference.log_classes(unit_range(x)).exp()

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(z|x, y) of the class that is told, else of the likeliest."""
        x = unit_range(x)
        return self.inference.posterior(x, self.inference.likeliest(x, y))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The expected picture of codes and classes; where a class is unknown, of 1/K of each."""
        return self.likelihood.mean(self.decoder(self.inference.beside(z, y)).float())

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """The bound with the class summed over where y is -1; what the class costs stands in `shared`."""
        x = _drawn(x, self.spec, generator)

        def cost(inputs: Tensor, copies: int) -> Tensor:
            return self.likelihood.nll(self.decoder(inputs).float(), _copies(x, copies))

        found = self.inference.bound(x, y, cost, generator)
        return Terms(
            found.cost,
            found.rate,
            found.posterior,
            found.z,
            shared=found.of_class,
            penalty=found.penalty,
            draws=None if draws == 1 else self._draws(x, y, generator, draws, cost),
        )

    def _draws(self, x: Tensor, y: Tensor | None, generator: torch.Generator | None, count: int, cost: Cost) -> Draws:
        drawn = self.inference.draw(_copies(x, count), None if y is None else y.repeat(count), generator)
        return _weighable(drawn, cost(drawn.z[0], count), 0.0, 0.0, count, self.latent_dim)


class StackedM1M2(Model):
    """M2 on the codes z1 of a VAE (M1): p(y) p(z2) p(z1|z2, y) p(x|z1).

    The paper trains M1 first and M2 then. Here they are trained side by side with a stop-gradient between them, which
    comes to the same: M1 minimises its own distortion + KL(q(z1|x) || N(0, I)) and knows nothing of M2, which sees
    samples of z1 as its data. The bound that is reported is that of the whole chain.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        above = spec.model_copy(update={"net": "mlp", "sample_shape": (spec.first_dim,)})
        self.encoder = nets.encoder(spec, 2 * spec.first_dim)
        self.inference = ClassInference(above)
        second = nets.decoder(above, spec.latent_dim + spec.classes)
        # M2's, then M1's: a chain of plain layers from (z2, y) to pixels; z1 is flat already
        self.decoder = nn.Sequential(second[:-1], nets.decoder(spec, spec.first_dim))  # type: ignore[index]
        self.log_std = nn.Parameter(torch.zeros(spec.first_dim))
        self.likelihood = likelihood_of(spec)

    def classify(self, x: Tensor) -> Tensor:
        """q(y|z1) at the mean of q(z1|x), [B, K]."""
        return self.inference.log_classes(self.first(x).mean).exp()

    def first(self, x: Tensor) -> Posterior:
        """M1's q(z1|x)."""
        return gaussian(self.encoder(unit_range(x)))

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(z2|z1, y) at the mean of q(z1|x), for the class that is told, else for the likeliest."""
        return self._second(self.first(x).mean, y)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """M1's expected picture of M2's expected z1; where a class is unknown, of 1/K of each."""
        return self.likelihood.mean(self.decoder(self.inference.beside(z, y)).float())

    def terms(
        self, x: Tensor, y: Tensor | None = None, generator: torch.Generator | None = None, draws: int = 1
    ) -> Terms:
        """`shared` is what z1 and the class cost: E[log q(z1|x) - log p(z1|z2, y)] + KL(q(y|z1) || p(y))."""
        x = _drawn(x, self.spec, generator)
        first = self.first(x)
        z1 = first.sample(generator)  # [B, D1]
        seen = z1.detach()
        found = self.inference.bound(seen, y, lambda inputs, n: self._second_cost(inputs, _copies(seen, n)), generator)
        # the value is the chain's; M1 learns from the rate that it would have alone
        negative_entropy = -(first.std.log() + HALF_LOG_TWO_PI + 0.5).sum(1).detach()  # [B], E[log q(z1|x)]
        alone = first.rate().sum(1)
        return Terms(
            self.likelihood.nll(self.decoder[1](z1).float(), x),
            found.rate,
            self._second(first.mean, y),  # not at the sample of z1, so that codes are those of `encode`
            found.z,
            shared=found.cost + found.of_class + negative_entropy + (alone - alone.detach()),
            penalty=found.penalty,
            draws=None if draws == 1 else self._draws(x, y, generator, draws),
        )

    def _second(self, z1: Tensor, y: Tensor | None) -> Posterior:
        """q(z2|z1, y) of the class that is told, else of the likeliest."""
        return self.inference.posterior(z1, self.inference.likeliest(z1, y))

    def _second_cost(self, inputs: Tensor, z1: Tensor) -> Tensor:
        """-log p(z1|z2, y), [B] nats."""
        std = self.log_std.clamp(LEAST_LOG_STD, MOST_LOG_STD).exp()
        return -log_normal(z1, self.decoder[0](inputs).float(), std).sum(1)

    def _draws(self, x: Tensor, y: Tensor | None, generator: torch.Generator | None, count: int) -> Draws:
        first = self.first(x)
        z1 = first.draw(count, generator).flatten(0, 1)  # [n*B, D1]
        log_first = log_normal(z1, first.mean.repeat(count, 1), first.std.repeat(count, 1)).sum(1)
        drawn = self.inference.draw(z1, None if y is None else y.repeat(count), generator)
        distortion = self.likelihood.nll(self.decoder[1](z1).float(), _copies(x, count))
        log_second = -self._second_cost(drawn.z[0], z1)
        return _weighable(drawn, distortion, log_second, log_first, count, self.latent_dim)


def _drawn(x: Tensor, spec: ModelSpec, generator: torch.Generator | None) -> Tensor:
    """Samples in the model's range, drawn black or white anew where the spec says so."""
    x = unit_range(x)
    return torch.bernoulli(x, generator=generator) if spec.binarise else x


def _told_or(y: Tensor | None, guess: Tensor) -> Tensor:
    return guess if y is None else torch.where(y >= 0, y, guess)


def _copies(x: Tensor, count: int) -> Tensor:
    """The batch `count` times, one after the other."""
    return x.repeat(count, *[1] * (x.ndim - 1))


def _weighable(
    drawn: Draws, distortion: Tensor, log_prior: Tensor | float, log_posterior: Tensor | float, count: int, dims: int
) -> Draws:
    """Draws of `count` copies of a batch as [count, B], with what the caller's other variables add."""
    return Draws(
        drawn.z[0, :, :dims].view(count, -1, dims),
        distortion.view(count, -1),
        (drawn.log_prior[0] + log_prior).view(count, -1),
        (drawn.log_posterior[0] + log_posterior).view(count, -1).detach(),
    )
