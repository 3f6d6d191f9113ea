"""The oddest samples by a score: pictures beside what the model makes of them and where they differ, or columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.show import GAP
from ui.widgets import picture_png
from ui.words import plain

if TYPE_CHECKING:
    from vae_core.apply.anomaly import Detection, Worst
    from vae_core.runs import Run

COUNT = 8
OF_REDRAWING = ("distortion", "elbo")  # scores that the error of redrawing goes into
SIDE = 120  # pixels on the screen


def show(run: Run, found: Detection, name: str) -> None:
    """The samples that the score calls oddest."""
    from vae_core.apply.anomaly import TITLES, worst_of

    oddest = worst_of(found, name, COUNT)
    hits = int(found.odd[oddest.places].sum())
    st.markdown(f"##### The oddest by {TITLES[name].lower()}")
    text = f"{hits} of these {len(oddest.places)} are odd indeed."
    if run.config.data.kind == "table":
        why = "" if name in OF_REDRAWING else " The score itself is another: it looks at no single column."
        st.caption(f"{text} The last four columns say where the model, redrawing the sample, misses it by most.{why}")
        _columns(run, found, oddest)
        return
    why = "" if name in OF_REDRAWING else " The score itself is another, and looks at no single pixel."
    st.caption(f"{text} Each: the sample, what the model makes of it, and where they differ (bright: most).{why}")
    _pictures(run, found, oddest)


def _pictures(run: Run, found: Detection, oddest: Worst) -> None:
    from vae_core.export import upright
    from vae_core.figures.apply import heat

    shape = (-1, *run.config.model.sample_shape)
    samples, redrawn = (
        upright((part.reshape(shape).clip(0, 1) * 255).round().astype(np.uint8))
        for part in (oddest.samples, oddest.redrawn)
    )
    errors = heat(oddest.error.reshape(shape).mean(1))  # [k, H, W, 3]
    with st.container(horizontal=True, gap="medium", key="apply-worst"):
        for row, place in enumerate(oddest.places):
            label = f"{_name(run, found, place)}: {oddest.values[row]:.2f}"
            parts = [_coloured(samples[row]), _coloured(redrawn[row]), errors[row]]
            gap = np.full((parts[0].shape[0], 1, 3), 90, np.uint8)
            film = np.concatenate([part for each in parts for part in (each, gap)][:-1], axis=1)
            width = 3 * SIDE // 2 + 2 * GAP
            with st.container(width=width, gap=None):
                st.image(picture_png(film, 2 * width), width=width, output_format="PNG",
                         alt=f"{label}; as the model makes it; and the error of each pixel")  # fmt: skip
                st.caption(plain(label))


def _coloured(picture: np.ndarray) -> np.ndarray:
    """A picture as uint8 [H, W, 3]."""
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture


def _name(run: Run, found: Detection, place: int) -> str:
    """What a sample is called: whether it is odd, and its place in its dataset."""
    return f"{'odd' if found.odd[place] else 'normal'}, sample {found.part.index[place]}"


def _columns(run: Run, found: Detection, oddest: Worst) -> None:
    import pandas as pd

    info = run.config.data
    columns = oddest.error.argmax(1)
    rows = np.arange(len(columns))
    centre, scale = np.array(info.centre)[columns], np.array(info.scale)[columns]
    table = pd.DataFrame({
        "sample": [_name(run, found, place) for place in oddest.places],
        "score": oddest.values,
        "redrawn worst": [info.columns[column] for column in columns],
        "value": centre + scale * oddest.samples[rows, columns],
        "model makes it": centre + scale * oddest.redrawn[rows, columns],
        "apart (sd)": np.abs(oddest.samples[rows, columns] - oddest.redrawn[rows, columns]),
    })  # fmt: skip
    numbers = {name: st.column_config.NumberColumn(format="%.2f") for name in ("score", "apart (sd)")}
    numbers |= {name: st.column_config.NumberColumn(format="%.4g") for name in ("value", "model makes it")}
    st.dataframe(table, hide_index=True, column_config=numbers)
