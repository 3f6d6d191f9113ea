"""The generate page, alone and through the frame, with a toy of each family; no browser."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.toy import TOYS, write_toy
from ui import cache
from ui.components import dreams
from ui.dreams import variations
from ui.dreams.sheets import zone_words
from ui.state import Selection
from vae_core.config import PROJECT, model_spec
from vae_core.dreams import Asked, Match
from vae_core.figures import copies as figures
from vae_core.latent.geometry import zones
from vae_core.models import BOTTLENECKS

FAMILIES = [name for name, (train, _) in TOYS.items() if train.bottleneck in BOTTLENECKS]


@pytest.fixture(autouse=True)
def no_comparison(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Toys of the digits would be compared with the real ones, 500 at a time."""
    monkeypatch.setattr(cache.dreams, "COMPARED", 20)


@pytest.fixture(autouse=True)
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the component was handed, newest last."""
    calls: list[dict] = []
    monkeypatch.setattr(dreams, "_component", lambda **kwargs: calls.append(kwargs))
    return calls


def alone(root: Path, family: str, tray: tuple[int, ...] = (), **params: str) -> AppTest:
    (root / family).exists() or write_toy(root, family)
    test = AppTest.from_file(str(PROJECT / "pages" / "generate.py"), default_timeout=60)
    test.session_state["latentarium.selection"] = Selection(run=family, tray=tray)
    for name, value in params.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def texts(test: AppTest) -> str:
    return "\n".join(part.value for part in (*test.markdown, *test.caption, *test.info, *test.subheader))


def draws_of(call: dict) -> np.ndarray:
    """float32 [sheets, 2, n, D]."""
    sheets = call["data"]["sheets"]
    flat = np.frombuffer(base64.b64decode(call["data"]["draws"]), "<f4")
    return flat.reshape(len(sheets), 2, len(sheets[0]["items"]), -1)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_dreams(no_runs: Path, mounted: list[dict], family: str) -> None:
    test = alone(no_runs, family, n="4")
    train, info = TOYS[family]
    able = model_spec(train, info).abilities
    said, data = texts(test), mounted[-1]["data"]
    assert test.title[0].value == "What does the prior dream?"
    assert ("No prior" in said) == (not able.samples)
    assert ("The same codes, every class" in said) == bool(able.classes)
    assert ("What could be in the rest?" in said) == able.quadrants
    assert ("Keep the coarse" in said) == (len(able.levels) > 1)
    assert ("dreams to as many held-out samples" in said) == (info.name == "digits" and not able.quadrants)
    assert (data["decoder"] is not None) == able.in_browser == bool(data["draws"])
    (sheet,) = data["sheets"]
    assert sheet["name"] == able.prior and sheet["sentence"] and len(sheet["items"]) == 4
    for item in sheet["items"]:
        assert bool(item["words"]) == (info.kind == "text")
        assert bool(item["picture"]) == (info.kind != "text" and not able.in_browser)
    assert ("Is dream 1 a copy?" in said) and ("Held-out samples" in said) == (info.name == "digits")
    assert f"python -m vae_core sample {family} --sampler {able.prior} --count 4" in test.code[0].value


BESIDE = {"gaussian": "mixture", "vamp": "normal", "text": "mixture", "table": "tray", "vq": "tray"}


@pytest.mark.parametrize(("family", "sampler"), BESIDE.items())
def test_another_sampler_stands_beside_its_own(no_runs: Path, mounted: list[dict], family: str, sampler: str) -> None:
    own = model_spec(*TOYS[family]).abilities.prior
    test = alone(no_runs, family, tray=(0, 3, 6), n="4", sampler=f"{sampler}.{own}")
    data = mounted[-1]["data"]
    names = [sheet["name"] for sheet in data["sheets"]]
    assert set(names) == {own, sampler} and names[0] == own
    assert [slider["name"] for slider in data["sliders"]] == (["t", "c"] if sampler == "tray" else ["t"])
    assert [sheet["slider"] for sheet in data["sheets"]] == ["t", "c" if sampler == "tray" else "t"]
    assert len(test.code) == 2


def test_what_the_browser_gets_is_what_the_command_draws(no_runs: Path, mounted: list[dict]) -> None:
    from vae_core import load_dataset, load_run
    from vae_core.dreams.command import sheet_of

    alone(no_runs, "gaussian", tray=(0, 3), n="4", sampler="mixture.tray", k="2", draw="7", t="0.6", c="0.3")
    draws = draws_of(mounted[-1])
    run, data = load_run("gaussian"), load_dataset("digits")
    for number, asked in enumerate([Asked(4, 7, "mixture", 0.6, 2), Asked(4, 7, "tray", 0.3, tray=(0, 3))]):
        middle, offset = draws[number]
        wanted = sheet_of(run, asked, "", data).codes
        np.testing.assert_allclose(middle + np.float32(asked.temperature) * offset, wanted, atol=1e-6)


def test_again_is_another_draw_and_stands_in_the_address(no_runs: Path, mounted: list[dict]) -> None:
    test = alone(no_runs, "gaussian", n="4")
    before = mounted[-1]["data"]["draws"]
    next(button for button in test.button if button.label == "Dream again").click().run()
    after = mounted[-1]["data"]["draws"]
    assert test.query_params["draw"] in ("1", ["1"]) and before != after
    alone(no_runs, "gaussian", n="4", draw="1")
    assert mounted[-1]["data"]["draws"] == after, "a link shows the same dreams to somebody else"


def shown(test: AppTest) -> dict[str, object]:
    """The controls' values by their labels, but for the samplers."""
    return {part.label: part.value for part in (*test.pills, *test.selectbox) if "one, or two" not in part.label}


