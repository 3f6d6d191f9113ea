"""Laws of the mixture that is fitted to codes after training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from vae_core.latent.mixture import Mixture, fit

CENTRES = np.array([[-4.0, 0.0, 1.0], [4.0, 3.0, 0.0], [0.0, -5.0, -2.0]])
SHARES = np.array([0.5, 0.3, 0.2])


def three_clouds(n: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    kind = generator.choice(3, n, p=SHARES)
    return (CENTRES[kind] + 0.5 * generator.standard_normal((n, 3))).astype(np.float32), np.zeros((n, 3), np.float32)


def test_it_finds_the_clouds_that_are_there() -> None:
    mixture = fit(*three_clouds(), components=3)
    order = [int(np.square(mixture.means - centre).sum(1).argmin()) for centre in CENTRES]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(mixture.means[order], CENTRES, atol=0.1)
    np.testing.assert_allclose(mixture.weights[order], SHARES, atol=0.04)
    covariances = mixture.roots @ mixture.roots.swapaxes(1, 2)
    np.testing.assert_allclose(covariances[order], np.broadcast_to(0.25 * np.eye(3), (3, 3, 3)), atol=0.06)


def test_its_density_is_that_of_torch() -> None:
    mixture = fit(*three_clouds(500), components=3)
    z = np.random.default_rng(1).standard_normal((50, 3)) * 5
    same = MixtureSameFamily(
        Categorical(torch.from_numpy(mixture.weights)),
        MultivariateNormal(torch.from_numpy(mixture.means), scale_tril=torch.from_numpy(mixture.roots)),
    )
    np.testing.assert_allclose(mixture.log_density(z), same.log_prob(torch.from_numpy(z)).numpy(), rtol=1e-9)


def test_what_it_draws_has_its_moments() -> None:
    mixture = fit(*three_clouds(), components=3)
    drawn = mixture.draw(40_000, seed=3)
    assert drawn.dtype == np.float32
    centre = mixture.weights @ mixture.means
    apart = mixture.means - centre
    spread = np.einsum("k,kij->ij", mixture.weights, mixture.roots @ mixture.roots.swapaxes(1, 2))
    spread += np.einsum("k,ki,kj->ij", mixture.weights, apart, apart)
    np.testing.assert_allclose(drawn.mean(0), centre, atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), spread, atol=0.4)


def test_a_seed_is_a_draw_and_the_temperature_only_widens_it() -> None:
    mixture = fit(*three_clouds(300), components=3)
    cold, usual, warm = (mixture.draw(20, temperature, seed=5).astype(np.float64) for temperature in (0.0, 1.0, 2.0))
    np.testing.assert_array_equal(usual, mixture.draw(20, seed=5))
    assert not np.array_equal(usual, mixture.draw(20, seed=6))
    np.testing.assert_allclose(warm - cold, 2 * (usual - cold), atol=1e-5)
    assert all(np.abs(mixture.means - code).sum(1).min() < 1e-5 for code in cold), "no spread: the centres alone"


def test_the_posteriors_width_counts() -> None:
    """Codes at one place with a spread of 1 are a cloud of variance 1, not a point."""
    mixture = fit(np.zeros((4000, 2)), np.ones((4000, 2)), components=1)
    np.testing.assert_allclose(mixture.roots[0] @ mixture.roots[0].T, np.eye(2), atol=0.1)


@pytest.mark.parametrize(
    "where", [np.zeros((50, 3)), np.repeat([[1.0, 2.0, 3.0]], 50, 0), np.eye(3)[[0] * 25 + [1] * 25]]
)
def test_codes_at_one_place_or_on_a_line_have_a_density_yet(where: np.ndarray) -> None:
    mixture = fit(where, np.zeros_like(where), components=2)
    assert np.isfinite(mixture.log_density(where)).all() and np.isfinite(mixture.draw(9)).all()
    assert (np.diagonal(mixture.roots, axis1=1, axis2=2) > 0).all()


def test_no_more_components_than_samples() -> None:
    generator = np.random.default_rng(0)
    mixture = fit(generator.standard_normal((4, 2)), np.zeros((4, 2)), components=10)
    assert len(mixture.weights) == 4 and mixture.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("mean", "components", "words"),
    [
        (np.zeros((1, 2)), 1, "at least two codes"),
        (np.zeros(4), 1, "at least two codes"),
        (np.zeros((4, 2)), 0, "at least one component"),
        (np.full((4, 2), np.nan), 1, "not finite"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(mean: np.ndarray, components: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit(mean, np.zeros_like(mean), components)


def test_the_same_seed_is_the_same_mixture() -> None:
    one, other = (fit(*three_clouds(400), components=3, seed=2) for _ in range(2))
    for name in Mixture.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
