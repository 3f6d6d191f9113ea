"""Whether dreams are copies: the nearest training sample beside the one that is picked, and figures of the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache
from ui.dreams.sheets import Shown, written
from ui.maps import current_theme
from ui.widgets import picture_png
from ui.words import plain
from vae_core.dreams import SAMPLERS

if TYPE_CHECKING:
    from vae_core.dreams.neighbours import Nearest, Usual
    from vae_core.runs import Run

PICTURE = 92  # pixels on the screen
HOW = {
    "image": "Distances are the root mean square of differences between pixels, from 0 (black) to 1 (white).",
    "table": "Distances are the root mean square of differences between columns, in their standard deviations.",
    "text": "Distances count the tokens to insert, delete or replace (Levenshtein 1966).",
}


def show(run: Run, shown: Shown, picked: tuple[int, int], given: str) -> None:
    """The picked dream, its nearest training sample, how far they are apart, and whether that is close."""
    sheet, number = picked
    _, asked, dreams = shown[sheet]
    st.markdown(f"##### Is dream {number + 1} a copy?")
    label = cache.get_class(run.name, asked, given)
    found, usual = cache.get_nearest(run.name, asked, given), cache.get_usual(run.name, label)
    if found is None:
        st.caption("The data is not here, so nothing can be said of copies.")
        return
    if usual is None:
        st.caption(f"No sample{_of_class(run, label)} is held out to compare with, so nothing can be said of copies.")
        return
    place = int(found.place[number])
    near = cache.get_near_code(run.name, dreams.codes[number])
    beside = [(place, "nearest")] + ([(near.place, "nearest code")] if near and near.place != place else [])
    _show_pair(run, shown, picked, beside)
    distance = float(found.distance[number])
    close = "It **is** that sample." if distance == 0 else f"**{_length(run, distance)}** apart."
    st.markdown(
        f"{close} Held-out samples{_of_class(run, label)}, which are no copies, are usually "
        f"**{_length(run, usual.median)}** from theirs; "
        f"{float(usual.closer(distance)):.0%} of them are this close, or closer."
    )
    if near is not None:
        same = "The nearest code is the same sample's" if near.place == place else "The nearest code is another's"
        told = " (the class is told beside it, and is no part of it)" if run.config.model.abilities.classes else ""
        far = "" if near.times is None else f", {near.times:.1f} times as far as held-out samples' codes usually are"
        st.caption(f"{same}{told}{far}.")
    st.markdown("##### And the others?")
    for other, wanted, _ in shown:
        of = cache.get_class(run.name, wanted, given)
        others = cache.get_usual(run.name, of)
        if others is not None:
            _show_sheet(run, cache.get_nearest(run.name, wanted, given) or found, others, SAMPLERS[other].title, of)
    _show_chart(run, shown, picked, given, usual, label)
    _say_how(run, found, usual, label)


def _of_class(run: Run, label: int) -> str:
    """Which held-out samples are compared with, where not all."""
    names = run.config.data.class_names
    return f" of class {plain(names[label]) if label < len(names) else label}" if label >= 0 else ""


def _length(run: Run, distance: float) -> str:
    """A distance in words."""
    if run.config.data.kind == "text":
        return f"{distance:g} change{'s' * (distance != 1)}"
    return f"{distance:.3f}" + (" σ" if run.config.data.kind == "table" else "")


def _show_pair(run: Run, shown: Shown, picked: tuple[int, int], beside: list[tuple[int, str]]) -> None:
    """The dream and samples of the dataset beside it: pictures, or lines."""
    sheet, number = picked
    dreams = shown[sheet][2]
    there = cache.get_pictures(run.name, tuple(place for place, _ in beside))
    if run.config.data.kind == "text":
        data = cache.get_dataset(run.config.data.name)
        lines = [("dream", written(run, dreams.samples[number : number + 1])[0][0])]
        for (place, what), label in zip(beside, there.labels, strict=True):
            text = written(run, np.asarray(data.x[place : place + 1].cpu()))[0][0]
            lines.append((f"{what}: {label}", text))
        for what, text in lines:
            st.markdown(f"{plain(text) or '*nothing*'}  \n:small[{plain(what)}]")
        return
    with st.container(horizontal=True, gap="small", key="dreams-pair"):
        tiles = [(dreams.pictures[number], f"dream {number + 1}", "")]
        tiles += [(picture, label, what) for picture, label, (_, what)
                  in zip(there.pixels, there.labels, beside, strict=True)]  # fmt: skip
        for picture, label, what in tiles:
            with st.container(width=PICTURE, gap=None):
                st.image(
                    picture_png(picture, 2 * PICTURE), width=PICTURE, output_format="PNG", alt=f"{what} {label}".strip()
                )
                st.caption(f"{what}  \n{plain(label)}" if what else plain(label))


def _show_sheet(run: Run, found: Nearest, usual: Usual, title: str, label: int) -> None:
    count, copies = len(found.distance), int((found.distance == 0).sum())
    same = "None is equal to a training sample" if not copies else f"**{copies}** equal a training sample"
    decoded = ""
    if len(usual.decoded):
        decoded = f", and {usual.decoded_closer * count:.0f} once this model has decoded them"
    st.markdown(
        f"{plain(title)} · {same}; **{usual.nearer_than_usual(found.distance)} of {count}** are nearer to one than "
        f"{_length(run, usual.median)}. So are **{usual.own_closer * count:.0f}** of as many held-out samples"
        f"{_of_class(run, label)}{decoded}."
    )


def _show_chart(run: Run, shown: Shown, picked: tuple[int, int], given: str, usual: Usual, label: int) -> None:
    """The picked dream among those of its sheet, and of the other one where the same held-out samples measure both."""
    from vae_core.figures.copies import distances

    rows, marked = [], 0
    for sheet, (name, asked, _) in enumerate(shown):
        found = cache.get_nearest(run.name, asked, given)
        if found is None or cache.get_class(run.name, asked, given) != label:
            continue
        if sheet == picked[0]:
            marked = len(rows)
        rows.append((SAMPLERS[name].title, found.distance))
    st.plotly_chart(
        distances(
            usual.distance, usual.decoded, rows, (marked, picked[1]), "to the nearest training sample",
            theme=current_theme(),
        ),
        config={"displayModeBar": False}, key="dreams.copies",
    )  # fmt: skip


def _say_how(run: Run, found: Nearest, usual: Usual, label: int) -> None:
    said = [HOW[run.config.data.kind]]
    if len(usual.decoded):
        said.append(
            "A decoder's mean is smoother than a sample, and so nearer to everything: compare dreams with held-out "
            "samples as this model decodes them."
        )
    if run.config.data.kind == "text" and usual.distance[0] > 0:
        said.append(
            f"No held-out sentence stands in the training data. A dream may: {found.of / run.config.data.size:.0%} of "
            "this data's sentences do, so where a model has learned just what can be said, as many of its dreams do."
        )
    if run.config.model.abilities.quadrants:
        said.append("What the model is told is part of a real sample, so every dream here is near that one.")
    if found.looked < found.of:
        said.append(f"Looked at {found.looked:,} of {found.of:,} training samples, drawn at random.")
    st.caption(" ".join(said) + f" {len(usual.distance)} held-out samples{_of_class(run, label)}.")
