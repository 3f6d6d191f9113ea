"""What of your own can you bring? Data and models, each in a view of its own."""

from __future__ import annotations

from importlib.util import find_spec

import streamlit as st

from ui import library_data, state

VIEWS = {"data": "Data", "models": "Models"}

st.title("What of your own can you bring?", anchor=False)
views = [view for view in VIEWS if view == "data" or find_spec("ui.library_models")]
now = state.page_param("view", "data", str)
view = st.segmented_control(
    "View", views, default=now if now in views else "data", required=True, format_func=VIEWS.__getitem__,
    key="library.view", label_visibility="collapsed",
)  # fmt: skip
state.set_page_param("view", None if view == "data" else view)
if view == "models":
    from ui import library_models

    library_models.show()
else:
    library_data.show()
