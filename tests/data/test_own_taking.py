"""Taking data over: it appears whole or not at all, is called own:NAME everywhere, and can be deleted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from vae_core.config import PROJECT, TrainConfig
from vae_core.data import DatasetError, card_of, data_folder, find_card, is_available, load_dataset
from vae_core.data.cards import all_names, data_files, in_reach
from vae_core.data.own import files, shelf, taking
from vae_core.data.own.choices import Choices
from vae_core.data.own.reading import inspect

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENTARIUM_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def pictures(folder: Path, colour: bool = False, n: int = 24) -> Path:
    for k in range(n):
        (folder / "ab"[k % 2]).mkdir(parents=True, exist_ok=True)
        shape = (30, 40, 3) if colour else (30, 40)
        Image.fromarray(RNG.integers(0, 256, shape, np.uint8)).save(folder / "ab"[k % 2] / f"{k:02}.png")
    return folder


def captions(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    rows = [
        {"id": k, "words": f"the {['cat', 'dog', 'owl'][k % 3]} sees {k} things", "mood": "xy"[k % 2]}
        for k in range(150)
    ]
    pd.DataFrame(rows).to_csv(folder / "captions.csv", index=False)
    return folder / "captions.csv"


def wines(folder: Path, ending: str = ".csv") -> Path:
    folder.mkdir(exist_ok=True)
    frame = pd.DataFrame({"acid": RNG.normal(size=40), "hue": RNG.normal(size=40), "kind": ["red", "white"] * 20})
    frame["when"] = pd.Timestamp("2020-01-01")
    frame.loc[4, "hue"] = np.nan
    path = folder / f"wines{ending}"
    frame.to_csv(path, index=False) if ending == ".csv" else frame.to_parquet(path)
    return path


def left_behind() -> list[str]:
    return sorted(item.name for item in shelf.own_folder().iterdir() if item.suffix != ".lock")


MAKERS: dict[str, tuple[Callable[[Path], Path], Choices]] = {
    "grey": (pictures, Choices()),
    "colour": (lambda folder: pictures(folder, colour=True), Choices(side=64, fit="pad")),
    "lines": (captions, Choices(pieces="letters")),
    "table": (wines, Choices(columns=("acid", "hue"), label="kind")),
    "parquet": (lambda folder: wines(folder, ".parquet"), Choices()),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_what_was_taken_is_there_under_its_name(kind: str, tmp_path: Path) -> None:
    make, choices = MAKERS[kind]
    path = make(tmp_path / "mine")
    seen = inspect(path, choices)
    told: list[float] = []
    taken = taking.take(path, seen.choices, "mine", title="My ☃ data", progress=lambda part, text: told.append(part))
    assert taken.name == "own:mine" and told[-1] == 1.0 and left_behind() == ["mine"]
    assert not any(b"pickle" in file.read_bytes() for file in shelf.folder_of("mine").iterdir())
    shutil.rmtree(tmp_path / "mine")  # nothing depends on where it came from
    card = card_of("own:mine")
    assert card.title == "My ☃ data" and card.n == seen.n and card.sample_shape == seen.sample_shape
    assert "own:mine" in all_names() and is_available("own:mine") and in_reach("own:mine") and data_files("own:mine")
    data = load_dataset("own:mine")
    assert (data.name, data.kind, len(data), data.sample_shape) == ("own:mine", seen.kind, seen.n, seen.sample_shape)
    assert data.info.class_names == card.class_names == tuple(name for name, _ in seen.classes) != ()
    assert data.y is not None and np.bincount(data.y).tolist() == [count for _, count in seen.classes]
    assert TrainConfig(data="own:mine").data == data.name and card.train_size == len(data.splits["train"])
    again = load_dataset("own:mine")
    assert torch.equal(data.x[:], again.x[:]) and all(
        torch.equal(a, b) for a, b in zip(data.splits.values(), again.splits.values(), strict=True)
    )
    if kind in ("table", "parquet"):
        assert len(data) == 39 and taken.card.skipped >= 1 and data.columns == ("acid", "hue")


def test_texts_are_the_same_when_they_are_read_again(tmp_path: Path) -> None:
    """Two ways of writing an accent, bytes that no text has, marks of the order of bytes, wide letters."""
    odd = ["\ufeff", "\ufeffcafe\u0301", "a\0b", " a\rb\x85c ", "☃" * 5000]
    pd.DataFrame({"words": [*odd, *(f"cafe\u0301 {k}" for k in range(150))]}).to_parquet(tmp_path / "odd.parquet")
    taking.take(tmp_path / "odd.parquet", Choices(text=True, pieces="letters"), "odd")
    assert len(load_dataset("own:odd")) == card_of("own:odd").n == 154  # without the blank one
    (tmp_path / "odd.txt").write_text("\n".join(odd * 4), encoding="utf-8")
    with pytest.raises(DatasetError, match="bytes that no text has"):
        inspect(tmp_path / "odd.txt")
    (tmp_path / "odd.txt").write_text("\n".join(odd[:2] + odd[3:] * 8), encoding="utf-8")
    taking.take(tmp_path / "odd.txt", Choices(pieces="letters"), "lines")
    assert len(load_dataset("own:lines")) == card_of("own:lines").n == 17


def test_a_dataset_is_deleted(tmp_path: Path) -> None:
    taking.take(pictures(tmp_path / "mine"), Choices(), "mine")
    taking.delete("own:mine")
    assert left_behind() == [] and not is_available("own:mine") and "own:mine" not in all_names()
    assert find_card("own:mine") is None and data_files("own:mine") == ()
    for ask in (lambda: taking.delete("own:mine"), lambda: load_dataset("own:mine"), lambda: card_of("own:mine")):
        with pytest.raises(DatasetError, match=r"There is no dataset own:mine here"):
            ask()


@pytest.mark.parametrize("name", ["", "../up", "A", "a/b", "a b", ".x", "-x", "ü", "x" * 41, "con.txt", "a\n"])
def test_names_that_lead_elsewhere(name: str, tmp_path: Path) -> None:
    for ask in (
        lambda: taking.take(pictures(tmp_path / "mine"), Choices(), name),
        lambda: load_dataset(f"own:{name}"),
        lambda: taking.delete(f"own:{name}"),
    ):
        with pytest.raises(DatasetError, match="names no dataset"):
            ask()
    assert not is_available(f"own:{name}") and data_files(f"own:{name}") == () and not data_folder().exists()


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    taking.take(pictures(tmp_path / "mine"), Choices(), "mine")
    before = (shelf.folder_of("mine") / "x.npy").read_bytes()
    with pytest.raises(DatasetError, match="already: choose another name"):
        taking.take(captions(tmp_path / "text"), Choices(), "mine")
    assert (shelf.folder_of("mine") / "x.npy").read_bytes() == before and left_behind() == ["mine"]


def test_two_at_once(tmp_path: Path) -> None:
    """One of them has it, the other is told so."""
    path, start, said = pictures(tmp_path / "mine"), Barrier(2), []

    def go() -> None:
        start.wait()
        try:
            said.append(taking.take(path, Choices(), "mine").name)
        except DatasetError as error:
            said.append(str(error))

    threads = [Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(words) for words in said)[0] == len("own:mine") and "own:mine" in said
    assert any("just now" in words or "already" in words for words in said) and left_behind() == ["mine"]


class Away(Exception):
    """A visitor who leaves."""


def test_whoever_stops_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pictures(tmp_path / "mine", n=201)

    def leave(part: float, text: str) -> None:
        raise Away

    with pytest.raises(Away):
        taking.take(path, Choices(), "mine", progress=leave)
    assert left_behind() == []
    for k in range(195):
        (path / "ab"[k % 2] / f"{k:02}.png").write_bytes(b"broken")
    with pytest.raises(DatasetError, match="holds 6 pictures that can be read"):
        taking.take(path, Choices(side=28, colour="grey"), "mine")

    def full(stream: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(taking, "_flush", full)
    with pytest.raises(DatasetError, match="cannot be written: No space left on device"):
        taking.take(pictures(tmp_path / "other"), Choices(), "mine")
    assert left_behind() == []


def test_a_folder_that_cannot_be_written(tmp_path: Path, home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(DatasetError, match="cannot be written"):
        taking.take(pictures(tmp_path / "mine"), Choices(), "mine")


def test_what_a_killed_process_left_is_thrown_away(tmp_path: Path) -> None:
    path = pictures(tmp_path / "mine", n=201)
    code = (
        "import sys, time; from pathlib import Path; from vae_core.data.own import taking; "
        "from vae_core.data.own.choices import Choices\n"
        "def tell(part, text):\n    print('half', flush=True); time.sleep(60)\n"
        "taking.take(Path(sys.argv[1]), Choices(), 'mine', progress=tell)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"half\n"
        with pytest.raises(DatasetError, match="just now"):
            taking.take(path, Choices(), "mine")
        taking.tidy()
        assert left_behind() == [".mine.part"], "it is still being written"
        process.send_signal(signal.SIGKILL)
    assert left_behind() == [".mine.part"] and not is_available("own:mine") and all_names().count("own:mine") == 0
    taking.tidy()
    assert left_behind() == []
    assert taking.take(path, Choices(), "mine").card.n == 201


def test_damaged_datasets_say_so(tmp_path: Path) -> None:
    taking.take(pictures(tmp_path / "mine"), Choices(), "mine")
    folder = shelf.folder_of("mine")
    good = {file.name: file.read_bytes() for file in folder.iterdir()}
    card = json.loads(good["card.json"])
    damages: list[tuple[str, bytes]] = [
        ("card.json", b"{"),
        ("card.json", json.dumps(card | {"n": 10**9}).encode()),
        ("card.json", json.dumps(card | {"n": 20}).encode()),
        ("card.json", json.dumps(card | {"class_names": ["a"]}).encode()),
        ("card.json", json.dumps(card | {"more": 1}).encode()),
        ("card.json", json.dumps(card | {"sample_shape": [4096, 4096, 64]}).encode()),
        ("x.npy", good["x.npy"][:-1]),
        ("x.npy", b""),
        ("y.npy", good["y.npy"][:-2] + b"\xff\x7f"),
    ]
    for number, (name, content) in enumerate(damages):
        (folder / name).write_bytes(content)
        os.utime(folder / name, ns=(number, number))
        with pytest.raises(DatasetError, match=r"take the data again\.$"):
            load_dataset("own:mine")
        (folder / name).write_bytes(good[name])
    (folder / "x.npy").unlink()
    with pytest.raises(DatasetError, match=r"take the data again\.$"):
        load_dataset("own:mine")


def test_choices_that_make_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pictures(tmp_path / "mine", n=210)
    from vae_core.data.own import picture_files

    monkeypatch.setattr(picture_files, "MAX_TAKEN", 150 * 28 * 28)
    with pytest.raises(DatasetError, match="choose a smaller side"):
        taking.take(path, replace(Choices(), side=28, colour="grey"), "mine")
    assert left_behind() == [] and files.MAX_TAKEN > 1 << 29
