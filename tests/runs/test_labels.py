"""A run's title and note: beside config.json, shown wherever the run is, never in the way of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.toy import write_toy_run
from vae_core.runs import Label, RunError, RunFolder, label_of, list_runs, load_run, write_label
from vae_core.runs.labels import FILE, MAX_NOTE, MAX_TITLE


def test_a_title_is_shown_wherever_the_run_is(no_runs: Path) -> None:
    folder = write_toy_run(no_runs, "mine")
    config = (folder / "config.json").read_bytes()
    assert load_run("mine").title == "The run mine"
    write_label(folder, title="  Tilt \n and width ")
    write_label(folder, note="keep")
    assert label_of(folder) == Label(title="Tilt and width", note="keep")
    assert load_run("mine").title == list_runs()[0].title == "Tilt and width"
    assert list_runs()[0].label.note == "keep"
    assert (folder / "config.json").read_bytes() == config
    write_label(folder, title="", note="")
    assert load_run("mine").title == "The run mine" and not (folder / FILE).exists()


def test_words_outlive_what_a_live_run_writes(no_runs: Path) -> None:
    folder = write_toy_run(no_runs, "mine")
    write_label(folder, note="still here")
    RunFolder(folder).write_config(RunFolder(folder).read_config())
    assert label_of(folder).note == "still here"


@pytest.mark.parametrize("field", ["title", "note"])
def test_too_many_words_are_refused_and_change_nothing(no_runs: Path, field: str) -> None:
    folder = write_toy_run(no_runs, "mine")
    most = {"title": MAX_TITLE, "note": MAX_NOTE}[field]
    write_label(folder, **{field: "y" * most})
    with pytest.raises(RunError, match=f"{field} has at most"):
        write_label(folder, **{field: "y" * (most + 1)})
    assert getattr(label_of(folder), field) == "y" * most


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b'{"title": 3}', b'{"titel": "x"}', b'{"title": "' + b"x" * 200 + b'"}', b"[" * 20_000]
)
def test_a_damaged_label_hides_no_run(no_runs: Path, content: bytes) -> None:
    folder = write_toy_run(no_runs, "mine")
    (folder / FILE).write_bytes(content)
    assert label_of(folder) == Label() and list_runs()[0].title == "The run mine"
    write_label(folder, title="New")
    assert load_run("mine").title == "New"


def test_what_is_no_run_has_no_title(no_runs: Path) -> None:
    (no_runs / "empty").mkdir()
    with pytest.raises(RunError, match="no run yet"):
        write_label(no_runs / "empty", title="x")
