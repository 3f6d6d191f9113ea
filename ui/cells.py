"""A traverse of discrete codes: choose a cell of a sample's grid, give it another code of the book, see what changes.

The address keeps the sample, the cells that were changed and the cell that is chosen: `at=57&cells=5.12_9.3&cell=5`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, maps, samples, show, state
from ui.widgets import fragment, picture_png, picture_strip
from vae_core.metrics.codebook import perplexity

if TYPE_CHECKING:
    from vae_core.runs import Run

PAGE = 24  # codes of the gallery at once
TILE = 72  # pixels of a code's picture
GRID = 264  # pixels of the grid of cells
GOLDEN = 137.508  # degrees: neighbouring numbers get hues that are far apart
LIKE = 0.04  # part of full white from which a pixel counts as changed


def colour(code: int) -> str:
    """The same code has the same colour everywhere."""
    return f"oklch(0.5 0.14 {(GOLDEN * code) % 360:.0f})"


# -- the address -------------------------------------------------------------------------------------------


def parse_changes(text: str, cells: int, codes: int) -> dict[int, int]:
    """Changed cells as in the address, e.g. "5.12_9.3": cell -> code. Raises ValueError where they are none."""
    changes = {}
    for part in text.split("_"):
        cell, _, code = part.partition(".")
        changes[_below(cell, cells)] = _below(code, codes)
    return changes


def format_changes(changes: Mapping[int, int]) -> str | None:
    """Changed cells as they stand in an address; None where there are none."""
    return "_".join(f"{cell}.{code}" for cell, code in sorted(changes.items())) or None


def _below(text: str, limit: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) < limit):
        raise ValueError(f"A cell or code here is a whole number below {limit}.")
    return int(text)


def _row(run: Run) -> int:
    """The sample that is looked at, as a row of run.codes."""
    index = state.page_param("at", -1, lambda text: _below(text, 10**9))
    tray = samples.tray_rows(run)
    return next(iter(samples.rows_of(run, [index])), tray[0] if tray else 0)


# -- the page ----------------------------------------------------------------------------------------------


@fragment()
def traverse(run: Run) -> None:
    """Grid, pictures and gallery; only this part runs again at a click."""
    able = run.config.model.abilities
    rows, columns = able.cells or (1, 1)
    grids = cache.get_grids(run.name)  # int [n, cells]
    row = _row(run)
    start = grids[row] if row < len(grids) else cache.get_grid_of(run.name, run.codes.mean[row])  # a guest
    changes = state.page_param("cells", {}, lambda text: parse_changes(text, rows * columns, able.codebook))
    changes = {cell: code for cell, code in changes.items() if start[cell] != code}
    now = start.copy()
    for cell, code in changes.items():
        now[cell] = code
    chosen = state.page_param("cell", len(start) // 2 + columns // 2, lambda text: _below(text, len(start)))
    _sample_picker(run, row)
    left, right = st.columns([1, 2], gap="large")
    with left:
        _grid(run, now, changes, chosen, columns)
    with right:
        _compare(run, row, start, now, changes)
    _gallery(run, now, start, chosen, changes, grids[:, chosen])
    _usage(run, grids)


def _forget(index: int) -> None:
    """Another sample, as it is."""
    state.set_page_param("at", index)
    state.set_page_param("cells", None)


def _sample_picker(run: Run, row: int) -> None:
    picture = cache.get_pictures(run.name, (int(run.codes.index[row]),)).pixels[0]
    samples.picker("Sample", run, row, picture, _forget)


def _grid(run: Run, now: np.ndarray, changes: Mapping[int, int], chosen: int, columns: int) -> None:
    """The codes of all cells as a grid of buttons, coloured by code."""
    side = max(28, min(58, GRID // columns))
    size = f"width: {side}px; min-width: {side}px; height: {side}px; min-height: {side}px"
    small = f".st-key-cells-grid button p {{ font-size: {min(0.9, side / 44):.2f}rem; }}"
    rules = [f".st-key-cells-grid button {{ {size}; padding: 0; color: #fff; }}", small]
    for cell, code in enumerate(now.tolist()):
        ring = "outline: 3px solid #f0b45f; outline-offset: -3px;" if cell == chosen else ""
        dot = "text-decoration: underline 3px;" if cell in changes else ""
        rules.append(f".st-key-cell-{cell} button {{ background: {colour(code)}; border-radius: 3px; {ring} {dot} }}")
    st.html(f"<style>{' '.join(rules)}</style>")
    st.markdown(f"**The sample's codes** · {len(now) // columns} × {columns} cells")
    with st.container(key="cells-grid", gap=None):
        for first in range(0, len(now), columns):
            with st.container(horizontal=True, gap=None):
                for cell in range(first, first + columns):
                    st.button(
                        f"{now[cell]}",
                        key=f"cell-{cell}",
                        on_click=state.set_page_param,
                        args=("cell", cell),
                    )
    words = f"{len(changes)} cell{'s' * (len(changes) != 1)} changed, underlined. " if changes else ""
    st.caption(
        f"{words}Chosen: row {chosen // columns + 1}, column {chosen % columns + 1}. Equal numbers, equal codes."
    )
    st.button(
        "As it was", icon=":material/undo:", key="cells-undo", disabled=not changes,
        on_click=state.set_page_param, args=("cells", None),
    )  # fmt: skip


def _compare(run: Run, row: int, start: np.ndarray, now: np.ndarray, changes: Mapping[int, int]) -> None:
    """Decoded as it was, decoded now, and what differs."""
    before, after = cache.get_decoded_grids(run.name, np.stack([start, now]))
    st.markdown("**Decoded**")
    pictures = [before, after, difference(before, after)]
    labels = ["as it was", "with your codes", "what changed"]
    picture_strip(pictures, labels, side=156)
    st.caption(plain_change(before, after) if changes else "Nothing yet: choose a cell of the grid, then a code below.")


def difference(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where two pictures uint8 [H, W] or [H, W, 3] differ: amber for brighter, blue for darker, on the first made dim.

    Returns uint8 [H, W, 3].
    """
    grey = before if before.ndim == 2 else before.mean(-1)
    change = (after.astype(float) - before.astype(float)) / 255
    change = change if change.ndim == 2 else change.mean(-1)  # [H, W]
    amber, blue = np.array([240, 180, 95.0]), np.array([63, 144, 218.0])
    ink = np.where(change[..., None] > 0, amber, blue)  # [H, W, 3]
    strength = np.clip(2 * np.abs(change), 0, 1)[..., None]
    return ((1 - strength) * 0.35 * grey[..., None] + strength * ink).round().astype(np.uint8)


