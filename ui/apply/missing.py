"""Missing parts: pixels that are brushed away, columns that are blanked, and how they are filled in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, samples, state
from ui.apply import filled, results
from ui.apply.jobs import result, small
from ui.components.brush import brush
from ui.guests import bring
from vae_core.apply import holes as masks
from vae_core.apply.asked import Impute

if TYPE_CHECKING:
    from vae_core.apply.impute import Imputation
    from vae_core.runs import Run

CHANCE, OWN, NOTHING = "chance", "own", "none"
PICTURES = {"lower": "Lower half", "upper": "Upper half", "left": "Left half", "right": "Right half",
            CHANCE: "Each with probability 1/2", OWN: "What you brush away"}  # fmt: skip
TABLES = {CHANCE: "Each with probability 1/2", OWN: "Columns of your choice"}
CODES = 400  # importance samples for one picture: it is to be there at once


def asked_of(run: Run) -> Impute:
    """What the address asks, of all held-out samples: holes are lower, upper, left, right, chance, or numbers."""
    size = int(np.prod(run.config.data.sample_shape))
    pictures = run.config.data.kind == "image"

    def holes(text: str) -> str:
        if text == CHANCE or (pictures and text in (*masks.HALVES, NOTHING)):
            return text
        return masks.as_text(masks.of_text(1, size, text)[0])  # an ApplyError is a ValueError

    text = state.page_param("holes", "lower" if pictures else CHANCE, holes)
    if text == CHANCE:
        return Impute(run.name)
    if text == NOTHING:
        return Impute(run.name, holes=NOTHING)
    if text in masks.HALVES:
        return Impute(run.name, half=text)
    if pictures:
        return Impute(run.name, holes=text)
    return Impute(run.name, columns=tuple(run.config.data.columns[i] for i in np.flatnonzero(_hole(run, text))))


def _hole(run: Run, text: str) -> np.ndarray:
    return masks.of_text(1, int(np.prod(run.config.data.sample_shape)), text)[0]


def kind_of(asked: Impute) -> str:
    """Which choice this is."""
    return asked.half or (OWN if asked.holes or asked.columns else CHANCE)


def show(run: Run) -> None:
    """The whole view."""
    what = "pixels" if run.config.data.kind == "image" else "columns"
    st.markdown(
        f"Some {what} are missing. The model fills them in by what it knows of the rest: by **pseudo-Gibbs** (encode, "
        "decode, put the missing in, again and again) and by **importance weights** (many codes, weighed by how well "
        "each explains what is seen). Several draws show how sure that is."
    )
    _one(run)
    asked = asked_of(run)
    if asked.holes == NOTHING:
        return
    st.subheader("On held-out samples", anchor=False)
    by_chance = kind_of(asked) == CHANCE
    which = f"Each of the {what}, with probability 1/2," if by_chance else f"The same {what}"
    st.caption(f"{which} of up to {asked.samples} samples that were never trained on {'is' if by_chance else 'are'} "
               "blanked and filled.")  # fmt: skip
    found = result(asked, what="the errors", unasked=small(run) and kind_of(asked) != OWN, key="apply-missing")
    if found is not None:
        results.show_outcome(found.outcome, key="apply-missing-merits")
        _say_covered(found)  # type: ignore[arg-type]
    results.take_home(asked, found, filled.files(run, asked, found), key="apply-missing")


def _say_covered(found: Imputation) -> None:
    draws = len(next(iter(found.draws.values())))
    wanted = (draws - 1) / (draws + 1)
    parts = [f"{title} {found.covered[name]:.0%}" for name, title in filled.MODELS.items()]
    st.caption(f"Missing numbers within the range of {draws} draws: {', '.join(parts)}; {wanted:.0%} if draws were as "
               "good as the truth.")  # fmt: skip


# -- one sample --------------------------------------------------------------------------------------------


def _index(run: Run) -> int:
    """The sample in the address, else the tray's first, else a held-out one."""
    rows = samples.tray_rows(run)[:1] or cache.test_rows(run.name).tolist()[:1] or [0]

    def known(text: str) -> int:
        index = samples.place_in_dataset(text)
        if not samples.rows_of(run, [index]):
            raise ValueError("There is no such sample.")
        return index

    return state.page_param("at", int(run.codes.index[rows[0]]), known)


