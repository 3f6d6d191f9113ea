"""Laws of filling in: what was seen stays, the linear model's conditional mean is met, and the mean is beaten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vae_core.apply import holes as masks
from vae_core.apply.impute import coverage, fill, fill_mean, fill_neighbours, impute, rmse
from vae_core.apply.material import data_of
from vae_core.apply.outcome import ApplyError
from vae_core.config import ModelSpec
from vae_core.guests import Store
from vae_core.models import build
from vae_core.models.linear import PCA
from vae_core.runs import load_run

GENERATOR = np.random.default_rng(0)


def linear_world(n: int = 400) -> tuple[PCA, np.ndarray]:
    """Probabilistic PCA of two dimensions in six columns, and the samples that it was fitted to."""
    loadings = GENERATOR.standard_normal((2, 6))
    x = GENERATOR.standard_normal((n, 2)) @ loadings + 0.3 * GENERATOR.standard_normal((n, 6)) + 1
    model = build(ModelSpec(net="mlp", sample_shape=(6,), latent_dim=2, bottleneck="linear", likelihood="real"))
    assert isinstance(model, PCA)
    model.begin(torch.from_numpy(x.astype(np.float32)))
    return model.eval(), x.astype(np.float32)


def conditional_mean(model: PCA, x: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """E[x_missing | x_seen] of N(mu, W W' + sigma^2 I) in closed form: [n, missing]."""
    weight = model.decoder.get_submodule("0").weight.detach().numpy().astype(float)  # [P, D]
    centre = model.decoder.get_submodule("0").bias.detach().numpy().astype(float)
    covariance = weight @ weight.T + float(model.likelihood.variance) * np.eye(len(weight))
    seen = ~hole
    slope = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, hole)])
    return centre[hole] + (x[:, seen] - centre[seen]) @ slope


def test_both_ways_meet_the_conditional_mean_of_a_linear_model() -> None:
    model, x = linear_world()
    hole = np.array([True, False, True, False, False, True])
    holes = np.tile(hole, (60, 1))
    exact = conditional_mean(model, x[:60], hole)
    spread = exact.std()
    gibbs, weighed = fill(model, x[:60], holes, x, draws=32, codes=4000, rounds=100)
    assert np.abs(weighed.mean[:, hole] - exact).mean() < 0.03 * spread
    assert np.abs(gibbs.mean[:, hole] - exact).mean() < 0.1 * spread
    assert np.median(weighed.effective) > 400
    assert coverage(weighed.draws, x[:60], holes) == pytest.approx(31 / 33, abs=0.06)


def test_what_was_seen_is_untouched_and_what_is_hidden_is_not_looked_at() -> None:
    model, x = linear_world(100)
    holes = masks.by_chance(100, 6, 0.4)
    spoilt = np.where(holes, 1e6, x).astype(np.float32)
    for honest, other in zip(fill(model, x, holes, x), fill(model, spoilt, holes, x), strict=True):
        np.testing.assert_array_equal(honest.mean, other.mean)
        np.testing.assert_array_equal(honest.mean[~holes], x[~holes])
        np.testing.assert_array_equal(honest.draws[:, ~holes], np.tile(x[~holes], (len(honest.draws), 1)))
    for way in (fill_mean, fill_neighbours):
        made = way(x, holes, x[:50] + 1)
        np.testing.assert_array_equal(made[~holes], x[~holes])
        np.testing.assert_array_equal(made, way(spoilt, holes, x[:50] + 1))
        assert np.isfinite(made).all()


def test_errors_are_of_the_holes_alone() -> None:
    truth, holes = np.zeros((2, 4), np.float32), np.array([[True, False, False, False]] * 2)
    filled = np.array([[3, 9, 9, 9], [4, 9, 9, 9]], np.float32)
    assert rmse(filled, truth, holes) == pytest.approx(np.sqrt(12.5))
    with pytest.raises(ApplyError, match="Nothing is missing"):
        rmse(filled, truth, np.zeros_like(holes))


