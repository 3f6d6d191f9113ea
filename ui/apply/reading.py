"""Representation: what a probe reads off the codes, and which groups they form, beside raw numbers and PCA."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.apply import results
from ui.apply.jobs import result, small
from ui.lab.views import setting
from ui.maps import current_theme, ready_map
from ui.widgets import fragment
from vae_core.apply.asked import Probe

if TYPE_CHECKING:
    from vae_core.apply.probe import Clusters, Probed
    from vae_core.runs import Run

METHODS = {"kmeans": "k-means", "mixture": "Gaussian mixture", "hdbscan": "HDBSCAN"}
SPACES = {"codes": "Codes", "pca": "PCA of the same size", "raw": "Raw numbers"}


def asked_of(run: Run) -> Probe:
    """What is asked: nothing can be chosen."""
    return Probe(run.name)


def show(run: Run) -> None:
    """The whole view."""
    able = run.config.model.abilities
    if able.infers_class:
        asks = "This model was told a few classes and has a place of its own for them. What do its codes know of them?"
    elif able.classes:
        asks = "This model is told the class, so its code need not hold it. What does the code know of it all the same?"
    else:
        asks = "What do the codes know of the classes that the model was never told?"
    st.markdown(
        f"{asks} A **probe** is a simple classifier taught on codes; beside it the same on raw numbers and on PCA of "
        "as many numbers. And do codes fall into **groups** by themselves?"
    )
    asked = asked_of(run)
    found = result(asked, what="probes and groups", unasked=small(run), key="apply-read")
    if found is None:
        results.take_home(asked, None, key="apply-read")
        return
    results.show_outcome(found.outcome, key="apply-read-probes")
    st.subheader("Groups", anchor=False)
    _groups(run, found)  # type: ignore[arg-type]
    results.show_outcome(found.grouping, key="apply-read-groups")  # type: ignore[union-attr]
    _table(found)  # type: ignore[arg-type]
    results.take_home(asked, found, [results.File("Groups", f"{run.name}-groups.csv", "text/csv",
                                                  partial(_csv, found))], key="apply-read")  # type: ignore[arg-type]  # fmt: skip


@fragment()
def _groups(run: Run, found: Probed) -> None:
    """The groups beside the classes, on the same plane; only this runs again."""
    from vae_core.figures.apply import groups_plane

    with st.container(horizontal=True, gap="medium"):
        method = setting("Grouped by", "by", METHODS, "kmeans", key="apply.read.by")
        space = setting("In", "in", SPACES, "codes", key="apply.read.in")
    groups = next(each for each in found.clusters if (each.method, each.space) == (method, space))
    places, titles = _plane(run, found)
    names = run.config.data.class_names
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"##### {groups.found} groups")
        figure = groups_plane(places, groups.labels, titles, [f"group {i + 1}" for i in range(groups.found)],
                              theme=current_theme())  # fmt: skip
        st.plotly_chart(figure, key="apply.read.plane.groups", theme=None, config=results.FIGURE,
                        alt=f"{groups.found} groups of held-out samples by {METHODS[method]}")  # fmt: skip
    with right:
        st.markdown(f"##### {len(names)} classes")
        st.plotly_chart(groups_plane(places, found.part.classes, titles, names, theme=current_theme()),
                        key="apply.read.plane.classes", theme=None, config=results.FIGURE,
                        alt="The same samples by their classes")  # fmt: skip
    st.caption(_words(groups) + " Colours of the two charts do not correspond: groups have no names.")


def _words(groups: Clusters) -> str:
    noise = f" {groups.noise:.0%} of the samples are called noise." if groups.noise else ""
    return (f"Mutual information with the classes (NMI) **{groups.nmi:.3f}**, adjusted Rand index (ARI) "
            f"**{groups.ari:.3f}**: 1 is the classes themselves, 0 chance.{noise}")  # fmt: skip


def _plane(run: Run, found: Probed) -> tuple[np.ndarray, tuple[str, str]]:
    """Places [n, 2] of the grouped samples: on the run's own map where all are on it, else by PCA of their codes."""
    plane = ready_map(run)
    rows = run.codes.rows(found.part.index)
    where = {int(row): place for place, row in enumerate(plane.positions)}
    if (rows >= 0).all() and all(int(row) in where for row in rows):
        return plane.xy[[where[int(row)] for row in rows]], plane.axes
    from sklearn.decomposition import PCA

    dims = min(2, *found.codes.shape)
    places = PCA(dims).fit_transform(found.codes)
    return np.pad(places, ((0, 0), (0, 2 - dims))), ("PCA 1", "PCA 2")


def _table(found: Probed) -> None:
    import pandas as pd

    with st.expander("NMI, ARI and noise of all"):
        st.dataframe(
            pd.DataFrame({
                "grouped by": [METHODS[each.method] for each in found.clusters],
                "in": [SPACES[each.space] for each in found.clusters],
                "groups": [each.found for each in found.clusters],
                "NMI": [each.nmi for each in found.clusters],
                "ARI": [each.ari for each in found.clusters],
                "noise": [each.noise for each in found.clusters],
            }),
            hide_index=True,
            column_config={name: st.column_config.NumberColumn(format="%.3f") for name in ("NMI", "ARI", "noise")},
        )  # fmt: skip


def _csv(found: Probed) -> bytes:
    import pandas as pd

    columns = {"sample": found.part.index, "class": found.part.classes}
    return pd.DataFrame(
        columns | {f"{each.method}_{each.space}": each.labels for each in found.clusters}
    ).to_csv(index=False).encode()  # fmt: skip
