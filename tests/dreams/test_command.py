"""`python -m vae_core sample`: files read back, the same seed the same sheet, the line that the app shows does it."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tyro
from PIL import Image

from tests.pages.toy import TOYS, write_toy
from vae_core import load_dataset, load_run
from vae_core.dreams import Asked, DreamError
from vae_core.dreams.command import Sample, command_for, sample, sheet_of
from vae_core.dreams.files import as_bytes, endings, file_name


@pytest.fixture(scope="module", autouse=True)
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Toys in the runs folder, for all tests of this file."""
    root = tmp_path_factory.mktemp("runs")
    for family in ("gaussian", "class", "quadrants", "text", "table", "vq"):
        write_toy(root, family)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENTARIUM_RUNS", str(root))
        patch.setenv("LATENTARIUM_CHECKPOINTS", str(root / "none"))
        yield


def parsed(line: str) -> Sample:
    return tyro.cli(Sample, args=shlex.split(line)[4:])


ASKED = [
    ("gaussian", Asked(count=5, seed=3, sampler="mixture", temperature=0.4, components=2, label=1), "", "npz"),
    ("gaussian", Asked(count=5, sampler="tray", tray=(0, 3, 9), temperature=0.0), "", "npz"),
    ("class", Asked(count=5, sampler="normal"), "class-7", "png"),
    ("class", Asked(count=5), "class-none", "npz"),
    ("quadrants", Asked(count=5), "seen-9-0110", "npz"),
    ("text", Asked(count=5, way="sample", warmth=0.7), "", "csv"),
    ("table", Asked(count=5, temperature=1.25), "", "csv"),
    ("vq", Asked(count=5, sampler="transformer"), "", "png"),
]


@pytest.mark.parametrize(("family", "asked", "given", "ending"), ASKED)
def test_the_line_that_the_app_shows_writes_what_the_app_hands_out(
    tmp_path: Path, family: str, asked: Asked, given: str, ending: str
) -> None:
    run, out = load_run(family), tmp_path / f"it.{ending}"
    data = load_dataset("digits") if run.config.data.name == "digits" else None
    command = parsed(command_for(family, asked, given, str(out)))
    assert command.asked == asked and command.given == given and command.out == out
    sample(command)
    assert out.read_bytes() == as_bytes(sheet_of(run, asked, given, data), ending)


def test_an_npz_holds_what_makes_it_again() -> None:
    asked = Asked(count=4, sampler="tray", tray=(0, 3), temperature=0.0, seed=8)
    run = load_run("gaussian")
    with np.load(io.BytesIO(as_bytes(sheet_of(run, asked, "", None), "npz")), allow_pickle=False) as file:
        kept = dict(file)
    assert kept["samples"].shape == (4, 1, 8, 8) and kept["samples"].dtype == np.uint8
    assert (kept["temperature"], kept["seed"], kept["sampler"], kept["tray"].tolist()) == (0, 8, "tray", [0, 3])
    codes = run.codes
    np.testing.assert_allclose(kept["codes"], np.repeat(codes.mean[codes.rows([0, 3])].mean(0)[None], 4, 0), atol=1e-6)


def test_a_png_has_a_tile_for_each_and_a_csv_a_line() -> None:
    def made_as(family: str, ending: str) -> bytes:
        return as_bytes(sheet_of(load_run(family), Asked(count=9), "", None), ending)

    sheet = Image.open(io.BytesIO(made_as("gaussian", "png")))
    assert sheet.size == (6 + 8 * 102, 6 + 2 * 102)  # nine are two rows of eight
    lines = list(csv.reader(io.StringIO(made_as("text", "csv").decode())))
    assert lines[0] == ["sentence"] and len(lines) == 10
    table = list(csv.reader(io.StringIO(made_as("table", "csv").decode())))
    run = load_run("table")
    rows = sheet_of(run, Asked(count=9), "", None).samples
    assert table[0] == ["alcohol", "malic acid", "hue"]
    np.testing.assert_allclose(np.array(table[1:], float)[:, 0], 13.0 + 0.8 * rows[:, 0], rtol=1e-4)


def test_sheets_that_were_asked_for_differently_have_different_names() -> None:
    asked = Asked(count=16, seed=7, sampler="mixture", temperature=0.6, components=5, label=3)
    assert file_name("digits", asked, "mixture", "", "npz") == "digits-mixture-k5-of3-t0.6-seed7-n16.npz"
    others = [replace(asked, **{name: 1}) for name in ("count", "seed", "temperature", "components", "label")]
    others += [replace(asked, way="sample"), replace(asked, way="sample", warmth=0.5), replace(asked, way="beam")]
    names = {file_name("digits", one, "mixture", given, "npz") for one in others for given in ("", "class-3")}
    assert len(names) == 2 * len(others)