def test_the_address_leads_and_what_is_chosen_goes_into_it(no_runs: Path, mounted: list[dict]) -> None:
    test = alone(no_runs, "gaussian", n="4", sampler="mixture", k="2", of="3")
    assert shown(test) == {"How many": 4, "Gaussians": 2, "Fitted to the codes of": 3}
    next(pills for pills in test.pills if pills.label == "How many").select(8).run()
    test.selectbox[1].select(5).run()
    assert {name: test.query_params[name] for name in ("n", "k", "of")} == {"n": "8", "k": "2", "of": "5"}
    test.query_params["n"], test.query_params["of"] = "4", "3"  # the back button
    test.query_params.pop("k")
    test.run()
    assert shown(test) == {"How many": 4, "Gaussians": 10, "Fitted to the codes of": 3}
    assert len(mounted[-1]["data"]["sheets"][0]["items"]) == 4


def test_a_prior_that_chooses_says_what_its_temperature_does(no_runs: Path, mounted: list[dict]) -> None:
    ticks = []
    for family in ("vq", "gaussian"):
        alone(no_runs, family, n="4")
        ticks.append([words for _, words in mounted[-1]["data"]["sliders"][0]["ticks"]])
    assert ticks[0][0] == "0: the likeliest" and ticks[1][0] == "0: the middle"


def test_what_is_kept_has_the_temperature_of_priors_whatever_the_tray_has(
    no_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Asked] = []
    monkeypatch.setattr(variations, "show_levels", lambda _, one: asked.append(one))
    alone(no_runs, "ladder", tray=(0, 3), n="4", sampler="tray", c="0.2", t="1.5")
    assert (asked[0].temperature, asked[0].sampler, asked[0].tray) == (1.5, "own", ())


