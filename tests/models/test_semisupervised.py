"""Laws of M2 and M1+M2: the bound is the one of the paper, summed by hand; a class that is told costs log K."""

from __future__ import annotations

import math

import pytest
import torch
from torch import distributions as D

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.metrics.likelihood import importance_bound
from vae_core.models import M2, StackedM1M2, Terms, build
from vae_core.models.base import gaussian, unit_range

CLASSES = ("round", "straight", "crooked")
INFO = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60, class_names=CLASSES)
TINY = TrainConfig(latent_dim=2, hidden=(16,), label_weight=3.0, first_dim=4)
UNKNOWN = torch.tensor([-1] * 5)
TOLD = torch.tensor([0, 1, 2, 2, 1])


def _pictures(n: int = 5) -> torch.Tensor:
    return torch.randint(0, 256, (n, 1, 8, 8), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.fixture
def m2() -> M2:
    torch.manual_seed(0)
    model = build(model_spec(TINY.model_copy(update={"bottleneck": "class"}), INFO))
    assert isinstance(model, M2)
    return model


@pytest.fixture
def stacked() -> StackedM1M2:
    torch.manual_seed(0)
    model = build(model_spec(TINY.model_copy(update={"bottleneck": "stacked"}), INFO))
    assert isinstance(model, StackedM1M2)
    return model


@pytest.fixture(params=["m2", "stacked"])
def either(request: pytest.FixtureRequest) -> M2 | StackedM1M2:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@torch.no_grad()
def _one_class(model: M2, x: torch.Tensor, label: int, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """-log p(x|z, y) [B] and KL(q(z|x, y) || p(z)) [B, D] for one class, by torch.distributions."""
    y = torch.full((len(x),), label)
    q = model.encode(x, y)
    z = q.mean + q.std * noise
    nll = -D.Bernoulli(probs=model.decode(z, y)).log_prob(torch.zeros(())) * (1 - unit_range(x))
    nll = nll - D.Bernoulli(probs=model.decode(z, y)).log_prob(torch.ones(())) * unit_range(x)
    kl = D.kl_divergence(D.Normal(q.mean, q.std), D.Normal(0.0, 1.0))
    return nll.flatten(1).sum(1), kl


@torch.no_grad()
def test_an_unknown_class_is_summed_over(m2: M2) -> None:
    """Kingma et al. 2014, eq. 7, one class after the other."""
    x = _pictures()
    terms = m2.eval().terms(x, UNKNOWN, _seeded())
    noise = torch.randn(1, 15, 2, generator=_seeded()).view(3, 5, 2)
    q = m2.classify(x)
    parts = [_one_class(m2, x, label, noise[label]) for label in range(3)]
    distortion = sum(q[:, k] * parts[k][0] for k in range(3))
    rate = sum(q[:, k, None] * parts[k][1] for k in range(3))
    of_class = D.kl_divergence(D.Categorical(q), D.Categorical(torch.ones(3)))
    torch.testing.assert_close(terms.distortion, distortion)
    torch.testing.assert_close(terms.rate, rate)
    torch.testing.assert_close(terms.shared, of_class)
    assert terms.penalty is not None and (terms.penalty == 0).all()


@torch.no_grad()
def test_a_told_class_costs_its_prior(m2: M2) -> None:
    """Kingma et al. 2014, eq. 6: -log p(y) = log K, and nothing of the other classes."""
    x = _pictures()
    terms = m2.terms(x, TOLD, _seeded())
    noise = torch.randn(1, 15, 2, generator=_seeded()).view(3, 5, 2)
    rows = torch.arange(5)
    by_class = [_one_class(m2, x, label, noise[label]) for label in range(3)]
    torch.testing.assert_close(terms.distortion, torch.stack([nll for nll, _ in by_class])[TOLD, rows])
    torch.testing.assert_close(terms.rate, torch.stack([kl for _, kl in by_class])[TOLD, rows])
    torch.testing.assert_close(terms.shared, torch.full((5,), math.log(3)))


@torch.no_grad()
def test_labels_are_paid_for_by_cross_entropy(either: M2 | StackedM1M2) -> None:
    x, some = _pictures(), torch.tensor([0, -1, 2, -1, 1])
    stacked = isinstance(either, StackedM1M2)
    if stacked:  # z1 is a sample in training: made to be its mean here
        either.encoder[-1].bias.data[4:] = -1e9  # type: ignore[index, union-attr]
    penalty = either.terms(x, some, _seeded()).penalty
    expected = -3.0 * D.Categorical(either.classify(x)).log_prob(some.clamp_min(0)) * (some >= 0)
    assert penalty is not None
    torch.testing.assert_close(penalty, expected, atol=1e-2 if stacked else 1e-5, rtol=1e-3)


@torch.no_grad()
def test_probabilities_and_what_is_taken_for_an_unknown_class(either: M2 | StackedM1M2) -> None:
    x = _pictures()
    q = either.classify(x)
    assert q.shape == (5, 3) and (q > 0).all()
    torch.testing.assert_close(q.sum(1), torch.ones(5))
    likeliest = either.encode(x, q.argmax(1))
    for told in (None, UNKNOWN):
        torch.testing.assert_close(either.encode(x, told).mean, likeliest.mean)
    other = either.encode(x, (q.argmax(1) + 1) % 3)
    assert not torch.allclose(other.mean, likeliest.mean)
    terms = either.eval().terms(x, None, _seeded())
    torch.testing.assert_close(terms.posterior.mean, likeliest.mean)
    torch.testing.assert_close(terms.posterior.std, likeliest.std)


@torch.no_grad()
@pytest.mark.parametrize("net", ["mlp", "conv"])
def test_all_classes_at_once_are_encoded_as_one_after_the_other(net: str) -> None:
    torch.manual_seed(0)
    model = build(model_spec(TINY.model_copy(update={"bottleneck": "class", "net": net}), INFO))
    assert isinstance(model, M2)
    x = _pictures()
    made = gaussian(model.inference.encoder.each(unit_range(x), torch.eye(3)))  # type: ignore[operator]
    single = [model.encode(x, torch.full((5,), label)) for label in range(3)]
    torch.testing.assert_close(made.mean, torch.cat([one.mean for one in single]))
    torch.testing.assert_close(made.std, torch.cat([one.std for one in single]))


@torch.no_grad()
def test_each_class_decodes_differently_and_none_at_all_is_the_even_mixture(either: M2 | StackedM1M2) -> None:
    z = torch.randn(4, 2, generator=_seeded())
    made = [either.decode(z, torch.full((4,), k)) for k in range(3)]
    assert not torch.allclose(made[0], made[1]) and not torch.allclose(made[1], made[2])
    even = torch.sigmoid(either.decoder(torch.cat([z, torch.full((4, 3), 1 / 3)], 1)))  # type: ignore[operator]
    torch.testing.assert_close(either.decode(z), even)
    torch.testing.assert_close(either.decode(z, torch.full((4,), -1)), even)
    some = either.decode(z, torch.tensor([1, -1, 0, 2]))
    torch.testing.assert_close(some[0], made[1][0])
    torch.testing.assert_close(some[1], even[1])


@torch.no_grad()
def test_the_chain_is_one_bound(stacked: StackedM1M2) -> None:
    """E[log q(z1|x) - log p(z1|z2, y)], the class's and z2's rates, put together class by class for one sample of z1;
    log q(z1|x) in the mean over samples."""
    x = _pictures(2)
    generator, total, by_hand = _seeded(), torch.zeros(2), torch.zeros(2)
    for _ in range(200):
        state = generator.get_state()
        terms = stacked.terms(x, None, generator)
        total += terms.total_rate
        generator.set_state(state)
        first = stacked.first(x)
        z1 = first.sample(generator)
        q = stacked.inference.log_classes(z1).exp()
        noise = torch.randn(1, 6, 2, generator=generator).view(3, 2, 2)
        by_hand += D.Normal(first.mean, first.std).log_prob(z1).sum(1)
        for k in range(3):
            y = torch.full((2,), k)
            second = stacked.inference.posterior(z1, y)
            beside = stacked.inference.beside(second.mean + second.std * noise[k], y)
            p1 = D.Normal(stacked.decoder[0](beside), stacked.log_std.exp())
            kl = D.kl_divergence(D.Normal(second.mean, second.std), D.Normal(0.0, 1.0)).sum(1)
            by_hand += q[:, k] * (kl - p1.log_prob(z1).sum(1) + q[:, k].log() + math.log(3))
    torch.testing.assert_close(total / 200, by_hand / 200, atol=0.4, rtol=0)


def test_m1_knows_nothing_of_m2(stacked: StackedM1M2) -> None:
    """Its gradient is that of a VAE of its own: distortion + KL(q(z1|x) || N(0, I))."""
    x = _pictures()

    def gradients(loss: torch.Tensor) -> list[torch.Tensor]:
        own = [*stacked.encoder.parameters(), *stacked.decoder[1].parameters()]
        return list(torch.autograd.grad(loss, own))

    terms = stacked.terms(x, TOLD, _seeded())
    assert terms.penalty is not None
    together = gradients((terms.distortion + terms.total_rate + terms.penalty).sum())
    first = stacked.first(x)
    z1 = first.sample(_seeded())
    nll = stacked.likelihood.nll(stacked.decoder[1](z1), unit_range(x))
    alone = gradients((nll + first.rate().sum(1)).sum())
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b)


def _separable(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of three kinds: the upper, the middle or the lower rows are bright, with some noise."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(n) % 3
    x = 0.2 * torch.rand(n, 1, 8, 8, generator=generator)
    for k, rows in enumerate([slice(0, 3), slice(3, 5), slice(5, 8)]):
        x[y == k, :, rows] += 0.7
    return x, y


def test_four_labels_a_class_name_all_samples(either: M2 | StackedM1M2) -> None:
    x, y = _separable(90)
    few = torch.where(torch.arange(90) < 12, y, -1)
    optimiser = torch.optim.Adam(either.parameters(), lr=5e-3)
    for _ in range(150):
        terms = either.terms(x, few)
        assert terms.penalty is not None
        optimiser.zero_grad()
        (terms.penalty - terms.elbo).mean().backward()
        optimiser.step()
    with torch.no_grad():
        assert float((either.classify(x).argmax(1) == y).float().mean()) > 0.95


@torch.no_grad()
def test_more_importance_samples_tighten_the_bound(either: M2 | StackedM1M2) -> None:
    x, where = _pictures(40), torch.arange(40)
    bounds = [float(importance_bound(either, x, where, k, seed=0).mean()) for k in (1, 10, 200)]
    assert bounds[0] < bounds[1] < bounds[2]
    noise = torch.Generator().manual_seed(0)
    elbo = torch.stack([either.terms(x, None, noise).elbo.mean() for _ in range(50)]).mean()
    single = [float(importance_bound(either, x, where, 1, seed).mean()) for seed in range(50)]
    assert abs(float(elbo) - sum(single) / 50) < 0.5  # one sample of class and code is the ELBO in the mean


@torch.no_grad()
def test_the_decoder_is_a_chain_of_plain_layers(stacked: StackedM1M2) -> None:
    terms: Terms = stacked.terms(_pictures())
    assert terms.z.shape == (5, 2)
    assert all(isinstance(part, torch.nn.Sequential) for part in stacked.decoder)


def test_m2_says_which_likelihood_it_takes() -> None:
    with pytest.raises(ValueError, match="takes bernoulli pixels"):
        model_spec(TINY.model_copy(update={"bottleneck": "class", "likelihood": "gaussian"}), INFO)
