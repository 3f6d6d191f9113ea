"""Laws of intervals, and of what known codes get."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.metrics.disentanglement import METRICS, known_codes, measure, self_test
from vae_core.metrics.disentanglement.estimates import Estimate, Settings, as_used, estimate, full_settings

SIZES = (3, 6)
QUICK = {
    "dci": {"train_samples": 400, "test_samples": 200},
    "factor_vae": {"train_votes": 500, "evaluation_votes": 300},
    "beta_vae": {"train_points": 500, "evaluation_points": 300},
}


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(0, size, count) for size in SIZES], 1)
    return factors / np.array(SIZES) + rng.normal(size=(count, 2)) * 0.2, factors


def test_each_score_comes_with_interval_settings_and_a_matrix() -> None:
    codes, factors = drawn(600, 0)
    said: list[float] = []
    found = measure(codes, factors, repeats=3, settings=QUICK, progress=lambda part, text: said.append(part))
    assert list(found) == list(METRICS)
    for name, one in found.items():
        assert 0 <= one.low <= one.score <= one.high <= 1 and "3 estimates" in one.interval
        assert one.settings == as_used({**METRICS[name].settings, **QUICK.get(name, {})}, 600)
        if METRICS[name].matrix:
            assert one.parts[METRICS[name].matrix].shape == (2, 2)
        assert one.score == estimate(name, codes, factors, one.settings).score
    assert said == sorted(said) and said[0] >= 0 and said[-1] <= 1


def test_settings_say_how_many_samples_were_used() -> None:
    codes, factors = drawn(300, 0)
    found = measure(codes, factors, ["mig", "sap"], repeats=0)
    assert found["mig"].settings == {"samples": 300, "bins": 20}
    assert found["sap"].settings == {"train_samples": 200, "test_samples": 100, "penalty": 0.01}
    asked = measure(codes, factors, ["sap"], repeats=0, settings={"sap": {"train_samples": 50, "test_samples": 20}})
    assert asked["sap"].settings == {"train_samples": 50, "test_samples": 20, "penalty": 0.01}


# the spread of scores of fresh samples, against that which an interval of one set of samples says
@pytest.mark.parametrize("name", ["mig", "modularity", "sap", "explicitness", "factor_vae"])
def test_an_interval_is_as_wide_as_fresh_samples_spread(name: str) -> None:
    fresh, reaches = [], []
    for seed in range(24):
        codes, factors = drawn(500, seed)
        repeats = 10 if seed < 6 else 0
        one = measure(codes, factors, [name], seed=seed, repeats=repeats, settings=QUICK)[name]
        fresh.append(one.score)
        if repeats:
            reaches.append((one.high - one.low) / 2)
    true = 2.26 * np.std(fresh, ddof=1)  # t(9): what an interval of ten repeats reaches for
    assert 0.5 < np.mean(reaches) / true < 2.0


def test_an_interval_narrows_with_the_root_of_the_samples() -> None:
    few, many = (measure(*drawn(count, 1), ["mig"], repeats=60)["mig"] for count in (500, 8000))
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(1 / 4, rel=0.4)
    # of 8,000 samples of which 500 are used, the interval is that of 500
    some = measure(*drawn(8000, 1), ["mig"], repeats=60, settings={"mig": {"samples": 500}})["mig"]
    assert (some.high - some.low) / (few.high - few.low) == pytest.approx(1, rel=0.4)


def test_without_repeats_there_is_no_interval() -> None:
    one = measure(*drawn(200, 0), ["mig"], repeats=0)["mig"]
    assert np.isnan(one.low) and np.isnan(one.high) and one.interval == "No interval was asked for."


def test_factors_that_never_vary_have_no_row() -> None:
    codes, factors = drawn(300, 0)
    wider = np.insert(factors, 1, 4, axis=1)
    one, other = (measure(codes, given, ["mig"], repeats=0)["mig"] for given in (factors, wider))
    assert one.score == other.score and other.parts["share"].shape == (2, 2)


def test_a_sampler_is_drawn_from_anew() -> None:
    codes, factors = drawn(300, 0)
    asked: list[int] = []

    def sampler(wanted: np.ndarray) -> np.ndarray:
        asked.append(len(wanted))
        return wanted / np.array(SIZES)

    one = measure(codes, factors, ["factor_vae"], sampler=sampler, repeats=2, settings=QUICK)["factor_vae"]
    assert one.score == 1 and sum(asked) == 3 * 800 * 64 and max(asked) <= 1 << 16


@pytest.mark.parametrize(
    ("names", "more", "sentence"),
    [
        (["mog"], {}, "no score called mog: choose mig, dci"),
        (["mig"], {"settings": {"mig": {"beans": 3}}}, "no setting beans"),
        (["mig"], {"repeats": 1}, "at least two repeats"),
    ],
)
def test_what_is_unknown_is_said(names: list[str], more: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        measure(*drawn(50, 0), names, **more)  # type: ignore[arg-type]


# -- known codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METRICS)
def test_a_self_test_tells_the_known_codes_apart(name: str) -> None:
    found = self_test(name, 600, 4, (*SIZES, 10), settings=QUICK.get(name))
    assert found.perfect > found.noise
    if name == "factor_vae":  # by its variances a turned code tells few factors apart nearly as well
        assert found.rotated <= found.perfect
    elif METRICS[name].rotates:
        assert found.rotated < found.perfect - 0.02
    if name in ("mig", "sap"):  # gaps: the first factor's is gone
        assert found.doubled < found.perfect - 0.05
    else:
        assert found.doubled == pytest.approx(found.perfect, abs=0.1)
    assert self_test(name, 600, 4, (*SIZES, 10), settings=QUICK.get(name)) is found  # kept in memory


def test_a_self_test_uses_the_threads_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Settings] = []

    def estimated(name: str, codes: np.ndarray, factors: np.ndarray, settings: Settings, *, seed: int) -> Estimate:
        used.append(settings)
        return Estimate(0.5, {})

    monkeypatch.setattr("vae_core.metrics.disentanglement.trial.estimate", estimated)
    self_test("dci", 61, 4, SIZES, settings={"threads": 3}, seed=1)
    assert len(used) == 4 and {settings["threads"] for settings in used} == {3}


def test_known_codes_are_what_they_are_called() -> None:
    factors, codes = known_codes(500, 4, (3, 1, 6))
    assert factors.shape == (500, 2)  # one of one value is none
    for k in range(2):
        assert abs(np.corrcoef(codes["perfect"][:, k], factors[:, k])[0, 1]) > 0.999
        assert np.abs([np.corrcoef(codes["noise"][:, d], factors[:, k])[0, 1] for d in range(4)]).max() < 0.2
    assert codes["perfect"][:, 2:].std() < 0.05
    np.testing.assert_array_equal(codes["doubled"][:, 4], codes["doubled"][:, 0])
    # turned, not squeezed
    np.testing.assert_allclose((codes["rotated"] ** 2).sum(1), (codes["perfect"] ** 2).sum(1))
    with pytest.raises(ValueError, match="at least two factors"):
        known_codes(10, 2, (5,))


def test_settings_are_full_or_refused() -> None:
    assert full_settings("mig", {"bins": 10}) == {"samples": 10_000, "bins": 10}
    assert "threads" in full_settings("dci", {"threads": 2})
