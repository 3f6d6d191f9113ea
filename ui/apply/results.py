"""What every result has: its verdict, its table beside baselines, the line that computes it, and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui.maps import current_theme
from ui.words import plain
from vae_core.apply.asked import line_of

if TYPE_CHECKING:
    from vae_core.apply.asked import Application
    from vae_core.apply.doing import Found
    from vae_core.apply.outcome import Outcome

FIGURE = {"displayModeBar": False}


@dataclass(frozen=True)
class File:
    """Something to take home. make: called when somebody does."""

    label: str
    name: str
    mime: str
    make: Callable[[], bytes]


def show_outcome(outcome: Outcome, *, key: str) -> None:
    """The verdict, all ways beside each other, and the remarks."""
    say_verdict(outcome)
    show_table(outcome, key=key)


def show_table(outcome: Outcome, *, key: str) -> None:
    """All ways beside each other, and the remarks."""
    from vae_core.figures.apply import merits

    st.plotly_chart(
        merits(outcome, theme=current_theme()), key=key, theme=None, config=FIGURE,
        alt="; ".join(f"{merit.title}: {merit.value:.3f}" for merit in outcome.merits),
    )  # fmt: skip
    measured = any(merit.low < merit.high for merit in outcome.merits)
    lines = " Lines: 95% intervals." if measured else ""
    many = sum(not merit.baseline for merit in outcome.merits) > 1
    luck = " The best of several ways is a little lucky: it was picked on the samples it is scored on." if many else ""
    st.caption(f"{outcome.better.capitalize()} is better.{lines} Hollow: baselines, without a model.{luck}")
    for remark in outcome.remarks:
        st.caption(plain(remark))


def say_verdict(outcome: Outcome) -> None:
    """Whether the model beats the best baseline, in a sentence; a defeat is said as plainly, and so is a draw."""
    verdict = outcome.verdict
    if verdict.winner == "model":
        st.success(plain(verdict.text), icon=":material/trophy:")
    else:
        icon = ":material/balance:" if verdict.winner is None else ":material/flag:"
        st.info(plain(verdict.text), icon=icon)


def is_baseline(outcome: Outcome, name: str) -> bool:
    """Whether the way of this name needs no model."""
    return outcome[name].baseline


def take_home(asked: Application, found: Found | None, files: Sequence[File] = (), *, key: str) -> None:
    """The line that computes this without the app, and files of what it comes to."""
    st.caption("Without the app:")
    st.code(line_of(asked), language=None, wrap_lines=True)
    if found is None:
        return
    figures = File("Figures", f"{asked.run}-{type(asked).__name__.lower()}.json", "application/json",
                   partial(_figures, asked, found))  # fmt: skip
    with st.container(horizontal=True, gap="small", key=f"{key}-files"):
        for file in (figures, *files):
            st.download_button(
                f"{file.label} ({file.name.rpartition('.')[2].upper()})", file.make, file.name, file.mime,
                on_click="ignore", icon=":material/download:", key=f"{key}.{file.name}",
            )  # fmt: skip


def _figures(asked: Application, found: Found) -> bytes:
    from vae_core.apply.doing import report

    return json.dumps(report(asked, found), indent=2).encode()
