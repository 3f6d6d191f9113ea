"""Dreams with something kept: the same codes in every class, the same seen part, the same coarse levels."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, samples
from ui.dreams.choose import Wish, follow
from ui.dreams.sheets import picture_source
from ui.widgets import picture_strip
from vae_core.dreams import Asked, draw_codes
from vae_core.export import decode_samples, upright
from vae_core.latent.levels import resample
from vae_core.render import pictures, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vae_core.runs import Run

COLUMNS = 8
MOST_CLASSES = 12
COMPLETIONS = 64


def show(run: Run, wish: Wish) -> None:
    """What this kind of model can keep while it dreams the rest; nothing for most."""
    able = run.config.model.abilities
    if able.classes:
        show_classes(run, wish.asked)
    if able.quadrants:
        show_completions(run, wish)
    if len(able.levels) > 1:
        show_levels(run, wish.asked)


def show_grid(run: Run, rows: Sequence[tuple[str, np.ndarray]]) -> None:
    """Rows of samples under each other, each with its title: pictures, or sentences.

    Args:
        rows: title, samples as vae_core.export.decode_samples returns them.
    """
    info = run.config.data
    parts = []
    for title, made in rows:
        parts.append(f"<b>{escape(title)}</b>")
        names = [f"{title}, {number + 1}" for number in range(len(made))]
        if info.kind == "text":
            parts += [f"<span>{escape(line)}</span>" for line in sentences(info, made)]
        else:
            parts += [
                f'<img src="{picture_source(picture)}" alt="{escape(name)}">'
                for picture, name in zip(upright(pictures(info, made)), names, strict=True)
            ]
    columns = max(len(made) for _, made in rows)
    st.html(f'<div class="dream-grid {info.kind}" style="--columns: {columns}">{"".join(parts)}</div>')


# -- a class -----------------------------------------------------------------------------------------------


def show_classes(run: Run, asked: Asked) -> None:
    """A row a class, a column a code."""
    classes = run.config.model.classes
    shown = min(classes, MOST_CLASSES)
    columns = 3 if run.config.data.kind == "text" else COLUMNS
    st.subheader("The same codes, every class", anchor=False)
    st.markdown("A **column** is one code, a **row** a class: what stays the same in a column is what the code says.")
    codes = draw_codes(run.model, replace(asked, count=columns), None, np.full(columns, 0))
    names = run.config.data.class_names
    rows = []
    for label in range(shown):
        made = decode_samples(run.model, run.config.data, codes, np.full(columns, label))
        rows.append((names[label] if label < len(names) else str(label), made))
    show_grid(run, rows)
    if shown < classes:
        st.caption(f"The first {shown} of {classes} classes.")


# -- a seen part -------------------------------------------------------------------------------------------


def show_completions(run: Run, wish: Wish) -> None:
    """The original beside what the model was told, and where its completions differ."""
    index = int(wish.given.key.split("-")[1])
    st.subheader("What could be in the rest?", anchor=False)
    st.markdown("Every dream above completes the part that is **seen**. Where they differ, the model does not know.")
    asked = replace(wish.asked, count=COMPLETIONS)
    made = cache.get_dreams(run.name, asked, wish.given.key).pictures.astype(np.float64)  # [n, H, W(, 3)]
    original = cache.get_pictures(run.name, (index,))
    spread = made.std(0)
    shown = [original.pixels[0], made.mean(0).round(), (255 * spread / max(float(spread.max()), 1.0)).round()]
    first = "decoded" if original.decoded else "the original"
    names = [f"{original.labels[0]}, {first}", "mean of the completions", "where they differ"]
    picture_strip([picture.astype(np.uint8) for picture in shown], names, side=112)
    st.caption(
        f"Mean and standard deviation of {COMPLETIONS} completions, pixel by pixel; the brightest pixel differs by "
        f"{spread.max() / 255:.2f} of the way from black to white."
    )


# -- levels ------------------------------------------------------------------------------------------------


def show_levels(run: Run, asked: Asked) -> None:
    """One code; each row keeps a level more of it and draws the finer ones anew."""
    levels = run.config.model.abilities.levels
    st.subheader("Keep the coarse, resample the fine", anchor=False)
    st.markdown(
        "Each **row** keeps one level more of the sample and dreams the finer ones; a **column** draws the same fine "
        "part in every row. What first settles down a column is what the coarse levels decide."
    )
    start = _start(run, asked)
    rows = []
    for keep in range(len(levels) + 1):
        codes = resample(start, levels, keep, COLUMNS, temperature=asked.temperature, seed=asked.seed)
        rows.append((_kept(keep, len(levels)), decode_samples(run.model, run.config.data, codes)))
    show_grid(run, rows)
    sizes = ", ".join(f"level {number + 1} has {last - first}" for number, (first, last) in enumerate(levels))
    st.caption(f"Coarse first: {sizes} dimensions. The last row keeps all of them, and is the sample itself.")


def _kept(keep: int, count: int) -> str:
    if keep == 0:
        return "keeps nothing"
    if keep == count:
        return "keeps all"
    return "keeps level 1" if keep == 1 else f"keeps levels 1 to {keep}"


def _start(run: Run, asked: Asked) -> np.ndarray:
    """The code that is kept from: of a sample of the tray, else of a dream. [D]"""
    tray = samples.tray_rows(run)
    names = {"dream": "A dream"} | {str(row): samples.sample_at(run, row).label for row in tray}
    key = f"dreams.{run.name}.from"
    chosen, keep = follow("from", tuple(names), "dream", key)
    st.selectbox(
        "Begin with", list(names), format_func=names.__getitem__, key=key, on_change=keep, width=260,
        help="A dream, or a sample of the tray.",
    )  # fmt: skip
    if chosen == "dream":
        return draw_codes(run.model, replace(asked, count=1), None)[0]
    return run.codes.mean[int(chosen)]
