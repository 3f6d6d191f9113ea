"""Tables of one's own: the numbers of a .csv or .parquet and their classes, or a column of text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from vae_core.data.cards import DatasetCard, DatasetError
from vae_core.data.dataset import Dataset, from_card, shuffled_splits
from vae_core.data.own.choices import Choices, Column, Preview, Skips, shown
from vae_core.data.own.files import MAX_BYTES, MIN_SAMPLES, SPLIT_SEED, check_count
from vae_core.data.own.frame import read_frame
from vae_core.data.own.text import MAX_LINES, Lines, one_line
from vae_core.data.tables import standardise

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("label", "class", "target")
MAX_CLASSES = 100
MAX_VALUE = 1e100  # beyond that, squares of numbers leave the range of floats
SHOWN = 8


@dataclass(frozen=True)
class Rows:
    """Rows as they are taken. values: float64 [N, F], finite; y: int64 [N]."""

    values: np.ndarray
    columns: tuple[str, ...]
    y: np.ndarray | None
    class_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A table that has been read; `settle`, `preview`, `rows` and `lines` say what is made of it."""

    path: Path
    frame: pd.DataFrame

    @classmethod
    def at(cls, path: Path) -> Table:
        """Raises DatasetError, one sentence, where the file is absent, too large or no table."""
        return cls(path, read_frame(path))

    # -- what is there -------------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What each column holds."""
        made = []
        for name in self.frame.columns:
            column = self.frame[name]
            known = column.dropna()
            example = shown(str(known.iloc[0])) if len(known) else ""
            made.append(
                Column(str(name), self._is_number(name), int(known.nunique()), len(column) - len(known), example)
            )
        return tuple(made)

    def _is_number(self, name: str) -> bool:
        return self.frame[name].dtype.kind in "biuf"

    def label(self, *, strict: bool) -> str:
        """The column that looks like classes; "" where there is none.

        It is called label, class or target, else is the only column of (few different) texts; a target of many numbers
        is a number.
        """
        called = [
            column.name for column in self.columns
            if column.name.strip().lower() in LABELS and (not column.numbers or column.different <= MAX_CLASSES)
        ]  # fmt: skip
        texts = [column for column in self.columns if not column.numbers]
        few = [column.name for column in texts if strict or 2 <= column.different <= MAX_CLASSES]
        return called[-1] if called else few[0] if len(few) == 1 else ""

    @property
    def _writing(self) -> str:
        """The column of most different texts, where they are too many for classes; "" where there is none."""
        texts = [column for column in self.columns if not column.numbers and column.different > MAX_CLASSES]
        return max(texts, key=lambda column: column.different).name if texts else ""

    def settle(self, choices: Choices) -> Choices:
        """What was left to be seen is chosen. Raises DatasetError where the columns chosen are not there."""
        names = [column.name for column in self.columns]
        for name in (*choices.columns, *filter(None, (choices.column, choices.label))):
            if name not in names:
                raise DatasetError(f"{self.path} has no column {name!r}; it has {', '.join(names[:10])}.")
        label = (choices.label or self.label(strict=choices.strict)) if choices.classes else ""
        numbers = [column.name for column in self.columns if column.numbers and column.name != label]
        texts = [column.name for column in self.columns if not column.numbers]
        reads = not choices.strict and not choices.columns and len(numbers) < 2 and self._writing
        if choices.text or reads:
            column = choices.column or self._writing or next(iter(texts), "")
            if not column:
                raise DatasetError(f"{self.path} has no column of text.")
            label = label if label != column else ""
            return replace(choices, text=True, column=column, columns=(), label=label, classes=bool(label))
        wanted = choices.columns or tuple(numbers)
        label = label if label not in wanted else ""
        others = [name for name in texts if name != label]
        if choices.strict and not choices.columns and others:
            raise DatasetError(
                f"{self.path} has text in {'the column' if len(others) == 1 else 'the columns'} "
                f"{', '.join(others[:5])}{' and others' if len(others) > 5 else ''}: call the one that holds the "
                "classes label, and leave other text out."
            )
        return replace(choices, text=False, column="", columns=wanted, label=label, classes=bool(label))

    # -- what is made of it --------------------------------------------------------------------------------

    def rows(self, settled: Choices, skips: Skips) -> Rows:
        """The numbers of the columns chosen. Raises DatasetError where they are none, or never change."""
        columns = settled.columns
        if not columns:
            raise DatasetError(f"{self.path} has no column of numbers.")
        if texts := [name for name in columns if not self._is_number(name)]:
            raise DatasetError(f"{self.path} has text in the column {texts[0]!r}: only numbers can be learnt from.")
        for column in self.columns:
            if not column.numbers and column.name != settled.label:
                skips.add(column.name, "a column of text")
        frame = self._without_gaps(list(columns) + ([settled.label] if settled.label else []), settled, skips)
        values = frame[list(columns)].to_numpy(dtype=np.float64)
        if not (np.abs(values) < MAX_VALUE).all():
            wrong = columns[int(np.argwhere(~(np.abs(values) < MAX_VALUE))[0, 1])]
            raise DatasetError(f"{self.path} holds numbers in the column {wrong!r} that are too large.")
        known = values[shuffled_splits(len(values), SPLIT_SEED)["train"].numpy()]
        still = np.flatnonzero(known.min(axis=0) == known.max(axis=0))
        if len(still) and (settled.strict or len(still) == len(columns)):
            raise DatasetError(
                f"{self.path} has the same number in every training row of the column {columns[still[0]]!r}; leave "
                "that out."
            )
        for place in still.tolist():
            skips.add(columns[place], "a column in which nothing changes")
        kept = [place for place in range(len(columns)) if place not in set(still.tolist())]
        y, names = self._classes(frame, settled)
        return Rows(values[:, kept], tuple(columns[place] for place in kept), y, names)

    def lines(self, settled: Choices) -> Lines:
        """The texts of the column chosen. Raises DatasetError where they are too few."""
        skips = Skips()
        frame = self._without_gaps([settled.column, *filter(None, [settled.label])], settled, skips)
        texts: list[str] = []
        size = 0
        for text in frame[settled.column]:
            texts.append(one_line(str(text)))
            size += len(texts[-1].encode()) + 1
            if size > MAX_BYTES:
                raise DatasetError(f"{self.path} holds more than {MAX_BYTES >> 20} MB of text, which is not taken.")
        full = [place for place, text in enumerate(texts) if text]
        if len(full) < len(texts):
            skips.add(settled.column, "rows of blank text", count=len(texts) - len(full))
        lines = tuple(texts[place] for place in full)
        check_count(self.path, len(lines), "texts that are not blank", MAX_LINES)
        y, names = self._classes(frame.iloc[full], settled)
        return Lines(self.path, lines, y, names, skips.so_far())

    def preview(self, choices: Choices) -> Preview:
        """What would be taken, and which columns there are to choose from."""
        settled, skips = self.settle(choices), Skips()
        if settled.text:
            return replace(self.lines(settled).preview(settled), choices=settled, columns=self.columns)
        rows = self.rows(settled, skips)
        counts = np.bincount(rows.y, minlength=len(rows.class_names)).tolist() if rows.y is not None else []
        first = [
            (*(f"{value:.6g}" for value in values), *([rows.class_names[rows.y[place]]] if rows.y is not None else []))
            for place, values in enumerate(rows.values[:SHOWN])
        ]
        return Preview(
            kind="table",
            choices=settled,
            n=len(rows.values),
            sample_shape=(len(rows.columns),),
            seen=f"{len(self.frame):,} rows of {len(self.frame.columns):,} columns",
            skipped=skips.so_far(),
            classes=tuple(zip(rows.class_names, counts, strict=True)),
            columns_taken=(*rows.columns, *([settled.label] if settled.label else [])),
            rows=tuple(first),
            columns=self.columns,
        )

    def _without_gaps(self, names: list[str], settled: Choices, skips: Skips) -> pd.DataFrame:
        """The rows that are whole in these columns. Raises DatasetError where they are few, or strict forbids gaps."""
        frame = self.frame[names]
        gaps = frame.isna().to_numpy(copy=True)
        if settled.strict and gaps.any():
            row, column = np.argwhere(gaps)[0]
            raise DatasetError(
                f"{self.path} has {int(gaps.sum()):,} empty cells (the first in row {row + 1}, column "
                f"{names[column]!r}): fill them, or leave these rows out."
            )
        if not settled.strict:
            large = np.zeros_like(gaps)
            for place, name in enumerate(names):
                if self._is_number(name) and name != settled.label:
                    large[:, place] = ~(np.abs(frame[name].to_numpy(dtype=np.float64)) < MAX_VALUE) & ~gaps[:, place]
            for kind, why in (
                (gaps, "rows with an empty cell"),
                (large, "rows with a number that is infinite or huge"),
            ):
                for place, name in enumerate(names):
                    if count := int(kind[:, place].sum()):
                        first = int(np.argmax(kind[:, place])) + 1
                        skips.add(f"column {name}", why, f"{count:,}, the first in row {first:,}", count=count)
            gaps |= large
        whole = frame[~gaps.any(axis=1)]
        if len(whole) < MIN_SAMPLES:
            what = "rows" if len(whole) == len(frame) else "rows without gaps in the columns chosen"
            raise DatasetError(f"{self.path} holds {len(whole)} {what}; at least {MIN_SAMPLES} are needed.")
        return whole

    def _classes(self, frame: pd.DataFrame, settled: Choices) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """The number of each row's class, int64 [N], and the classes' names in order; (None, ()) without."""
        if not settled.label:
            return None, ()
        values, y = np.unique(frame[settled.label].to_numpy(), return_inverse=True)
        if len(values) > MAX_CLASSES:
            raise DatasetError(
                f"{self.path} has {len(values):,} different texts in the column {settled.label!r}, neither numbers nor "
                f"classes (up to {MAX_CLASSES}): leave it out."
            )
        names = tuple(
            shown(str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
            for value in values
        )
        return y.astype(np.int64), names


def rows_dataset(card: DatasetCard, rows: Rows) -> Dataset:
    """Rows as a dataset, every column standardised by the training split."""
    splits = shuffled_splits(len(rows.values), SPLIT_SEED)
    x, centre, scale = standardise(rows.values, splits["train"])
    y = None if rows.y is None else torch.from_numpy(rows.y)
    return from_card(card, x, y, splits, columns=rows.columns, centre=centre, scale=scale)
