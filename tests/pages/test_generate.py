"""The generate page, alone and through the frame, with a toy of each family; no browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy
from ui import cache
from ui.dreams import zone_words
from ui.state import Selection
from vae_core.config import PROJECT, model_spec
from vae_core.dreams import Asked, Match
from vae_core.models import BOTTLENECKS

FAMILIES = [name for name, (train, _) in TOYS.items() if train.bottleneck in BOTTLENECKS]


@pytest.fixture(autouse=True)
def no_comparison(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Toys of the digits would be compared with the real ones, 500 at a time."""
    monkeypatch.setattr(cache.dreams, "COMPARED", 20)


def alone(root: Path, family: str, tray: tuple[int, ...] = (), **params: str) -> AppTest:
    write_toy(root, family)
    test = AppTest.from_file(str(PROJECT / "pages" / "generate.py"), default_timeout=60)
    test.session_state["latentarium.selection"] = Selection(run=family, tray=tray)
    for name, value in params.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def texts(test: AppTest) -> str:
    return "\n".join(part.value for part in (*test.markdown, *test.caption, *test.info, *test.subheader))


def sheets(test: AppTest) -> list[str]:
    return [part.proto.body for part in test.get("html") if "dream" in part.proto.body]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_dreams(no_runs: Path, family: str) -> None:
    test = alone(no_runs, family, n="4")
    train, info = TOYS[family]
    able = model_spec(train, info).abilities
    said = texts(test)
    assert test.title[0].value == "What does the prior dream?"
    mixed = able.encodes and able.cells is None
    assert ("A mixture fitted to its codes" in said) == mixed
    assert ("No prior" in said) == (not able.samples)
    assert ("The same codes, every class" in said) == bool(able.classes)
    assert ("What could be in the rest?" in said) == able.quadrants
    assert ("Keep the coarse" in said) == (len(able.levels) > 1)
    assert ("Energy distance" in said) == (info.name == "digits" and not able.quadrants)
    sheet = sheets(test)
    assert len(sheet) == 1 + mixed + bool(able.classes) + (len(able.levels) > 1)
    for shown in sheet[: 1 + mixed]:
        assert shown.count("listitem" if info.kind == "text" else "<img") == 4


def test_again_is_another_draw_and_stands_in_the_address(no_runs: Path) -> None:
    test = alone(no_runs, "gaussian", n="4", prior="own")
    before = sheets(test)
    assert len(before) == 1
    next(button for button in test.button if button.label == "Dream again").click().run()
    assert test.query_params["draw"] in ("1", ["1"]) and sheets(test) != before
    again = AppTest.from_file(str(PROJECT / "pages" / "generate.py"), default_timeout=60)
    again.session_state["latentarium.selection"] = Selection(run="gaussian")
    again.query_params.update({"n": "4", "prior": "own", "draw": "1"})
    again.run()
    assert sheets(again) == sheets(test), "a link shows the same dreams to somebody else"


def test_at_temperature_zero_all_dreams_are_one(no_runs: Path) -> None:
    test = alone(no_runs, "gaussian", n="8", prior="own", t="0.0")
    pictures = [part.split('"')[0] for part in sheets(test)[0].split('src="')[1:]]
    assert len(pictures) == 8 and len(set(pictures)) == 1


@pytest.mark.parametrize("params", [{"n": "7", "t": "nan", "k": "3", "draw": "-1", "prior": "none"}, {"t": "9"}])
def test_senseless_addresses_become_the_usual(no_runs: Path, params: dict[str, str]) -> None:
    test = alone(no_runs, "gaussian", **params)
    assert not {"n", "t", "k", "draw", "prior"} & set(test.query_params)
    assert all(sheet.count("<img") == 16 for sheet in sheets(test))


def test_sentences_are_written_in_three_ways(no_runs: Path) -> None:
    for way in ("greedy", "sample", "beam"):
        (no_runs / "text").exists() or write_toy(no_runs, "text")
        test = AppTest.from_file(str(PROJECT / "pages" / "generate.py"), default_timeout=60)
        test.session_state["latentarium.selection"] = Selection(run="text")
        test.query_params["words"] = way
        test.run()
        assert not test.exception and "token" in sheets(test)[0]
        assert any(slider.label == "Temperature of words" for slider in test.slider) == (way == "sample")


def test_a_table_is_shown_in_its_own_units(no_runs: Path) -> None:
    test = alone(no_runs, "table", n="4", prior="own")
    table = test.dataframe[0].value
    samples = cache.get_dreams("table", Asked(count=4), "").samples
    assert list(table.columns) == ["alcohol", "malic acid", "hue"]
    np.testing.assert_allclose(table["alcohol"], 13.0 + 0.8 * samples[:, 0], rtol=1e-5)


def test_zones_are_counted_in_words() -> None:
    assert zone_words(np.array([0, 0, 2, 1, 0])) == (
        "3 inside the data, 1 near its edge (dashed), 1 far from any code seen (framed)"
    )


def test_the_figure_says_its_settings(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "get_match", lambda *_: Match(distance=0.4321, real=0.0123, count=77))
    said = texts(alone(no_runs, "gaussian", n="4"))
    assert "held-out samples **0.432**" in said and "77 dreams against 77 samples" in said and "**0.012**" in said


def test_the_mixture_is_not_fitted_to_held_out_samples(no_runs: Path) -> None:
    write_toy(no_runs, "gaussian")
    held_out = set(cache.test_rows("gaussian").tolist())
    test = set(cache.get_dataset("digits").splits["test"].tolist())
    index = cache.get_codes("gaussian").index
    assert held_out == {row for row, place in enumerate(index.tolist()) if place in test} and held_out


def test_dreams_are_compared_with_what_the_decoder_was_taught_on(no_runs: Path) -> None:
    """Draws of the posteriors, wider than their means; those of a point are its means."""
    write_toy(no_runs, "gaussian")
    write_toy(no_runs, "autoencoder")
    means, taught = cache.get_seen("gaussian"), cache.get_taught("gaussian")
    added = np.square(taught.codes - taught.codes.mean(0)).sum() - np.square(means.codes - means.codes.mean(0)).sum()
    assert added / taught.codes.size == pytest.approx(0.3**2, abs=0.05)
    points, same = cache.get_seen("autoencoder"), cache.get_taught("autoencoder")
    np.testing.assert_array_equal(points.codes, same.codes)
    own = cache.decode_dreams("autoencoder", cache.get_codes("autoencoder").mean, "", Asked())
    assert not own.zones.any(), "the samples' own codes lie inside"


def test_through_the_frame_it_stands_in_the_navigation(no_runs: Path) -> None:
    write_toy(no_runs, "gaussian")
    test = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    test.query_params["run"] = "gaussian"
    test.run()
    for _ in range(2):
        test.switch_page("pages/generate.py").run()
        assert not test.exception and test.title[0].value == "What does the prior dream?"
        assert test.sidebar.selectbox
