"""The library page through the frame: data is brought, seen, taken, listed, trained on and deleted."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.pages.toy import write_toy_run
from ui import bring, cache, library_data
from ui.once import Once
from vae_core.config import PROJECT, TrainConfig
from vae_core.data import DatasetError, card_of
from vae_core.data.own import shelf, taking
from vae_core.data.own.choices import Choices

RNG = np.random.default_rng(0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LATENTARIUM_DATA", str(folder))
    return folder


@pytest.fixture
def app(no_runs: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    started: list[Thread] = []

    class Joined(Thread):
        """Taking ends before the page is drawn again, so nothing has to be waited for."""

        def start(self) -> None:
            super().start()
            started.append(self)
            self.join(30)

    monkeypatch.setattr(cache.own, "Thread", Joined)
    st.cache_data.clear()
    st.cache_resource.clear()
    page = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    yield page.switch_page("pages/library.py").run()
    st.cache_data.clear()
    st.cache_resource.clear()


def png(side: int = 28) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (side, side), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


CATS = zipped({f"{kind}/{k}.png": png() for kind in ("cats", "dogs") for k in range(8)} | {"cats/x.png": b"MZ"})


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info, app.success, app.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


def labels(app: AppTest) -> list[str]:
    return [element.label for element in app.button]


def press(app: AppTest, label: str) -> AppTest:
    return next(element for element in app.button if element.label.startswith(label)).click().run()


def control(app: AppTest, label: str) -> object:
    kinds = (app.segmented_control, app.selectbox, app.multiselect, app.toggle, app.text_input)
    return next(element for kind in kinds for element in kind if element.label == label)


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    return app.file_uploader[0].set_value([(name, content, "") for name, content in files]).run()


def test_a_zip_is_seen_taken_and_trained_on(app: AppTest) -> None:
    assert not app.exception and "None yet" in words(app) and "Up to 200 MB a file" in words(app)
    upload(app, ("my cats_and-dogs.zip", CATS))
    assert not app.exception, app.exception
    said = words(app)
    assert "16 pictures** of 28 × 28 in grey would be taken" in said and "cats **8** · dogs **8**" in said
    assert "no picture, whatever its name says" in said and not shelf.names()
    control(app, "Pixels a side").set_value(16).run()
    assert "of 16 × 16 in grey" in words(app)
    press(app, "Take 16 pictures")
    assert not app.exception and shelf.names() == ["own:my-cats-and-dogs"]
    card = card_of("own:my-cats-and-dogs")
    assert (card.title, card.sample_shape, card.class_names) == ("my cats and dogs", (1, 16, 16), ("cats", "dogs"))
    assert "is here: train on it" in words(app) and "1 left out" in words(app)
    press(app, "Train on it")
    data = next(box for box in app.selectbox if box.label == "Data")
    assert data.value == "own:my-cats-and-dogs" and not app.exception
    assert any("my cats and dogs · 16 pictures of 16 × 16" in option for option in data.options)
    assert "Start training" in labels(app) and not next(b for b in app.button if b.label == "Start training").disabled


def test_what_comes_with_the_click_counts(app: AppTest) -> None:
    upload(app, ("cats.zip", CATS))
    control(app, "Pixels a side").set_value(32)
    control(app, "Call it").set_value("Two kinds")
    press(app, "Take 16 pictures")
    assert not app.exception and shelf.names() == ["own:two-kinds"]
    card = card_of("own:two-kinds")
    assert (card.title, card.sample_shape) == ("Two kinds", (1, 32, 32))
    upload(app, ("cats.zip", CATS))
    control(app, "Call it").set_value(" ")
    press(app, "Take 16 pictures")
    assert not app.exception and shelf.names() == ["own:two-kinds"] and app.file_uploader[0].value


def test_what_a_click_before_took_is_shown_and_not_taken_again(app: AppTest) -> None:
    upload(app, ("cats.zip", CATS))
    source = app.session_state["latentarium.library.upload"]
    taken: Once[str] = Once()
    taken(lambda: "cats", str)  # its script ended before it said so
    app.session_state[f"latentarium.library.once.{source.key}"] = taken
    press(app, "Take 16 pictures")
    assert not app.exception and not shelf.names() and not app.file_uploader[0].value


def test_tables_and_text(app: AppTest) -> None:
    rows = "\n".join(f"{k},{k * k % 17},{'ab'[k % 2]},words of row {k}" for k in range(120))
    upload(app, ("t.csv", f"x,y,kind,note\n{rows}\n".encode()))
    assert "120 rows** of 2 columns" in words(app) and "a column of text" in words(app)
    control(app, "Columns").set_value(["y"]).run()
    assert "120 rows** of 1 columns" in words(app) or "120 rows** of 1 column" in words(app)
    control(app, "Columns").set_value([]).run()
    assert "no column of numbers" in words(app) or "120 rows** of 2 columns" in words(app)
    control(app, "Learn from").set_value(True).run()
    assert "120 lines** would be taken" in words(app) and control(app, "Column").value == "note"
    control(app, "Read by").set_value("letters").run()
    press(app, "Take 120 lines")
    assert card_of("own:t").kind == "text" and not app.exception
    press(app, "Train on it")
    assert next(box for box in app.selectbox if box.label == "Data").value == "own:t"
    assert next(box for box in app.selectbox if box.label == "Family").value == "grammar" and not app.exception


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("a.zip", b"PK nothing")], "no sound .zip"),
        ([("a.exe", b"MZ")], "nothing that can be read"),
        ([("a.zip", zipped({"a.txt": b"x"}))], "holds no pictures"),
        ([("../../up.csv", b"x,y\n1,2\n")], "holds 1 rows"),
        ([("a.csv", b"x\n1\n"), ("b.txt", b"y")], "don't go together"),
        ([("one.png", png())], "holds 1 pictures"),
        ([("<b>x</b>.npy", b"\x93NUMPY")], "no sound .npy"),
        ([("", b"")], "nothing that can be read"),
    ],
)
def test_what_is_no_data_is_one_sentence(app: AppTest, home: Path, files: list, sentence: str) -> None:
    upload(app, *files)
    assert not app.exception, app.exception
    assert sentence in "\n".join(error.value for error in app.error).replace("\\", "")
    assert not any(label.startswith("Take") for label in labels(app)) and not (home / "own").exists()


def test_only_the_data_folder_is_read(app: AppTest, home: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("\n".join(f"secret {k}" for k in range(20)))
    (home / "link.txt").symlink_to(tmp_path / "secret.txt")
    (home / "mine.txt").write_text("\n".join(f"line {k}" for k in range(20)))
    (home / "photos" / "cats").mkdir(parents=True)
    (home / "photos" / "cats" / "1.png").write_bytes(png())
    assert bring.listed() == ["mine.txt", "photos"]
    for path in (
        "../secret.txt",
        str(tmp_path / "secret.txt"),
        "link.txt",
        "/etc/passwd",
        "",
        ".",
        "a\0b",
        "~/x",
        "x" * 5000,
    ):
        with pytest.raises(DatasetError, match="the app reads no other"):
            bring.lying(path)
    control(app, "Where it comes from").set_value("From the data folder").run()
    control(app, "File or folder").set_value("mine.txt").run()
    assert "20 lines** would be taken" in words(app) and not app.exception
    press(app, "Take 20 lines")
    assert shelf.names() == ["own:mine"] and control(app, "File or folder").value is None


def test_uploads_of_an_app_that_was_killed_go(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(bring, "BEING_MADE", -1.0)
    left, other = tmp_path / "latentarium-upload-left", tmp_path / "somebody-else"
    for folder in (left, other):
        (folder / "files").mkdir(parents=True)
    (tmp_path / "latentarium-upload-link").symlink_to(other)
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/library.py").run()
    assert not left.exists() and other.exists()
    long = "Ω" * 300 + ".csv"
    upload(app, (long, b"a,b\n" + b"1,2\n2,1\n" * 8))
    assert "16 rows" in words(app)
    (mine,) = (path for path in tmp_path.glob("latentarium-upload-*") if not path.is_symlink())
    AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run().switch_page("pages/library.py").run()
    assert mine.exists()  # it is held


def test_deleting_says_which_runs_were_made_from_it(app: AppTest, no_runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "cats.zip"
    path.write_bytes(CATS)
    taking.take(path, Choices(), "cats")
    write_toy_run(
        no_runs, "of-cats", data="own:cats", sample_shape=(1, 28, 28), size=16, classes=("cats", "dogs"), codes=5
    )
    st.cache_data.clear()
    app.run()
    assert "Made from it: The run of-cats" in words(app).replace("\\", "")
    assert library_data.free_name("Cats!") == "cats-2"
    press(app, "Delete it")
    assert not shelf.names() and "None yet" in words(app)
    assert library_data.free_name("Cats!") == "cats-2", "runs of other data bear this name"
    assert "is not on this machine" in cache.why_no_originals("own:cats")


def test_a_deleted_dataset_leaves_the_form(app: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "cats.zip"
    path.write_bytes(CATS)
    taking.take(path, Choices(), "cats")
    press(app.run(), "Train on it")
    app.switch_page("pages/home.py").run()
    taking.delete("own:cats")
    app.switch_page("pages/train.py").run()
    assert not app.exception and not app.error and "is not among the data" in words(app)
    assert next(box for box in app.selectbox if box.label == "Data").value == TrainConfig().data


def test_a_damaged_dataset_can_be_deleted(app: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "cats.zip"
    path.write_bytes(CATS)
    taking.take(path, Choices(), "cats")
    (shelf.folder_of("cats") / "card.json").write_text("{")
    app.run()
    assert "is damaged" in words(app) and not app.exception
    app.switch_page("pages/train.py").run()
    assert not app.exception and not app.error
    app.switch_page("pages/library.py").run()
    press(app, "Delete it")
    assert not shelf.names()
