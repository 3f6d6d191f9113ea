"""The table of runs: searched, filtered, sorted by a click on a column's head; the boxes pick runs to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from ui import overlay, picks, run_actions, run_lines
from ui.run_lines import Line
from ui.widgets import fragment

RENEWED = 2.0  # seconds, while a run is live
ROW, MOST_ROWS = 35, 10  # pixels of a row; rows that are seen at once
ANY = "All"

_TABLE = "latentarium.logbook.table"
_ORDER = "latentarium.logbook.order"
_SEARCH = "latentarium.logbook.search"
_STATE = "latentarium.logbook.state"
_DATA = "latentarium.logbook.data"
_SHIPPED = "latentarium.logbook.shipped"

ABOUT = "A row is a run, renewed while it trains. A click on a column's head sorts; ticked runs are compared below."
EMPTY = "There is no run of your own yet. Train a model, or switch on the shipped ones."


def show() -> None:
    """The table and what is made of the picked runs; renewed while a run is live."""
    st.markdown(ABOUT)
    live = run_lines.any_live()
    fragment(run_every=RENEWED if live else None)(_view)(live)


def _view(was_live: bool) -> None:
    picks.follow_change()
    lines = run_lines.lines()
    if run_lines.any_live() != was_live:
        st.rerun(scope="app")
    own = [line for line in lines if not line.shipped]
    shown = _filtered(lines, bool(own))
    if shown:
        _table(shown)
    else:
        st.info("No run is like that: change the filters." if own else EMPTY)
    by_key = {line.key: line for line in lines}
    chosen = [by_key[key] for key in picks.picked() if key in by_key]
    picks.keep_in_address()
    hidden = len({line.key for line in chosen} - {line.key for line in shown})
    if hidden:
        st.caption(f"{hidden} more picked run{'s are' if hidden > 1 else ' is'} hidden by the filters.")
    run_actions.bar(chosen)
    if chosen:
        overlay.show(chosen)
    else:
        st.caption("Tick runs in the table to lay their curves over each other, to name, duplicate or delete them.")
    run_actions.trash()


# -- filters -----------------------------------------------------------------------------------------------


def _filtered(lines: Sequence[Line], has_own: bool) -> list[Line]:
    """The lines that the filters let through, and the filters."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="logbook-filters"):
        text = st.text_input(
            "Search", key=_SEARCH, placeholder="name, data, model, note …", width=260, persist_state="session"
        )
        state = _choice("State", _STATE, [line.state for line in lines])
        data = _choice("Data", _DATA, [line.config.data for line in lines if line.config])
        shipped = st.toggle("Shipped runs", value=not has_own, key=_SHIPPED, persist_state="session")
    words = text.lower().split()
    return [
        line for line in lines
        if (shipped or not line.shipped)
        and state in (ANY, line.state)
        and (data == ANY or (line.config is not None and line.config.data == data))
        and all(word in _words(line) for word in words)
    ]  # fmt: skip


def _choice(label: str, key: str, values: Sequence[str]) -> str:
    options = [ANY, *sorted({*values, *([st.session_state[key]] if st.session_state.get(key, ANY) != ANY else [])})]
    return str(st.selectbox(label, options, key=key, width=150, persist_state="session"))


def _words(line: Line) -> str:
    data = line.config.data if line.config else ""
    parts = (line.title, line.name, line.state, data, line.model, line.objective, line.sweep, line.label.note)
    return " ".join(parts).lower()


# -- the table ---------------------------------------------------------------------------------------------


def _table(shown: Sequence[Line]) -> None:
    order = [line.key for line in shown]
    st.session_state[_ORDER] = order
    wanted = [row for row, key in enumerate(order) if key in picks.picked()]
    now = st.session_state.get(_TABLE)
    if now is None or sorted(now["selection"]["rows"]) != wanted:
        # rows have moved: told only then, for a click that is on its way must not be undone
        st.session_state[_TABLE] = {"selection": {"rows": wanted, "columns": [], "cells": []}}
    colours = picks.colours()
    frame = frame_of(shown)
    marks = [f"color: {colours.get(key, 'transparent')}" for key in order]
    st.dataframe(
        frame.style.apply(lambda column: marks, subset=["mark"]),
        key=_TABLE, on_select=_take, selection_mode="multi-row", hide_index=True, row_height=ROW,
        height=ROW * (min(len(shown), MOST_ROWS) + 1) + 3, column_config=COLUMNS, placeholder="",
        alt=f"{len(shown)} runs with their settings and what they reached",
    )  # fmt: skip


def _take() -> None:
    """Take over the boxes as they are ticked; runs that the filters hide stay picked."""
    order = st.session_state.get(_ORDER, [])
    rows = st.session_state[_TABLE]["selection"]["rows"]
    ticked = [order[row] for row in rows if row < len(order)]
    hidden = [key for key in picks.picked() if key not in order]
    known = [key for key in picks.picked() if key in ticked]
    picks.pick([*hidden, *known, *ticked])
    run_actions.close_undo()


def frame_of(shown: Sequence[Line]) -> pd.DataFrame:
    """The table: a row a run, columns as in COLUMNS; those that are empty all the way down are left out."""
    records: list[dict[str, Any]] = [
        {
            "mark": "●",
            "run": line.title,
            "state": line.standing,
            "distortion": line.distortion,
            "rate": line.rate,
            "elbo": line.elbo,
            "energy": line.energy,
            "active": line.active,
            "size": line.size,
            "objective": line.objective,
            "data": line.config.data if line.config else "",
            "model": line.model,
            "when": line.when,
            "took": line.seconds,
            "sweep": line.sweep,
            "note": line.label.note or line.problem,
        }
        for line in shown
    ]
    frame = pd.DataFrame.from_records(records, columns=list(COLUMNS))
    for column in ("distortion", "rate", "elbo", "energy", "took"):
        frame[column] = frame[column].astype("float64")
    frame["active"] = frame["active"].astype("Int64")
    empty = [column for column in ("sweep", "note", "energy") if (frame[column].isna() | (frame[column] == "")).all()]
    return frame.drop(columns=empty)


_OF = "On the test split once a run has ended, on the validation split before. Compare runs of the same data only."
_number = st.column_config.NumberColumn
_text = st.column_config.TextColumn
COLUMNS: dict[str, Any] = {
    "mark": _text("", width=28, help="The run's colour in the charts below."),
    "run": _text("Run", width=180),
    "state": _text("State", width=92),
    "distortion": _number("Distortion", format="%.1f", width=82, help=f"Nats per sample: what is lost. {_OF}"),
    "rate": _number("Rate", format="%.1f", width=56, help=f"Nats per sample: what a code tells. {_OF}"),
    "elbo": _number("ELBO", format="%.1f", width=64, help=f"Minus their sum, in nats; more is better. {_OF}"),
    "energy": _number("Energy", format="%.3f", width=68, help="Energy distance of dreams from samples, of models "
                      "without an encoder; less is better."),
    "active": _number("Active", width=60, help="Dimensions whose code varies: variance above 0.01 over the samples "
                      "(up to 10,000 of them)."),
    "size": _text("Code", width=52, help="Latent dimensions; a ladder's levels; how many discrete codes there are."),
    "objective": _text("Objective", width=110, help="What is minimised, with its settings."),
    "data": _text("Data", width=74),
    "model": _text("Model", width=85),
    "when": st.column_config.DatetimeColumn("Started", format="distance", width=110),
    "took": _number("Took", format="%d s", width=70, help="Seconds that its steps took, as far as is known."),
    "sweep": _text("Sweep", width=110),
    "note": _text("Note", width=260),
}  # fmt: skip