def test_masks() -> None:
    chance = masks.by_chance(500, 64, 0.3)
    assert chance.mean() == pytest.approx(0.3, abs=0.02) and not masks.by_chance(50, 2, 0.99).all(1).any()
    colours = masks.by_chance(20, 48, 0.5, channels=3).reshape(20, 3, 16)
    assert (colours == colours[:, :1]).all()  # whole pixels
    lower = masks.half(3, (1, 8, 8), "lower").reshape(3, 8, 8)
    assert lower[:, 4:].all() and not lower[:, :4].any()
    assert masks.of_columns(2, ("a", "b", "c"), ("b", "0")).tolist() == [[True, True, False]] * 2
    drawn = np.zeros((1, 8, 8), bool)
    drawn[0, 2] = True
    assert masks.checked(drawn, 5, 64).sum() == 40
    for wrong in (np.ones((1, 64), bool), np.zeros((1, 63), bool), np.zeros((2, 64), bool), np.zeros((1, 64))):
        with pytest.raises(ApplyError):
            masks.checked(wrong, 5, 64)


@pytest.mark.parametrize(("run", "settings"), [("breast-cancer", {}), ("digits-10d", {"half": "lower"})])
def test_the_models_ways_beat_the_mean_and_the_outcome_says_who_wins(run: str, settings: dict[str, str]) -> None:
    """On digits, neighbours may win: then the verdict says so."""
    made = impute(load_run(run), samples=60, **settings)  # type: ignore[arg-type]
    outcome = made.outcome
    assert outcome["importance"].high < outcome["mean"].low and outcome["gibbs"].value < outcome["mean"].value
    np.testing.assert_array_equal(made.filled["importance"][~made.holes], made.truth[~made.holes])
    neighbours_win = outcome["neighbours"].value < outcome.best.value
    assert outcome.verdict.winner != ("model" if neighbours_win else "baseline")
    assert made.draws["importance"].shape == (32, *made.truth.shape)


def test_a_guest_is_filled_in_like_a_sample_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path))
    run = load_run("digits-10d")
    twin = data_of(run).split("test").x[3].numpy()
    guest = Store.here().add(run.config.data, twin)
    index = int(data_of(run).split("test").index[3])
    mine, theirs = (impute(run, half="lower", at=at, codes=100) for at in (guest.number, index))
    np.testing.assert_allclose(mine.truth, theirs.truth)
    np.testing.assert_allclose(mine.filled["importance"], theirs.filled["importance"], atol=1e-5)
    for gone in (guest.number - 1, 10**6):
        with pytest.raises(ApplyError, match=r"is not kept here|has samples 0 to"):
            impute(run, half="lower", at=gone)


@pytest.mark.parametrize("run", ["digits-vamp", "digits-ladder", "digits-class"])
def test_families_with_other_priors_fill_better_than_the_mean(run: str) -> None:
    outcome = impute(load_run(run), samples=30, draws=8, codes=200).outcome
    assert outcome["importance"].value < outcome["mean"].value


@pytest.mark.parametrize(
    ("run", "settings", "sentence"),
    [
        ("digits-autoencoder", {}, "no posterior to draw from"),
        ("digits-vq", {}, "no posterior"),
        ("digits-gan", {}, "no encoder"),
        ("digits-m2", {}, "infers a class"),
        ("digits-quadrants", {}, "told a part"),
        ("grammar", {}, "reads sentences"),
        ("breast-cancer", {"half": "lower"}, "Only pictures have halves"),
        ("digits-10d", {"half": "middle"}, "no middle half"),
        ("digits-10d", {"columns": ("a",)}, "no column a"),
        ("breast-cancer", {"columns": ("height",)}, "no column height"),
        ("digits-10d", {"share": 1.0}, "between 0 and 1"),
        ("digits-10d", {"draws": 1}, "Between 2 and 64 draws"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run: str, settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ApplyError, match=sentence):
        impute(load_run(run), samples=5, **settings)  # type: ignore[arg-type]
