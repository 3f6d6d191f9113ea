"""What does each dimension do? One film slider per dimension; a grid of discrete codes is changed cell by cell."""

from __future__ import annotations

from functools import partial

import streamlit as st

from ui import cache, cells, explain, given, sliders, starts, state, widgets
from ui.components import desk
from vae_core.runs import Run


def view_in_address(run: Run) -> desk.View:
    """Where the address says to begin; else at the prior's mean, with the two most telling dimensions."""
    dimensions = cache.get_dimensions(run.name)
    first = sorted(dimensions.order[:2].tolist())
    pad = (first[0], first[-1])
    return desk.View(
        starts.code_in_address(run),
        state.page_param("pad", pad, lambda text: state.parse_pair(text, len(dimensions.rate))),
        "pad" if state.page_param("panel", "", str) == "pad" else "sliders",
    )


def keep(view: desk.View) -> None:
    """Writes the view into the address, so that a copied link reopens it."""
    starts.keep_code(view.z)
    state.set_page_param("pad", ".".join(map(str, view.pad)))
    state.set_page_param("panel", "pad" if view.panel == "pad" else None)


@widgets.fragment()
def show_desk(run: Run, told: given.Given) -> None:
    """The desk in the browser; only this part runs again when a finger lifts."""
    view, tray = view_in_address(run), starts.tray_samples(run)
    name = partial(sliders.keep_name, run)
    desk.traverse(run.name, view, run.names, tray, starts.start_of(run), given=told.key, on_view=keep, on_rename=name)


st.title("What does each dimension do?", anchor=False)
run = widgets.chosen_run()
able, dimensions = run.config.model.abilities, cache.get_dimensions(run.name)
st.markdown(explain.how_to_read(able))
if explain.contrast(able):
    st.info(explain.contrast(able), icon=":material/contrast:")
if able.cells:
    cells.traverse(run)
elif able.in_browser:
    show_desk(run, given.choose(run))
else:
    sliders.traverse(run, given.choose(run))
with st.expander("How is this made?"):
    st.markdown(explain.traverse(able, has_rate=dimensions.has_rate))
