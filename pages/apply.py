"""What is it good for? Six applications, each with a figure of merit on held-out data and baselines beside it."""

from __future__ import annotations

import streamlit as st

from ui import cache, downloads, widgets
from ui.apply import views

st.title("What is it good for?", anchor=False)
view = views.choose_view()
run = widgets.chosen_run()
if not views.takes_part(run, view):
    st.stop()
if cache.why_no_originals(run.config.data.name):
    st.info("Figures of merit are measured on held-out samples, and this model's data is not here.",
            icon=":material/cloud_off:")  # fmt: skip
    downloads.offer_download(run.config.data.name)
    st.stop()
if view == views.ODD:
    from ui.apply import odd

    odd.show(run)
elif view == views.MISSING:
    from ui.apply import missing

    missing.show(run)
elif view == views.MADE:
    from ui.apply import made

    made.show(run)
elif view == views.READ:
    from ui.apply import reading

    reading.show(run)
elif view == views.WAYS:
    from ui.apply import ways

    ways.show_view(run)
else:
    from ui.apply import few

    few.show(run)
