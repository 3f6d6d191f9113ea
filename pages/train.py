"""How does a latent space form? Settings, a start button, and the training as it goes on."""

from __future__ import annotations

import streamlit as st

from ui import downloads, live_view, train_form, training
from ui.components.top import begin_at_top

st.title("How does a latent space form?", anchor=False)

name = training.watched()
if name is not None:
    train_form.write_address(form=False)
    live_view.watch(name)
    training.runs_in_the_works(other_than=name)
else:
    train_form.follow_address()
    st.markdown(
        "Choose a family and what it is to learn from, then watch a latent space take shape. "
        "New here? Take the first preset and press start."
    )
    train_form.preset_buttons()
    form, beside = st.columns([3, 2], gap="medium")
    with form, st.container(border=True):
        train_form.family_picker()
        downloads.offer_download(train_form.data_picker())
        train_form.main_settings()
        train_form.advanced_settings()
    with beside:
        with st.container(border=True):
            training.start_button(train_form.settings())
        training.runs_in_the_works()
        training.words()
    train_form.write_address(form=True)
begin_at_top("train-top", name or training.FORM)
