"""Attribute vectors beside random ones, sums of groups, and a hand that stays while the class changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vae_core.apply.arithmetic import STRENGTHS, attribute_between, between, combined, directions
from vae_core.apply.material import data_of, part_of
from vae_core.apply.outcome import ApplyError
from vae_core.apply.style import hand, restyle, restyled
from vae_core.guests import Store
from vae_core.runs import load_run


def test_an_effect_is_that_of_the_groups_and_random_groups_have_little() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.standard_normal((2, 400, 3))
    found = attribute_between(one, other + np.array([3, 0, 0]))
    assert found.effect == pytest.approx(3, abs=0.3) and found.p < 0.01 and found.chance.max() < 1
    np.testing.assert_allclose(found.direction, [3, 0, 0], atol=0.3)
    alike = [attribute_between(*generator.standard_normal((2, 30, 3)), seed=seed).p for seed in range(20)]
    assert np.mean(alike) == pytest.approx(0.5, abs=0.2)  # p is even where there is no effect
    assert attribute_between(10 * one, 10 * (other + 1)).effect == pytest.approx(
        attribute_between(one, other + 1).effect
    )


def test_vectors_are_undone_and_sums_are_those_of_means() -> None:
    codes = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)
    found = attribute_between(codes, codes + 2)
    np.testing.assert_allclose(found.apply(found.apply(codes), -1), codes, atol=1e-6)
    np.testing.assert_array_equal(found.apply(codes, 0), codes)
    np.testing.assert_allclose(combined(codes + 1, codes, codes[:1]), codes[0] + 1, atol=1e-6)
    same = attribute_between(codes, codes)
    assert same.effect == 0 and same.p == 1


@pytest.mark.parametrize("run", ["digits-10d", "breast-cancer"])
def test_vectors_change_the_class_where_random_directions_do_not(run: str) -> None:
    found = directions(load_run(run), training=800)
    outcome = found.outcome
    assert outcome["vector"].low > outcome["random"].high
    assert found.read[0] < found.read[STRENGTHS.index(1.0)]
    assert all(each.p < 0.05 for each in found.attributes.values())
    assert found.likeness["vector"].value < found.likeness["random"].value


def test_a_mean_added_to_pixels_is_read_too_but_is_no_sample() -> None:
    found = directions(load_run("digits-10d"), source="3", target="8", training=800)
    assert list(found.attributes) == [(3, 8)]
    assert found.likeness["vector"].high < found.likeness["raw"].low


def test_guests_are_in_a_group_like_samples_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path))
    run = load_run("digits-10d")
    part = part_of(data_of(run), "test", 60)
    zeros, ones = (tuple(part.index[part.classes == label][:4].tolist()) for label in (0, 1))
    x = part.x[torch.from_numpy(part.classes == 0)][:4].numpy()
    guests = tuple(Store.here().add(run.config.data, each).number for each in x)
    own, brought = (between(run, group, ones) for group in (zeros, guests))
    np.testing.assert_allclose(brought.attribute.direction, own.attribute.direction, atol=1e-5)
    with pytest.raises(ApplyError, match="is not kept here"):
        between(run, (guests[0] - 1, guests[0]), ones)


def test_slant_and_ink_are_measured() -> None:
    upright, slanted = np.zeros((2, 1, 1, 9, 9))
    upright[..., 1:8, 4] = 1
    for row in range(9):
        slanted[..., row, row] = 1
    found = hand(np.stack([upright.ravel(), slanted.ravel(), slanted[..., ::-1].ravel()]), (1, 9, 9))
    np.testing.assert_allclose(found[:, 0], [0, 1, -1], atol=1e-9)
    assert found[1, 1] == pytest.approx(1 / 9)


@pytest.mark.parametrize("run", ["digits-class", "digits-m1m2", "digits-m2"])
def test_the_hand_stays_where_the_class_changes(run: str) -> None:
    found = restyled(load_run(run))
    assert found.outcome["told"].low > found.outcome["other"].high
    assert found.read["told"].value > 0.8
    assert found.made.shape == found.samples.shape


def test_a_class_that_stays_is_a_reconstruction() -> None:
    run = load_run("digits-class")
    part = part_of(data_of(run), "test", 50)
    same = restyle(run, part, part.classes).astype(float)
    other = restyle(run, part, (part.classes + 1) % 10).astype(float)
    truth = part.x.numpy().astype(float)
    assert np.square(same - truth).mean() < 0.5 * np.square(other - truth).mean()


@pytest.mark.parametrize(
    ("run", "settings", "sentence"),
    [
        ("digits-class", {}, "telling it another"),
        ("digits-vq", {}, "cannot be added"),
        ("digits-gan", {}, "no encoder"),
        ("digits-10d", {"source": "3"}, "Name both classes"),
        ("digits-10d", {"source": "3", "target": "3"}, "same class"),
        ("digits-10d", {"source": "3", "target": "x"}, "no class called x"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run: str, settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(ApplyError, match=sentence):
        directions(load_run(run), **settings)  # type: ignore[arg-type]


def test_groups_of_one_and_models_without_classes_are_refused() -> None:
    with pytest.raises(ApplyError, match="at least two samples"):
        attribute_between(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ApplyError, match="cannot be told a class"):
        restyled(load_run("digits-10d"))
