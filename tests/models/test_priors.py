"""Laws of the priors: the VampPrior is the mixture that torch.distributions makes of its components."""

from __future__ import annotations

import pytest
import torch
from torch import distributions as D

from vae_core.config import DataInfo, ModelSpec, TrainConfig, model_spec
from vae_core.models import VAE, Posterior, build
from vae_core.models.priors import StandardNormal, VampPrior, log_normal

INFO = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60)
TABLE = DataInfo(
    name="made up",
    kind="table",
    sample_shape=(5,),
    size=60,
    columns=tuple("abcde"),
    centre=(0.0,) * 5,
    scale=(1.0,) * 5,
)


def _spec(info: DataInfo = INFO, components: int = 4) -> ModelSpec:
    return model_spec(TrainConfig(latent_dim=3, hidden=(16,), prior="vamp", pseudo_inputs=components), info)


@pytest.fixture
def vamp() -> VampPrior:
    """As it evaluates; in training it shares the same rate out otherwise."""
    torch.manual_seed(0)
    return VampPrior(_spec()).eval()


def _posteriors(n: int, seed: int = 0) -> Posterior:
    generator = torch.Generator().manual_seed(seed)
    return Posterior(torch.randn(n, 3, generator=generator), 0.2 + torch.rand(n, 3, generator=generator))


def _mixture(components: Posterior) -> D.MixtureSameFamily:
    """1/K sum_k N(mean_k, diag(std_k^2))."""
    each = D.Independent(D.Normal(components.mean, components.std), 1)
    return D.MixtureSameFamily(D.Categorical(torch.ones(len(components.mean))), each)


def test_the_normals_are_torchs() -> None:
    q = _posteriors(6)
    z = q.sample(torch.Generator().manual_seed(1))
    torch.testing.assert_close(log_normal(z, q.mean, q.std), D.Normal(q.mean, q.std).log_prob(z))
    torch.testing.assert_close(StandardNormal().log_density(z, None), D.Normal(0.0, 1.0).log_prob(z).sum(1))
    expected = D.kl_divergence(D.Normal(q.mean, q.std), D.Normal(0.0, 1.0))
    torch.testing.assert_close(StandardNormal().rate(q, z, None), expected)
    assert StandardNormal().pseudo_inputs() is None


