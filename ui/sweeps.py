"""What a sweep comes to, live: runs on the plane of rate and distortion, figures side by side, the same sample."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from ui import cache, picks, run_actions, run_lines, state, sweep_form
from ui.maps import current_theme
from ui.run_lines import Line
from ui.widgets import fragment, picture_png, told
from ui.words import plain
from vae_core import sweep
from vae_core.sweep import Axis, differing, plain_value

RENEWED = 2.0
HEIGHT = 420
MEASURES = {
    "elbo": "ELBO",
    "distortion": "Distortion",
    "rate": "Rate",
    "active": "Active units",
    "energy": "Energy distance",
}
NO_RATE = "Codes of these models cost nothing: there is no rate, and no curve of rate and distortion."
NOT_YET = "No run has come as far as its first look at held-out samples yet."


def show() -> None:
    """The form of a new sweep, or the results of one."""
    names = _names()
    asked = state.page_param(sweep_form.OPEN, names[0] if names else sweep_form.FORM, str)
    name = asked if asked in names else sweep_form.FORM
    if names:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            key = "latentarium.sweep.open"
            st.session_state[key] = name
            st.selectbox(
                "Sweep", [*names, sweep_form.FORM], key=key, on_change=_open, width=320,
                format_func=lambda one: "A new sweep" if one == sweep_form.FORM else one,
            )  # fmt: skip
            if name != sweep_form.FORM:
                st.button("New sweep", icon=":material/add:", on_click=_open_form, key="sweep-new")
    run_actions.undo_bar()
    if name == sweep_form.FORM:
        sweep_form.show()
        return
    live = any(line.live for line in _lines(name))
    fragment(run_every=RENEWED if live else None)(_view)(name, live)


def _names() -> list[str]:
    """Sweeps that have runs, the newest first."""
    from vae_core.runs.database import open_store

    return list(dict.fromkeys(row.sweep for row in open_store().all() if row.sweep and row.trashed is None))


def _open() -> None:
    state.set_page_param(sweep_form.OPEN, st.session_state["latentarium.sweep.open"])


def _open_form() -> None:
    state.set_page_param(sweep_form.OPEN, sweep_form.FORM)


def _lines(name: str) -> list[Line]:
    """The sweep's runs in the order they were started."""
    found = [line for line in run_lines.lines() if line.sweep == name and not line.shipped]
    order = {row.name: place for place, row in enumerate(sweep.runs_of(name))}
    return sorted(found, key=lambda line: order.get(line.name, len(order)))


def _view(name: str, was_live: bool) -> None:
    picks.follow_change()
    lines = _lines(name)
    if any(line.live for line in lines) != was_live:
        st.rerun(scope="app")
    if not lines:  # no rerun: rows whose folders somebody took away by hand stay without them
        st.info(f"The folders of the runs of {plain(name)} are gone: there is nothing of it to show.")
        return
    _head(name, lines)
    axes = differing(line.config for line in lines if line.config)
    results(lines, axes)


