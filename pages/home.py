"""What is here? A gallery of the runs, and one click into each."""

from __future__ import annotations

import streamlit as st

from ui import cache, gallery
from ui.words import plain

st.title("What is here?", anchor=False)
st.markdown(
    "**Latentarium** is a planetarium for latent spaces. A variational autoencoder learns to write each picture, "
    "sentence or row of a table down in a few numbers, its *code*, and to make it again from them; all codes together "
    "are a sky that can be visited. Each card is such a model, or a relative: see where its samples live in the "
    "**Atlas**, drag its dimensions in **Traverse**, **Morph** one into another, or let it **Generate** new ones. "
    "Where it is known what the data was made from, **Disentangle** shows which dimension carries what. **Compare** "
    "sets several models side by side, **Apply** shows what one is good for, and **Train** makes one of your own."
)

st.page_link("pages/learn.py", label="New to all this? Begin with the lessons.", icon=":material/school:")

cards = cache.list_runs()
readable = [card for card in cards if card.config is not None]
if readable:
    gallery.show(readable)
else:
    with st.container(border=True):
        st.subheader("The sky is still empty", anchor=False)
        st.markdown("There is no model on this machine yet. Training one on the digits takes about a minute.")
        st.page_link("pages/train.py", label="Train the first model", icon=":material/model_training:")
for card in cards:
    if card.config is None:
        st.warning(f"**{plain(card.name)}** cannot be opened. {plain(card.problem)}", icon=":material/broken_image:")
