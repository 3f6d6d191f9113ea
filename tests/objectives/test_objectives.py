"""Laws of the objectives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import nn

from vae_core.config import DataInfo, ModelSpec, RunConfig, TrainConfig, model_spec
from vae_core.model_cards import default_title
from vae_core.models import Posterior, Terms
from vae_core.models.base import Draws
from vae_core.objective_cards import OBJECTIVE_CARDS, fact_of, label_of, tag_of, unsuited, values_of
from vae_core.objectives import OBJECTIVES, Setting, beta_elbo, capacity, free_bits
from vae_core.objectives.elbo import judge_capacity, judge_elbo

At = Callable[..., Setting]


def test_rate_is_torchs_kl() -> None:
    g = torch.Generator().manual_seed(1)
    mean, std = torch.randn(9, 4, generator=g) * 2, torch.rand(9, 4, generator=g) + 0.05
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, std), normal(0.0, 1.0))
    torch.testing.assert_close(Posterior(mean, std).rate(), expected)


def test_beta_one_is_minus_the_elbo(terms: Terms, at: At) -> None:
    loss = beta_elbo(terms, at(TrainConfig(beta=1), 10.0))
    torch.testing.assert_close(loss, terms.distortion + terms.rate.sum(1))


def test_beta_weighs_the_rate_alone(terms: Terms, at: At) -> None:
    one, four = (beta_elbo(terms, at(TrainConfig(beta=b), 0.0)) for b in (1, 4))
    torch.testing.assert_close(four - one, 3 * terms.rate.sum(1))


def test_warm_up_begins_without_rate_and_ends_at_beta(terms: Terms, at: At) -> None:
    config = TrainConfig(beta=4, warmup_steps=100)
    torch.testing.assert_close(beta_elbo(terms, at(config, 0.0)), terms.distortion)
    late = beta_elbo(terms, at(TrainConfig(beta=4), 0.0))
    for step in (100.0, 5000.0):
        torch.testing.assert_close(beta_elbo(terms, at(config, step)), late)


def test_warm_up_from_above_comes_down_to_beta(terms: Terms, at: At) -> None:
    config = TrainConfig(beta=4, warmup_steps=100, warmup_from=40)
    halfway = beta_elbo(terms, at(config, 50.0))
    torch.testing.assert_close(halfway, beta_elbo(terms, at(TrainConfig(beta=22), 0.0)))
    torch.testing.assert_close(beta_elbo(terms, at(config, 100.0)), beta_elbo(terms, at(TrainConfig(beta=4), 0.0)))


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


def test_capacity_costs_nothing_where_the_rate_is_the_target(terms: Terms, at: At) -> None:
    nats = float(terms.rate.detach().sum(1).mean())
    config = TrainConfig(objective="capacity", capacity=nats, capacity_steps=10, gamma=1000)
    torch.testing.assert_close(capacity(terms, at(config, 10.0)), terms.distortion, atol=0.01, rtol=1e-4)
    begin = capacity(terms, at(config, 0.0))
    torch.testing.assert_close(begin, terms.distortion + 1000 * nats)


def test_the_judge_of_the_elbo_and_of_capacity_is_their_loss_at_the_end(terms: Terms, at: At) -> None:
    config = TrainConfig(beta=3, warmup_steps=900, capacity_steps=1000, free_bits=0.5)
    torch.testing.assert_close(judge_elbo(terms, config), beta_elbo(terms, at(config, 1000.0)))
    torch.testing.assert_close(judge_capacity(terms, config), capacity(terms, at(config, 1000.0)))
    assert not torch.allclose(judge_elbo(terms, config), beta_elbo(terms, at(config, 10.0)))


def test_a_shared_rate_is_weighed_as_the_rest_and_a_penalty_is_not(terms: Terms, at: At) -> None:
    more = replace(terms, shared=torch.full((7,), 2.0), penalty=torch.full((7,), 5.0))
    for objective in ("elbo", "tcvae", "dip", "mmd", "iwae"):
        config = TrainConfig(objective=objective, importance_samples=1, mmd_alpha=0)  # type: ignore[arg-type]
        loss = OBJECTIVES[objective].loss
        torch.testing.assert_close(loss(more, at(config)) - loss(terms, at(config)), torch.full((7,), 7.0))
    config = TrainConfig(beta=4)
    torch.testing.assert_close(beta_elbo(more, at(config)) - beta_elbo(terms, at(config)), torch.full((7,), 13.0))
    torch.testing.assert_close(judge_elbo(more, config) - judge_elbo(terms, config), torch.full((7,), 8.0))


class Whole(nn.Module):
    """A model as small as can be, with all that any objective looks at."""

    def __init__(self, mean: float, log_std: float, batch: int, dims: int) -> None:
        super().__init__()
        g = torch.Generator().manual_seed(4)
        self.mean = nn.Parameter(mean * torch.randn(batch, dims, generator=g))
        self.log_std = nn.Parameter(torch.full((batch, dims), float(log_std)))
        self.scale = nn.Parameter(torch.ones(dims))

    def terms(self, draws: int, generator: torch.Generator) -> Terms:
        posterior = Posterior(self.mean, self.log_std.exp())
        noise = torch.randn(draws, *self.mean.shape, generator=generator)
        z = posterior.mean + posterior.std * noise  # [K, B, D]
        distortion = (z * self.scale - 0.5).square().sum(2)  # [K, B]
        log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(2)
        log_q = torch.distributions.Normal(posterior.mean.detach(), posterior.std.detach()).log_prob(z).sum(2)
        made = (z[0] * self.scale).sigmoid()[:, :, None, None].expand(-1, -1, 8, 8).mean(1, keepdim=True)
        return Terms(
            distortion[0],
            posterior.rate(),
            posterior,
            z[0],
            draws=Draws(z, distortion, log_prior, log_q) if draws > 1 else None,
            made=made,
            real=torch.rand(made.shape, generator=generator),
        )


SPEC = ModelSpec(net="mlp", sample_shape=(1, 8, 8), latent_dim=2, hidden=(16,))


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize(
    ("mean", "log_std", "batch"), [(1, -1, 7), (0, 0, 7), (0, -7.5, 7), (30, -7.5, 7), (1, 7.5, 7), (1, -1, 1)]
)
def test_losses_and_their_gradients_are_finite(name: str, mean: float, log_std: float, batch: int, at: At) -> None:
    """Codes that tell nothing (rate 0, all alike), posteriors as narrow and as wide as models make them, one sample."""
    objective, config = OBJECTIVES[name], TrainConfig(objective=name, beta=6)  # type: ignore[arg-type]
    model = Whole(mean, log_std, batch, dims=2)
    torch.manual_seed(0)
    critic = objective.critic(SPEC, config) if objective.critic else None
    setting = replace(at(config, 5.0), critic=critic)
    terms = model.terms(objective.draws(config), torch.Generator().manual_seed(1))
    loss = objective.loss(terms, setting)
    assert loss.shape == (batch,) and torch.isfinite(loss).all()
    loss.mean().backward(inputs=list(model.parameters()))
    for parameter in model.parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all()
    if objective.judge:
        judged = objective.judge(terms, config)
        assert judged.shape == (batch,) and torch.isfinite(judged).all()
    if objective.critic_loss and critic:
        second = objective.critic_loss(terms, setting)
        assert second.shape == (batch,) and torch.isfinite(second).all()
        before = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
        second.mean().backward()
        assert all(torch.isfinite(p.grad).all() for p in critic.parameters() if p.grad is not None)
        for parameter, gradient in zip(model.parameters(), before, strict=True):
            assert torch.equal(parameter.grad, gradient), "the critic's loss is none of the model's business"


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_is_the_same_for_a_step_in_a_tensor(name: str, at: At) -> None:
    """As a captured graph has it."""
    objective, config = OBJECTIVES[name], TrainConfig(objective=name, warmup_steps=10, pretrain_steps=3)  # type: ignore[arg-type]
    torch.manual_seed(0)
    critic = objective.critic(SPEC, config) if objective.critic else None
    terms = Whole(1, -1, 4, dims=2).terms(objective.draws(config), torch.Generator().manual_seed(1))
    for step in (0.0, 5.0, 500.0):
        number, tensor = (replace(at(config, s), critic=critic) for s in (step, torch.tensor(step)))
        torch.testing.assert_close(objective.loss(terms, tensor), objective.loss(terms, number))


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


def test_an_objective_says_which_models_it_is_made_for() -> None:
    assert unsuited(TrainConfig()) == unsuited(TrainConfig(objective="mmd", bottleneck="point")) == ""
    assert unsuited(TrainConfig(objective="adversarial")) == (
        "the adversarial objective takes the bottleneck none, not gaussian"
    )
    assert "choose adversarial" in unsuited(TrainConfig(bottleneck="none"))
    assert unsuited(TrainConfig(bottleneck="none", objective="adversarial")) == ""
    assert "gaussian or point, not none" in unsuited(TrainConfig(objective="mmd", bottleneck="none"))
    assert "not a vamp one" in unsuited(TrainConfig(objective="dip", prior="vamp"))
    info = DataInfo(name="toy", sample_shape=(1, 8, 8), size=9)
    train = TrainConfig(objective="adversarial")
    with pytest.raises(ValueError, match="takes the bottleneck none"):
        RunConfig(train=train, model=model_spec(train, info), data=info)
