"""The Models view of the library, through the frame."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.foreign.onnx_files import linear_decoder, linear_encoder
from tests.pages.toy import write_toy_run
from vae_core import list_runs, load_run
from vae_core.config import PROJECT
from vae_core.runs.bundle import write_bundle


def opened(files: list[tuple[str, bytes]] | None = None) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/library.py").run()
    app.segmented_control(key="library.view").set_value("models").run()
    if files:
        app.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files]).run()
    return app


def words(app: AppTest) -> str:
    return " ".join(
        str(one.value) for kind in ("markdown", "caption", "error", "warning") for one in getattr(app, kind)
    )


def box(app: AppTest, label: str) -> Any:
    return next(one for one in app.selectbox if one.label == label)


@pytest.fixture
def pair(tmp_path: Path) -> list[tuple[str, bytes]]:
    files = [linear_encoder(tmp_path / "encoder.onnx"), linear_decoder(tmp_path / "decoder.onnx")]
    return [(path.name, path.read_bytes()) for path in files]


def test_it_opens_without_a_run(no_runs: Path) -> None:
    app = opened()
    assert not app.exception and "No model yet" in words(app)


def test_a_pair_is_looked_at_changed_and_taken(no_runs: Path, pair: list[tuple[str, bytes]]) -> None:
    app = opened(pair)
    assert not app.exception and not app.error
    assert "The encoder reads **x** (any × 1 × 8 × 8)" in words(app)
    assert "mean squared error" in words(app)
    box(app, "Its codes are made of").select("digits").run()
    assert (box(app, "Output with the codes").value, box(app, "Their widths").value) == ("mu", "logvar")
    right = box(app, "Pixels it reads").value
    box(app, "Pixels it reads").select("bytes" if right != "bytes" else "unit").run()
    box(app, "Its numbers are").select("logits").run()
    assert "Other ranges come closer" in words(app)
    next(button for button in app.button if button.label == "Use these").click().run()
    assert "Other ranges come closer" not in words(app)
    next(text for text in app.text_input if text.label == "Name").set_value("linear").run()
    next(button for button in app.button if button.label == "Take it").click().run()
    assert not app.exception and not app.error
    (card,) = list_runs()
    assert card.name == "linear" and card.ready and len(load_run("linear").codes) == 1797
    assert "is among your runs" in words(app)
    assert not list((no_runs / ".incoming").iterdir())


def test_a_run_that_was_taken_by_a_click_before_is_shown(no_runs: Path, tmp_path: Path) -> None:
    bundle = io.BytesIO()
    write_bundle(write_toy_run(tmp_path), bundle)
    app = opened([("toy.zip", bundle.getvalue())])
    brought = app.session_state["latentarium.library.brought"]
    brought.taken(lambda: "mine", lambda name: brought.run.take(name).name)  # its script ended before it said so
    next(button for button in app.button if button.label == "Take it").click().run()
    assert not app.exception and not app.error and [card.name for card in list_runs()] == ["mine"]
    assert "is among your runs" in words(app)


def test_a_pair_without_data_dreams(no_runs: Path, pair: list[tuple[str, bytes]]) -> None:
    app = opened(pair)
    box(app, "Its codes are made of").select("").run()
    assert "the encoder would be left out" in words(app)
    next(button for button in app.button if button.label == "Take it").click().run()
    assert not app.exception and not list_runs()[0].config.model.abilities.encodes  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("model.pt", b"x")], "model.pt is refused"),
        ([("encoder.onnx", b"x"), ("decoder.onnx", b"x")], "cut short or no ONNX file"),
        ([("run.zip", b"PK")], "no .zip"),
        ([("picture.png", b"x")], "no .onnx"),
    ],
)
def test_what_is_refused_says_why_and_the_page_goes_on(
    no_runs: Path, files: list[tuple[str, bytes]], sentence: str
) -> None:
    app = opened(files)
    assert not app.exception and sentence in app.error[0].value.replace("\\", "")
    assert not list((no_runs / ".incoming").glob("*"))
    app.file_uploader[0].clear().run()
    assert not app.error


def test_a_wrong_name_is_told_and_the_pair_waits(no_runs: Path, pair: list[tuple[str, bytes]]) -> None:
    app = opened(pair)
    next(text for text in app.text_input if text.label == "Name").set_value("../evil").run()
    next(button for button in app.button if button.label == "Take it").click().run()
    assert "cannot name a run" in app.error[0].value.replace("\\", "") and not list_runs()
    next(text for text in app.text_input if text.label == "Name").set_value("good").run()
    next(button for button in app.button if button.label == "Take it").click().run()
    assert [card.name for card in list_runs()] == ["good"]


def test_a_run_comes_in_and_goes_out(no_runs: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    content = io.BytesIO()
    write_bundle(write_toy_run(tmp_path / "elsewhere", "toy"), content)
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("toy/virus.exe", b"MZ")
    app = opened([("toy.zip", content.getvalue())])
    assert not app.exception and "virus.exe" in words(app) and not list_runs()
    next(button for button in app.button if button.label == "Take it").click().run()
    assert not app.exception and [card.name for card in list_runs()] == ["toy"]
    labels = {button.label for button in app.get("download_button")}
    assert labels == {"Run as .zip", "Encoder and decoder as ONNX"}
