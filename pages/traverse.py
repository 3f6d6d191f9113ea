"""What does each dimension do? One film slider per dimension, decoded in the browser while it is dragged."""

from __future__ import annotations

import streamlit as st

from ui import cache, given, starts, state, widgets
from ui.components import desk
from ui.words import plain
from vae_core.runs import Run, RunError, rename_dimension

READ = "Drag along a film: the large picture follows, and each film shows what its dimension will do."


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
    """The desk; only this part runs again when a finger lifts."""

    def rename(dimension: int, name: str) -> None:
        try:
            rename_dimension(run.folder, dimension, name)
        except (RunError, OSError) as error:
            st.toast(f"The name could not be kept with the run: {plain(str(error))}", icon=":material/warning:")

    view, tray = view_in_address(run), starts.tray_samples(run)
    desk.traverse(run.name, view, run.names, tray, starts.start_of(run), given=told.key, on_view=keep, on_rename=rename)


st.title("What does each dimension do?", anchor=False)
run = widgets.chosen_run()
st.markdown(READ)
show_desk(run, given.choose(run))
with st.expander("How is this made?"):
    st.markdown(
        "Each picture is the decoder's mean $p_\\theta(x \\mid z)$ at the code $z$, decoded in your browser. "
        "The films are sorted by **rate**, the mean over the data of $\\mathrm{KL}(q(z_d \\mid x)\\,\\|\\,p(z_d)) = "
        "\\tfrac12(\\mu_d^2 + \\sigma_d^2 - 1) - \\ln \\sigma_d$, in nats: how much a dimension tells about a "
        "sample. A dimension **sleeps** where its code hardly varies (variance of $\\mu_d$ over the data at most 0.01, "
        "Burda et al. 2016). The line under a film marks the mean of the data's codes and "
        "one standard deviation to either side. The meter compares the distance to the nearest of (up to 2,000) "
        "real codes with the distances among those: inside covers 90% of them, the edge 99.9%."
    )
