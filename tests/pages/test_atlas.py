"""The atlas, alone and through the frame, without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy
from ui import cache
from ui.state import Selection
from vae_core.config import model_spec

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkpoints"
    for name in ("digits-2d", "digits-10d"):
        shutil.copytree(PROJECT / "checkpoints" / name, folder / name, ignore=shutil.ignore_patterns("maps"))
    monkeypatch.setenv("LATENTARIUM_CHECKPOINTS", str(folder))
    monkeypatch.setenv("LATENTARIUM_RUNS", str(tmp_path / "runs"))
    return folder


def alone(run: str, **params: str) -> AppTest:
    test = AppTest.from_file(str(PROJECT / "pages" / "atlas.py"), default_timeout=60)
    test.session_state["latentarium.selection"] = Selection(run=run, tray=(5, 9))
    for name, value in params.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def texts(test: AppTest) -> str:
    return "\n".join(part.value for part in (*test.markdown, *test.caption, *test.warning, *test.info))


def test_alone_it_shows_the_raw_plane_of_a_two_dimensional_run() -> None:
    test = alone("digits-2d")
    assert test.title[0].value == "Where does every sample live?"
    assert "Trustworthiness **1.000** · k = 15" in texts(test)
    assert "No sample picked yet" in texts(test)


def test_the_address_says_which_map_which_colours_and_which_sample() -> None:
    test = alone("digits-10d", map="pca", colour="distortion", at="7")
    said = texts(test)
    assert "PCA" in said and "Bright is a high distortion (nats)" in said and "sample 7" in said
    assert "Distortion **" in said and "posterior" in said
    assert test.query_params["map"] == "pca" and test.query_params["colour"] == "distortion"


def test_senseless_addresses_become_the_defaults() -> None:
    test = alone("digits-2d", map="sphere", colour="smell", n="-4", dims="9.9", at="99999999")
    assert "map" not in test.query_params and "colour" not in test.query_params
    assert "No sample picked yet" in texts(test)


def test_colours_follow_the_choice_and_so_does_the_address() -> None:
    test = alone("digits-2d")
    test.selectbox[0].set_value("rate").run()
    assert not test.exception
    assert "Bright is a high rate (nats)" in texts(test)
    assert test.query_params["colour"] == "rate"


def test_the_raw_plane_of_ten_dimensions_shows_the_two_chosen(shipped: Path) -> None:
    test = alone("digits-10d", map="raw", dims="3.1")
    assert [box.value for box in test.selectbox][-2:] == [3, 1]
    test.selectbox[-2].set_value(5).run()
    assert not test.exception and test.query_params["dims"] == "5.1"


@pytest.mark.parametrize("dims", ["3", "3.3", "1.2.3", "-1.2", "a.b", "10.1", ".", "1e0.2"])
def test_dimensions_that_are_no_pair_become_the_two_of_most_rate(dims: str) -> None:
    test = alone("digits-10d", map="raw", dims=dims)
    assert "dims" not in test.query_params
    assert len({box.value for box in test.selectbox[-2:]}) == 2


def test_through_the_frame_it_has_the_picker_and_the_tray() -> None:
    test = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    test.query_params["run"] = "digits-2d"
    test.query_params["tray"] = "5.9"
    test.run()
    test.switch_page("pages/atlas.py").run()
    assert not test.exception
    assert test.title[0].value == "Where does every sample live?"
    assert any("2 samples" in part.value for part in test.sidebar.markdown)
    assert test.query_params["run"] == "digits-2d" and test.query_params["tray"] == "5.9"
    test.run()  # the frame is still there
    assert test.sidebar.selectbox and test.title[0].value == "Where does every sample live?"


def test_an_address_sent_before_the_last_click_was_answered_undoes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    test = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    test.query_params["run"], test.query_params["tray"] = "digits-2d", "5"
    test.run()
    test.session_state["latentarium.selection"] = Selection(run="digits-2d", tray=(5, 9))  # a click
    test.run()
    assert test.query_params["tray"] == "5.9"
    test.session_state["latentarium.selection"] = Selection(run="digits-2d", tray=(5, 9, 11))  # another, with
    test.query_params["tray"] = "5"  # the address of before both
    test.run()
    assert test.query_params["tray"] == "5.9.11"
    monkeypatch.setattr("ui.state.STALE", 0.0)  # later
    test.session_state["latentarium.selection"] = Selection(run="digits-2d", tray=(5, 9, 11, 13))
    test.query_params["tray"] = "5.9"  # a click whose message was on its way for long
    test.run()
    assert test.query_params["tray"] == "5.9.11.13"
    test.query_params["tray"] = "5"  # no click comes with it: somebody went back
    test.run()
    assert test.session_state["latentarium.selection"].tray == (5,)


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One toy of each family."""
    root = tmp_path_factory.mktemp("toys")
    for family in TOYS:
        write_toy(root, family)
    return root


@pytest.mark.parametrize("family", list(TOYS))
def test_every_family_has_a_map_that_says_what_was_measured(
    family: str, toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTARIUM_RUNS", str(toys))
    train, info = TOYS[family]
    able = model_spec(train, info).abilities
    index = 3 if able.encodes else info.size + 2
    test = AppTest.from_file(str(PROJECT / "pages" / "atlas.py"), default_timeout=60)
    test.session_state["latentarium.selection"] = Selection(run=family, tray=(index,))
    test.session_state["latentarium.atlas.selected"] = (family, cache.get_codes(family).index[:5])
    test.query_params.update({"map": "pca", "at": str(index)})
    test.run()
    assert not test.exception
    said = texts(test)
    assert ("Trustworthiness" in said and "5 samples selected" in said) or "5 dreams selected" in said
    assert ("No encoder" in said and "60 of its own dreams" in said and "Dream 2" in said) == (not able.encodes)
    assert ("Distortion **" in said) == able.encodes
    assert ("rate **" in said) == able.rated == ("mean rate" in said)
    assert ("The ellipse on the map" in said) == able.spreads
    assert ("a single point" in said) == (able.encodes and not able.spreads and able.cells is None)
    assert ("one entry of a list" in said) == (able.cells is not None)
    colours = test.selectbox[0].options
    assert ("rate" in colours) == able.rated and ("distortion" in colours) == able.encodes
    assert ("inferred class" in colours) == able.infers_class
    for colour in colours:
        test.selectbox[0].set_value(colour).run()
        assert (not test.exception and colour in texts(test).lower()) or colour == "distinct codes"


def test_a_conditional_model_redraws_a_sample_in_its_own_class(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_RUNS", str(toys))
    codes, run = cache.get_codes("class"), cache.get_run("class")
    redrawn = cache.get_redrawn("class", tuple(codes.index[[4, 7]].tolist()))
    from vae_core.export import decode_samples

    told = decode_samples(run.model, run.config.data, codes.mean[[4, 7]], codes.y[[4, 7]])
    untold = decode_samples(run.model, run.config.data, codes.mean[[4, 7]])
    assert (redrawn == told).all() and (redrawn != untold).any()
