"""The frame and the home page, run by Streamlit's own test runner: through app.py, with runs good and bad."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from filelock import FileLock
from PIL import Image
from streamlit.testing.v1 import AppTest

from ui.widgets import picture_png
from vae_core.config import DataInfo, Figures, RunConfig, TrainConfig, model_spec
from vae_core.runs import RunFolder

PROJECT = Path(__file__).resolve().parents[2]


def write_run(
    root: Path, name: str, data: str = "digits", size: int = 1797, *, state: str = "finished", ready: bool = True
) -> None:
    """A run folder as far as the gallery reads it: config.json, without weights and (unless ready) codes."""
    train = TrainConfig(data=data, latent_dim=2, title=f"The run {name}")
    best = Figures(step=10, distortion=20.25, rate=3.5, objective=23.75)
    info = DataInfo(name=data, sample_shape=(1, 8, 8), size=size)
    (root / name).mkdir()
    RunFolder(root / name).write_config(
        RunConfig(train=train, model=model_spec(train, info), data=info, best=best, state=state)
    )
    if ready:
        (root / name / "codes.npz").touch()


@pytest.fixture
def app(no_runs: Path) -> Iterator[AppTest]:
    st.cache_data.clear()
    yield AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    st.cache_data.clear()


def markdown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_without_runs_home_says_how_to_begin(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert app.title[0].value == "What is here?"
    assert "no model on this machine yet" in markdown(app)


def test_home_shows_each_run_and_the_frame_stays(app: AppTest, no_runs: Path) -> None:
    write_run(no_runs, "first")
    write_run(no_runs, "second")
    app.run()
    for _ in range(2):
        assert not app.exception
        assert {card.value for card in app.subheader} == {"The run first", "The run second"}
        assert "distortion **20.2 nats** · rate **3.5 nats**" in markdown(app)
        assert app.sidebar.selectbox[0].label == "Model"
        app.run()


def test_the_choice_stands_in_the_address_and_moves_the_picker(app: AppTest, no_runs: Path) -> None:
    write_run(no_runs, "first")
    write_run(no_runs, "second")
    app.query_params["run"] = "second"
    app.run()
    assert app.sidebar.selectbox[0].value == "second"
    app.sidebar.selectbox[0].select("first").run()
    assert not app.exception
    assert app.query_params["run"] == "first"


def test_the_tray_stays_with_its_dataset(app: AppTest, no_runs: Path) -> None:
    write_run(no_runs, "first")
    write_run(no_runs, "same-data")
    write_run(no_runs, "other-data", data="sprites", size=737_280)
    app.query_params["run"], app.query_params["tray"] = "first", "1.5.9"
    app.run()
    assert "**Tray** · 3 samples" in markdown(app)
    app.sidebar.selectbox[0].select("same-data").run()
    assert app.query_params["tray"] == "1.5.9"
    app.sidebar.button("latentarium.tray.5").click().run()
    assert app.query_params["tray"] == "1.9"
    app.sidebar.selectbox[0].select("other-data").run()
    assert "tray" not in app.query_params
    assert not app.exception


def test_the_tray_follows_a_link_to_a_run_of_the_same_data(app: AppTest, no_runs: Path) -> None:
    """Cards and doors link by the run alone."""
    write_run(no_runs, "first")
    write_run(no_runs, "same-data")
    write_run(no_runs, "other-data", data="sprites", size=737_280)
    app.query_params["run"], app.query_params["tray"] = "first", "1.5.9"
    app.run()
    for run, tray in (("same-data", "1.5.9"), ("other-data", None)):
        app.query_params.clear()
        app.query_params["run"] = run
        app.run()
        assert app.query_params["run"] == run and app.query_params.get("tray") == tray


@pytest.mark.parametrize(
    ("state", "locked", "words"),
    [
        ("running", True, "still being trained"),
        ("running", False, "was interrupted"),
        ("failed", False, "could not be trained"),
        ("stopped", False, "before it had learnt anything"),
    ],
)
def test_a_run_that_is_not_ready_says_where_it_stands(
    state: str, locked: bool, words: str, app: AppTest, no_runs: Path
) -> None:
    write_run(no_runs, "done")
    write_run(no_runs, "young", state=state, ready=False)
    with FileLock(no_runs / "young" / ".lock") if locked else nullcontext():
        app.query_params["run"] = "young"
        app.run()
        assert not app.exception
        assert app.sidebar.selectbox[0].options == ["The run done"]
        link = next(link for link in app.get("page_link") if "run=young" in link.proto.query_string)
        assert link.proto.label.startswith("Still training") == locked
        for page in ("atlas", "traverse", "morph"):
            app.switch_page(f"pages/{page}.py").run()
            assert not app.exception and not app.error
            assert "The run young" in app.info[0].value and words in app.info[0].value


def test_a_senseless_tray_is_one_sentence(app: AppTest, no_runs: Path) -> None:
    write_run(no_runs, "first")
    app.query_params["run"], app.query_params["tray"] = "first", "1.five"
    app.run()
    assert not app.exception
    assert "whole numbers joined by dots" in app.sidebar.warning[0].value


def test_a_tray_beyond_the_data_is_one_sentence(app: AppTest, no_runs: Path) -> None:
    write_run(no_runs, "first")
    app.query_params["run"], app.query_params["tray"] = "first", "5000"
    app.run()
    assert not app.exception
    assert any("samples 0 to 1796" in caption.value for caption in app.sidebar.caption)


def test_an_unknown_run_in_the_address_is_no_crash(app: AppTest, no_runs: Path) -> None:
    write_run(no_runs, "first")
    app.query_params["run"] = "../../etc"
    app.run()
    assert not app.exception
    assert app.title[0].value == "What is here?"


BROKEN = (b"", b'{"schema', b"[]", b'{"schema_version": 99}', b'{"schema_version": 1}', b"\x80\x04pickle")


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_run_is_one_sentence_and_others_stay(app: AppTest, no_runs: Path, content: bytes) -> None:
    write_run(no_runs, "fine")
    (no_runs / "broken").mkdir()
    (no_runs / "broken" / "config.json").write_bytes(content)
    app.run()
    assert not app.exception
    assert [card.value for card in app.subheader] == ["The run fine"]
    assert [note.value.startswith("**broken** cannot be opened.") for note in app.warning] == [True]


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"\0" * (9 << 20)])
def test_a_broken_preview_is_left_out(app: AppTest, no_runs: Path, content: bytes) -> None:
    write_run(no_runs, "fine")
    (no_runs / "fine" / "preview.png").write_bytes(content)
    app.run()
    assert not app.exception
    assert len(app.subheader) == 1


def _broken_page() -> None:
    from ui import widgets
    from vae_core.runs import load_run

    class Page:
        def run(self) -> None:
            load_run("absent")

    widgets.show_page(Page())  # type: ignore[arg-type]


def test_a_page_about_a_broken_run_ends_in_its_sentence(
    no_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "page_link", lambda *arguments, **options: None)  # there is no home page here
    shown = AppTest.from_function(_broken_page, default_timeout=30).run()
    assert not shown.exception
    assert [error.value for error in shown.error] == [
        "There is no run called absent: choose one that the gallery shows."
    ]


def _broken_fragment() -> None:
    from ui import widgets
    from vae_core.latent.projection import ProjectionError

    @widgets.fragment()
    def part() -> None:
        raise ProjectionError("A map needs <b>3</b> samples.")

    part()


def test_a_fragment_says_itself_what_is_wrong() -> None:
    shown = AppTest.from_function(_broken_fragment, default_timeout=30).run()
    assert not shown.exception
    assert [error.value for error in shown.error] == [r"A map needs \<b\>3\</b\> samples."]


def test_small_pictures_are_enlarged_smoothly_and_large_ones_stay() -> None:
    corner = np.zeros((8, 8), dtype=np.uint8)
    corner[:4] = 255
    with Image.open(BytesIO(picture_png(corner, 96))) as picture:
        assert picture.size == (96, 96)
        assert len(np.unique(np.asarray(picture))) > 2, "steps between black and white"
    with Image.open(BytesIO(picture_png(np.zeros((200, 100, 3), dtype=np.uint8), 96))) as picture:
        assert (picture.size, picture.mode) == ((100, 200), "RGB")


def test_home_loads_nothing_heavy() -> None:
    """The first page has to be readable at once: torch alone costs a second."""
    script = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        "app = AppTest.from_file('app.py', default_timeout=60).run(); assert not app.exception; "
        "print([name for name in ('torch', 'torchvision', 'umap', 'numba', 'sklearn', 'scipy') "
        "if name in sys.modules])"
    )
    printed = subprocess.run(
        (sys.executable, "-c", script), cwd=PROJECT, capture_output=True, text=True, check=True, timeout=100
    )
    assert printed.stdout.splitlines()[-1] == "[]"
