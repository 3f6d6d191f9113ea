"""Which view of the page Apply is shown, and what a view says where the model cannot take part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import cache
from ui.lab.views import VIEW, setting
from ui.words import plain
from vae_core.apply.limits import why_not

if TYPE_CHECKING:
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
NAMED = 6  # models that are named where the one at hand cannot take part


def choose_view() -> str:
    """The control of the page's views."""
    return setting("View", VIEW, VIEWS, ODD, key="latentarium.apply.view", label_visibility="collapsed")


def takes_part(run: Run, view: str) -> bool:
    """Whether the model can; where not, the page says why and names models that can."""
    why = why_not(APPLICATION[view], run.config.data, run.config.model)
    if not why:
        return True
    st.info(f"**Not with this model.** {plain(run.title)} {plain(why)}.", icon=":material/do_not_disturb_on:")
    able = [
        card
        for card in cache.list_runs()
        if card.ready and card.config and not why_not(APPLICATION[view], card.config.data, card.config.model)
    ]
    own = run.config.data.name
    able.sort(key=lambda card: card.config is None or card.config.data.name != own)  # the same data first
    if able:
        st.markdown("Models that can:")
        with st.container(horizontal=True, gap="small"):
            for card in able[:NAMED]:
                where = {"run": card.name, "view": view}
                st.page_link("pages/apply.py", label=plain(card.title), query_params=where)
    return False
