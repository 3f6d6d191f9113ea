"""What is here? A gallery of the runs, and one click into each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import cache

if TYPE_CHECKING:
    from vae_core.runs import RunCard

ROOMS = (
    ("pages/atlas.py", "Atlas", ":material/scatter_plot:", "Where does every sample live?"),
    ("pages/traverse.py", "Traverse", ":material/tune:", "What does each dimension do?"),
    ("pages/morph.py", "Morph", ":material/animation:", "What lies between two samples?"),
)


def describe(card: RunCard) -> str:
    """One line of the run's make, one of what it reached, as markdown."""
    make = f"{card.data_title} · {card.latent_dim} dimensions · {card.weight}"
    if card.best is None:
        return f"{make}  \n*no figures yet*"
    reached = f"distortion {card.best.distortion:.1f} · rate {card.best.rate:.1f} nats"
    return f"{make}  \n{reached}"


def show(card: RunCard) -> None:
    """One run: its picture, what it is, three doors."""
    with st.container(border=True, key=f"run-{card.name}", height="stretch"):
        preview = cache.get_preview(card.folder)
        if preview is not None:
            st.image(preview, width="stretch", output_format="PNG", alt=f"Pictures that {card.title} decodes")
        st.subheader(card.title, anchor=False)
        if card.about:
            st.markdown(card.about)
        st.caption(describe(card))
        with st.container(horizontal=True, gap="small"):
            for page, label, icon, question in ROOMS:
                st.page_link(page, label=label, icon=icon, help=question, query_params={"run": card.name})


st.title("What is here?", anchor=False)
st.markdown(
    "Each card is a trained autoencoder with a small sky of codes of its own: open its **map**, drag its "
    "**dimensions**, or walk **between** two samples."
)

cards = cache.list_runs()
readable = [card for card in cards if card.error is None]
if not readable:
    with st.container(border=True):
        st.subheader("The sky is still empty", anchor=False)
        st.markdown("There is no model on this machine yet. Training one on the digits takes about a minute.")
        st.page_link("pages/train.py", label="Train the first model", icon=":material/model_training:")
for start in range(0, len(readable), 3):
    for column, card in zip(st.columns(3, gap="medium"), readable[start : start + 3], strict=False):
        with column:
            show(card)
for card in cards:
    if card.error is not None:
        st.warning(f"**{card.name}** · {card.error}", icon=":material/broken_image:")
