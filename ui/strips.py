"""A morph that the server decodes: strips of pictures or rows, or sentences line by line, and a four-corner grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, show, state
from ui.components.desk import Sample
from ui.widgets import fragment
from ui.words import plain
from vae_core.latent.geometry import FAR, INSIDE, NEAR, Kind, corner_grid, lerp, path, slerp

if TYPE_CHECKING:
    from ui.given import Given
    from vae_core.runs import Run

STEPS = {"image": 11, "table": 9, "text": 9}  # samples of a strip
CORNERS = 7  # along a side of the grid
WALKS = {"linear": lerp, "spherical": slerp}
TITLES: dict[Kind, str] = {"linear": "Straight line", "spherical": "Along the sphere"}
WORST = {INSIDE: "stays inside the data", NEAR: "comes near the data's edge", FAR: "goes far from any code seen"}
NOW = "border-left: 3px solid light-dark(#87500a, #f0b45f); padding: 0.3rem 0 0.3rem 0.75rem;"
ELSEWHERE = "border-left: 3px solid transparent; padding: 0.3rem 0 0.3rem 0.75rem; opacity: 0.8;"


def kinds_of(run: Run) -> list[Kind]:
    """The walks that mean something: between discrete codes there is no sphere to walk along."""
    return ["linear"] if run.config.model.abilities.cells else ["linear", "spherical"]


def coarse_only(run: Run, corners: Sequence[Sample], levels: int) -> list[Sample]:
    """The corners with A's code on all but the first `levels` levels of a ladder."""
    first, *others = corners
    last = run.config.model.abilities.levels[levels - 1][1]
    return [first, *(replace(corner, z=(*corner.z[:last], *first.z[last:])) for corner in others)]


def choose_levels(run: Run, corners: Sequence[Sample]) -> list[Sample]:
    """A, B, C, D as they are to be walked between: the control for how many levels of a ladder go, and what it says.

    Draws nothing where the model has no levels.
    """
    count = len(run.config.model.abilities.levels)
    if not count:
        return list(corners)
    key = f"strips.{run.name}.levels"
    now = state.page_param("levels", count, lambda text: max(1, min(count, int(text))))

    def keep() -> None:
        state.set_page_param("levels", None if st.session_state[key] == count else st.session_state[key])

    def words(level: int) -> str:
        return "All levels" if level == count else "The coarsest alone" if level == 1 else f"Levels 1 to {level}"

    st.session_state[key] = now
    st.segmented_control(
        "What goes to B", [*range(1, count + 1)][::-1], format_func=words, key=key, on_change=keep, required=True,
        help="Levels that do not go stay as A has them.",
    )  # fmt: skip
    return coarse_only(run, corners, now)


@fragment()
def morph(run: Run, told: Given, corners: Sequence[Sample]) -> None:
    """Walks from A to B and the grid; only this part runs again when the slider is let go.

    Args:
        corners: A, B, C, D.
    """
    codes = [np.asarray(corner.z, dtype=np.float64) for corner in corners]
    t = _scrubber(run)
    if run.config.data.kind == "text":
        _lines(run, told, codes[0], codes[1], t)
        return
    kinds = kinds_of(run)
    for place, kind in zip(st.columns(len(kinds), gap="large"), kinds, strict=True):
        with place:
            _here(run, told, codes[0], codes[1], t, kind)
    for kind in kinds:
        _strip(run, told, codes[0], codes[1], kind)
    st.markdown("##### Four corners")
    _grid(run, told, codes)


def _scrubber(run: Run) -> float:
    """Where between A and B one looks."""
    key = f"strips.{run.name}.t"
    t = min(1.0, max(0.0, state.page_param("t", 0.5, float)))
    t = t if t == t else 0.5  # not a number

    def keep() -> None:
        state.set_page_param("t", f"{st.session_state[key] / 100:g}")

    st.session_state[key] = round(100 * t)
    st.slider("From A to B", 0, 100, step=1, format="%d%%", key=key, on_change=keep)
    return t


def _worst(run: Run, walk: np.ndarray) -> str:
    """How far a walk leaves the codes seen, in words."""
    zones = None if run.config.model.abilities.cells else show.zones_of(run, walk)
    return "" if zones is None else WORST[int(zones.max())]


def _here(run: Run, told: Given, a: np.ndarray, b: np.ndarray, t: float, kind: Kind) -> None:
    """The sample at t, large."""
    (now,) = cache.get_decoded(run.name, WALKS[kind](a, b, t)[None].astype(np.float32), told.key)
    st.markdown(f"**{TITLES[kind]}**")
    with st.container(width=360) if run.config.data.kind == "image" else st.container():
        show.show_sample(
            run, now, alt=f"{TITLES[kind]}, {round(100 * t)}% of the way from A to B", key=f"strips.{run.name}.{kind}"
        )


def _strip(run: Run, told: Given, a: np.ndarray, b: np.ndarray, kind: Kind) -> None:
    """A walk as a strip, and how far it leaves the data."""
    walk = path(a, b, STEPS[run.config.data.kind], kind)
    film = cache.get_decoded(run.name, walk, told.key)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(TITLES[kind], width="content")
        st.caption(_worst(run, walk), width="content")
    show.show_film(run, film, alt=f"{TITLES[kind]} from A to B in {len(film)} steps")


def _lines(run: Run, told: Given, a: np.ndarray, b: np.ndarray, t: float) -> None:
    """Both walks as sentences, a line a step; what a step changes is marked, the step at t stands out."""
    info, steps = run.config.data, STEPS["text"]
    at = round(t * (steps - 1))
    for place, kind in zip(st.columns(2, gap="large"), kinds_of(run), strict=True):
        walk = path(a, b, steps, kind)
        made = cache.get_decoded(run.name, walk, told.key)
        lines = "".join(
            f'<li style="{NOW if step == at else ELSEWHERE}">'
            f"{show.marked(info, tokens, made[step - 1] if step else None)}</li>"
            for step, tokens in enumerate(made)
        )
        with place:
            st.markdown(f"**{TITLES[kind]}**")
            show.show_sample(
                run, made[at], alt=f"{TITLES[kind]}, {round(100 * t)}% of the way", key=f"strips.{run.name}.{kind}",
                before=made[0],
            )  # fmt: skip
            st.html(f'<ol style="list-style: none; margin: 0; padding: 0; font-size: 1.02rem">{lines}</ol>')
            if words := _worst(run, walk):
                st.caption(f"This walk {words}.")


def _grid(run: Run, told: Given, codes: Sequence[np.ndarray]) -> None:
    """The four corners and what lies between, as one picture."""
    from vae_core.export import png_sheet
    from vae_core.render import pictures

    grid = corner_grid(*codes, CORNERS)
    made = cache.get_decoded(run.name, grid.reshape(-1, grid.shape[-1]), told.key)
    drawn = pictures(run.config.data, made)
    drawn = drawn.reshape(CORNERS, CORNERS, *drawn.shape[1:])
    gap, behind = (2, 16) if run.config.data.kind == "image" else (5, 96)  # bars lie on dark paper of their own
    st.image(
        png_sheet(drawn, side=88, gap=gap, background=behind), width=560, output_format="PNG",
        alt="A grid of decoded samples: A at the top left, B at the top right, C and D below",
    )  # fmt: skip
    st.caption(plain("A at the top left, B at the top right, C and D below; every step mixes the four."))