def _one(run: Run) -> None:
    """A sample, its holes, and what fills them."""
    asked, index = asked_of(run), _index(run)
    hole = _hole_of(run, asked)
    _choose_holes(run, asked, hole)
    left, right = st.columns([2, 3], gap="large")
    with left:
        _choose_sample(run, index)
    if run.config.data.kind == "table":  # what fills a row has many columns: it is as wide as the page
        with right:
            _choose_columns(run, hole)
        place = st.container()
    else:
        with left:
            _brush(run, index, hole)
        place = right
    with place:
        if not hole.any():
            st.info("Nothing is missing yet: brush something away.", icon=":material/brush:")
            return
        one = Impute(run.name, holes=masks.as_text(hole), at=index, codes=CODES)
        found = result(one, what="the fillings", unasked=True, key="apply-one")
        if found is not None:
            filled.show(run, one, found)  # type: ignore[arg-type]


def _hole_of(run: Run, asked: Impute) -> np.ndarray:
    """What is missing of one sample, bool [P]; by chance, whole pixels."""
    shape = run.config.data.sample_shape
    if asked.half:
        return masks.half(1, shape, asked.half)[0]
    if asked.columns:
        return masks.of_columns(1, run.config.data.columns, asked.columns)[0]
    if asked.holes == NOTHING:
        return np.zeros(int(np.prod(shape)), bool)
    if asked.holes:
        return _hole(run, asked.holes)
    return masks.by_chance(1, int(np.prod(shape)), asked.share, channels=masks.channels_of(shape))[0]


def _keep(hole: np.ndarray) -> None:
    if not hole.all():
        state.set_page_param("holes", masks.as_text(hole) or NOTHING)


def _choose_holes(run: Run, asked: Impute, hole: np.ndarray) -> None:
    """Which parts are missing: what brushing begins with is what was missing before."""
    table = run.config.data.kind == "table"
    key, choices = f"apply.holes.{table}", TABLES if table else PICTURES

    def chosen() -> None:
        now = st.session_state[key]
        if now == OWN:
            _keep(hole)
        else:
            state.set_page_param("holes", now)

    st.session_state[key] = kind_of(asked)
    st.segmented_control("Missing", list(choices), format_func=choices.__getitem__, key=key, on_change=chosen,
                         required=True, wrap=True)  # type: ignore[arg-type]  # fmt: skip


def _choose_sample(run: Run, index: int) -> None:
    picture = cache.get_pictures(run.name, (index,)).pixels[0]
    row = samples.rows_of(run, [index])[0]
    samples.picker("Sample", run, row, picture, partial(state.set_page_param, "at"))
    bring(run, {"fill": "Take this one"}, _take, key="apply-missing")


def _take(action: str, number: int) -> None:
    state.add_to_tray([number])
    state.set_page_param("at", number)


def _choose_columns(run: Run, hole: np.ndarray) -> None:
    columns = run.config.data.columns
    key = f"apply.columns.{run.name}"

    def chosen() -> None:
        picked = np.isin(np.arange(len(columns)), st.session_state[key])
        if picked.any():
            _keep(picked)

    st.session_state[key] = np.flatnonzero(hole).tolist()
    st.multiselect("Missing columns", range(len(columns)), format_func=columns.__getitem__, key=key,
                   on_change=chosen)  # fmt: skip


def _brush(run: Run, index: int, hole: np.ndarray) -> None:
    channels, height, width = run.config.data.sample_shape  # type: ignore[misc]
    pictures = cache.get_pictures(run.name, (index,))
    brush(
        pictures.pixels[0], hole.reshape(channels, height, width).any(0), label=pictures.labels[0],
        key=f"apply.brush.{run.name}.{index}", on_hole=lambda found: _keep(np.tile(found.ravel(), channels)),
    )  # fmt: skip
