"""Where does every sample live? The map of a run's samples, and the one looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import atlas, cache, maps, state, widgets

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from vae_core.latent.projection import MapSettings
    from vae_core.runs import Run

METHODS = {"umap": "UMAP", "pca": "PCA", "raw": "Raw plane"}
STEPS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
HELP = {
    "umap": "**UMAP** keeps neighbours together: groups show well, distances between them mean little.",
    "pca": "**PCA** looks at latent space from the side that shows the most of its spread; straight lines stay straight.",
    "raw": "**Raw plane**: two latent dimensions as they are, nothing squeezed.",
}


def one_of(*allowed: str):
    """A parser for the address that takes these words and no others."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return parse


def choose(run: Run) -> tuple[MapSettings, str, DeltaGenerator]:
    """The row of controls: how the map is made, and what colours it. What differs from the default is in the address."""
    two = run.latent_dim <= 2
    methods = ("raw", "pca", "umap") if two else ("umap", "pca", "raw")
    colours = maps.colour_names(run)
    total = len(run.codes)
    sizes = [*(step for step in STEPS if step < total), total]
    usual = min(maps.DEFAULT_SAMPLES, total)

    def remembered(name: str, default: str, allowed: tuple[str, ...]) -> str:
        return state.page_param(name, default, one_of(*allowed))

    row = st.container(horizontal=True, vertical_alignment="top", gap="medium", key="atlas-controls")
    with row:
        method = st.segmented_control(
            "Map",
            methods,
            default=remembered("map", methods[0], methods),
            format_func=METHODS.__getitem__,
            key=f"atlas.{run.name}.method",
            required=True,
        )
        colour = st.selectbox(
            "Colour by",
            colours,
            index=colours.index(remembered("colour", colours[0], colours)),
            key=f"atlas.{run.name}.colour",
            width=150,
        )
        size = int(remembered("n", str(usual), tuple(str(size) for size in sizes)))
        if len(sizes) > 1:
            size = st.select_slider(
                "Samples",
                sizes,
                value=size,
                format_func=lambda size: f"all {size:,}" if size == total else f"{size:,}",
                key=f"atlas.{run.name}.n",
                width=170,
            )
        dims = (0, 1)
        if method == "raw" and not two:
            dims = choose_dimensions(run)
    state.set_page_param("map", None if method == methods[0] else method)
    state.set_page_param("colour", None if colour == colours[0] else colour)
    state.set_page_param("n", None if size == usual else size)
    return maps.settings_for(run, method, size, dims), colour, row


def choose_dimensions(run: Run) -> tuple[int, int]:
    """Which two dimensions the raw plane shows; the two with the highest rate at first."""
    every = tuple(range(run.latent_dim))
    best = tuple(int(dim) for dim in run.codes.rate.mean(axis=0).argsort()[::-1][:2])
    first, second = state.page_param("dims", best, lambda text: tuple(int(part) for part in text.split(".")[:2]))
    if first == second or first not in every or second not in every:
        first, second = best
    names = run.names
    x = st.selectbox("Across", every, index=first, format_func=lambda dim: names.get(dim, f"z{dim}"), width=110)
    rest = tuple(dim for dim in every if dim != x)
    default = rest.index(second) if second in rest else 0
    y = st.selectbox("Up", rest, index=default, format_func=lambda dim: names.get(dim, f"z{dim}"), width=110)
    state.set_page_param("dims", None if (x, y) == best else f"{x}.{y}")
    return x, y


st.title("Where does every sample live?", anchor=False)
st.markdown(
    "Each point is a sample, and what the model finds alike lies close. **Point** at one to see it; **click** it, "
    "or draw a **box** or **lasso**, to put samples in the tray."
)
run = widgets.chosen_run()
settings, colour, controls = choose(run)
atlas.offer_download(run)
projection = cache.get_map(run.name, settings)
if projection is None:
    with controls:
        atlas.show_job(run, settings)
    projection = cache.get_map(run.name, maps.settings_for(run, "pca", settings.samples))
index = atlas.picked(run)
where, what = st.columns([3, 1], gap="large")
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
    st.caption(f"{HELP[projection.settings.method]} {atlas.colour_key(run, projection, colour)}")
with what:
    atlas.show_sample(run, projection, index)
    atlas.show_selection(run, atlas.selected(run))
