"""A traverse that the server decodes: for sentences, rows of tables and ladders of levels.

Streamlit's sliders, the most telling dimension first; the sample follows when one is let go. Beside each stands what it
will do: a film of pictures, or the sentences at its ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, samples, show, starts, state
from ui.widgets import fragment
from ui.words import plain
from vae_core.latent.levels import resample
from vae_core.render import words as words_of

if TYPE_CHECKING:
    from ui.given import Given
    from vae_core.latent.dimensions import Dimensions
    from vae_core.runs import Run

FIRST = 6  # sliders shown at once, of all or of each level; the rest waits behind a switch
FILM = 7  # pictures beside a slider
STEP = 0.05
GRAINS = ("coarse", "fine", "finer", "finest")


def _grain(level: int, count: int) -> str:
    return "finest" if level == count - 1 and count > 2 else GRAINS[min(level, 2)]


@fragment()
def traverse(run: Run, told: Given) -> None:
    """Sample and sliders; only this part runs again when a slider is let go."""
    z = starts.code_in_address(run)
    begun = state.page_param("start", z, lambda text: starts.parse_code(text, len(z)))
    now, before = cache.get_decoded(run.name, np.array([z, begun], dtype=np.float32), told.key)
    left, right = st.columns([2, 3] if run.config.data.kind == "image" else 2, gap="large")
    with left, st.container(key=f"stage-{run.config.data.kind}"):  # ui/frame.css keeps it in sight
        _stage(run, told, z, now, before if z != begun else None)
    with right:
        _sliders(run, told, z, now)
        _names(run)


def _stage(run: Run, told: Given, z: Sequence[float], now: np.ndarray, before: np.ndarray | None) -> None:
    """The sample at z, beside how far it is from the data and where else one could begin."""
    show.show_sample(
        run, now, alt=f"Decoded sample{', ' + told.words if told.words else ''}", key=f"sliders.{run.name}.sample",
        before=before,
    )  # fmt: skip
    if before is not None and run.config.data.kind == "text":
        info = run.config.data
        st.caption(f"Began as: {plain(info.joiner.join(words_of(info, before)))}")
    show.show_cue(run, z)
    _starts(run)


def _begin(z: Sequence[float]) -> None:
    starts.keep_code(tuple(z))
    state.set_page_param("start", starts.format_code(tuple(z)))


def _starts(run: Run) -> None:
    """Buttons that lead to other codes."""
    start = starts.start_of(run)
    key = f"sliders.{run.name}.start"

    def chance() -> None:
        drawn = np.random.default_rng().standard_normal(len(start.mean))
        _begin((np.array(start.mean) + np.array(start.spread) * drawn).tolist())

    def sample() -> None:
        _begin(run.codes.mean[samples.random_row(run)].tolist())

    with st.container(horizontal=True, gap="xsmall"):
        st.button(start.label, key=f"{key}.mean", on_click=_begin, args=(start.mean,))
        st.button("Random", key=f"{key}.random", on_click=chance, help="A code drawn at random")
        what = "dream" if not run.config.model.abilities.encodes else "sample"
        st.button(f"A {what}", key=f"{key}.sample", icon=":material/shuffle:", on_click=sample)
        tray = starts.tray_samples(run)
        if tray:
            with st.popover("From the tray"):
                for place, one in enumerate(tray):
                    st.button(plain(one.label), key=f"{key}.tray.{place}", on_click=_begin, args=(one.z,))


# -- sliders -----------------------------------------------------------------------------------------------


def keep_name(run: Run, dimension: int, name: str) -> None:
    """Keeps with the run what a visitor calls a dimension; says so where that cannot be done."""
    from vae_core.runs import RunError, rename_dimension

    try:
        rename_dimension(run.folder, dimension, name)
    except (RunError, OSError) as error:
        st.toast(f"The name could not be kept with the run: {plain(str(error))}", icon=":material/warning:")


def _names(run: Run) -> None:
    """A small form that names a dimension."""
    key, names = f"sliders.{run.name}.name", run.names
    with st.popover("Name a dimension", icon=":material/edit:", type="tertiary"):
        order = cache.get_dimensions(run.name).order.tolist()
        dimension = st.selectbox("Dimension", order, format_func=lambda d: names.get(d, f"z{d}"), key=key)
        field = f"{key}.{dimension}"
        st.text_input(
            "Its name", names.get(dimension, ""), max_chars=40, key=field, placeholder=f"z{dimension}",
            on_change=lambda: keep_name(run, dimension, st.session_state[field].strip()),
        )  # fmt: skip


def _sliders(run: Run, told: Given, z: Sequence[float], now: np.ndarray) -> None:
    """All dimensions, by level where there are some."""
    dimensions, levels = cache.get_dimensions(run.name), run.config.model.abilities.levels
    code = Moving(run, z)
    if not levels:
        _group(code, told, now, dimensions.order.tolist(), "all")
        return
    for level, (first, last) in enumerate(levels):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            count = last - first
            st.markdown(
                f"##### Level {level + 1}, {_grain(level, len(levels))}: {count} dimension{'s' * (count > 1)}",
                width="content",
            )
            if level:
                st.button(
                    "New fine details", icon=":material/refresh:", key=f"sliders.{run.name}.fine.{level}",
                    on_click=partial(_fine, code, level),
                    help=f"Keeps the {'level' if level == 1 else f'{level} levels'} above, and draws this and finer "
                    "ones anew from what the model expects of them",
                )  # fmt: skip
        inside = [d for d in dimensions.order.tolist() if first <= d < last]
        _group(code, told, now, inside, str(level))


def _fine(code: Moving, keep: int) -> None:
    seed = int(np.random.default_rng().integers(1 << 31))
    levels = code.run.config.model.abilities.levels
    starts.keep_code(resample(np.array(code.now(), dtype=np.float64), levels, keep, 1, seed=seed)[0].tolist())


@dataclass(frozen=True)
class Moving:
    """A code and its sliders. drawn: what each slider on the page was set to."""

    run: Run
    z: Sequence[float]
    drawn: dict[int, float] = field(default_factory=dict)

    def key(self, d: int) -> str:
        """Of the slider of a dimension."""
        return f"sliders.{self.run.name}.{d}"

    def now(self) -> list[float]:
        """The code with all sliders that were moved since the page was drawn: often more than one. For callbacks."""
        said = {d: st.session_state[self.key(d)] for d in self.drawn}
        return [said[d] if d in said and said[d] != self.drawn[d] else value for d, value in enumerate(self.z)]


def _group(code: Moving, told: Given, now: np.ndarray, order: Sequence[int], name: str) -> None:
    """Sliders of some dimensions: the first few of those that are awake, the rest behind a switch.

    now: the sample at the code.
    """
    run = code.run
    dimensions, key = cache.get_dimensions(run.name), f"sliders.{run.name}.more.{name}"
    shown = [d for d in order if dimensions.awake[d]][:FIRST]
    rest = [d for d in order if d not in shown]
    if not shown:
        st.caption("All of these sleep: the code says nothing here, and the decoder ignores it.")
    asleep = sum(not dimensions.awake[d] for d in rest)
    words = f"{len(rest)} more dimension{'s' * (len(rest) > 1)}" if shown else f"all {len(rest)}"
    words += f", {asleep} of them asleep" if asleep and shown else ""
    if rest and st.session_state.get(key):
        shown = [*shown, *rest]
    if shown:
        ends = _along(run, told, code.z, dimensions, shown)
        for d in shown:
            _slider(code, dimensions, d, ends[d], now)
    if rest:
        st.toggle(f"Show {words}", key=key)


def _along(
    run: Run, told: Given, z: Sequence[float], dimensions: Dimensions, shown: Sequence[int]
) -> dict[int, np.ndarray]:
    """What each of these sliders does: samples [FILM, ...] along it, of text [2, ...] at its ends; decoded at once."""
    text = run.config.data.kind == "text"
    places = np.array([0.0, 1.0]) if text else (np.arange(FILM) + 0.5) / FILM
    codes = np.tile(np.asarray(z, dtype=np.float32), (len(shown), len(places), 1))  # [S, n, D]
    for row, d in enumerate(shown):
        codes[row, :, d] = (2 * places - 1) * dimensions.reach[d]
    made = cache.get_decoded(run.name, codes.reshape(-1, codes.shape[-1]), told.key)
    return dict(zip(shown, made.reshape(len(shown), len(places), *made.shape[1:]), strict=True))


def _slider(code: Moving, dimensions: Dimensions, d: int, film: np.ndarray, now: np.ndarray) -> None:
    """The slider of a dimension, and what it will do."""
    run, key, reach = code.run, code.key(d), float(dimensions.reach[d])
    title = run.names.get(d, f"z{d}")

    def moved() -> None:
        starts.keep_code(code.now())

    measure = f"{dimensions.rate[d]:.2f} nats" if dimensions.has_rate else f"± {dimensions.spread[d]:.2f}"
    st.session_state[key] = code.drawn[d] = float(np.clip(code.z[d], -reach, reach))  # follows the address
    with st.container(gap="xxsmall"):
        st.slider(f"**{plain(title)}** · {measure}", -reach, reach, step=STEP, format="%+.2f", key=key, on_change=moved)
        _ends(run, title, reach, film, now)


def _ends(run: Run, title: str, reach: float, film: np.ndarray, now: np.ndarray) -> None:
    """What a slider will do: a film, or the sentences at its ends, what it would change marked."""
    if run.config.data.kind == "text":
        low, high = (show.marked(run.config.data, end, now) for end in film)
        st.html(
            '<div style="display: flex; gap: 1.5rem; justify-content: space-between; opacity: 0.85;'
            f' font-size: 0.9rem; line-height: 1.35"><span>{low}</span>'
            f'<span style="text-align: right">{high}</span></div>'
        )
    else:
        show.show_film(run, film, alt=f"What {title} does from {-reach:g} to {reach:g}")
