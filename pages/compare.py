"""What do several models make of the same sample? Linked sliders, differences, linked maps, figures side by side."""

from __future__ import annotations

import streamlit as st

from ui.compare import choose, differences, figures, planes, sliders

VIEWS = ("Sliders", "Differences", "Maps", "Figures")

choose.follow()
st.title("What do several models make of the same sample?", anchor=False)
st.markdown("The same sample through two to four models.")
choose.choose_preset()
with st.container(key="compare-controls"):
    left, right = st.columns([3, 2], gap="large")
    with left:
        runs = choose.choose()
        view = choose.choose_view(VIEWS)
    if len(runs) < 2:
        st.info("Choose at least two models of the same data to compare.", icon=":material/compare:")
        st.stop()
    with right:
        at = choose.choose_sample(runs)
if view == "Figures" or at is None:
    if at is None:
        st.info("These models have no codes of a sample in common, so only their figures can be compared.")
    figures.show_figures(runs)
elif view == "Sliders":
    sliders.show_sliders(runs, at)
elif view == "Differences":
    differences.show_differences(runs, at)
else:
    planes.show_maps(runs, at)
if at is not None and view != "Figures":
    choose.bring(runs)
