"""How does a latent space form? Settings, a start button, and the training as it goes on."""

from __future__ import annotations

import streamlit as st

from ui import downloads, live_view, training

st.title("How does a latent space form?", anchor=False)

name = training.watched()
if name is not None:
    training.write_address(form=False)
    live_view.watch(name)
    training.runs_in_the_works(other_than=name)
else:
    training.follow_address()
    st.markdown(
        "Choose what to learn from and how many numbers may stand for a sample, then watch its map take shape. "
        "New here? Take the first preset and press start."
    )
    training.preset_buttons()
    form, beside = st.columns([3, 2], gap="medium")
    with form, st.container(border=True):
        downloads.offer_download(training.data_picker())
        training.main_settings()
        training.advanced_settings()
    with beside:
        with st.container(border=True):
            training.start_button(training.settings())
        training.runs_in_the_works()
        training.words()
    training.write_address(form=True)
