"""Traverse, run by Streamlit's own test runner: alone, through the frame, and with runs that go wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy, write_toy_run
from ui import cache, state
from ui.components import desk
from vae_core.latent.dimensions import describe
from vae_core.runs import load_run, rename_dimension

PROJECT = Path(__file__).resolve().parents[2]
TITLE = "What does each dimension do?"


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the desk was handed at each run, newest last."""
    calls: list[dict] = []
    monkeypatch.setattr(desk, "_component", lambda **kwargs: calls.append(kwargs))
    return calls


def frame(**params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    return app.switch_page("pages/traverse.py").run()


def test_alone_without_a_run_it_says_how_to_begin(no_runs: Path) -> None:
    app = AppTest.from_file(str(PROJECT / "pages" / "traverse.py"), default_timeout=30).run()
    assert app.title[0].value == TITLE and app.info


def test_through_the_frame_and_again(no_runs: Path) -> None:
    write_toy_run(no_runs)
    app = frame(run="toy")
    for _ in range(2):
        assert not app.exception and app.title[0].value == TITLE
        app.run()
    assert app.sidebar.selectbox[0].value == "toy"


def test_the_desk_is_handed_sorted_dimensions_names_and_tray(no_runs: Path, mounted: list[dict]) -> None:
    rename_dimension(write_toy_run(no_runs, asleep=(1,)), 2, "tilt")
    app = frame(run="toy", tray="3.6.4")
    assert not app.exception
    data = mounted[-1]["data"]
    rates = [dimension["rate"] for dimension in data["dimensions"]]
    assert rates == sorted(rates, reverse=True)
    assert [dimension["index"] for dimension in data["dimensions"] if not dimension["awake"]] == [1]
    assert data["names"] == {"2": "tilt"} and 1 not in data["distance"]["dims"]
    assert [sample["label"] for sample in data["tray"]] == ["1, sample 3", "2, sample 6"], "sample 4 has no code"
    assert data["decoder"].startswith("/latentarium/decoders/toy.bin?v=")
    assert not any(isinstance(value, bytes) for value in data.values()), "bytes inside a dict would be mangled"


@pytest.mark.parametrize(
    ("z", "wanted"),
    [("1_-0.5_0_2", [1, -0.5, 0, 2]), ("1_2", [0] * 4), ("x_0_0_0", [0] * 4), ("99_0_0_inf", [0] * 4),
     ("99_0_0_-99", [6, 0, 0, -7]), ("4.5_0_0_0", [4.5, 0, 0, 0])],
)  # fmt: skip
def test_the_code_comes_from_the_address(z: str, wanted: list[float], no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs)
    app = AppTest.from_file(str(PROJECT / "pages" / "traverse.py"), default_timeout=30)
    app.session_state["latentarium.selection"] = state.Selection(run="toy")
    app.query_params["z"] = z
    app.run()
    assert not app.exception and mounted[-1]["data"]["z"] == wanted


GOOD = {"z": [1, 0.5, -2.25, 0], "pad": [3, 1], "panel": "pad", "seq": 7}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (GOOD, [desk.View((1, 0.5, -2.25, 0), (3, 1), "pad")]),
        *(
            (bad, [])
            for bad in (
                GOOD | {"z": [1, 2]}, GOOD | {"z": "1234"}, GOOD | {"z": [1, 2, 3, None]}, GOOD | {"pad": [9, 0]},
                GOOD | {"z": [float("nan")] * 4}, GOOD | {"pad": 3}, GOOD | {"pad": [[], 0]}, "hello", 4, None,
            )
        ),
    ],
)  # fmt: skip
def test_what_the_browser_says_is_checked(
    said: object, wanted: list[desk.View], monkeypatch: pytest.MonkeyPatch, mounted: list[dict]
) -> None:
    dimensions = describe(np.random.default_rng(0).standard_normal((9, 4)), np.ones((9, 4)))
    monkeypatch.setattr(cache, "get_desk", lambda run, given: cache.Desk(b"", "v"))
    monkeypatch.setattr(cache, "get_dimensions", lambda run: dimensions)
    monkeypatch.setattr(cache, "get_seen", lambda run: None)
    monkeypatch.setattr(st, "session_state", {"latentarium.desk.traverse.toy": {"view": said, "rename": said}})
    kept: list[desk.View] = []
    names: list[tuple[int, str]] = []
    begin = desk.View((0.0,) * 4, (0, 1), "sliders")
    start = desk.Start("Prior's mean", (0.0,) * 4, (1.0,) * 4)
    desk.traverse("toy", begin, {}, [], start, on_view=kept.append, on_rename=lambda *name: names.append(name))
    mounted[-1]["on_view_change"]()
    mounted[-1]["on_rename_change"]()
    assert kept == wanted and names == []


def test_a_broken_run_is_one_sentence(no_runs: Path) -> None:
    folder = write_toy_run(no_runs)
    (folder / "codes.npz").write_bytes(b"PK\x03\x04 cut short")
    app = frame(run="toy")
    assert not app.exception and len(app.error) == 1


def test_a_decoder_that_no_browser_runs_is_one_sentence(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vae_core import export

    def refuse(model: object, told: object = None) -> None:
        raise export.ExportError("decoder.1 is a BatchNorm2d, which the browser cannot run.")

    monkeypatch.setattr(export, "decoder_program", refuse)
    cache.desks._get_desk.clear()
    write_toy_run(no_runs)
    app = frame(run="toy")
    assert not app.exception and "BatchNorm2d" in app.error[0].value


@pytest.mark.parametrize("family", TOYS)
def test_every_family_opens(family: str, no_runs: Path) -> None:
    write_toy(no_runs, family)
    app = frame(run=family, tray="3.6")
    assert not app.exception and not app.error, (app.exception, app.error)
    able = load_run(no_runs / family).config.model.abilities
    controls = [pills for pills in app.pills if pills.label == "Same code, other class"]
    assert len(controls) == (1 if able.classes else 0)
    sliders = app.main.slider
    assert bool(sliders) == (not able.in_browser and able.cells is None)


def test_what_the_server_decodes_can_be_named_too(no_runs: Path) -> None:
    folder = write_toy(no_runs, "table")
    app = frame(run="table")
    field = next(one for one in app.text_input if one.label == "Its name")
    first = next(one for one in app.selectbox if one.label == "Dimension").value
    field.set_value("sweetness").run()
    assert not app.exception and load_run(folder).names == {first: "sweetness"}
    assert any("sweetness" in slider.label for slider in app.main.slider)


def test_a_slider_of_the_server_goes_into_the_address(no_runs: Path) -> None:
    write_toy(no_runs, "text")
    app = frame(run="text")
    slider = app.main.slider[1]
    slider.set_value(1.5).run()
    assert not app.exception
    (z,) = [app.query_params["z"]] if isinstance(app.query_params["z"], str) else app.query_params["z"]
    assert sorted(map(float, z.split("_"))) == [0, 0, 0, 1.5]
    assert app.main.slider[1].value == 1.5
    first, second = app.main.slider[:2]  # both before the page is drawn again
    first.set_value(-1.0)
    second.set_value(0.5).run()
    assert [slider.value for slider in app.main.slider[:2]] == [-1.0, 0.5] and not app.exception
