"""The gallery: a card for each run, in the sections of the zoo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, state, widgets
from ui.words import plain
from vae_core.data import find_card, is_available
from vae_core.model_cards import facts_of
from vae_core.studies import STUDIED
from vae_core.zoo import SECTIONS, entry_of

if TYPE_CHECKING:
    from vae_core.config import RunConfig
    from vae_core.runs import RunCard

ROOMS = (
    ("pages/atlas.py", "Atlas", ":material/scatter_plot:", "Where does every sample live?"),
    ("pages/traverse.py", "Traverse", ":material/tune:", "What does each dimension do?"),
    ("pages/morph.py", "Morph", ":material/animation:", "What lies between two samples?"),
    ("pages/generate.py", "Generate", ":material/bedtime:", "What does the prior dream?"),
)
LAB = ("pages/disentangle.py", "Disentangle", ":material/hub:", "Which dimension carries which factor?")
"""The door of models alone whose data was made from known factors."""
DISENTANGLING = "Disentangling"
OWN = "Your own"
STUDY = "A study of β"
EVERYTHING = "Everything"
FEW = 6  # runs that need no sections
COLUMNS = 3


def section_of(card: RunCard) -> str:
    """The section a run stands in: its family's, the study's, the classic one for other shipped runs, or your own."""
    if not card.shipped:
        return OWN
    if card.name in STUDIED:
        return STUDY
    entry = entry_of(card.name)
    return entry.section if entry else SECTIONS[0]


def show(cards: Sequence[RunCard]) -> None:
    """All runs that can be read, under the names of their sections; one section alone where it is chosen."""
    sections = {name: [card for card in cards if section_of(card) == name] for name in (*SECTIONS, STUDY, OWN)}
    sections = {name: found for name, found in sections.items() if found}
    if len(cards) <= FEW or len(sections) == 1:
        _show_cards(cards)
        return
    names = [EVERYTHING, *sections]
    before = state.page_param("show", EVERYTHING, str)
    chosen = st.pills(
        "Show", names, default=before if before in names else EVERYTHING, key="gallery.show", required=True,
        format_func=lambda name: name if name == EVERYTHING else f"{name} · {len(sections[name])}",
        label_visibility="collapsed",
    )  # fmt: skip
    state.set_page_param("show", None if chosen == EVERYTHING else chosen)
    for name, found in sections.items():
        if chosen in (EVERYTHING, name):
            st.subheader(name, anchor=False, divider="grey")
            if name == DISENTANGLING:
                _tell_of_factors(found)
            if name == STUDY:
                _tell_of_the_study(len(found))
            if name != STUDY or chosen == STUDY:  # the same net so many times would bury what is different
                _show_cards(found)


def _tell_of_the_study(count: int) -> None:
    st.markdown(
        f"{count} models that differ in one number only: how much it costs that dimensions depend on each other, or "
        "that the code says anything."
    )
    st.page_link(
        "pages/disentangle.py", label=":primary[See them side by side]", icon=":material/science:",
        query_params={"view": "study"},
    )  # fmt: skip


def has_factors(config: RunConfig) -> bool:
    """Whether its dimensions can be compared with what its data was made from."""
    return bool(config.data.factor_names) and config.model.abilities.encodes


def _tell_of_factors(found: Sequence[RunCard]) -> None:
    st.markdown(
        "Models that are to give each thing that varies, a shape, a place, a colour, a dimension of its own. Whether "
        "they do can be seen and measured where it is known what the data was made from."
    )
    known = [card for card in found if card.ready and card.config is not None and has_factors(card.config)]
    if known:
        page, _, icon, question = LAB
        st.page_link(page, label=f":primary[{question}]", icon=icon, query_params={"run": known[0].name})


def _show_cards(cards: Sequence[RunCard]) -> None:
    for start in range(0, len(cards), COLUMNS):
        row = cards[start : start + COLUMNS]
        for column, card in zip(st.columns(COLUMNS, gap="medium"), row, strict=False):
            with column:
                if card.config is not None:
                    show_run(card, card.config)


def show_facts(config: RunConfig) -> None:
    """What the run is made of, and what it reached, each named; a figure that the model does not have is left out."""
    facts, able = facts_of(config.train), config.model.abilities
    reached = config.test or config.best
    if reached is not None and not able.encodes:
        facts["energy distance"] = f"{reached.distortion:.3f}"
    elif reached is not None:
        # a Gaussian's is of a density: of either sign, and no match
        if config.model.likelihood in ("bernoulli", "categorical"):
            facts["distortion"] = f"{reached.distortion:.1f} nats"
        if able.rated:
            facts["rate"] = f"{reached.rate:.1f} nats"
    st.markdown(" · ".join(f"{name} **{value}**" for name, value in facts.items()))


def show_run(card: RunCard, config: RunConfig) -> None:
    """One run: its picture, what it is, its doors."""
    data = find_card(config.data.name)
    entry = entry_of(card.name) if card.shipped else None
    # a run of one's own may be called like a shipped one
    with st.container(border=True, key=f"run-{card.name}{'' if card.shipped else '-own'}", height="stretch"):
        preview = cache.get_preview(card.folder)
        if preview is not None:
            st.image(preview, width="stretch", output_format="PNG", alt=f"Pictures from the run {card.title}")
        else:
            st.html('<div class="no-picture" role="img" aria-label="No picture yet"></div>')
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(card.title), anchor=False)
            if card.name == widgets.START_HERE:
                st.badge("Start here", icon=":material/flare:", color="primary")
        sample = data.description if data else f"{config.data.size:,} samples of {config.data.name}."
        st.caption(plain(config.train.about or sample), help=entry.paper if entry else None)
        show_facts(config)
        if data is not None and not is_available(data.name):
            st.caption("The data is not on this machine: pages show decoded pictures, and offer the download.")
        if not card.ready:
            why = widgets.why_unready(card)
            if why:
                widgets.train_link(card, why.link)
            else:
                st.caption("Its folder is incomplete: copy it again or train it anew.")
            return
        with st.container(horizontal=True, gap=None, key=f"doors-{card.name}{'' if card.shipped else '-own'}"):
            for page, label, icon, question in (*ROOMS, *([LAB] if has_factors(config) else [])):
                label = f":primary[{label}]"
                st.page_link(page, label=label, icon=icon, help=question, query_params={"run": card.name})
