"""A CSV file of one's own as a dataset: numeric columns, and one column of classes where there is one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from vae_core.data.cards import DatasetCard, DatasetError
from vae_core.data.dataset import Dataset, from_card, shuffled_splits
from vae_core.data.own.files import MIN_SAMPLES, SPLIT_SEED, read_bytes
from vae_core.data.tables import standardise

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("label", "class", "target")
MAX_CLASSES = 100
MAX_COLUMNS = 1_000
MAX_VALUE = 1e100  # beyond that, squares of numbers leave the range of floats


def table_dataset(name: str, path: Path) -> Dataset:
    """The rows of a CSV file (comma, semicolon or tab; with or without a line of names).

    y is the column called label, class or target, else the only column of text. A first column without a name is
    taken for the rows' numbers and left out. Raises DatasetError, one sentence, where the file is absent, too
    large or no table, has gaps, further columns of text, or a column that never changes in training.
    """
    frame = _frame(path)
    label = _label(path, frame)
    y: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    if label is not None:
        y, class_names = _classes(path, label, frame.pop(label))
    if not len(frame.columns):
        raise DatasetError(f"{path} has no column of numbers.")
    columns = tuple(str(column) for column in frame.columns)
    values = frame.to_numpy(dtype=np.float64)
    if not (np.abs(values) < MAX_VALUE).all():
        wrong = columns[int(np.argwhere(~(np.abs(values) < MAX_VALUE))[0, 1])]
        raise DatasetError(f"{path} holds numbers in the column {wrong!r} that are too large.")
    splits = shuffled_splits(len(values), SPLIT_SEED)
    known = values[splits["train"].numpy()]
    still = np.flatnonzero(known.min(axis=0) == known.max(axis=0))
    if len(still):
        raise DatasetError(
            f"{path} has the same number in every training row of the column {columns[still[0]]!r}; leave that out."
        )
    x, centre, scale = standardise(values, splits["train"])
    card = DatasetCard(
        name=name,
        title=path.stem,
        description=f"{len(x):,} rows of {path.name}.",
        n=len(x),
        sample_shape=(len(columns),),
        class_names=class_names,
        factor_names=(),
        factor_sizes=(),
        licence="your own",
        source=str(path),
        download_mb=0.0,
        kind="table",
    )
    labels = None if y is None else torch.from_numpy(y)
    return from_card(card, x, labels, splits, columns=columns, centre=centre, scale=scale)


def _frame(path: Path) -> pd.DataFrame:
    """All columns, without gaps."""
    import pandas as pd  # here, so that only these datasets pay for the import

    content = read_bytes(path)
    try:
        first = content[: 1 << 20].split(b"\n", 1)[0].decode("utf-8-sig")
        separator = max(",;\t", key=first.count)
        names = [name.strip().strip('"') for name in first.split(separator)]
        if len(names) > MAX_COLUMNS:
            raise DatasetError(f"{path} has {len(names):,} columns; up to {MAX_COLUMNS:,} are taken.")
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
    if len(frame) < MIN_SAMPLES:
        raise DatasetError(f"{path} holds {len(frame)} rows; at least {MIN_SAMPLES} are needed.")
    gaps = np.argwhere(frame.isna().to_numpy())
    if len(gaps):
        row, column = gaps[0]
        raise DatasetError(
            f"{path} has {len(gaps):,} empty cells (the first in row {row + 1}, column "
            f"{str(frame.columns[column])!r}): fill them, or leave these rows out."
        )
    return frame


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _label(path: Path, frame: pd.DataFrame) -> str | None:
    """The column of classes, None where there is none."""
    texts = [column for column in frame.columns if frame[column].dtype.kind not in "biuf"]
    called = [column for column in frame.columns if str(column).strip().lower() in LABELS]
    # a target of many different numbers is a number like the others
    called = [column for column in called if column in texts or frame[column].nunique() <= MAX_CLASSES]
    label = called[-1] if called else texts[-1] if len(texts) == 1 else None
    others = [str(column) for column in texts if column != label]
    if others:
        raise DatasetError(
            f"{path} has text in {'the column' if len(others) == 1 else 'the columns'} {', '.join(others[:5])}"
            f"{' and others' if len(others) > 5 else ''}: call the one that holds the classes label, and leave other "
            "text out."
        )
    return label


def _classes(path: Path, label: str, column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """The number of each row's class, int64 [N], and the classes' names in order."""
    values, y = np.unique(column.to_numpy(), return_inverse=True)
    if len(values) > MAX_CLASSES:
        raise DatasetError(
            f"{path} has {len(values):,} different texts in the column {label!r}, neither numbers nor classes "
            f"(up to {MAX_CLASSES}): leave it out."
        )
    names = tuple(
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) for value in values
    )
    return y.astype(np.int64), names
