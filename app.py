"""The frame: the ASGI app when a server starts it, what stands around every page when Streamlit runs it."""

from __future__ import annotations

import streamlit as st
from streamlit import runtime

if not runtime.exists():
    from ui import server

    server.tune()
    app = st.App(__file__, routes=server.routes(), middleware=server.middleware())
else:
    from ui import state, widgets
    from ui.learn import listing, only

    # Before st.navigation, which would otherwise fetch the page's icon from the network for the tab.
    st.set_page_config(page_icon=widgets.ICON, layout="wide")
    # Each url_path differs from its file's stem: AppTest would otherwise take the page for a legacy
    # one and drop this frame from the second run on.
    learn = st.Page("pages/learn.py", title="Learn", icon=":material/school:", url_path="course")
    every = [
        st.Page("pages/home.py", title="Home", icon=":material/flare:", url_path="gallery", default=True),
        learn,
        st.Page("pages/atlas.py", title="Atlas", icon=":material/scatter_plot:", url_path="map"),
        st.Page("pages/traverse.py", title="Traverse", icon=":material/tune:", url_path="dimensions"),
        st.Page("pages/morph.py", title="Morph", icon=":material/animation:", url_path="between"),
        st.Page("pages/generate.py", title="Generate", icon=":material/bedtime:", url_path="dreams"),
        st.Page("pages/disentangle.py", title="Disentangle", icon=":material/hub:", url_path="factors"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare:", url_path="side-by-side"),
        st.Page("pages/apply.py", title="Apply", icon=":material/handyman:", url_path="uses"),
        st.Page("pages/train.py", title="Train", icon=":material/model_training:", url_path="studio"),
        st.Page("pages/runs.py", title="Runs", icon=":material/table_rows:", url_path="logbook"),
        st.Page("pages/library.py", title="Library", icon=":material/shelves:", url_path="collection"),
    ]
    lessons_only = only.lessons_only()
    page = st.navigation(only.pages(every) if lessons_only else every)
    st.set_page_config(page_title=f"{page.title} · Latentarium")
    widgets.style()
    state.follow_address()
    with st.sidebar:
        if lessons_only:
            listing.sidebar()
        else:
            if page == learn:
                st.caption("Each lesson names the models that it looks into.")
            else:
                widgets.model_picker()
            if state.selection().run is not None:
                widgets.tray()
    state.write_address()
    widgets.show_page(page, way_out=not lessons_only)
