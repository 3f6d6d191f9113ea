"""Morph, run by Streamlit's own test runner: alone, through the frame, with data and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy, write_toy_run
from ui import strips
from ui.components import desk
from vae_core.runs import load_run

PROJECT = Path(__file__).resolve().parents[2]
TITLE = "What lies between two samples?"


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the desk was handed at each run, newest last."""
    calls: list[dict] = []
    monkeypatch.setattr(desk, "_component", lambda **kwargs: calls.append(kwargs))
    return calls


def frame(**params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    app.run()
    app.switch_page("pages/morph.py")
    for name, value in params.items():
        app.query_params[name] = value
    return app.run()


def corners(mounted: list[dict]) -> list[str]:
    return [corner["label"] for corner in mounted[-1]["data"]["corners"]]


def test_alone_without_a_run_it_says_how_to_begin(no_runs: Path) -> None:
    app = AppTest.from_file(str(PROJECT / "pages" / "morph.py"), default_timeout=30).run()
    assert app.title[0].value == TITLE and app.info


def test_through_the_frame_and_again(no_runs: Path) -> None:
    write_toy_run(no_runs)
    app = frame(run="toy")
    for _ in range(2):
        assert not app.exception and app.title[0].value == TITLE
        app.run()


def test_the_four_begin_with_the_tray_and_are_of_different_classes(no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs)
    app = frame(run="toy", tray="9.30")
    assert not app.exception
    labels = corners(mounted)
    assert labels[:2] == ["3, sample 9", "0, sample 30"]
    assert len({label.split(",")[0] for label in labels}) == 4


def test_the_address_names_the_samples_and_the_place(no_runs: Path, mounted: list[dict]) -> None:
    folder = write_toy_run(no_runs)
    app = frame(run="toy", a="12", b="15", c="18", d="21", t="0.25")
    assert not app.exception
    assert corners(mounted) == ["4, sample 12", "5, sample 15", "6, sample 18", "7, sample 21"]
    data = mounted[-1]["data"]
    assert data["t"] == 0.25
    np.testing.assert_allclose(data["corners"][0]["z"], load_run(folder).codes.mean[4])


@pytest.mark.parametrize(("a", "t"), [("x", "y"), ("-4", "nan"), ("99999999999999999999999", "1e99"), ("4", "-1")])
def test_a_senseless_address_is_passed_over(a: str, t: str, no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs)
    app = frame(run="toy", a=a, t=t)
    assert not app.exception
    assert len(corners(mounted)) == 4 and 0 <= mounted[-1]["data"]["t"] <= 1


def test_chance_changes_one_sample_and_keeps_the_others(no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs)
    app = frame(run="toy", a="12", b="15")
    before = corners(mounted)
    button = next(button for button in app.button if button.key.endswith("picker.toy.B.random"))
    while corners(mounted)[1] == before[1]:
        button.click()
        app.run()
        assert not app.exception
    after = corners(mounted)
    assert [after[0], *after[2:]] == [before[0], *before[2:]]
    assert app.query_params["a"] in ("12", ["12"])


@pytest.mark.parametrize("codes", [4, 2])
def test_runs_with_few_codes_and_no_classes_open_too(codes: int, no_runs: Path, mounted: list[dict]) -> None:
    write_toy_run(no_runs, classes=(), codes=codes)
    app = frame(run="toy")
    assert len(corners(mounted)) == 4 and not app.exception


def test_without_the_data_decoded_pictures_stand_in_and_the_download_is_offered(
    no_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path / "nothing"))
    write_toy_run(no_runs, data="mnist", sample_shape=(1, 28, 28), size=70_000)
    app = frame(run="toy")
    assert not app.exception
    assert any("MNIST is not on this machine" in part.value and "decoded" in part.value for part in app.markdown)
    assert any(button.label.startswith("Download") for button in app.button)


@pytest.mark.parametrize("family", TOYS)
def test_every_family_opens(family: str, no_runs: Path) -> None:
    write_toy(no_runs, family)
    app = frame(run=family, tray="3.6", t="0.3")
    assert not app.exception and not app.error, (app.exception, app.error)
    able = load_run(no_runs / family).config.model.abilities
    assert len([pills for pills in app.pills if pills.label == "Same code, other class"]) == (1 if able.classes else 0)
    assert [slider.value for slider in app.main.slider] == ([] if able.in_browser else [30])
    contrasts = [box.value for box in app.info if "**no" in box.value or "**discrete" in box.value]
    assert len(contrasts) == (family in ("gan", "autoencoder", "vq", "fsq"))


def test_the_coarse_levels_walk_alone(no_runs: Path) -> None:
    run = load_run(write_toy(no_runs, "ladder"))
    a, b = desk.Sample("A", (0, 1, 2, 3, 4)), desk.Sample("B", (-1, -2, -3, -4, -5))
    assert strips.coarse_only(run, [a, b], 1) == [a, desk.Sample("B", (-1, -2, 2, 3, 4))]
    assert strips.coarse_only(run, [a, b], 2) == [a, b]
    app = frame(run="ladder", levels="1")
    control = next(one for one in app.segmented_control if one.label == "What goes to B")
    assert control.value == 1
    control.set_value(2).run()
    assert not app.exception and "levels" not in app.query_params