def test_what_a_kind_of_sample_cannot_become_is_said() -> None:
    assert [endings(TOYS[family][1].kind)[0] for family in ("gaussian", "text", "table")] == ["png", "csv", "csv"]
    with pytest.raises(DreamError, match=r"kept as \.png, \.npz, not \.csv"):
        as_bytes(sheet_of(load_run("gaussian"), Asked(), "", None), "csv")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("gaussian", "--out dreams.png"),
        ("gaussian --sampler vamp --out a.png", "choose own or normal or mixture or tray"),
        ("gaussian --sampler tray --out a.png", "that have a code"),
        ("gaussian --given class-3 --out a.png", "leave --given away"),
        ("class --out a.png", "--given class-0 to class-9"),
        ("class --given class-10 --out a.png", "--given class-0 to class-9"),
        ("quadrants --given seen-1 --out a.png", "seen-57-0010"),
        ("gaussian --temperature nan --out a.png", "A temperature is 0 to 4"),
        ("text --words sample --warmth nan", "The warmth of words is 0 to 4"),
        ("text --words sample --warmth -1", "The warmth of words is 0 to 4"),
        ("gaussian --seed -1 --out a.png", "A seed is a whole number from 0"),
        (f"gaussian --seed {10**30} --out a.png", "A seed is a whole number from 0"),
        ("gaussian --label 3 --out a.png", "--label is for --sampler mixture, not for own"),
        ("gaussian --sampler mixture --tray 3 --out a.png", "--tray is for --sampler tray, not for mixture"),
        ("gaussian --sampler normal --components 5 --out a.png", "--components is for --sampler mixture"),
        ("text --warmth 0.5", "--warmth is for --words sample, not for greedy"),
        ("gaussian --words beam --out a.png", "makes no sentences: leave --words away"),
        ("gaussian --sampler mixture --components 0 --out a.png", "1 to 100 Gaussians, not 0"),
        ("gaussian --sampler mixture --components 9999 --out a.png", "1 to 100 Gaussians, not 9,999"),
        (f"gaussian --sampler tray --tray -1 {10**30} --out a.png", "that have a code"),
        ("gaussian --count 1025 --out a.png", "shows 1,024 samples at most, not 1,025; a .npz keeps all"),
        ("gaussian --out a", "not a file without an ending"),
        ("gaussian --out folder.png", "folder.png is a folder"),
        ("gaussian --json --out a.png", "ask for both"),
        ("gaussian --sampler mixture --label 77 --out a.png", "at least two codes"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, sentence: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ValueError, match=sentence):
        sample(parsed(f"python -m vae_core sample {line}"))
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("gaussian", None),
        ("gaussian --sampler mixture", None),
        ("gaussian --sampler mixture --label 3 --components 1", 3),
        ("gaussian --sampler tray --tray {threes}", 3),
        ("gaussian --sampler tray --tray {threes} {other}", None),
        ("class --given class-7", 7),
        ("class --given class-none", None),
    ],
)
def test_dreams_of_a_class_are_measured_by_held_out_samples_of_it(
    capsys: pytest.CaptureFixture[str], line: str, label: int | None
) -> None:
    codes, data = load_run("gaussian").codes, load_dataset("digits")
    threes = " ".join(map(str, codes.index[codes.y == 3][:2]))
    words = line.format(threes=threes, other=codes.index[codes.y != 3][0])
    sample(parsed(f"python -m vae_core sample {words} --count 2 --nearest --json"))
    found = json.loads(capsys.readouterr().out)
    test = data.y[data.splits["test"]]
    assert found["class_of_held_out"] == label
    assert found["held_out"] == (len(test) if label is None else int((test == label).sum()))


def test_nearest_is_printed_for_people_and_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample(parsed("python -m vae_core sample gaussian --count 3 --nearest"))
    said = capsys.readouterr().out
    assert "of 3 are nearer to a training sample than half of 179 held-out samples are (0.131)" in said
    assert "as the model decodes them" in said
    out = tmp_path / "new" / "it.npz"
    sample(parsed(f"python -m vae_core sample gaussian --count 3 --nearest --json --out {out}"))
    found = json.loads(capsys.readouterr().out)
    assert out.exists()
    assert len(found["distance"]) == 3 and found["looked_at"] == found["of"] == 1439
    assert found["nearer_than_that"] == sum(d < found["median_of_held_out"] for d in found["distance"])
