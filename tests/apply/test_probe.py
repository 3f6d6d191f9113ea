"""Laws of groups and shares; on shipped runs, that codes tell more than the most frequent class and chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vae_core.apply.outcome import ApplyError, Merit, Outcome, wilson
from vae_core.apply.probe import METHODS, grouped, probe
from vae_core.runs import load_run


@pytest.mark.parametrize("method", METHODS)
def test_groups_that_lie_apart_are_found_and_noise_is_none(method: str) -> None:
    generator = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 60)
    apart = 20 * y[:, None] + generator.standard_normal((180, 4))
    found = grouped(method, apart, y)
    assert found.nmi == pytest.approx(1) and found.ari == pytest.approx(1) and found.found == 3
    assert grouped(method, apart, generator.permutation(y)).ari < 0.1


def test_an_interval_of_a_share_stays_inside_and_shrinks() -> None:
    assert wilson(0, 10)[0] == pytest.approx(0) and wilson(10, 10)[1] == pytest.approx(1)
    narrow, wide = wilson(500, 1000), wilson(5, 10)
    assert wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]
    with pytest.raises(ApplyError, match="no samples"):
        wilson(0, 0)


def test_the_verdict_names_who_wins() -> None:
    def outcome(ours: float, theirs: float, better: str, half: float = 0.01) -> Outcome:
        merits = (
            Merit("a", "Ours", ours, ours - half, ours + half),
            Merit("b", "Theirs", theirs, theirs - half, theirs + half, True),
        )
        return Outcome("probe", "run", "accuracy", better, merits)  # type: ignore[arg-type]

    better, worse = outcome(0.9, 0.8, "higher").verdict, outcome(0.9, 0.8, "lower").verdict
    assert better.winner == "model" and better.text.startswith("Ours is better than every baseline")
    assert worse.winner == "baseline" and worse.text.startswith("A baseline wins: Theirs")
    for ours, theirs in ((0.9, 0.8), (0.8, 0.9), (0.8, 0.8)):  # whoever is ahead
        drawn = outcome(ours, theirs, "higher", half=0.06).verdict
        assert drawn.winner is None and "their intervals overlap" in drawn.text
    assert outcome(0.9, 0.8, "higher", half=0).verdict.winner is None  # without intervals nobody can say
    assert replace(outcome(0.9, 0.8, "higher"), unfair="It was told.").verdict.winner is None
    assert outcome(float("nan"), 0.8, "lower").as_json()["merits"][0]["value"] is None


@pytest.mark.parametrize("run", ["digits-2d", "digits-10d", "breast-cancer", "digits-vq"])
def test_codes_tell_more_than_the_most_frequent_class(run: str) -> None:
    found = probe(load_run(run), training=500, samples=200)
    for name in ("linear_codes", "neighbours_codes"):
        assert found.outcome[name].low > found.outcome["majority"].high
    for method in METHODS:
        assert found.grouping[f"{method}_codes"].value > found.grouping["chance"].value
    assert max(each.ari for each in found.clusters if each.space == "codes") > 0.1  # 0 is chance
    assert len(found.clusters) == 9 and all(len(each.labels) == len(found.codes) for each in found.clusters)
    for outcome in (found.outcome, found.grouping):
        assert all(merit.low <= merit.value <= merit.high for merit in outcome.merits if merit.name != "chance")
        ahead = outcome.beats(outcome.best, outcome.best_baseline)
        assert outcome.verdict.winner in (None, "model" if ahead else "baseline")


def test_two_numbers_of_a_model_tell_more_than_two_of_pca() -> None:
    outcome = probe(load_run("digits-2d"), training=500).outcome
    assert outcome["linear_codes"].low > outcome["linear_pca"].high
    assert outcome["neighbours_codes"].low > outcome["neighbours_pca"].high


@pytest.mark.parametrize(("run", "sentence"), [("digits-gan", "no encoder"), ("grammar", "model of sentences")])
def test_what_cannot_be_is_said_in_a_sentence(run: str, sentence: str) -> None:
    with pytest.raises(ApplyError, match=sentence):
        probe(load_run(run))
