"""A .csv or .parquet as a pandas DataFrame, its size looked at before it is read."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from vae_core.data.cards import DatasetError
from vae_core.data.own.choices import shown
from vae_core.data.own.files import MAX_BYTES, MAX_SAMPLES, MIN_SAMPLES, check_file, read_bytes

if TYPE_CHECKING:
    import pandas as pd

MAX_COLUMNS = 1_000
MAX_CELLS = 10_000_000
MAX_TEXT = 10_000  # letters of a cell
MAX_UNPACKED = 256 << 20  # bytes of a .parquet


def read_frame(path: Path) -> pd.DataFrame:
    """All columns, each with a name of its own. Raises DatasetError, one sentence."""
    frame = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    if len(frame) < MIN_SAMPLES:
        raise DatasetError(f"{path} holds {len(frame)} rows; at least {MIN_SAMPLES} are needed.")
    return _named(path, frame)


def _csv(path: Path) -> pd.DataFrame:
    """Comma, semicolon or tab; with or without a line of names. A first column without a name is left out."""
    import pandas as pd  # here, so that only these datasets pay for the import

    content = read_bytes(path)
    try:
        first = content[: 1 << 20].split(b"\n", 1)[0].decode("utf-8-sig")
        separator = max(",;\t", key=first.count)
        names = [name.strip().strip('"') for name in first.split(separator)]
        _check_size(path, content.count(b"\n"), len(names), content.count(separator.encode()) + content.count(b"\n"))
        titled = not any(_is_number(name) for name in names)
        frame = pd.read_csv(
            io.BytesIO(content),
            sep=separator,
            header=0 if titled else None,
            skipinitialspace=True,
            low_memory=False,
            encoding="utf-8-sig",
        )
    except DatasetError:
        raise
    except (ValueError, OverflowError) as error:  # pandas' ParserError and EmptyDataError, UnicodeDecodeError
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise DatasetError(f"{path} cannot be read as a table ({reason}).") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise DatasetError(f"{path} has rows of more cells than its first line names.")
    if not titled:
        frame.columns = [f"column {number}" for number in range(1, len(frame.columns) + 1)]
    elif not names[0]:
        frame = frame.iloc[:, 1:]
    return frame


def _parquet(path: Path) -> pd.DataFrame:
    """Columns of numbers and of text; dates, lists and the like are left out.

    Texts are read as dictionaries, for a few bytes can stand for a million equal long ones.
    """
    import pandas as pd

    try:
        import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
        import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise DatasetError(f"{path} needs the package pyarrow to be read: pip install pyarrow.") from None
    check_file(path)
    if path.stat().st_size > MAX_BYTES:
        raise DatasetError(f"{path} is larger than the {MAX_BYTES >> 20} MB that are taken.")
    try:
        with pq.ParquetFile(path) as file:
            facts, schema = file.metadata, file.schema_arrow
            _check_size(path, facts.num_rows, facts.num_columns, facts.num_rows * facts.num_columns)
            unpacked = sum(facts.row_group(group).total_byte_size for group in range(facts.num_row_groups))
            if unpacked > MAX_UNPACKED:
                raise _too_much(path)
            texts = [field.name for field in schema if _is_text(pa, field.type)]
            numbers = [field.name for field in schema if _is_number_type(pa, field.type)]
        names = [name for name in schema.names if name in texts or name in numbers]
        if not names:
            raise DatasetError(f"{path} has no column of numbers or of text.")
        with pq.ParquetFile(path, read_dictionary=texts, memory_map=False) as file:
            table = file.read(columns=names)
        chunks = [chunk for name in texts for chunk in table.column(name).chunks]
        if sum(getattr(chunk, "dictionary", chunk).nbytes for chunk in chunks) > MAX_UNPACKED:
            raise _too_much(path)
        frame = table.select([name for name in names if name not in texts]).to_pandas(ignore_metadata=True)
        for name in texts:
            rows = np.concatenate([_texts(chunk) for chunk in table.column(name).chunks])
            frame[name] = pd.Series(rows, dtype=object)  # of its own accord pandas would write each text out
        return frame[names]
    except DatasetError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise DatasetError(f"{path} cannot be read as a table ({reason.rstrip('.')}).") from error


def _texts(chunk: Any) -> np.ndarray:
    """A dictionary's texts, row by row: object [n]. Equal rows share one str, however many they are."""
    if not hasattr(chunk, "dictionary"):
        chunk = chunk.dictionary_encode()
    words = np.array(
        [*(None if word is None else word[:MAX_TEXT] for word in chunk.dictionary.to_pylist()), None], object
    )
    return words[chunk.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]


def _is_text(pa: ModuleType, kind: object) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(pa, kind.value_type)  # type: ignore[attr-defined]
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number_type(pa: ModuleType, kind: object) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _too_much(path: Path) -> DatasetError:
    return DatasetError(f"{path} would unpack to more than the {MAX_UNPACKED >> 20} MB that are taken.")


def _check_size(path: Path, rows: int, columns: int, cells: int) -> None:
    if columns > MAX_COLUMNS:
        raise DatasetError(f"{path} has {columns:,} columns; up to {MAX_COLUMNS:,} are taken.")
    if rows > MAX_SAMPLES or cells > MAX_CELLS:
        raise DatasetError(
            f"{path} has {rows:,} rows of {columns:,} columns; up to {MAX_SAMPLES:,} rows and {MAX_CELLS:,} cells are "
            "taken."
        )


def _named(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Columns whose names can be shown, kept and told apart."""
    names = [shown(str(name)) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DatasetError(f"{path} has two columns called {twice!r}.")
    return frame.set_axis(names, axis=1)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
