"""Where does every sample live? The map of a run's samples, and the one looked at."""

from __future__ import annotations

import streamlit as st

from ui import atlas, cache, downloads, guests, maps, state, widgets

st.title("Where does every sample live?", anchor=False)
run = widgets.chosen_run()
one = "sample" if run.config.model.abilities.encodes else "dream"
st.markdown(
    f"Each point is a {one}, and what the model finds alike lies close. **Point** at one to see it; **click** it, "
    f"or draw a **box** or **lasso**, to put {one}s in the tray."
)
atlas.say_limits(run)
settings, colour, controls = atlas.choose(run)
downloads.offer_originals(run.config.data.name)
projection = cache.get_map(run.name, settings)
if projection is None:
    with controls:
        atlas.show_job(run, settings)
    projection = cache.get_map(run.name, maps.settings_for(run, "pca", settings.samples))
index = atlas.picked(run)
where, what = st.columns([5, 2], gap="medium")
with where:
    maps.show_map(
        run,
        projection,
        key="atlas-map",
        colour=colour,
        tray=state.selection().tray,
        picked=index,
        ellipses=atlas.ellipses(run, projection, index),
        on_pick=atlas.pick,
        on_select=lambda chosen: atlas.select(run.name, chosen),
    )
    atlas.show_trust(run, projection)
    st.caption(f"{atlas.HELP[projection.settings.method]} {atlas.colour_key(run, projection, colour)}")
with what:
    guests.bring(run, {"add": "Add to the map"}, lambda _, number: atlas.pick(number), key="atlas")
    atlas.show_sample(run, projection, index)
    atlas.show_selection(run, atlas.selected(run))
