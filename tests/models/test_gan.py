"""Laws of the decoder without an encoder: it makes, it is compared, and it encodes nothing."""

from __future__ import annotations

import pytest
import torch

from vae_core.config import DataInfo, TrainConfig, model_spec
from vae_core.models import GAN, build
from vae_core.models.gan import _energy_distance_parts

INFO = DataInfo(name="made up", sample_shape=(1, 8, 8), size=60)


@pytest.fixture
def gan() -> GAN:
    torch.manual_seed(0)
    config = TrainConfig(bottleneck="none", objective="adversarial", latent_dim=3, hidden=(16,))
    model = build(model_spec(config, INFO))
    assert isinstance(model, GAN)
    return model


def test_it_says_that_it_cannot_encode(gan: GAN) -> None:
    with pytest.raises(ValueError, match=r"no encoder.*no sample has a code"):
        gan.encode(torch.zeros(1, 1, 8, 8))


def test_the_critic_sees_what_is_decoded_beside_the_batch(gan: GAN) -> None:
    x = torch.randint(0, 256, (5, 1, 8, 8), dtype=torch.uint8)
    terms = gan.terms(x, generator=torch.Generator().manual_seed(3))
    assert terms.made is not None and terms.real is not None
    torch.testing.assert_close(terms.made, gan.decode(terms.z))
    torch.testing.assert_close(terms.real, x.float() / 255)
    assert terms.made.min().item() >= 0 and terms.made.max().item() <= 1
    torch.testing.assert_close(terms.z, gan.sample_prior(5, generator=torch.Generator().manual_seed(3)))
    assert (terms.rate == 0).all() and (terms.posterior.std == 0).all()
    assert terms.made.requires_grad


def test_the_distortion_is_the_energy_distance_without_pairs_of_one_sample() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(6, 1, 2, 2, generator=generator) + shift for shift in (0.0, 0.5))
    n = 6
    across = sum(float((a[i] - b[j]).norm()) for i in range(n) for j in range(n)) / n**2
    within = [sum(float((s[i] - s[j]).norm()) for i in range(n) for j in range(n) if i != j) / n / (n - 1)
              for s in (a, b)]  # fmt: skip
    assert float(_energy_distance_parts(a, b).mean()) == pytest.approx(2 * across - sum(within), abs=1e-5)


def test_the_distortion_does_not_depend_on_the_batchs_size() -> None:
    """0 in the mean where both are of one distribution, for small batches and larger ones."""
    generator = torch.Generator().manual_seed(0)
    for size, repeats in ((2, 3000), (20, 300)):
        drawn = torch.randn(2, repeats, size, 4, generator=generator)
        parts = [_energy_distance_parts(drawn[0, i], drawn[1, i]).mean() for i in range(repeats)]
        assert abs(float(torch.stack(parts).mean())) < 0.05


def test_one_sample_alone_is_at_no_distance(gan: GAN) -> None:
    assert gan.terms(torch.zeros(1, 1, 8, 8)).distortion.tolist() == [0.0]
