"""Which view of the page Apply is shown, and what a view says where the model cannot take part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import cache
from ui.lab.views import VIEW, setting
from ui.words import plain
from vae_core.apply.limits import why_not

if TYPE_CHECKING:
    from collections.abc import Callable

    from vae_core.config import RunConfig
    from vae_core.runs import Run

ODD, MISSING, MADE, READ, WAYS, FEW = "odd", "missing", "made", "read", "ways", "few"
VIEWS = {
    ODD: ":material/troubleshoot: Odd samples",
    MISSING: ":material/healing: Missing parts",
    MADE: ":material/library_add: Made-up samples",
    READ: ":material/visibility: Representation",
    WAYS: ":material/calculate: Arithmetic and style",
    FEW: ":material/label: Few labels",
}
APPLICATION = {
    ODD: "anomaly",
    MISSING: "impute",
    MADE: "augment",
    READ: "probe",
    WAYS: "arithmetic",
    FEW: "semi",
}
"""Each view's name on the command line."""
ABOUT = {
    ODD: "Which samples are not like the others? Scores of a model rank them, beside scores that need none.",
    MISSING: "Parts of a sample are missing, and a model fills them in by what it knows of the rest.",
    MADE: "A model makes samples of each class up: do they help a small classifier that has few labels?",
    READ: "What can a simple classifier read off the codes, and which groups do they form by themselves?",
    WAYS: "The way from one group of codes to another, or a style that stays while the class changes.",
    FEW: "Labels are dear, samples are cheap: how many errors does a model make that was told few classes?",
}
"""What each view is for, where the model at hand cannot take part."""
NAMED = 6  # models that are named where the one at hand cannot take part


def choose_view() -> str:
    """The control of the page's views."""
    return setting("View", VIEW, VIEWS, ODD, key="latentarium.apply.view", label_visibility="collapsed")


def takes_part(run: Run, view: str) -> bool:
    """Whether the model can; where not, the page says why and names models that can."""
    why = why_not(APPLICATION[view], run.config.data, run.config.model)
    if not why:
        return True
    st.markdown(ABOUT[view])
    st.info(f"**Not with this model.** {plain(run.title)} {plain(why)}.", icon=":material/do_not_disturb_on:")
    name_models(run, view, "Models that can:", lambda config: True)
    return False


def name_models(run: Run, view: str, words: str, fits: Callable[[RunConfig], bool]) -> None:
    """Ways to models that can take part in a view and fit, those of the same data first; nothing where there are none.

    For few labels, models that infer classes come before all others: they were made for it.
    """
    able = [
        (card, card.config)
        for card in cache.list_runs()
        if card.ready and card.config and card.name != run.name and fits(card.config)
        and not why_not(APPLICATION[view], card.config.data, card.config.model)
    ]  # fmt: skip
    own = run.config.data.name
    able.sort(key=lambda each: (
        each[1].data.name != own, view == FEW and not each[1].model.abilities.infers_class,
    ))  # fmt: skip
    if able and able[0][1].data.kind != run.config.data.kind:  # then one of each kind of data comes first
        first = {config.data.kind: card.name for card, config in reversed(able)}
        able.sort(key=lambda each: each[0].name not in first.values())
    if able:
        st.markdown(words)
        with st.container(horizontal=True, gap="small"):
            for card, _ in able[:NAMED]:
                where = {"run": card.name, "view": view}
                st.page_link("pages/apply.py", label=plain(card.title), query_params=where)