def test_the_vamp_priors_density_is_the_mixtures(vamp: VampPrior) -> None:
    components = _posteriors(4, 1)
    z = torch.randn(7, 2, 3, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(vamp.log_density(z, components), _mixture(components).log_prob(z))


def test_its_rate_sums_to_log_q_minus_log_p(vamp: VampPrior) -> None:
    q, components = _posteriors(6), _posteriors(4, 1)
    z = q.sample(torch.Generator().manual_seed(2))
    rate = vamp.rate(q, z, components)
    assert rate.shape == (6, 3)
    log_q = D.Normal(q.mean, q.std).log_prob(z).sum(1)
    torch.testing.assert_close(rate.sum(1), log_q - _mixture(components).log_prob(z))


def test_its_rate_is_shared_out_by_the_chain_rule(vamp: VampPrior) -> None:
    """The first d dimensions' part is that of the mixture's marginal of these d."""
    q, components = _posteriors(6), _posteriors(4, 1)
    z = q.sample(torch.Generator().manual_seed(2))
    rate = vamp.rate(q, z, components)
    for d in (1, 2):
        marginal = _mixture(Posterior(components.mean[:, :d], components.std[:, :d]))
        log_q = D.Normal(q.mean, q.std).log_prob(z)[:, :d].sum(1)
        torch.testing.assert_close(rate[:, :d].sum(1), log_q - marginal.log_prob(z[:, :d]))


def test_its_rate_is_not_negative_in_the_mean(vamp: VampPrior) -> None:
    """Each dimension's is a KL divergence given the dimensions before it, once averaged over codes."""
    components = _posteriors(4, 1)
    for q in (_posteriors(1), Posterior(components.mean[:1], components.std[:1])):
        many = Posterior(q.mean.expand(50_000, 3), q.std.expand(50_000, 3))
        rate = vamp.rate(many, many.sample(torch.Generator().manual_seed(0)), components).mean(0)
        assert (rate > -0.01).all() and rate.sum() > 0


def test_in_training_it_charges_the_same_with_the_same_gradient(vamp: VampPrior) -> None:
    q, components = _posteriors(6), _posteriors(4, 1)
    vamp.many = True
    charged = []
    for training in (False, True):
        leaves = [part.double().requires_grad_() for part in (q.mean, q.std, components.mean, components.std)]
        posterior, parts = Posterior(*leaves[:2]), Posterior(*leaves[2:])
        z = posterior.sample(torch.Generator().manual_seed(2))
        rate = vamp.train(training).rate(posterior, z, parts)
        assert rate.shape == (6, 3)
        total = rate.sum(1)
        charged.append((total, *torch.autograd.grad(total.square().sum(), leaves)))
    for evaluated, trained in zip(*charged, strict=True):
        torch.testing.assert_close(trained, evaluated)


def test_few_components_share_by_the_chain_rule_in_training_too(vamp: VampPrior) -> None:
    """Free bits go by dimension: one that carries nothing must cost nothing."""
    q, components = _posteriors(6), _posteriors(4, 1)
    z = q.sample(torch.Generator().manual_seed(2))
    torch.testing.assert_close(vamp.train().rate(q, z, components), vamp.eval().rate(q, z, components))
    many = {"prior": "vamp", "pseudo_inputs": 101}
    assert VampPrior(model_spec(TrainConfig(latent_dim=3, hidden=(16,), **many), INFO)).many
    with pytest.raises(ValueError, match="free bits go by dimension"):
        TrainConfig(free_bits=0.2, **many)
    with pytest.raises(ValueError, match="free bits go by dimension"):
        TrainConfig(turns=({"step": 5, "setting": "free_bits", "value": 0.2},), **many)


def test_half_precision_around_it_changes_nothing(vamp: VampPrior) -> None:
    q, components = _posteriors(6), _posteriors(4, 1)
    z = q.sample(torch.Generator().manual_seed(2))
    vamp.many = True
    for training in (False, True):
        vamp.train(training)
        full = vamp.rate(q, z, components), vamp.log_density(z, components)
        with torch.autocast("cpu", torch.bfloat16):
            half = vamp.rate(q, z, components), vamp.log_density(z, components)
        torch.testing.assert_close(half, full, rtol=0, atol=0)


def test_one_component_is_a_plain_normal(vamp: VampPrior) -> None:
    q = _posteriors(20_000)
    unit = Posterior(torch.zeros(1, 3), torch.ones(1, 3))
    z = q.sample(torch.Generator().manual_seed(1))
    torch.testing.assert_close(vamp.log_density(z, unit), StandardNormal().log_density(z, None))
    torch.testing.assert_close(vamp.rate(q, z, unit).mean(0), q.rate().mean(0), atol=0.03, rtol=0.03)


def test_extreme_codes_keep_a_density(vamp: VampPrior) -> None:
    components = Posterior(torch.tensor([[-1e3, 0.0, 1e3]]).expand(4, 3), torch.full((4, 3), 0.01))
    q = Posterior(torch.zeros(2, 3), torch.ones(2, 3))
    assert torch.isfinite(vamp.rate(q, torch.full((2, 3), 50.0), components)).all()


def test_without_components_it_says_what_it_needs(vamp: VampPrior) -> None:
    q = _posteriors(2)
    for call in (lambda: vamp.log_density(q.mean, None), lambda: vamp.rate(q, q.mean, None)):
        with pytest.raises(ValueError, match="posteriors of its pseudo-inputs"):
            call()


@torch.no_grad()
@pytest.mark.parametrize("info", [INFO, TABLE], ids=["pictures", "table"])
def test_dreams_come_from_the_mixture(info: DataInfo) -> None:
    torch.manual_seed(0)
    model = build(_spec(info)).eval()
    assert isinstance(model, VAE) and isinstance(model.prior, VampPrior)
    inputs = model.prior.pseudo_inputs()
    assert inputs.shape == (4, *info.sample_shape)
    if info.kind == "image":
        assert inputs.min() >= 0 and inputs.max() <= 1
    mixture = _mixture(model.encode(inputs))
    drawn = model.sample_prior(40_000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn.mean(0), mixture.mean, atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.var(0), mixture.variance, atol=0.05, rtol=0.05)
    cold = model.sample_prior(40_000, temperature=0.0, generator=torch.Generator().manual_seed(0))
    assert len(cold.unique(dim=0)) == 4  # the components' middles
