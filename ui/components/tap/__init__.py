"""Makes a tap on a chart choose what is tapped: without it, Plotly answers with what was tapped before."""

from __future__ import annotations

import streamlit as st

from ui import server
from ui.components.loader import LOADER

_component = st.components.v2.component("latentarium_tap", html="<span></span>\n", js=LOADER)


def hear_taps(key: str) -> None:
    """Of all charts of the page, for as long as it is shown."""
    _component(key=key, data={"module": server.asset_url("tap/tap.js")}, height=1)
