"""What conditional models are told: the control, its place in the address, and what `decode` gets of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.pages.toy import PICTURES, TOYS, write_toy, write_toy_run
from ui import given
from vae_core.config import TrainConfig, quadrants_in_words
from vae_core.runs import load_run


def page(name: str) -> None:
    import streamlit as st

    from ui import cache, given

    told = given.choose(cache.get_run(name))
    st.session_state.told = told


def opened(family: str, **params: str) -> AppTest:
    app = AppTest.from_function(page, kwargs={"name": family}, default_timeout=30)
    for name, value in params.items():
        app.query_params[name] = value
    return app.run()


def test_a_plain_model_is_told_nothing_and_has_no_control(no_runs: Path) -> None:
    write_toy(no_runs, "gaussian")
    app = opened("gaussian")
    assert not app.exception and not app.main.children
    assert app.session_state.told == given.NOTHING and app.session_state.told.told(3) is None


@pytest.mark.parametrize(("text", "label"), [("3", 3), ("none", -1), ("10", 0), ("-1", 0), ("x", 0), ("", 0)])
def test_a_class_comes_from_the_address(text: str, label: int, no_runs: Path) -> None:
    write_toy(no_runs, "class")
    app = opened("class", **({"class": text} if text else {}))
    told = app.session_state.told
    assert not app.exception and told.told(2).tolist() == [label, label]
    assert told.words == ("no class" if label < 0 else f"class {label}")


def test_a_click_on_a_class_goes_into_the_address(no_runs: Path) -> None:
    write_toy(no_runs, "class")
    app = opened("class")
    app.pills[0].select(7).run()
    assert app.session_state.told.told(1).tolist() == [7] and app.query_params["class"] in ("7", ["7"])


def test_many_classes_become_a_menu(no_runs: Path) -> None:
    info = PICTURES.model_copy(update={"class_names": tuple(f"letter {i}" for i in range(47))})
    write_toy_run(no_runs, "toy", train=TOYS["class"][0], info=info)
    app = opened("toy", **{"class": "40"})
    assert not app.pills and app.selectbox[0].value == 40 and app.session_state.told.words == "class letter 40"


def test_quadrants_are_named_as_they_are_said() -> None:
    said = {"0000": "nothing of the picture", "0010": "the lower left", "1010": "the upper left and lower left"}
    said["1110"] = "the upper left, upper right and lower left"
    assert {seen: quadrants_in_words(seen) for seen in said} == said


def test_quadrants_show_the_model_that_part_of_the_sample(no_runs: Path) -> None:
    run = load_run(write_toy(no_runs, "quadrants"))
    app = opened("quadrants", seen="57.0010")
    assert not app.exception
    told = app.session_state.told
    assert told.words == "the lower left of sample 57" and told.told(3).shape == (3, 64 + 4)
    from ui import cache

    x = torch.from_numpy(cache.get_pictures("quadrants", (57,)).pixels[:, None])
    wanted = run.model.condition.see(x, torch.tensor([[False, False, True, False]]))
    np.testing.assert_array_equal(told.told(1), wanted)
    app.pills[-1].select("upper right").run()
    assert app.query_params["seen"] in ("57.0110", ["57.0110"])


@pytest.mark.parametrize("text", ["x", "57", "57.01", "57.0012", "99999.0010", "1.0010", "-3.0000"])
def test_senseless_quadrants_are_passed_over(text: str, no_runs: Path) -> None:
    write_toy(no_runs, "quadrants")
    app = opened("quadrants", seen=text)
    assert not app.exception and app.session_state.told.key == "seen-0-0010"


def test_a_model_that_is_always_told_the_same_quadrants_is_told_no_others(no_runs: Path) -> None:
    train = TrainConfig(condition="quadrants", seen="1010", unseen_only=True)
    write_toy_run(no_runs, "toy", train=train, info=PICTURES)
    app = opened("toy", seen="57.0010")
    assert not app.exception and app.session_state.told.key == "seen-57-1010" and app.pills[-1].disabled
    with pytest.raises(ValueError, match="always told"):
        given.of_key(load_run(no_runs / "toy"), "seen-57-0010")


@pytest.mark.parametrize("family", ["gaussian", "class", "quadrants"])
def test_a_key_stands_for_what_was_chosen(family: str, no_runs: Path) -> None:
    write_toy(no_runs, family)
    told = opened(family).session_state.told
    again = given.of_key(load_run(no_runs / family), told.key)
    assert again == told
    np.testing.assert_array_equal(again.told(2), told.told(2))


@pytest.mark.parametrize(
    ("family", "key"),
    [("gaussian", "class-1"), ("class", ""), ("class", "class-10"), ("class", "seen-0-0010"), ("quadrants", "class-0"),
     ("quadrants", "seen-0"), ("quadrants", "seen-99999-0010")],
)  # fmt: skip
def test_a_key_of_nothing_is_refused(family: str, key: str, no_runs: Path) -> None:
    run = load_run(write_toy(no_runs, family))
    with pytest.raises(ValueError):
        given.of_key(run, key)
