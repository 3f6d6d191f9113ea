"""What a browser component said last: under its key in the session, and whatever anybody may have sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st


def said(key: str, name: str) -> Mapping[str, Any]:
    """What the component `key` last said under `name`, {} where it has said nothing of the kind."""
    state = st.session_state.get(key)
    value = state.get(name) if state is not None else None
    return value if isinstance(value, Mapping) else {}


def times(key: str, name: str) -> int:
    """How often it has said so; it takes a value from us only in answer to its last word."""
    seq = said(key, name).get("seq", 0)
    return seq if isinstance(seq, int) else 0
