"""How data of one's own is to be read: the choices that mean something for what was brought."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from ui.bring import Source
from vae_core.data.own.choices import SIDES, Choices, Preview

COLOURS = {"grey": "Grey", "rgb": "Colour"}
FITS = {"crop": "Cut the middle out", "pad": "Keep all, with bars"}
PIECES = {"words": "Words", "letters": "Letters"}
NO_CLASSES = ""


def beginning(source: Source) -> Choices:
    """What is chosen before anybody has chosen: everything is seen."""
    return Choices(labels=source.labels)


def show(source: Source, first: Preview) -> Choices:
    """The widgets, set to what was seen at first; what they say."""
    if first.columns:
        return _table(source, first)
    return _pictures(source, first) if first.kind == "image" else _text(source, first.choices)


def _one(source: Source, label: str, field: str, names: dict[Any, str], now: Any, help: str) -> Any:
    return st.segmented_control(
        label, list(names), default=now, required=True, format_func=names.__getitem__,
        key=f"library.{field}.{source.key}", help=help, wrap=True,
    )  # fmt: skip


def _pictures(source: Source, first: Preview) -> Choices:
    seen = first.choices
    sides = {side: str(side) for side in SIDES}
    side = _one(
        source, "Pixels a side", "side", sides, seen.side,
        "All pictures become squares of this size. 28 and 32 train in minutes without a GPU, 64 in an hour; larger "
        "ones want a GPU. 16 and less get a net without convolutions.",
    )  # fmt: skip
    colour = _one(source, "Colour", "colour", COLOURS, seen.colour, "Grey needs a third of the net's pixels.")
    fit = _one(
        source, "Pictures that are no squares", "fit", FITS, seen.fit,
        "Cut the middle out: the sides of a wide picture are lost. Bars are black.",
    )  # fmt: skip
    classes = False
    if first.classes:
        classes = st.toggle(
            f"{len(first.classes)} classes", value=True, key=f"library.classes.{source.key}",
            help="From the folders that the pictures lie in, or the labels beside them. Classes colour the map and are "
            "what conditional models are told; other models never see them.",
        )  # fmt: skip
    return replace(seen, side=side, colour=colour, fit=fit, classes=classes)


def _text(source: Source, seen: Choices) -> Choices:
    pieces = _one(
        source, "Read by", "pieces", PIECES, seen.pieces,
        "Words: sentences of up to 63. Letters: names and other short lines.",
    )  # fmt: skip
    return replace(seen, pieces=pieces)


def _table(source: Source, first: Preview) -> Choices:
    """A table is read for its numbers, or for one column of text."""
    seen = first.choices
    numbers = [column.name for column in first.columns if column.numbers]
    written = sorted((column for column in first.columns if not column.numbers), key=lambda column: -column.different)
    texts = [column.name for column in written]  # what reads like text rather than like classes first
    reads = seen.text
    if numbers and texts:
        names = {False: "Numbers", True: "A column of text"}
        reads = _one(source, "Learn from", "text", names, seen.text, "A sample is a row's numbers, or its text.")
    if reads:
        column = st.selectbox(
            "Column",
            texts,
            index=texts.index(seen.column) if seen.column in texts else 0,
            key=f"library.column.{source.key}",
        )
        label = _label(source, first, [name for name in texts if name != column], seen.label)
        chosen = replace(seen, text=True, column=column, columns=(), label=label, classes=bool(label))
        return _text(source, chosen)
    label = _label(source, first, [column.name for column in first.columns], seen.label if not seen.text else "")
    free = [name for name in numbers if name != label]
    columns = st.multiselect(
        "Columns", free, default=[name for name in free if name in seen.columns or seen.text],
        key=f"library.columns.{source.key}.{label}", placeholder="All columns of numbers",
        help="Every column becomes a bar; each is brought to the same spread.",
    )  # fmt: skip
    return replace(seen, text=False, column="", columns=tuple(columns), label=label, classes=bool(label))


def _label(source: Source, first: Preview, names: list[str], now: str) -> str:
    """The column of classes; "" for none."""
    few = [column.name for column in first.columns if column.name in names and column.different <= 100]
    options = [NO_CLASSES, *few]
    chosen = st.selectbox(
        "Classes", options, index=options.index(now) if now in few else 0, key=f"library.label.{source.key}",
        format_func=lambda name: "No classes" if name == NO_CLASSES else name,
        help="A column of few different values. Classes colour the map.",
    )  # fmt: skip
    return "" if chosen == NO_CLASSES else str(chosen)
