"""What the rounds of a matching game come to: a table, how the distance fell, and all of it as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ui.lab.game_models import Model, title_of
from ui.maps import current_theme
from ui.words import plain

if TYPE_CHECKING:
    from vae_core.game import Play

MOMENTS = 160  # of the curves
BEYOND = 1.04  # of the longest round: its end is seen too
COLUMNS = {
    "Solved": ("solved", "%.0f %%", "Share of the rounds that were solved."),
    "Time (s), median": ("seconds", "%.1f", "Of all rounds, skipped ones too."),
    "Moves, median": ("moves", "%.0f", "How often a slider was taken and moved: the tries."),
    "Travel, median": ("travel", "%.1f", "How far sliders went in all, in lengths of a slider."),
    "Error area, median": ("area", "%.1f", "Picture distance summed over the seconds (the paper's error AUC)."),
    "Slope, median": ("slope", "%.2f", "How the picture distance changed in 10 s, least squares; below "
                       "0 is progress."),
    "Code distance, median": ("code_distance", "%.2f", "Between the last code and the target's, in standard deviations "
                              "of the codes."),
}  # fmt: skip


def show(plays: Sequence[Play], models: Sequence[Model], *, key: str) -> None:
    """Table, sentence, curves and download of these rounds.

    Args:
        models: in the order in which they are named (the first is the entangled one).
        key: tells this view's widgets from others'.
    """
    _table(plays, models, key)
    _curves(plays, models, key)
    from vae_core.runs.plays import to_csv

    st.download_button(
        "Download the rounds (CSV)", lambda: to_csv(plays), f"matching-game-{key}.csv", "text/csv",
        icon=":material/download:", key=f"game-csv-{key}", on_click="ignore",
    )  # fmt: skip


def _table(plays: Sequence[Play], models: Sequence[Model], key: str) -> None:
    import pandas as pd

    from vae_core.game import summarise

    found = {(one.run, one.rotated): one for one in summarise(plays)}
    shown = [found[model] for model in models if model in found]
    table = pd.DataFrame({
        "Model": [title_of((one.run, one.rotated)) for one in shown],
        "Sliders": [one.sliders for one in shown],
        "Rounds": [one.rounds for one in shown],
    } | {
        label: [getattr(one, field) * (100 if field == "solved" else 1) for one in shown]
        for label, (field, _, _) in COLUMNS.items()
    })  # fmt: skip
    columns = {
        label: st.column_config.NumberColumn(format=form, help=text) for label, (_, form, text) in COLUMNS.items()
    }
    st.dataframe(table, hide_index=True, column_config=columns, key=f"game-table-{key}", height="content")
    if len(shown) == 2:
        first, second = shown
        st.markdown(
            f"**{plain(title_of(models[0]))}** took a median of {first.seconds:.1f} s and {first.moves:.0f} moves a "
            f"round, **{plain(title_of(models[1]))}** {second.seconds:.1f} s and {second.moves:.0f}."
            + ("" if first.sliders == second.sliders else
               f" Mind that the one has {first.sliders} sliders and the other {second.sliders}: part of the "
               "difference is their number.")
            + (" Few rounds say little." if min(first.rounds, second.rounds) < 10 else "")
        )  # fmt: skip


def _curves(plays: Sequence[Play], models: Sequence[Model], key: str) -> None:
    import numpy as np

    from vae_core.figures.game import Rounds, distance_over_time
    from vae_core.figures.template import class_colour
    from vae_core.game import distance_at

    longest = max(1.0, *(play.seconds for play in plays))
    seconds = np.linspace(0.0, BEYOND * longest, MOMENTS)
    groups = []
    for place, model in enumerate(models):
        part = [play for play in plays if play.model == model]
        if part:
            curves = np.array([distance_at(play, seconds) for play in part])
            groups.append(Rounds(title_of(model), class_colour(1 - place), curves))
    figure = distance_over_time(groups, seconds, solved_at=1 - plays[0].close, theme=current_theme())
    figure.update_layout(height=360)
    st.plotly_chart(figure, key=f"game-curves-{key}", theme=None, config={"displayModeBar": False},
                    alt="Picture distance over time for each model")  # fmt: skip
    st.caption(
        "How far the picture was from its target: thin lines are rounds, the thick one is the median at each moment; "
        "a round that ended stays where it was. 1 is nothing in common, 0 the same picture."
    )
