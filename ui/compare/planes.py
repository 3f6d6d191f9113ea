"""The view Maps: where each model puts the same samples. What is picked or lassoed on one is marked on all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, maps, state
from ui.compare.choose import letter, names_of
from ui.limits import NO_ENCODER
from ui.widgets import picture_strip
from ui.words import plain
from vae_core.guests import is_guest

if TYPE_CHECKING:
    from vae_core.figures.maps import Path
    from vae_core.latent.projection import Projection
    from vae_core.runs import Run

SHOWN = 16  # pictures of what is marked
_MARKED = "latentarium.compare.marked"
METHODS = {"umap": "UMAP", "pca": "PCA", "raw": "Raw plane"}


def show_maps(runs: list[Run], at: int | None) -> None:
    """The maps two by two, in one colouring, and some pictures of what is marked."""
    able = [(place, run) for place, run in enumerate(runs) if run.config.model.abilities.encodes]
    names = [name for name in maps.colour_names(able[0][1])
             if all(name in maps.colour_names(run) for _, run in able)]  # fmt: skip
    st.markdown(
        "**Click** a sample, or draw a **box** or **lasso** on one map: the same samples are marked on the others."
    )
    colour = st.selectbox("Colour by", names, key="compare-colour", width=180) if len(names) > 1 else names[0]
    marked = _marked(able[0][1])
    for first in range(0, len(able), 2):
        columns = st.columns(2, gap="medium")
        for (place, run), column in zip(able[first : first + 2], columns, strict=False):
            with column:
                _map(run, letter(place), colour, at, marked)
    _say_marked(able[0][1], marked)
    for name, run in zip(names_of(runs), runs, strict=True):
        if not run.config.model.abilities.encodes:
            st.caption(f"**{name}** has no map of samples. {NO_ENCODER.why}")


def _map(run: Run, name: str, colour: str, at: int | None, marked: np.ndarray) -> None:
    projection = maps.ready_map(run)
    st.markdown(f"**{name}** · {plain(run.title)}")
    placed = [] if at is None else _placed(run, projection, at)
    maps.show_map(
        run, projection, key=f"compare-map-{run.name}", colour=colour, picked=at, chosen=marked, paths=placed,
        small=True, on_pick=_pick, on_select=partial(_mark, run.config.data.name),
    )  # fmt: skip
    if placed:
        st.caption(f"Sample {at} is not among those on this map: the mark stands where its code would lie.")
    trust = projection.trust
    there = len(maps.rows_of(run, projection, marked.tolist())) if len(marked) else 0
    missing = f" {len(marked) - there:,} of those marked are not on this map." if there < len(marked) else ""
    st.caption(
        f"{METHODS[projection.settings.method]} of {len(projection.positions):,} samples, trustworthiness "
        f"{trust.value:.3f} (k = {trust.neighbors}).{missing}"
    )


def _placed(run: Run, projection: Projection, at: int) -> list[Path]:
    """A mark for a sample that a map leaves out, as maps of large data leave out most; none where it is on it."""
    from vae_core.figures.maps import Path
    from vae_core.figures.template import INKS
    from vae_core.latent.projection import place_near

    row = int(run.codes.rows([at])[0])
    if is_guest(at) or row < 0 or maps.rows_of(run, projection, [at]):
        return []
    return [Path(place_near(projection, run.codes.mean, run.codes.mean[[row]]), f"sample {at}",
                 colour=INKS[maps.current_theme()].text)]  # fmt: skip  # of no class


def _pick(index: int) -> None:
    state.set_page_param("at", index)


def _mark(data: str, indices: np.ndarray) -> None:
    st.session_state[_MARKED] = (data, np.sort(indices))


def _marked(run: Run) -> np.ndarray:
    """The samples in the last box or lasso, places in the dataset; none of another dataset."""
    data, indices = st.session_state.get(_MARKED, ("", np.empty(0, dtype=np.int64)))
    return indices if data == run.config.data.name else np.empty(0, dtype=np.int64)


def _say_marked(run: Run, marked: np.ndarray) -> None:
    if not len(marked):
        return
    shown = marked[np.unique(np.linspace(0, len(marked) - 1, min(SHOWN, len(marked))).astype(np.int64))]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{len(marked):,} samples are marked**", width="content")
        st.button("Put them in the tray", icon=":material/add:", type="tertiary", key="compare-tray",
                  on_click=state.add_to_tray, args=(marked[: state.TRAY_LIMIT].tolist(),))  # fmt: skip
    pictures = cache.get_pictures(run.name, tuple(shown.tolist()))
    picture_strip(pictures.pixels, [str(i) for i in shown], side=96 if run.config.data.kind == "text" else 48)
    if len(shown) < len(marked):
        st.caption(f"{len(shown)} of them, evenly drawn.")
