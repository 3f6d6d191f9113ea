"""What is here? A gallery of the runs, and one click into each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, widgets
from ui.words import plain
from vae_core.data import CARDS, is_available
from vae_core.objective_cards import fact_of

if TYPE_CHECKING:
    from vae_core.config import RunConfig
    from vae_core.runs import RunCard

ROOMS = (
    ("pages/atlas.py", "Atlas", ":material/scatter_plot:", "Where does every sample live?"),
    ("pages/traverse.py", "Traverse", ":material/tune:", "What does each dimension do?"),
    ("pages/morph.py", "Morph", ":material/animation:", "What lies between two samples?"),
)

START_HERE = "digits-2d"
"""Two dimensions: the whole latent space fits in one picture."""


def show_facts(config: RunConfig) -> None:
    """What the run is made of, and what it reached, each named."""
    facts = dict([("dimensions", f"{config.model.latent_dim}"), fact_of(config.train)])
    reached = config.test or config.best
    if reached is not None:
        if config.model.likelihood == "bernoulli":  # a Gaussian's is of a density: of either sign, and no match
            facts["distortion"] = f"{reached.distortion:.1f} nats"
        facts["rate"] = f"{reached.rate:.1f} nats"
    st.markdown(" · ".join(f"{name} **{value}**" for name, value in facts.items()))


def show_run(card: RunCard, config: RunConfig) -> None:
    """One run: its picture, what it is, three doors."""
    data = CARDS.get(config.data.name)
    with st.container(border=True, key=f"run-{card.name}", height="stretch"):
        preview = cache.get_preview(card.folder)
        if preview is not None:
            st.image(preview, width="stretch", output_format="PNG", alt=f"Pictures from the run {card.title}")
        else:
            st.html('<div class="no-picture" role="img" aria-label="No picture yet"></div>')
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(card.title), anchor=False)
            if card.name == START_HERE:
                st.badge("Start here", icon=":material/flare:", color="primary")
        sample = data.description if data else f"{config.data.size:,} samples of {config.data.name}."
        st.caption(plain(config.train.about or sample))
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
        with st.container(horizontal=True, gap=None, horizontal_alignment="distribute"):
            for page, label, icon, question in ROOMS:
                label = f":primary[{label}]"
                st.page_link(page, label=label, icon=icon, help=question, query_params={"run": card.name})


st.title("What is here?", anchor=False)
st.markdown(
    "**Latentarium** is a planetarium for latent spaces. A variational autoencoder learns to write each picture down "
    "in a few numbers, its *code*, and to draw it again from them; all codes together are a sky that can be visited. "
    "Each card is such a model: see where its samples live in the **Atlas**, drag its dimensions in **Traverse**, or "
    "**Morph** one sample into another."
)

cards = cache.list_runs()
readable = [(card, card.config) for card in cards if card.config is not None]
if not readable:
    with st.container(border=True):
        st.subheader("The sky is still empty", anchor=False)
        st.markdown("There is no model on this machine yet. Training one on the digits takes about a minute.")
        st.page_link("pages/train.py", label="Train the first model", icon=":material/model_training:")
for start in range(0, len(readable), 3):
    for column, (card, config) in zip(st.columns(3, gap="medium"), readable[start : start + 3], strict=False):
        with column:
            show_run(card, config)
for card in cards:
    if card.config is None:
        st.warning(f"**{plain(card.name)}** cannot be opened. {plain(card.problem)}", icon=":material/broken_image:")