def plain_change(before: np.ndarray, after: np.ndarray) -> str:
    """How much of a picture changed, in words."""
    far = np.abs(after.astype(int) - before.astype(int)).reshape(*before.shape[:2], -1).max(-1)  # [H, W]
    part = float((far > 255 * LIKE).mean())
    return f"{part:.0%} of the picture changed. Amber: brighter than it was. Blue: darker."


def _gallery(
    run: Run, now: np.ndarray, start: np.ndarray, chosen: int, changes: Mapping[int, int], used: np.ndarray
) -> None:
    """Every code as the picture that results when it is put into the chosen cell, the cell's own favourites first."""
    size = run.config.model.abilities.codebook
    counts = np.bincount(used, minlength=size)
    order = np.argsort(-counts, kind="stable")
    pages = -(-size // PAGE)
    columns = (run.config.model.abilities.cells or (1, 1))[1]
    st.markdown(f"##### Another code in row {chosen // columns + 1}, column {chosen % columns + 1}")
    st.caption("Each picture is what your sample becomes. Codes that samples have in this cell come first.")
    page = 0
    if pages > 1:
        page = st.segmented_control(
            "Codes", range(pages), default=0, required=True, key=f"cells.{run.name}.page",
            format_func=lambda at: f"{at * PAGE + 1}–{min(size, (at + 1) * PAGE)}", label_visibility="collapsed",
        ) or 0  # fmt: skip
    shown = order[page * PAGE : (page + 1) * PAGE]
    grids = np.repeat(now[None], len(shown), 0)
    grids[:, chosen] = shown
    pictures = cache.get_decoded_grids(run.name, grids)
    height, width = pictures.shape[1:3]
    tall = round(TILE * height / width)
    rules = [
        f".st-key-cells-gallery button {{ width: {TILE}px; min-width: {TILE}px; height: {tall + 26}px; padding: 0; "
        f"align-items: flex-end; background-size: {TILE}px {tall}px; background-repeat: no-repeat; overflow: hidden; }}"
    ]
    for code, picture in zip(shown.tolist(), pictures, strict=True):
        data = base64.b64encode(picture_png(picture, 2 * TILE)).decode()
        ring = "border-color: #f0b45f; box-shadow: 0 0 0 2px #f0b45f;" if code == now[chosen] else ""
        rules.append(f".st-key-code-{code} button {{ background-image: url(data:image/png;base64,{data}); {ring} }}")
    st.html(f"<style>{' '.join(rules)}</style>")
    with st.container(horizontal=True, gap="xsmall", key="cells-gallery"):
        for code in shown.tolist():
            changed = {**changes, chosen: code}
            if start[chosen] == code:
                changed.pop(chosen)
            st.button(
                f"{code} · {counts[code] / max(len(used), 1):.0%}",
                key=f"code-{code}",
                on_click=state.set_page_param,
                args=("cells", format_changes(changed)),
            )


def _usage(run: Run, grids: np.ndarray) -> None:
    """How much of the book is used."""
    from vae_core.figures.rows import usage_bars

    size = run.config.model.abilities.codebook
    counts = np.bincount(grids.reshape(-1), minlength=size)
    st.markdown("##### The codebook")
    with st.container(horizontal=True, gap="large"):
        st.metric("Codes used", f"{(counts > 0).sum()} of {size}", width="content")
        st.metric(
            "Perplexity", f"{perplexity(counts):.1f}", width="content",
            help="exp of the entropy of how often codes are used: as many as there are where all are used alike.",
        )  # fmt: skip
    st.plotly_chart(
        usage_bars(counts, theme=maps.current_theme()), config=show.FIGURE, theme=None, key=f"cells.{run.name}.usage",
        alt=f"How often each of {size} codes is used, the busiest first",
    )  # fmt: skip
    st.caption(f"Counted over all cells of {len(grids):,} samples. The line: where all codes would be used alike.")
