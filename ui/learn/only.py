"""An app with lessons only, for a class: `?only=lessons` for a visit, LATENTARIUM_ONLY=lessons for a whole server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import Page as StreamlitPage

_ONLY = "latentarium.learn.only"
VARIABLE, LESSONS = "LATENTARIUM_ONLY", "lessons"


def lessons_only() -> bool:
    """Whether this visit is to see nothing but lessons; once asked for, it stays so until the tab is loaded anew."""
    if st.query_params.get("only") == LESSONS:
        st.session_state[_ONLY] = True
    return bool(st.session_state.get(_ONLY)) or os.environ.get(VARIABLE, "").strip().lower() == LESSONS


def pages(every: Sequence[StreamlitPage]) -> list[StreamlitPage]:
    """All pages of such an app: the lessons, at the app's address and at that of each page of the whole app."""
    lessons = {"page": "pages/learn.py", "title": "Learn", "icon": ":material/school:"}
    hidden = [st.Page(**lessons, url_path=page.url_path, visibility="hidden") for page in every if page.url_path]
    return [st.Page(**lessons, url_path="lessons", default=True), *hidden]
