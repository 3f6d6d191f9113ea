"""The line that asks something is read back as what it asks; so are holes; limits agree with the doing."""

from __future__ import annotations

import shlex
from dataclasses import fields

import numpy as np
import pytest
import tyro
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from vae_core.apply import holes
from vae_core.apply.anomaly import TITLES
from vae_core.apply.asked import (
    ALL_SCORES,
    PROGRAM,
    Anomaly,
    Application,
    Apply,
    Arithmetic,
    Augment,
    Impute,
    Probe,
    Semi,
    line_of,
)
from vae_core.apply.doing import do
from vae_core.apply.limits import APPLICATIONS, why_not
from vae_core.apply.outcome import ApplyError
from vae_core.runs import load_run

ASKED: tuple[Application, ...] = (
    Anomaly("digits-10d", normal="3", scores=("elbo", "mean"), false_alarms=0.01, anew=True),
    Anomaly("digits-10d", normal="-1", odd="fashion-mnist", seed=7),
    Impute("breast-cancer", columns=("mean radius", "3"), samples=20),
    Impute("digits-10d", holes="0-7,12", at=57),
    Augment("digits-m2", per_class=10, temperature=0.5),
    Probe("digits-2d", training=200),
    Arithmetic("digits-10d", source="it's", target="$HOME; rm"),
    Arithmetic("digits-10d", first=(1, 2), second=(3,)),
    Semi("digits-m2", counts=(1, 5), alone=True),
)


@pytest.mark.parametrize("asked", ASKED, ids=line_of)
def test_a_line_is_read_back_as_what_it_asks(asked: Application) -> None:
    line = line_of(asked)
    assert line.startswith(PROGRAM + " ")
    words = shlex.split(line)[len(PROGRAM.split()) :]
    assert tyro.cli(Apply, args=words).application == asked
    assert len(words) <= 2 + 3 * len(fields(asked))


def test_the_scores_that_can_be_asked_for_are_those_that_there_are() -> None:
    assert tuple(TITLES) == ALL_SCORES


@given(arrays(bool, some.integers(1, 60)))
def test_holes_come_back_from_their_text(hole: np.ndarray) -> None:
    text = holes.as_text(hole)
    if not hole.any():
        assert text == ""
    elif not hole.all():
        np.testing.assert_array_equal(holes.of_text(2, len(hole), text), np.stack([hole, hole]))


@pytest.mark.parametrize("text", ["x", "3-", "-3", "5-3", "0-99", "0-63", "1,,2", "²"])
def test_senseless_holes_are_refused(text: str) -> None:
    with pytest.raises(ApplyError, match=r"Holes are|range of them|must be seen"):
        holes.of_text(1, 64, text)


QUICK: dict[str, Application] = {
    "anomaly": Anomaly("", normal="0", scores=("distortion", "mean"), samples=10),
    "impute": Impute("", samples=2, draws=2, codes=8),
    "augment": Augment("", per_class=2, repeats=1),
    "probe": Probe("", training=100, samples=40),
    "arithmetic": Arithmetic("", source="0", target="1"),
    "semi": Semi("", counts=(2,), alone=True, samples=40),
}


@pytest.mark.parametrize("name", ["digits-10d", "digits-class", "digits-m2", "digits-gan", "digits-vq", "grammar"])
@pytest.mark.parametrize("application", APPLICATIONS)
def test_what_is_said_to_be_impossible_is_and_all_else_is_done(application: str, name: str) -> None:
    run = load_run(name)
    why = why_not(application, run.config.data, run.config.model)
    if not why:
        do(QUICK[application], run, [], lambda fraction, text: None)
        return
    with pytest.raises(ApplyError):
        do(QUICK[application], run, [], lambda fraction, text: None)
