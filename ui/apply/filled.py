"""What fills the holes of one sample: each way's expected sample, and draws beside each other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.apply import results
from ui.widgets import picture_strip

if TYPE_CHECKING:
    from vae_core.apply.asked import Impute
    from vae_core.apply.doing import Found
    from vae_core.apply.impute import Imputation
    from vae_core.runs import Run

MODELS = {"gibbs": "pseudo-Gibbs", "importance": "importance weights"}
WAYS = {"gibbs": "Pseudo-Gibbs", "importance": "Importance weights", "neighbours": "5 nearest neighbours",
        "mean": "Mean"}  # fmt: skip
DRAWS = 5  # of each way that are shown
SIDE = 84


def show(run: Run, asked: Impute, found: Imputation) -> None:
    """Expected samples, draws and errors of one sample."""
    from vae_core.apply.impute import worth_of

    if run.config.data.kind == "table":
        _columns(run, found)
    else:
        _pictures(run, found)
    worth = float(found.effective[0])
    said = worth_of(worth, asked.codes)
    st.caption(f"{said[0].upper()}{said[1:]} Errors are of the missing numbers of this sample alone; the chart below "
               "measures many.")  # fmt: skip
    results.take_home(asked, found, files(run, asked, found), key="apply-one")


def _upright(run: Run, flat: np.ndarray) -> np.ndarray:
    """Numbers [n, P] in [0, 1] as pictures, uint8 [n, H, W(, 3)]."""
    from vae_core.export import upright

    shape = (-1, *run.config.model.sample_shape)
    return upright((flat.reshape(shape).clip(0, 1) * 255).round().astype(np.uint8))


def _pictures(run: Run, found: Imputation) -> None:
    from vae_core.apply.impute import rmse

    st.markdown("##### Expected, by each way")
    labels = [
        f"{title}: error {rmse(found.filled[name], found.truth, found.holes):.3f}" for name, title in WAYS.items()
    ]
    expected = np.concatenate([found.truth, *(found.filled[name] for name in WAYS)])
    picture_strip(_upright(run, expected), ["What was there", *labels], side=SIDE)
    for name, title in MODELS.items():
        st.markdown(f"##### Draws by {title}")
        draws = found.draws[name][:DRAWS, 0]
        picture_strip(_upright(run, draws), [f"{i + 1}" for i in range(len(draws))], side=SIDE)
    if run.config.model.likelihood == "bernoulli":
        st.caption("A Bernoulli pixel is filled with its expected value, so draws differ by their codes alone.")


def _columns(run: Run, found: Imputation) -> None:
    import pandas as pd

    info = run.config.data
    rows = np.flatnonzero(found.holes[0])
    centre, scale = np.array(info.centre)[rows], np.array(info.scale)[rows]

    def real(flat: np.ndarray) -> np.ndarray:
        return centre + scale * flat[..., rows]

    drawn = real(found.draws["importance"][:, 0])  # [m, missing]
    low, high = np.quantile(drawn, (0.05, 0.95), axis=0)
    table = pd.DataFrame({
        "missing column": [info.columns[row] for row in rows],
        "was": real(found.truth[0]),
        **{title: real(found.filled[name][0]) for name, title in WAYS.items()},
        "draws, 5%": low,
        "draws, 95%": high,
    })  # fmt: skip
    numbers = {name: st.column_config.NumberColumn(format="%.4g") for name in table.columns[1:]}
    from vae_core.apply.impute import rmse

    st.markdown("##### Filled in, in real units")
    errors = ", ".join(
        f"{title} {rmse(found.filled[name], found.truth, found.holes):.3f}" for name, title in WAYS.items()
    )
    st.caption(f"Error over the missing columns, in standard deviations of a column: {errors}.")
    st.dataframe(table, hide_index=True, column_config=numbers, height=min(430, 38 + 35 * len(table)))
    st.caption(
        "The last two columns: between them lie nine of ten draws by importance weights. A wide table scrolls sideways."
    )


def files(run: Run, asked: Impute, found: Found | None) -> list[results.File]:
    """All fillings and draws; of a table also the fillings in real units."""
    if found is None:
        return []
    from vae_core.apply.shelves import filled_csv, filled_npz

    name = f"{asked.run}-filled{'' if asked.at < 0 else f'-{asked.at}'}"
    made = [results.File("Fillings", f"{name}.npz", "application/octet-stream", partial(filled_npz, found))]  # type: ignore[arg-type]
    if run.config.data.kind == "table":
        made.append(results.File("Fillings", f"{name}.csv", "text/csv", partial(filled_csv, run.config.data, found)))  # type: ignore[arg-type]
    return made
