"""Which dimension carries which factor? Matrix and scores, what can be said without labels, a study, a game."""

from __future__ import annotations

import streamlit as st

from ui import widgets
from ui.lab import views

st.title("Which dimension carries which factor?", anchor=False)
view = views.choose_view()
if view == views.FACTORS:
    from ui.lab import factors

    factors.show(widgets.chosen_run())
elif view == views.UNLABELLED:
    from ui.lab import unlabelled

    unlabelled.show(widgets.chosen_run())
elif view == views.STUDY:
    from ui.lab import study

    study.show()
else:
    from ui.lab import game

    game.show()