def _head(name: str, lines: Sequence[Line]) -> None:
    live = [line for line in lines if line.live]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(name, anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            if live:
                st.button("Stop all", icon=":material/stop:", on_click=_stop, args=(name,), key="sweep-stop",
                          help="Ends the runs that train or wait; what they have learnt is kept.")  # fmt: skip
            st.button("Lay curves over each other", icon=":material/show_chart:", on_click=_overlay, key="sweep-over",
                      args=([line.key for line in lines],))  # fmt: skip
            st.button("Delete", icon=":material/delete:", key="sweep-delete", disabled=bool(live),
                      on_click=run_actions.delete, args=([line.name for line in lines],),
                      help="Stop it first." if live else "All its runs; it can be undone for seven days.")  # fmt: skip
    done = sum(1.0 if not line.live else line.part or 0.0 for line in lines) / len(lines)
    if live:
        running = [line for line in live if line.state == "running"]
        st.progress(done, f"{len(lines) - len(live)} of {len(lines)} runs have ended, {len(running)} "
                    f"{'is' if len(running) == 1 else 'are'} being trained.")  # fmt: skip
    wrong = [line for line in lines if line.state in ("failed", "interrupted", "stopped")]
    if wrong:
        said = next((f" {plain(line.problem)}" for line in wrong if line.problem), "")
        names = ", ".join(f"{plain(line.name)} ({line.state})" for line in wrong[:4])
        more = f" and {len(wrong) - 4} more" if len(wrong) > 4 else ""
        st.caption(f"Not trained to their end: {names}{more}.{said}")


def _stop(name: str) -> None:
    from vae_core.runs import RunError

    try:
        sweep.stop(name)
    except RunError as error:
        state.tell(str(error))
        picks.note_change()


def _overlay(keys: list[str]) -> None:
    picks.pick(keys)
    st.session_state[sweep_form.VIEW_KEY] = sweep_form.RUNS
    picks.note_change()


# -- results -----------------------------------------------------------------------------------------------


def results(lines: Sequence[Line], axes: Sequence[Axis]) -> None:
    """Rate against distortion, the figures side by side, and the same sample in every run."""
    rated = any(line.rate is not None for line in lines)
    reached = [line for line in lines if line.distortion is not None or line.energy is not None]
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Rate and distortion** · what a nat buys")
        if rated:
            _plane(lines, axes)
        else:
            st.info(NO_RATE if reached else NOT_YET)
    with right:
        st.markdown("**Side by side**")
        if reached:
            _side_by_side(lines, axes)
    ready = [line for line in lines if line.ready]
    if ready:
        _multiples(ready, axes)


def words_of(line: Line, axes: Sequence[Axis]) -> str:
    """What tells a run from the others of its sweep: β 4 · Latent dimensions 10."""
    return " · ".join(f"{axis.label} {_value(line, axis)}" for axis in axes) or line.name


def _value(line: Line, axis: Axis) -> str:
    return plain_value(getattr(line.config, axis.setting)) if line.config else ""


def _plane(lines: Sequence[Line], axes: Sequence[Axis]) -> None:
    from vae_core.figures.curves import run_colours
    from vae_core.figures.sweeps import Point, rate_distortion

    along, across = None, None
    if len(axes) == 2:
        labels = {axis.setting: axis.label for axis in axes}
        joined = st.segmented_control(
            "A line for each", [axis.setting for axis in reversed(axes)], format_func=labels.__getitem__,
            default=axes[1].setting, required=True, key="latentarium.sweep.lines", persist_state="session",
        )  # fmt: skip
        across = next((axis for axis in axes if axis.setting == joined), axes[1])
        along = next(axis for axis in axes if axis is not across)
    elif len(axes) == 1:
        along = axes[0]
    colours = run_colours(len(across.values) if across else 1)
    points = []
    known = [line for line in lines if line.config is not None]
    for line in sorted(known, key=lambda one: along.values.index(getattr(one.config, along.setting)) if along else 0):
        if line.rate is None or line.distortion is None:
            continue
        place = across.values.index(getattr(line.config, across.setting)) if across else 0
        points.append(
            Point(
                line.rate, line.distortion, _value(line, along) if along else line.title,
                f"{line.title}\n" + "\n".join(f"{axis.label} {_value(line, axis)}" for axis in axes),
                f"{across.label} {_value(line, across)}" if across else along.label if along else "",
                colours[place],
            )
        )  # fmt: skip
    figure = rate_distortion(points, theme=current_theme())
    figure.update_layout(height=HEIGHT)
    st.plotly_chart(figure, key="sweep-plane", theme=None, config={"displayModeBar": False},
                    alt=f"{len(points)} runs by their rate and distortion")  # fmt: skip
    at = f" Numbers at the points: {along.label}." if along else ""
    st.caption(f"Nats per sample on held-out data.{at} Along a dotted line the ELBO is the same: a model there only "
               "trades one for the other. Further down on the left is better.")  # fmt: skip


def _side_by_side(lines: Sequence[Line], axes: Sequence[Axis]) -> None:
    measures = {
        field: label for field, label in MEASURES.items() if any(getattr(line, field) is not None for line in lines)
    }
    measure = st.segmented_control(
        "Show", list(measures), format_func=measures.__getitem__, default=next(iter(measures)), required=True,
        key="latentarium.sweep.measure", persist_state="session",
    )  # fmt: skip
    if measure not in measures:
        measure = next(iter(measures))
    if len(axes) == 2:
        _heat(lines, axes, measure, measures[measure])
    else:
        import pandas as pd

        named = {axis.label: [_value(line, axis) for line in lines] for axis in axes} or {
            "Run": [line.title for line in lines]
        }
        table = pd.DataFrame(named | {"State": [line.standing for line in lines]} | {
            label: pd.array([getattr(line, field) for line in lines], dtype="Float64")
            for field, label in measures.items()
        })  # fmt: skip
        columns = {
            label: st.column_config.NumberColumn(format="%d" if field == "active" else "%.2f")
            for field, label in measures.items()
        }
        st.dataframe(table, hide_index=True, column_config=columns, key="sweep-table", height="content")


def _heat(lines: Sequence[Line], axes: Sequence[Axis], measure: str, label: str) -> None:
    from vae_core.figures.sweeps import heat_map

    down, across = axes
    values = np.full((len(down.values), len(across.values)), np.nan)
    for line in lines:
        if line.config is not None and (found := getattr(line, measure)) is not None:
            row = down.values.index(getattr(line.config, down.setting))
            values[row, across.values.index(getattr(line.config, across.setting))] = found
    unit = " (nats per sample)" if measure in ("elbo", "distortion", "rate") else ""
    figure = heat_map(
        values, across=[plain_value(value) for value in across.values],
        down=[plain_value(value) for value in down.values], titles=(across.label, down.label, label + unit),
        theme=current_theme(),
    )  # fmt: skip
    figure.update_layout(height=HEIGHT)
    st.plotly_chart(figure, key="sweep-heat", theme=None, config={"displayModeBar": False},
                    alt=f"{label} for each {down.label} and {across.label}")  # fmt: skip
    gap = " A gap is a run that has not come so far." if np.isnan(values).any() else ""
    st.caption(f"{label}{unit} on held-out samples.{gap}")


# -- the same sample in every run --------------------------------------------------------------------------

TILE = 48
ORIGINAL = 72


Group = tuple[str, Sequence[tuple[Line, str]]]
"""A title ("" for none), and runs with the words that tell them apart."""


def _multiples(ready: Sequence[Line], axes: Sequence[Axis]) -> None:
    groups: list[Group] = []
    for value in axes[0].values if len(axes) == 2 else (None,):
        part = [line for line in ready if value is None or getattr(line.config, axes[0].setting) == value]
        rest = axes[1:] if value is not None else axes
        part.sort(key=lambda line: [axis.values.index(getattr(line.config, axis.setting)) for axis in rest])
        title = "" if value is None else f"{axes[0].label} {plain_value(value)}"
        groups.append((title, [(line, words_of(line, rest)) for line in part]))
    multiples(groups)


def multiples(groups: Sequence[Group], *, first: int = 0) -> None:
    """The same sample in every run, as strips of each one's busiest dimensions.

    Args:
        groups: runs that stand side by side, at least one run in all.
        first: the sample shown until another is chosen, its place in the data.
    """
    st.subheader("The same sample in every run", anchor=False)
    one = next(line for _, lines in groups for line, _ in lines)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        size = cache.get_run(one.name).config.data.size
        sample = st.number_input(
            "Sample", 0, size - 1, value=first, key=f"latentarium.sweep.sample.{first}", width=160,
            persist_state="session", help="Its place in the data.",
        )  # fmt: skip
        dims = st.segmented_control(
            "Dimensions", [1, 2, 3, 5], default=3, required=True, key="latentarium.sweep.dims",
            help="So many of each model's busiest ones, a row each.", persist_state="session",
        )  # fmt: skip
        with told():
            shown = cache.get_pictures(one.name, (int(sample),))
            st.image(picture_png(shown.pixels[0], 2 * ORIGINAL), width=ORIGINAL, output_format="PNG",
                     alt=f"{shown.labels[0]}, as it is in the data")  # fmt: skip
    widest = max(len(lines) for _, lines in groups)
    for title, lines in groups:
        if not lines:
            continue
        if title:
            st.markdown(f"**{title}**")
        body = "".join(_panel(line, words, int(sample), int(dims)) for line, words in lines)
        st.html(f'<div class="sweep-multiples" style="--runs: {widest}">{body}</div>')
    st.caption("Each row moves one dimension across its codes, from the lowest to the highest, while the others stay "
               "as the sample has them; the busiest dimension stands on top, with the nats it tells of a sample. "
               "A row in which nothing changes is a dimension that the model does not use.")  # fmt: skip


def _panel(line: Line, words: str, sample: int, dims: int) -> str:
    """One run's traversals as HTML."""
    try:
        found = cache.get_traversal(line.name, sample, dims)
    except ValueError as error:
        return f"<figure><figcaption>{escape(words)}</figcaption><p>{escape(str(error))}</p></figure>"
    rows = []
    for d, rate, strip in zip(found.dims, found.rate, found.strips, strict=True):
        nats = f" <small>{rate:.1f}</small>" if line.rate is not None else ""
        alt = f"{words}: dimension {d} from its lowest to its highest code"
        rows.append(f'<div><b>z{d}{nats}</b><img src="{strip}" alt="{escape(alt)}"></div>')
    middle = "" if found.own else " · the middle of its codes, for it has none of this sample"
    active = "" if line.active is None else f" · {line.active} of {line.dims} dimensions active"
    return f"<figure><figcaption>{escape(words + active + middle)}</figcaption>{''.join(rows)}</figure>"


def strip_source(pictures: np.ndarray) -> str:
    """Pictures uint8 [S, H, W(, 3)] side by side as an address that holds them."""
    row = np.concatenate(list(pictures), axis=1)
    return f"data:image/png;base64,{base64.b64encode(picture_png(row, TILE * len(pictures))).decode()}"
