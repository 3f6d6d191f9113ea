"""The picked runs laid over each other: one chart with a colour a run, and the settings in which they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ui import cache, picks
from ui.maps import current_theme
from ui.run_lines import Line
from ui.steering import turn_marks
from vae_core.sweep import differing, plain_value

MEASURES = {"distortion": "Distortion", "rate": "Rate", "elbo": "ELBO"}
SPLITS = {"validation_": "Held-out samples", "": "Training"}
ALONG = {"step": "Step", "epoch": "Epoch"}
WORDS = {
    "distortion": "How much of a sample is lost on its way through the code: lower is better.",
    "rate": "How much a code tells of its sample, and what that costs: 0 is a latent space that is not used.",
    "elbo": "Minus the sum of distortion and rate: higher is better.",
}
HEIGHT = 380


def show(chosen: Sequence[Line]) -> None:
    """The chart and the table of differences."""
    st.subheader("Their curves", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        measure = _choice("Show", "measure", MEASURES)
        split = _choice("Of", "split", SPLITS)
        along = _choice("Along", "along", ALONG)
    titles, colours = titles_of(chosen), picks.colours()
    from vae_core.figures.curves import Course, overlay

    courses = [
        Course(titles[line.key], colours[line.key], cache.get_history(line.folder), _changes(line)) for line in chosen
    ]
    figure = overlay(courses, split + measure, along=along, theme=current_theme())
    figure.update_layout(height=HEIGHT + 18 * len(chosen))  # a legend of long titles has a line for each
    told = ", ".join(f"{titles[line.key]}" for line in chosen)
    st.plotly_chart(
        figure, key="logbook-overlay", theme=None, config={"displayModeBar": False},
        alt=f"{MEASURES[measure]} of {len(chosen)} runs along the {along}: {told}",
    )  # fmt: skip
    kinds = {(line.config.data, line.likelihood) for line in chosen if line.config and line.likelihood}
    mixed = " These runs have different data or likelihoods, whose nats cannot be compared." if len(kinds) > 1 else ""
    none = [
        titles[course_line.key] for course_line, course in zip(chosen, courses, strict=True) if course.history.empty
    ]
    waits = f" No curve yet: {', '.join(none)}." if none else ""
    steered = " A diamond: here a setting was changed while it trained." if any(map(_changes, chosen)) else ""
    st.caption(f"{WORDS[measure]} Nats per sample.{steered}{mixed}{waits}")
    if len(chosen) > 1:
        st.subheader("What differs", anchor=False)
        _differences(chosen, titles, colours)


def _changes(line: Line) -> tuple[tuple[int, str], ...]:
    return tuple(turn_marks(line.config)) if line.config else ()


def _choice(label: str, field: str, names: dict[str, str]) -> str:
    return str(
        st.segmented_control(
            label, list(names), default=next(iter(names)), required=True, format_func=names.__getitem__, wrap=True,
            key=f"latentarium.logbook.{field}", persist_state="session",
        )
    )  # fmt: skip


def titles_of(chosen: Sequence[Line]) -> dict[str, str]:
    """A title for each that tells it from the others."""
    counts = Counter(line.title for line in chosen)
    return {line.key: line.title if counts[line.title] == 1 else f"{line.title} ({line.name})" for line in chosen}


def _differences(chosen: Sequence[Line], titles: dict[str, str], colours: dict[str, str]) -> None:
    known = [line for line in chosen if line.config is not None]
    axes = differing(line.config for line in known if line.config)
    if not axes:
        steered = ", but for what was changed while they trained" if any(map(_changes, known)) else ""
        st.caption(f"All their settings are the same{steered}.")
        return
    table = pd.DataFrame({
        "mark": ["●"] * len(known), "Run": [titles[line.key] for line in known],
        **{axis.label: [_written(getattr(line.config, axis.setting)) for line in known] for axis in axes},
    })  # fmt: skip
    marks = [f"color: {colours[line.key]}" for line in known]
    st.dataframe(
        table.style.apply(lambda column: marks, subset=["mark"]), hide_index=True, key="logbook-differences",
        column_config={"mark": st.column_config.TextColumn("", width=28)}, height="content",
        width="content",
    )  # fmt: skip


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "as suits"
    return "—" if value is None else plain_value(value)
