"""Laws of the objectives."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
import torch

from vae_core.config import TrainConfig, default_title
from vae_core.models import Posterior, Terms
from vae_core.objective_cards import OBJECTIVE_CARDS, fact_of, label_of, tag_of, values_of
from vae_core.objectives import OBJECTIVES, Setting, beta_elbo, capacity, free_bits, ramp


def at(config: TrainConfig, step: float = 0.0) -> Setting:
    return Setting(config, step, total=1000, samples=500)


@pytest.fixture
def terms() -> Terms:
    g = torch.Generator().manual_seed(0)
    posterior = Posterior(torch.randn(7, 3, generator=g).requires_grad_(), torch.rand(7, 3, generator=g) + 0.1)
    return Terms(torch.rand(7, generator=g) * 50, posterior.rate(), posterior)


def test_rate_is_torchs_kl() -> None:
    g = torch.Generator().manual_seed(1)
    mean, std = torch.randn(9, 4, generator=g) * 2, torch.rand(9, 4, generator=g) + 0.05
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, std), normal(0.0, 1.0))
    torch.testing.assert_close(Posterior(mean, std).rate(), expected)


def test_beta_one_is_minus_the_elbo(terms: Terms) -> None:
    loss = beta_elbo(terms, at(TrainConfig(beta=1), 10.0))
    torch.testing.assert_close(loss, terms.distortion + terms.rate.sum(1))


def test_beta_weighs_the_rate_alone(terms: Terms) -> None:
    one, four = (beta_elbo(terms, at(TrainConfig(beta=b), 0.0)) for b in (1, 4))
    torch.testing.assert_close(four - one, 3 * terms.rate.sum(1))


def test_warm_up_begins_without_rate_and_ends_at_beta(terms: Terms) -> None:
    config = TrainConfig(beta=4, warmup_steps=100)
    torch.testing.assert_close(beta_elbo(terms, at(config, 0.0)), terms.distortion)
    late = beta_elbo(terms, at(TrainConfig(beta=4), 0.0))
    for step in (100.0, 5000.0):
        torch.testing.assert_close(beta_elbo(terms, at(config, step)), late)


def test_warm_up_from_above_comes_down_to_beta(terms: Terms) -> None:
    config = TrainConfig(beta=4, warmup_steps=100, warmup_from=40)
    halfway = beta_elbo(terms, at(config, 50.0))
    torch.testing.assert_close(halfway, beta_elbo(terms, at(TrainConfig(beta=22), 0.0)))
    torch.testing.assert_close(beta_elbo(terms, at(config, 100.0)), beta_elbo(terms, at(TrainConfig(beta=4), 0.0)))


def test_ramp_is_the_same_for_tensors_and_numbers() -> None:
    for step in (0.0, 3.0, 10.0, 99.0):
        assert float(ramp(torch.tensor(step), 10, 2.5)) == pytest.approx(float(ramp(step, 10, 2.5)))


def test_free_bits_cost_a_constant_below_and_nothing_else_above(terms: Terms) -> None:
    means = terms.rate.mean(0)
    middle = float(means.detach().sort().values[1]) - 1e-6  # one dimension sleeps, two are awake
    free = free_bits(terms.rate, middle)
    asleep = means <= middle
    assert int(asleep.sum()) == 1
    assert (free[:, asleep] == middle).all()
    torch.testing.assert_close(free[:, ~asleep], terms.rate[:, ~asleep])
    (gradient,) = torch.autograd.grad(free.sum(), terms.posterior.mean)
    assert (gradient[:, asleep] == 0).all() and (gradient[:, ~asleep] != 0).any()


def test_capacity_costs_nothing_where_the_rate_is_the_target(terms: Terms) -> None:
    nats = float(terms.rate.detach().sum(1).mean())
    config = TrainConfig(objective="capacity", capacity=nats, capacity_steps=10, gamma=1000)
    torch.testing.assert_close(capacity(terms, at(config, 10.0)), terms.distortion, atol=0.01, rtol=1e-4)
    begin = capacity(terms, at(config, 0.0))
    torch.testing.assert_close(begin, terms.distortion + 1000 * nats)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_gives_one_number_a_sample(name: str, terms: Terms) -> None:
    loss = OBJECTIVES[name].loss(terms, at(TrainConfig(objective=name), 5.0))  # type: ignore[arg-type]
    assert loss.shape == (7,) and torch.isfinite(loss).all()


def test_each_objective_has_a_function_a_name_and_a_card() -> None:
    names = get_args(TrainConfig.model_fields["objective"].annotation)
    assert set(names) == OBJECTIVES.keys() == OBJECTIVE_CARDS.keys()
    for card in OBJECTIVE_CARDS.values():
        assert card.settings and set(card.settings) <= TrainConfig.model_fields.keys()


def test_titles_and_names_are_made_of_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    config = TrainConfig(objective="capacity", gamma=50)
    assert (fact_of(TrainConfig(beta=4)), fact_of(config)) == (("beta", "4"), ("capacity", "25 nats"))
    assert (tag_of(TrainConfig(beta=0.5)), tag_of(config)) == ("beta0.5", "c25")
    assert values_of(config) == "C (nats) = 25, γ = 50"
    other = replace(OBJECTIVE_CARDS["capacity"], settings=("gamma", "capacity"), fact="pull", tag="g", unit="")
    monkeypatch.setitem(OBJECTIVE_CARDS, "capacity", other)
    assert default_title(config) == "digits, 10 dimensions, pull 50" and tag_of(config) == "g50"
    assert label_of("warmup_from", TrainConfig) == "Warm-up from" and label_of("decay", TrainConfig) == "Decay"
