"""Brings the page back to its top when it shows something else: the browser keeps its place otherwise."""

from __future__ import annotations

import streamlit as st

from ui import server
from ui.components.loader import LOADER

_component = st.components.v2.component("latentarium_top", html="<span></span>\n", js=LOADER)


def begin_at_top(key: str, shown: str) -> None:
    """Scrolls to the top whenever `shown`, a name for what the page shows, is another than the last time."""
    _component(key=key, data={"shown": shown, "module": server.asset_url("top/top.js")}, height=1)
