"""Arithmetic: the way from one group of codes to another, how much it means, and samples pushed along it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, samples, show, state
from ui.apply import groups, results, style, views
from ui.apply.jobs import result, small
from ui.components.push import push
from ui.decoders import decoder_url
from ui.maps import current_theme
from ui.widgets import fragment
from ui.words import plain
from vae_core.apply.asked import Arithmetic
from vae_core.guests import is_guest

if TYPE_CHECKING:
    from vae_core.apply.arithmetic import Attribute, Between, Directions
    from vae_core.runs import Run

REACH = (-1.0, 2.0)  # times the vector
BESIDE = 5  # more samples that are pushed along


def show_view(run: Run) -> None:
    """The whole view."""
    if run.config.model.abilities.classes:
        style.show(run)
        return
    st.markdown(
        "The **vector** from group B to group A is the difference of their codes' means. Added to the code of any "
        "sample C it makes **C + A − B**. What it does can be dragged; whether it means anything is measured."
    )
    picked = groups.choose(run)
    if picked is None:
        return
    asked = picked.asked
    found = result(picked.between, what="the vector", unasked=True, key="apply-way")
    if found is None:
        return
    _explore(run, picked, found.attribute)  # type: ignore[union-attr]
    _effect(found)  # type: ignore[arg-type]
    if isinstance(asked, Arithmetic) and asked.source:
        st.subheader("On held-out samples", anchor=False)
        a, b = map(plain, picked.names)
        st.caption(
            f"The vector from {b} to {a}, found on training samples, added to held-out ones. A classifier that knows "
            "nothing of the model reads what comes of them."
        )
        moved = result(asked, what="what comes of held-out samples", unasked=small(run), key="apply-ways")
        if moved is not None:
            _moved(moved)  # type: ignore[arg-type]
        results.take_home(asked, moved, key="apply-ways")
    else:
        results.take_home(picked.between, found, key="apply-way")
    views.name_models(run, views.WAYS, "Models that are told the class keep a sample's style while it changes:",
                      lambda config: bool(config.model.abilities.classes)
                      and config.data.kind == run.config.data.kind)  # fmt: skip


def _effect(found: Between) -> None:
    """How large the vector is beside those between random groups."""
    vector = found.attribute
    clear = vector.p < 0.05
    count = int((vector.chance >= vector.effect).sum())
    (st.success if clear else st.info)(
        f"Effect size (Cohen's d) **{vector.effect:.2f}**: so many standard deviations lie between the groups' means, "
        f"{'more than chance makes' if clear else 'no more than chance would make of as few samples'}. Of "
        f"{len(vector.chance)} random divisions of these samples, {count or 'none'} reached as much.",
        icon=":material/trophy:" if clear else ":material/balance:",
    )  # fmt: skip


def _strength(text: str) -> float:
    value = float(text)
    if not REACH[0] <= value <= REACH[1]:
        raise ValueError(f"A strength here is {REACH[0]:g} to {REACH[1]:g}.")
    return value


@fragment()
def _explore(run: Run, picked: groups.Picked, vector: Attribute) -> None:
    """C, pushed along the vector, and a few samples of B beside it; only this runs again."""
    index = state.page_param("c", int(run.codes.index[picked.rows[1][0]]), samples.place_in_dataset)
    rows = samples.rows_of(run, [index]) or [int(picked.rows[1][0])]
    picture = cache.get_pictures(run.name, (int(run.codes.index[rows[0]]),)).pixels[0]
    samples.picker("C", run, rows[0], picture, partial(state.set_page_param, "c"))
    if not is_guest(int(run.codes.index[rows[0]])):
        held_out = rows[0] in cache.test_rows(run.name)
        st.caption("C was held out: the model never saw it." if held_out else "The model was trained with C.")
    beside = [int(row) for row in picked.rows[1] if row != rows[0]][:BESIDE]
    strength = state.page_param("strength", 1.0, _strength)
    if run.config.model.abilities.in_browser:
        shown = [samples.sample_at(run, row) for row in (rows[0], *beside)]
        labels = [f"C: {shown[0].label}", *(one.label for one in shown[1:])]
        push(
            decoder_url(run.name), list(zip(labels, (one.z for one in shown), strict=True)),
            vector.direction.tolist(), strength, reach=REACH, key=f"apply.push.{run.name}", on_strength=_keep,
        )  # fmt: skip
        return
    key = f"apply.strength.{run.name}"
    st.session_state[key] = strength
    st.slider("Strength: times the vector", *REACH, step=0.05, key=key, on_change=lambda: _keep(st.session_state[key]))
    codes = vector.apply(run.codes.mean[rows], strength)
    before, now = cache.get_decoded(run.name, np.concatenate([run.codes.mean[rows], codes]).astype(np.float32))
    show.show_sample(run, now, alt=f"C moved by {strength:g} times the vector", key="apply.pushed", before=before)
    show.show_cue(run, codes[0].tolist())
    st.caption("How near the moved code lies to codes of the data: far from all of them a decoder was never taught.")


def _keep(strength: float) -> None:
    state.set_page_param("strength", None if abs(strength - 1) < 1e-9 else round(strength, 3))


def _moved(found: Directions) -> None:
    from vae_core.figures.apply import read_by_strength

    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### Read as the target")
        results.show_outcome(found.outcome, key="apply-ways-read")
    with right:
        st.markdown("##### Still like a sample?")
        results.show_outcome(found.likeness, key="apply-ways-like")
    st.plotly_chart(read_by_strength(found.strengths, found.read, theme=current_theme()), key="apply-ways-strength",
                    theme=None, config=results.FIGURE, alt="Share read as the target against the strength")  # fmt: skip
