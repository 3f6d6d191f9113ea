"""Guests on the pages, without a browser: in the tray, on the map, as A, for other models, and when they are gone."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.foreign.onnx_files import linear_decoder, linear_encoder
from tests.pages.toy import PICTURES, SENTENCES, TABLE, TOYS, write_toy, write_toy_run
from ui import cache
from ui.components import map as latent_map
from ui.components import pad
from vae_core.data import load_dataset
from vae_core.guests import FIRST, Guest, Store, name_of
from vae_core.runs import load_run
from vae_core.runs.pairs import look_at, stage_pair, take_pair

PROJECT = Path(__file__).resolve().parents[2]
PAGES = ("atlas", "morph", "traverse")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What map and pad were handed at each run, newest last; `add` sends something from the pad."""
    calls = SimpleNamespace(map=[], pad=[])
    monkeypatch.setattr(latent_map, "_component", lambda **kwargs: calls.map.append(kwargs))
    monkeypatch.setattr(pad, "_component", lambda **kwargs: calls.pad.append(kwargs))
    return calls


def frame(page: str, **params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(f"pages/{page}.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def param(app: AppTest, name: str) -> str:
    """A parameter of the address, "" where it is not there."""
    value = app.query_params.get(name, "")
    return value[0] if isinstance(value, list) else value


def visitor(seed: int = 0, label: int = -1) -> Guest:
    pixels = np.random.default_rng(seed).integers(0, 256, PICTURES.sample_shape, dtype=np.uint8)
    return Store.here().add(PICTURES, pixels, label)


def sample_of(info: object) -> np.ndarray:
    if info is SENTENCES:
        return np.array([4, 5, 8, 2, 0, 0])
    return np.zeros(3, np.float32) if info is TABLE else np.full(PICTURES.sample_shape, 90, np.uint8)


@pytest.mark.parametrize("family", list(TOYS))
def test_every_page_of_every_family_opens_with_a_guest_in_the_tray(family: str, no_runs: Path) -> None:
    write_toy(no_runs, family)
    info = TOYS[family][1]
    number = str(Store.here().add(info, sample_of(info)).number)
    for page in PAGES:
        app = frame(page, run=family, tray=number, at=number, a=number)
        assert param(app, "tray") == number
        assert not any("not here" in note.value for note in app.info)


def test_a_guest_is_a_star_at_its_own_place_and_no_point_of_the_map(no_runs: Path, drawn: SimpleNamespace) -> None:
    write_toy_run(no_runs)
    guest = visitor()
    frame("atlas", run="toy", map="raw", dims="2.0")
    before = drawn.map[-1]["data"]
    app = frame("atlas", run="toy", map="raw", dims="2.0", tray=str(guest.number), at=str(guest.number))
    after = drawn.map[-1]["data"]
    (star,) = after["visitors"]
    code = cache.get_guest_code("toy", guest.number).mean[0]
    assert star["name"] == name_of(guest.number) and star["picture"].endswith(f"{guest.number}.png")
    assert (star["x"], star["y"]) == pytest.approx((code[2], code[0]))
    assert after["picked"] == after["n"]  # the first row behind the points
    assert {name: after[name] for name in ("figure", "mark", "n", "positions")} == {
        name: before[name] for name in ("figure", "mark", "n", "positions")
    }
    said = "\n".join(part.value for part in (*app.markdown, *app.caption))
    assert "typically" in said and "Its place is exact" in said and "Distortion **" in said


def test_a_click_on_a_star_picks_the_guest(
    no_runs: Path, drawn: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toy_run(no_runs)
    guest = visitor()
    frame("atlas", run="toy", tray=f"3.{guest.number}")
    call, chosen = drawn.map[-1], []
    monkeypatch.setattr("ui.atlas.state.add_to_tray", chosen.extend)
    monkeypatch.setattr("ui.atlas.state.set_page_param", lambda *_: None)
    rows = call["data"]["n"]
    said = {"picked": {"mark": call["data"]["mark"], "picks": [[1, rows], [2, rows + 1]]}}
    monkeypatch.setattr(st, "session_state", {call["key"]: said})
    call["on_picked_change"]()
    assert chosen == [guest.number]  # the row behind the last guest is nobody's


def test_it_is_a_in_morph_and_comes_along_to_another_model_of_its_shape(no_runs: Path, drawn: SimpleNamespace) -> None:
    write_toy_run(no_runs)
    write_toy_run(no_runs, "other", latent_dim=3)
    write_toy(no_runs, "table")
    guest = visitor()
    app = frame("morph", run="toy", a=str(guest.number), tray=str(guest.number))
    assert any(name_of(guest.number) in part.value and "**A**" in part.value for part in app.markdown)
    model = next(box for box in app.selectbox if box.label == "Model")
    model.set_value("other").run()
    assert param(app, "tray") == str(guest.number) and not app.exception
    model = next(box for box in app.selectbox if box.label == "Model")
    model.set_value("table").run()
    assert not param(app, "tray") and not app.exception


def test_a_link_to_a_guest_that_is_gone_says_so_in_one_sentence(no_runs: Path) -> None:
    write_toy_run(no_runs)
    gone, number = str(FIRST + 482), str(visitor().number)
    app = frame("atlas", run="toy", tray=f"3.{gone}.{number}", at=gone)
    app.run()
    assert param(app, "tray") == f"3.{number}" and not param(app, "at")
    first = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    first.query_params["run"], first.query_params["tray"] = "toy", gone
    first.run()
    assert not first.exception  # the home page lives without it
    first.switch_page("pages/atlas.py")
    first.run()
    assert [note.value for note in first.info if "Guest 482 is not here" in note.value]


def test_what_is_drawn_is_encoded_and_put_on_the_map(
    no_runs: Path, drawn: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toy_run(no_runs)
    frame("atlas", run="toy")
    call = drawn.pad[-1]
    assert call["data"]["shape"] == [1, 8, 8] and call["data"]["actions"] == [["add", "Add to the map"]]
    chosen = []
    monkeypatch.setattr("ui.atlas.state.add_to_tray", chosen.extend)
    monkeypatch.setattr("ui.atlas.state.set_page_param", lambda *_: None)
    pixels = np.arange(64, dtype=np.uint8)

    def send(content: bytes, **more: object) -> object:
        said = {"pixels": base64.b64encode(content).decode(), "action": "add", "label": -1, "serial": 7} | more
        session = {call["key"]: {"added": said}}
        monkeypatch.setattr(st, "session_state", session)
        call["on_added_change"]()
        return session.get("latentarium.guests.said")

    said = send(pixels.tobytes())
    (number,) = chosen
    assert not said.wrong and said.serial == 7 and name_of(number).capitalize() in said.text
    kept = Store.here().get(PICTURES, number)
    assert kept is not None and (kept.x.ravel() == pixels).all()
    for wrong in ({"action": "delete"}, {"label": "3"}, {"serial": None}, {"pixels": "?"}):
        assert send(pixels.tobytes(), **wrong) is None
    assert send(bytes(63)).wrong and send(pixels.tobytes(), label=44).wrong
    assert chosen == [number]


def test_a_conditional_model_is_told_the_guests_class(no_runs: Path, drawn: SimpleNamespace) -> None:
    for family in ("class", "m2"):
        write_toy(no_runs, family)
        frame("atlas", run=family)
        assert bool(drawn.pad[-1]["data"]["classes"]) == (family == "class")  # the other infers it
    codes = [cache.get_guest_code("class", visitor(label=label).number).mean for label in (-1, 2, 5)]
    assert len({code.tobytes() for code in codes}) == 3


def test_without_an_encoder_it_says_why_nothing_can_be_brought(no_runs: Path, drawn: SimpleNamespace) -> None:
    write_toy(no_runs, "gan")
    app = frame("atlas", run="gan")
    assert not drawn.pad and any("has no encoder, so a drawing" in part.value for part in app.caption)


def test_a_line_of_text_and_a_row_of_numbers_take_part(no_runs: Path, drawn: SimpleNamespace) -> None:
    write_toy(no_runs, "text")
    app = frame("atlas", run="text")
    field = next(part for part in app.text_input if "Up to 5 words" in part.label)
    field.set_value("the cat yodels").run()
    next(part for part in app.button if part.label == "Add to the map").click().run()
    assert not app.exception and len(drawn.map[-1]["data"]["visitors"]) == 1
    assert any("yodels" in part.value for part in app.success)
    number = int(param(app, "at"))
    assert Store.here().get(SENTENCES, number).x.tolist() == [4, 5, 3, 2, 0, 0]
    field = next(part for part in app.text_input if "Up to 5 words" in part.label)
    field.set_value("the dog")  # and the button at once
    next(part for part in app.button if part.label == "Add to the map").click().run()
    assert Store.here().get(SENTENCES, int(param(app, "at"))).x.tolist() == [4, 6, 2, 0, 0, 0]
    write_toy(no_runs, "table")
    app = frame("atlas", run="table")
    next(part for part in app.button if part.label == "Add to the map").click().run()
    assert not app.exception and np.allclose(Store.here().get(TABLE, int(param(app, "at"))).x, 0)


def test_the_guests_place_is_found_without_a_new_map(no_runs: Path) -> None:
    run = load_run(write_toy_run(no_runs))
    guest = visitor()
    hosted = cache.get_run_with("toy", [guest.number, FIRST + 1])
    assert len(hosted.codes) == len(run.codes) and hosted.codes.rows([guest.number]).tolist() == [len(run.codes)]
    assert hosted.model is cache.get_run("toy").model
    assert cache.get_run_with("toy", []) is cache.get_run("toy")


@pytest.mark.parametrize("names", [("mu", "logvar"), ("z",)])
def test_a_pair_from_elsewhere_takes_guests_too(
    names: tuple[str, ...], no_runs: Path, tmp_path: Path, drawn: SimpleNamespace
) -> None:
    files = [linear_encoder(tmp_path / "encoder.onnx", names=names), linear_decoder(tmp_path / "decoder.onnx")]
    folder = stage_pair([(path.name, path.open("rb")) for path in files])
    pair, found = look_at(folder)
    pair.close()
    name = take_pair(folder, found.wiring, (1, 8, 8), "pair", load_dataset("digits")).name
    info = cache.get_run(name).config.data
    number = Store.here().add(info, np.asarray(load_dataset("digits").x[700])).number
    frame("atlas", run=name, map="pca", tray=str(number), at=str(number))
    codes = cache.get_codes(name)
    assert len(drawn.map[-1]["data"]["visitors"]) == 1 and drawn.pad
    own = codes.mean[codes.rows([700])[0]]
    assert np.allclose(cache.get_guest_code(name, number).mean[0], own, atol=2e-3, rtol=2e-3)
