"""Tables of one's own on the library's terms: columns chosen, gaps left out, .parquet as well, bombs refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.bounded import looked_at
from vae_core.data import DatasetError, load_dataset
from vae_core.data.own.choices import Choices
from vae_core.data.own.reading import inspect

RNG = np.random.default_rng(0)


def table(rows: int = 120) -> pd.DataFrame:
    return pd.DataFrame({
        "x": RNG.normal(size=rows), "y": RNG.integers(0, 9, rows), "kind": ["red", "white", "rosé"] * (rows // 3),
        "note": [f"note number {k}" for k in range(rows)], "when": pd.Timestamp("2020-01-01"), "same": 7.0,
    })  # fmt: skip


def saved(folder: Path, frame: pd.DataFrame, ending: str) -> Path:
    path = folder / f"own{ending}"
    frame.to_csv(path, index=False) if ending == ".csv" else frame.to_parquet(path)
    return path


def refusal(path: Path, choices: Choices | None = None) -> str:
    with pytest.raises(DatasetError) as caught:
        inspect(path, choices)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and str(path) in sentence and len(sentence) < 500
    return sentence


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_columns_are_seen_and_chosen(ending: str, tmp_path: Path) -> None:
    path = saved(tmp_path, table(), ending)
    seen = inspect(path)
    assert seen.kind == "table" and seen.n == 120 and seen.columns_taken == ("x", "y", "kind")
    assert seen.classes == (("red", 40), ("rosé", 40), ("white", 40)) and len(seen.rows) == 8
    left = dict(seen.skipped.first)
    assert "text" in left["note"] and "nothing changes" in left["same"]
    known = {column.name: column for column in seen.columns}
    assert known["x"].numbers and not known["kind"].numbers and known["kind"].different == 3
    assert ("when" in known) == (ending == ".csv"), "dates of a .parquet are left out"
    chosen = inspect(path, Choices(columns=("y",), label="kind"))
    assert chosen.sample_shape == (1,) and chosen.columns_taken == ("y", "kind")
    assert not inspect(path, Choices(classes=False)).classes
    text = inspect(path, Choices(text=True))
    assert text.kind == "text" and text.choices.column == "note" and text.lines[0] == "note number 0"
    assert "no column 'z'" in refusal(path, Choices(columns=("z",)))
    assert "text in the column 'note'" in refusal(path, Choices(columns=("note",)))


def test_gaps_and_huge_numbers_are_left_out_and_counted(tmp_path: Path) -> None:
    frame = table()
    frame.loc[[3, 5], "x"] = [np.nan, np.inf]
    frame.loc[7, "x"] = 1e200
    frame.loc[9, "kind"] = None
    seen = inspect(saved(tmp_path, frame, ".csv"), Choices(columns=("x", "y"), label="kind"))
    assert seen.n == 116 and dict(seen.skipped.reasons)["rows with an empty cell"] == 2
    assert "2, the first in row 6" in dict(seen.skipped.first)["column x"] or seen.skipped.total >= 4
    assert "116" in f"{seen.n}" and "without gaps" in refusal(
        saved(tmp_path, frame.assign(x=np.nan).assign(x=[1.0] * 5 + [np.nan] * 115), ".csv"),
        Choices(columns=("x", "y")),
    )


def test_a_parquet_by_its_path(tmp_path: Path) -> None:
    frame = table()[["x", "y", "kind"]].rename(columns={"kind": "label"})
    data = load_dataset(str(saved(tmp_path, frame, ".parquet")))
    assert data.columns == ("x", "y") and data.class_names == ("red", "rosé", "white") and len(data) == 120


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "cannot be read"), (b"PAR1", "cannot be read"), (b"PAR1" + bytes(90) + b"PAR1", "cannot be read")],
)
def test_what_is_no_parquet(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "own.parquet").write_bytes(content)
    assert sentence in refusal(tmp_path / "own.parquet")


def test_flipped_bytes_of_a_parquet(tmp_path: Path) -> None:
    whole = saved(tmp_path, table(), ".parquet").read_bytes()
    for _ in range(30):
        broken = bytearray(whole)
        for place in RNG.integers(4, len(whole) - 8, 3):
            broken[place] = RNG.integers(256)
        (tmp_path / "own.parquet").write_bytes(broken)
        try:
            inspect(tmp_path / "own.parquet")
        except DatasetError as error:
            assert str(error).endswith(".")


def test_names_of_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a" * 300: RNG.normal(size=20), "b\n<b>": RNG.normal(size=20), "日本": RNG.normal(size=20)})
    seen = inspect(saved(tmp_path, frame, ".parquet"))
    assert all(len(name) <= 100 and name.isprintable() for name in seen.columns_taken) and "日本" in seen.columns_taken
    twice = pa.table([pa.array(RNG.normal(size=20)), pa.array(RNG.normal(size=20))], names=["a", "a"])
    pq.write_table(twice, tmp_path / "own.parquet")
    assert "own.parquet" in refusal(tmp_path / "own.parquet")


def test_bombs_are_refused_in_little_memory(tmp_path: Path) -> None:
    """Two hundred million equal numbers and a million long equal texts in a few kilobytes; tables of commas."""
    rows, texts, wide, commas = (
        tmp_path / name for name in ("rows.parquet", "texts.parquet", "wide.csv", "commas.csv")
    )
    with pq.ParquetWriter(rows, pa.schema([("x", pa.int8())])) as writer:
        batch = pa.table({"x": pa.array(np.zeros(1 << 22, np.int8))})
        for _ in range(48):
            writer.write_table(batch)
    long = pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, np.int32)), pa.array(["x" * 100_000]))
    pq.write_table(pa.table({"t": long, "x": pa.array(np.arange(200_000.0))}), texts)
    wide.write_bytes(b"," * (60 << 20))
    commas.write_bytes(b"a,b\n" + b",\n" * (25 << 20))
    asked = {
        rows: (150, "201,326,592 rows"),
        texts: (300, "200000 "),
        wide: (250, "columns; up to 1,000"),
        commas: (250, "rows of 2 columns"),
    }
    for (path, (_, words)), (printed, seconds) in zip(asked.items(), looked_at(asked), strict=True):
        assert words in printed and float(seconds) < 30, f"{path.name}: {printed} after {seconds} s"
