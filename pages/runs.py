"""Which run is worth keeping? All runs in one table, several in one chart, and sweeps over one or two settings."""

from __future__ import annotations

import streamlit as st

from ui import runs_table, sweep_form, sweeps

st.title("Which run is worth keeping?", anchor=False)

view = sweep_form.choose_view()
if view == sweep_form.SWEEPS:
    sweeps.show()
else:
    runs_table.show()