def test_other_data_of_the_same_name_is_no_measure(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = cache.get_dataset("wine")
    monkeypatch.setattr(cache.dreams, "get_dataset", lambda _: other)
    said = texts(alone(no_runs, "gaussian", n="4"))
    assert "The data is not here" in said and "nergy distance" not in said


def test_at_temperature_zero_all_dreams_are_one(no_runs: Path, mounted: list[dict]) -> None:
    alone(no_runs, "table", n="8", t="0.0")
    pictures = {item["picture"] for item in mounted[-1]["data"]["sheets"][0]["items"]}
    assert len(pictures) == 1


def test_an_empty_tray_offers_a_start(no_runs: Path, mounted: list[dict]) -> None:
    test = alone(no_runs, "gaussian", n="4", sampler="tray")
    assert "The **tray** is empty" in texts(test) and [s["name"] for s in mounted[-1]["data"]["sheets"]] == ["normal"]
    next(button for button in test.button if button.label == "Put 3 samples into it").click().run()
    assert [sheet["name"] for sheet in mounted[-1]["data"]["sheets"]] == ["tray"]
    tray = test.session_state["latentarium.selection"].tray
    codes = cache.get_codes("gaussian")
    assert len(set(codes.y[codes.rows(tray)].tolist())) == 1
    assert f"--tray {' '.join(map(str, tray))}" in test.code[0].value


def test_a_mixture_can_be_of_one_class(no_runs: Path, mounted: list[dict], monkeypatch: pytest.MonkeyPatch) -> None:
    test = alone(no_runs, "gaussian", n="4", sampler="mixture", of="3", k="1")
    codes = cache.get_codes("gaussian")
    rows = np.setdiff1d(np.flatnonzero(codes.y == 3), cache.test_rows("gaussian"))
    middle = draws_of(mounted[-1])[0, 0]
    assert np.abs(middle - codes.mean[rows].mean(0)).max() < 0.5 and "--label 3" in test.code[0].value
    assert "Held-out samples of class 3, which are no copies" in texts(test), "3s are compared with 3s"
    rows: list[list[str]] = []
    drawn = figures.distances

    def noted(*args: Any, **more: Any) -> Any:
        rows.append([name for name, _ in args[2]])
        return drawn(*args, **more)

    monkeypatch.setattr(figures, "distances", noted)
    for label in ("-1", "3"):
        alone(no_runs, "gaussian", n="4", sampler="normal.mixture", of=label, pick="mixture-1")
    assert rows == [["N(0, I)", "Mixture of codes"], ["Mixture of codes"]], "not what others are measured by"
    assert not [box for box in alone(no_runs, "class", n="4", sampler="mixture").selectbox if "codes of" in box.label]


def test_what_the_browser_says_is_kept_and_nonsense_is_not(no_runs: Path, mounted: list[dict]) -> None:
    test = alone(no_runs, "gaussian", n="4", pick="normal-3")
    assert mounted[-1]["data"]["picked"] == ["normal", 2] and "Is dream 3 a copy?" in texts(test)
    assert dreams._values({"t": 1.5}, [_slider()]) == {"t": 1.5}
    for wrong in ({"t": float("nan")}, {"t": 9}, {"t": True}, {"c": 1.0}, {}, None, {"t": "1"}):
        assert dreams._values(wrong, [_slider()]) is None


def test_a_temperature_between_two_steps_is_the_one_that_the_slider_can_show(
    no_runs: Path, mounted: list[dict]
) -> None:
    test = alone(no_runs, "gaussian", n="4", t="0.33")
    assert mounted[-1]["data"]["sliders"][0]["value"] == 0.35 and "--temperature 0.35" in test.code[0].value


def _slider() -> dreams.Slider:
    return dreams.Slider("t", "Temperature", 1.0, 2.0, ())


def test_a_copy_is_called_one(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    write_toy(no_runs, "gaussian")
    found = cache.get_nearest("gaussian", Asked(4, sampler="normal"), "")
    copied = replace(found, distance=np.array([0.0, *found.distance[1:]]))
    monkeypatch.setattr(cache, "get_nearest", lambda *_: copied)
    said = texts(alone(no_runs, "gaussian", n="4"))
    assert "It **is** that sample." in said and "**1** equals a training sample" in said


@pytest.mark.parametrize("params", [
    {"n": "7", "t": "nan", "k": "3", "draw": "-1", "sampler": "none", "pick": "vamp-3"},
    {"t": "9", "pick": "normal-17"},
])  # fmt: skip
def test_senseless_addresses_become_the_usual(no_runs: Path, mounted: list[dict], params: dict[str, str]) -> None:
    alone(no_runs, "gaussian", **params)
    data = mounted[-1]["data"]
    assert [len(sheet["items"]) for sheet in data["sheets"]] == [16] and data["picked"] == ["normal", 0]
    assert data["sliders"][0]["value"] == 1.0


def test_sentences_are_written_in_three_ways(no_runs: Path, mounted: list[dict]) -> None:
    for way in ("greedy", "sample", "beam"):
        test = alone(no_runs, "text", words=way)
        assert "token" in mounted[-1]["data"]["sheets"][0]["items"][0]["note"]
        assert any(slider.label == "Temperature of words" for slider in test.slider) == (way == "sample")


def test_a_table_is_shown_in_its_own_units(no_runs: Path) -> None:
    test = alone(no_runs, "table", n="4")
    table = test.dataframe[0].value
    samples = cache.get_dreams("table", Asked(count=4), "").samples
    assert list(table.columns) == ["alcohol", "malic acid", "hue"]
    np.testing.assert_allclose(table["alcohol"], 13.0 + 0.8 * samples[:, 0], rtol=1e-5)


def test_zones_are_counted_in_words() -> None:
    assert zone_words(np.array([0, 0, 2, 1, 0])) == (
        "3 inside the data, 1 near its edge (dashed), 1 far from any code seen (framed)"
    )


def test_the_figure_says_its_settings(no_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "get_match", lambda *_: Match(0.4321, 0.0123, 77, 0.0345, 0.0067))
    said = texts(alone(no_runs, "gaussian", n="4"))
    assert "of 77 dreams to as many held-out samples **0.432** ± 0.035 (training samples 0.012 ± 0.007)" in said
    assert "77 dreams against 77 samples" in said and "**0.012**" in said


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
    inside = zones(cache.get_codes("autoencoder").mean[:, same.dims], same.codes, same.typical)
    assert not inside.any(), "the samples' own codes lie inside"


def test_through_the_frame_it_stands_in_the_navigation(no_runs: Path) -> None:
    write_toy(no_runs, "gaussian")
    test = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    test.query_params["run"] = "gaussian"
    test.run()
    for _ in range(2):
        test.switch_page("pages/generate.py").run()
        assert not test.exception and test.title[0].value == "What does the prior dream?"
        assert test.sidebar.selectbox
