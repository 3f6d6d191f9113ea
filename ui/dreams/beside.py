"""Whether dreams are copies: the nearest training sample beside the one that is picked, and figures of the grid."""

from __future__ import annotations

from math import prod
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
    from vae_core.config import DataInfo
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
    with st.container(key="dreams-answer"):  # brought into view where it lies below the sheet, see dreams.js
        said = _answer(run, shown, picked, given)
    if said is None:
        return
    found, usual, label = said
    st.markdown("##### And the others?")
    for other, wanted, _ in shown:
        of = cache.get_class(run.name, wanted, given)
        others = cache.get_usual(run.name, of)
        if others is not None:
            _show_sheet(run, cache.get_nearest(run.name, wanted, given) or found, others, SAMPLERS[other].title, of)
    _show_chart(run, shown, picked, given, usual, label)
    _say_how(run, found, usual, label)


def _answer(run: Run, shown: Shown, picked: tuple[int, int], given: str) -> tuple[Nearest, Usual, int] | None:
    """Of the picked dream alone; what is known of its sheet, and its class. None where nothing can be said."""
    sheet, number = picked
    _, asked, dreams = shown[sheet]
    st.markdown(f"##### Is dream {number + 1} a copy?")
    label = cache.get_class(run.name, asked, given)
    found, usual = cache.get_nearest(run.name, asked, given), cache.get_usual(run.name, label)
    if found is None:
        st.caption("The data is not here, so nothing can be said of copies.")
        return None
    if usual is None:
        st.caption(f"No sample{_of_class(run, label)} is held out to compare with, so nothing can be said of copies.")
        return None
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
        whose = "The same sample" if near.place == place else f"Sample {near.place}"
        told = " (the class is no part of it, but told beside)" if run.config.model.abilities.classes else ""
        far = "" if near.times is None else (
            f" The dream's code is {near.times:.1f} times as far from it as held-out samples' codes usually are from "
            "the nearest."
        )  # fmt: skip
        st.caption(f"{whose} has the nearest **code** of all training samples{told}.{far}")
    return found, usual, label


def _of_class(run: Run, label: int) -> str:
    """Which held-out samples are compared with, where not all."""
    names = run.config.data.class_names
    return f" of class {plain(names[label]) if label < len(names) else label}" if label >= 0 else ""


def _is_all(info: DataInfo) -> bool:
    """Whether the data is every combination of its factors, so that nothing else can be made of these."""
    return bool(info.factor_sizes) and prod(info.factor_sizes) == info.size


def _length(run: Run, distance: float) -> str:
    """A distance in words."""
    if run.config.data.kind == "text":
        return f"{distance:g} change{'s' * (distance != 1)}"
    return f"{distance:.3f}" + (" σ" if run.config.data.kind == "table" else "")


def _show_pair(run: Run, shown: Shown, picked: tuple[int, int], beside: list[tuple[int, str]]) -> None:
    """The dream and samples of the dataset beside it: pictures, or lines."""
    sheet, number = picked
    dreams = shown[sheet][2]
    if run.config.data.kind == "text":
        data = cache.get_dataset(run.config.data.name)
        lines = [("dream", written(run, dreams.samples[number : number + 1])[0][0])]
        names = run.config.data.class_names
        for place, what in beside:
            text = written(run, np.asarray(data.x[place : place + 1].cpu()))[0][0]
            label = -1 if data.y is None else int(data.y[place])
            of = f", of class “{names[label]}”" if 0 <= label < len(names) else ""
            lines.append((f"{what}: sample {place}{of}", text))
        for what, text in lines:
            st.markdown(f"{plain(text) or '*nothing*'}  \n:small[{plain(what)}]")
        return
    there = cache.get_pictures(run.name, tuple(place for place, _ in beside))
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
    same = "none equals" if not copies else f"**{copies}** equal{'s' * (copies == 1)}"
    decoded = ""
    if len(usual.decoded):
        decoded = f"; **{usual.decoded_closer * count:.0f}** where this model has redrawn them"
    st.markdown(
        f"{plain(title)}: {same} a training sample; **{usual.nearer_than_usual(found.distance)} of {count}** dreams "
        f"are nearer to one than {_length(run, usual.median)}. Of {count} held-out samples{_of_class(run, label)}, "
        f"**{usual.own_closer * count:.0f}** would be{decoded}."
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
        if _is_all(run.config.data):
            said.append(
                "No held-out sentence stands in the training data. A dream may: this data is all that its grammar "
                f"can say, and {found.of / run.config.data.size:.0%} of them were trained on. Where a model has "
                "learned just what can be said, as many of its dreams are among these."
            )
        else:
            said.append(
                "None of the held-out samples stands in the training data. A dream that does repeats a training "
                "sample, learnt by heart or met by chance."
            )
    if run.config.model.abilities.quadrants:
        said.append("What the model is told is part of a real sample, so every dream here is near that one.")
    if found.looked < found.of:
        said.append(f"Looked at {found.looked:,} of {found.of:,} training samples, drawn at random.")
    st.caption(" ".join(said) + f" {len(usual.distance)} held-out samples{_of_class(run, label)}.")
