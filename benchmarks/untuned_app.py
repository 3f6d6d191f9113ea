"""The app on a server with Streamlit's own settings, for comparison.

`python -m streamlit run benchmarks/untuned_app.py` in the project. The collection after each run is switched on
from outside (STREAMLIT_RUNNER_POST_SCRIPT_GC=true); the socket is left as asyncio and Streamlit make it.
"""

from __future__ import annotations

import asyncio.base_events
from pathlib import Path

import streamlit as st

from ui import server

as_it_comes = asyncio.base_events._set_nodelay  # type: ignore[attr-defined]
server.tune()
asyncio.base_events._set_nodelay = as_it_comes  # type: ignore[attr-defined]
app = st.App(Path(__file__).parents[1] / "app.py", routes=server.routes(), middleware=server.middleware())
