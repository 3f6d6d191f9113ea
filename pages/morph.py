"""What lies between two samples? The straight and the spherical walk, side by side and on the map."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from ui import cache, downloads, explain, given, guests, samples, state, strips, walks, widgets
from ui.components import desk
from ui.words import plain
from vae_core.runs import Run

LETTERS = "ABCD"


def default_rows(run: Run) -> list[int]:
    """Four rows of run.codes: the tray's first, then samples of classes that are not there yet."""
    rows = samples.tray_rows(run)[:4]
    order = np.random.default_rng(0).permutation(len(run.codes))
    y = run.codes.y
    if y is not None:
        firsts = order[np.sort(np.unique(y[order], return_index=True)[1])]
        order = np.concatenate([firsts[~np.isin(y[firsts], y[rows])], order])
    rows += [int(row) for row in dict.fromkeys(order[:64].tolist()) if row not in rows]
    return (rows * 4)[:4]


def chosen_rows(run: Run) -> list[int]:
    """A, B, C, D as rows of run.codes: from the address, else the defaults."""
    rows = default_rows(run)
    for place, letter in enumerate(LETTERS):
        index = state.page_param(letter.lower(), -1, samples.place_in_dataset)
        rows[place] = next(iter(samples.rows_of(run, [index])), rows[place])
    return rows


def choose(run: Run, place: int, index: int) -> None:
    """Writes all four samples into the address, one of them new, so that none moves when the tray does."""
    chosen = [int(run.codes.index[row]) for row in chosen_rows(run)]
    chosen[place] = index
    for letter, sample in zip(LETTERS, chosen, strict=True):
        state.set_page_param(letter.lower(), sample)


def bring(run: Run, letter: str, number: int) -> None:
    """A guest becomes A or B, and waits in the tray for other pages. For callbacks."""
    choose(run, LETTERS.index(letter), number)
    state.add_to_tray([number])


def show_pickers(run: Run, rows: list[int]) -> None:
    """A and B side by side; C and D, which only the grid needs, folded away."""
    pictures = cache.get_pictures(run.name, tuple(int(run.codes.index[row]) for row in rows))

    def pair(places: tuple[int, int]) -> None:
        for column, place in zip(st.columns(2), places, strict=True):
            with column:
                picked = partial(choose, run, place)
                samples.picker(LETTERS[place], run, rows[place], pictures.pixels[place], picked)

    pair((0, 1))
    grid = run.config.data.kind != "text"  # sentences go line by line
    more = st.columns(2) if grid else [st.container()]
    if grid:
        with more[0], st.expander("C and D, the other corners of the grid"):
            pair((2, 3))
    with more[-1]:
        guests.bring(run, {"A": "Make it A", "B": "Make it B"}, partial(bring, run), key="morph")
    downloads.offer_originals(run.config.data.name)


@widgets.fragment()
def show_desk(run: Run, told: given.Given, corners: list[desk.Sample]) -> None:
    """Films, scrubber and grid in the browser; only this part runs again when a finger lifts."""
    t = min(1.0, max(0.0, state.page_param("t", 0.5, float)))
    desk.morph(run.name, corners, t, given=told.key, on_t=lambda t: state.set_page_param("t", f"{t:g}"))


st.title("What lies between two samples?", anchor=False)
run = widgets.chosen_run()
able = run.config.model.abilities
st.markdown(explain.how_to_walk(able))
if explain.contrast(able, walk=True):
    st.info(explain.contrast(able, walk=True), icon=":material/contrast:")
rows = chosen_rows(run)
show_pickers(run, rows)
told = given.choose(run)
if told.words:
    st.caption(f"All are told {plain(told.words)}: what goes from A to B is what that leaves open.")
corners = strips.choose_levels(run, [samples.sample_at(run, row) for row in rows])
(show_desk if able.in_browser else strips.morph)(run, told, corners)
walks.show_downloads(run, told, *(np.array(corner.z) for corner in corners))
st.subheader("On the map", anchor=False)
walks.show_map(run, rows[0], rows[1], lambda letter, index: choose(run, LETTERS.index(letter), index))
with st.expander("How do the two walks go?"):
    st.markdown(
        "**Straight line**: $z(t) = (1-t)\\,a + t\\,b$. **Along the sphere** (Shoemake 1985): the direction "
        "turns at constant speed, $u(t) = \\frac{\\sin((1-t)\\omega)}{\\sin\\omega}\\,\\hat a + "
        "\\frac{\\sin(t\\omega)}{\\sin\\omega}\\,\\hat b$ with $\\omega$ the angle between $a$ and $b$, and the "
        "length goes evenly from $\\lVert a\\rVert$ to $\\lVert b\\rVert$. The prior's codes lie near a shell of "
        "radius $\\sqrt D$, and in many dimensions the straight line cuts through its hollow."
    )
