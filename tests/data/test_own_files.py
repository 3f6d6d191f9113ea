"""Files of one's own: what is sound is read whole, what is not says one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core.data import Dataset, DatasetError, is_available, load_dataset
from vae_core.data.cards import data_files
from vae_core.data.own import files
from vae_core.data.own import text as own_text
from vae_core.data.text import END, SPECIAL, UNKNOWN, detokenise


def one_sentence(name: str) -> str:
    with pytest.raises(DatasetError) as caught:
        load_dataset(name)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 700
    return sentence


def whole(data: Dataset) -> None:
    assert torch.equal(torch.cat(list(data.splits.values())).sort().values, torch.arange(len(data)))
    assert all(len(part) for part in data.splits.values())


LINES = [f"the {animal} sees {number} owls" for animal in ("cat", "dog", "fox") for number in range(10)]


def text_file(folder: Path, content: str | bytes, name: str = "own.txt") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_lines_by_words(tmp_path: Path) -> None:
    name = text_file(tmp_path, "\ufeff" + "\r\n\n".join(LINES) + "\n  \n")
    assert is_available(name) and data_files(name) == (Path(name),)
    data = load_dataset(name)
    whole(data)
    assert (data.name, data.kind, data.joiner, data.sample_shape) == (name, "text", " ", (6,))
    assert len(data) == len(LINES) and data.y is None and data.class_names == ()
    known = {word for text in detokenise(data.split("train").x[:], data.vocabulary, " ") for word in text.split()}
    assert set(data.vocabulary) == {*SPECIAL, *known}
    for line, text in zip(LINES, detokenise(data.x[:], data.vocabulary, " "), strict=True):
        assert text == " ".join(word if word in known else "<unknown>" for word in line.split())


def test_lines_by_letters(tmp_path: Path) -> None:
    name = "letters:" + text_file(tmp_path, "\n".join([*LINES, "e\u0301tude"]))
    assert is_available(name)
    data = load_dataset(name)
    assert data.joiner == "" and all(len(piece) == 1 for piece in data.vocabulary[4:])
    texts = detokenise(data.x[:], data.vocabulary, "")
    assert texts[:-1] == LINES and texts[-1] in ("étude", "<unknown>tude")


def test_words_are_counted_in_the_training_split_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"word{number} common" for number in range(100)]
    data = load_dataset(text_file(tmp_path, "\n".join(lines)))
    assert data.vocabulary[4] == "common" and len(data.vocabulary) == 4 + 1 + 80
    assert not (data.split("train").x[:] == UNKNOWN).any()
    assert (data.split("test").x[:, 0] == UNKNOWN).all()
    monkeypatch.setattr(own_text, "MAX_VOCABULARY", 7)
    short = load_dataset(data.name)
    assert short.vocabulary[:5] == (*SPECIAL, "common") and len(short.vocabulary) == 7
    assert int((short.split("train").x[:, 0] == UNKNOWN).sum()) == 78


def test_long_lines_are_cut_and_long_words_unknown(tmp_path: Path) -> None:
    data = load_dataset(text_file(tmp_path, "\n".join([*LINES, "so " * 500, "x" * 41])))
    assert data.sample_shape == (64,) and int(data.x[-2, -1]) == END
    assert not any(len(piece) > 40 for piece in data.vocabulary)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds 0 lines"),
        (b"\n \n\t\n", "holds 0 lines"),
        (b"one\ntwo\n", "holds 2 lines"),
        (b"\x89PNG\r\n\0\0" + bytes(range(256)), "is no text"),
        ("Käse\n".encode("latin-1") * 20, "no text in UTF-8 (byte 1)"),
        ("Käse\n".encode("utf-16") * 20, "is no text"),
    ],
)
def test_what_is_no_text(content: bytes, sentence: str, tmp_path: Path) -> None:
    name = text_file(tmp_path, content)
    assert sentence in one_sentence(name) and name in one_sentence(name)
    assert sentence in one_sentence(f"letters:{name}")


def test_files_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = str(tmp_path / "absent.txt")
    assert not is_available(absent) and f"no file {absent}" in one_sentence(absent)
    (tmp_path / "folder.txt").mkdir()
    assert not is_available(str(tmp_path / "folder.txt"))
    assert "no file" in one_sentence(str(tmp_path / "folder.txt"))
    os.mkfifo(tmp_path / "pipe.csv")
    assert "no file" in one_sentence(str(tmp_path / "pipe.csv"))
    assert "nearer" in one_sentence(f"{tmp_path}/{'x/' * 100}a.txt")
    assert "any path: a folder or .zip of pictures" in one_sentence("poems.doc")
    assert "any path: a folder or .zip of pictures" in one_sentence("letters:poems.csv")
    monkeypatch.setattr(files, "MAX_BYTES", 2 << 20)
    assert "larger than the 2 MB" in one_sentence(text_file(tmp_path, b"a\n" * (1 << 20) + b"b"))
    monkeypatch.setattr(own_text, "MAX_LINES", 20)
    assert "30 lines that are not blank; up to 20" in one_sentence(text_file(tmp_path, "\n".join(LINES)))


def test_real_captions(data_root: Path) -> None:
    path = data_root / "text" / "coco-captions-train.txt"
    if not path.is_file():
        pytest.skip("needs the captions")
    data = load_dataset(str(path))
    assert len(data) == 10_000 and 1_000 < len(data.vocabulary) <= 10_000
    lines = [" ".join(line.split()) for line in path.read_text().splitlines()]
    train = data.splits["train"][:300]
    assert detokenise(data.x[train], data.vocabulary, " ") == [lines[position] for position in train.tolist()]


RNG = np.random.default_rng(0)
NUMBERS = np.round(RNG.normal((3, -40), (2, 1e-3), (40, 2)), 6)


def csv_file(folder: Path, header: str, rows: list[str], name: str = "own.csv") -> str:
    return text_file(folder, "\n".join([*([header] if header else []), *rows]) + "\n", name)


def standardised(data: Dataset) -> None:
    train = data.split("train").x[:].double()
    assert data.kind == "table" and data.x.dtype == torch.float32
    assert train.mean(0).abs().max() < 1e-5 and (train.std(0, correction=0) - 1).abs().max() < 1e-4
    assert len(data.columns) == len(data.centre) == len(data.scale) == data.sample_shape[0]


@pytest.mark.parametrize("name", ["wine", "breast-cancer"])
def test_tables_of_sklearn(name: str) -> None:
    from sklearn import datasets

    data = load_dataset(name)
    standardised(data)
    whole(data)
    bunch = {"wine": datasets.load_wine, "breast-cancer": datasets.load_breast_cancer}[name]()
    real = torch.tensor(data.centre) + torch.tensor(data.scale) * data.x[:].double()
    np.testing.assert_allclose(real.numpy(), bunch.data, rtol=1e-4, atol=1e-4)
    assert data.y is not None and data.y.tolist() == bunch.target.tolist()
    if name == "breast-cancer":
        assert data.class_names == tuple(bunch.target_names)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["x,size of it,label", "x,size of it,species", ""])
def test_a_table(separator: str, header: str, tmp_path: Path) -> None:
    kinds = [("b", "a", "c c")[number % 3] for number in range(40)]
    rows = [f"{x},{y},{kind}" for (x, y), kind in zip(NUMBERS, kinds, strict=True)]
    data = load_dataset(
        csv_file(tmp_path, header.replace(",", separator), [row.replace(",", separator) for row in rows])
    )
    standardised(data)
    whole(data)
    assert data.columns == (("x", "size of it") if header else ("column 1", "column 2"))
    assert data.class_names == ("a", "b", "c c") and data.y is not None
    assert [data.class_names[k] for k in data.y.tolist()] == kinds
    real = np.array(data.centre) + np.array(data.scale) * data.x[:].double().numpy()
    np.testing.assert_allclose(real, NUMBERS, atol=1e-5)


def test_tables_of_numbers_alone(tmp_path: Path) -> None:
    data = load_dataset(csv_file(tmp_path, "x,y", [f"{x},{y}" for x, y in NUMBERS]))
    assert data.y is None and data.class_names == () and data.columns == ("x", "y")
    classes = load_dataset(
        csv_file(tmp_path, "Class,x,y", [f"{10 - k % 3},{x},{y}" for k, (x, y) in enumerate(NUMBERS)])
    )
    assert classes.columns == ("x", "y") and classes.class_names == ("8", "9", "10")
    rows = [f"{k},{k * k},{k % 5}" for k in range(200)]
    number = load_dataset(csv_file(tmp_path, ",target,y", rows))
    assert number.columns == ("target", "y") and number.y is None, "a target of many numbers is a number"


GOOD = [f"{x},{y}" for x, y in NUMBERS]


@pytest.mark.parametrize(
    ("header", "rows", "sentence"),
    [
        ("", [], "cannot be read as a table"),
        ("x,y", [], "holds 0 rows"),
        ("x,y", GOOD[:9], "holds 9 rows"),
        ("x,y", [*GOOD, "1,"], "1 empty cells (the first in row 41, column 'y')"),
        ("x,y", [*GOOD, "1"], "1 empty cells"),
        ("x,y", [*GOOD, "1,2,3"], "cannot be read as a table"),
        ("x,y", [f"{row},3" for row in GOOD], "more cells than its first line names"),
        ("x,y,a,b", [f"{row},u,v" for row in GOOD], "text in the columns a, b"),
        ("x,y,a,label", [f"{row},u,v" for row in GOOD], "text in the column a:"),
        ("x,a", [f"{k},n{k}" for k in range(200)], "200 different texts in the column 'a'"),
        ("x,y", [*GOOD, "1,inf"], "column 'y' that are too large"),
        ("x,y", [*GOOD, "1e200,1"], "column 'x' that are too large"),
        ("x,y,z", [f"{row},7" for row in GOOD], "same number in every training row of the column 'z'"),
        ("label", ["a", "b"] * 20, "no column of numbers"),
        (",".join(f"c{k}" for k in range(1001)), [], "1,001 columns"),
    ],
)
def test_what_is_no_table(header: str, rows: list[str], sentence: str, tmp_path: Path) -> None:
    said = one_sentence(csv_file(tmp_path, header, rows))
    assert sentence in said and str(tmp_path) in said


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300) | st.text(alphabet='0123456789,;.\n"a-e\t', max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in (text_file(folder, content, "a.csv"), text_file(folder, content, "a.txt")):
        try:
            data = load_dataset(name)
        except DatasetError as error:
            assert str(folder) in str(error)
        else:
            assert torch.isfinite(data.x[:].float()).all()
