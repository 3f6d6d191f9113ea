"""A study of beta: the same net on sprites under three objectives, each at several weights and from several seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, run_lines, sweeps
from ui.lab import views
from ui.maps import current_theme
from vae_core.studies import METHODS, PROTOCOLS, study_results, study_runs

if TYPE_CHECKING:
    import pandas as pd

    from ui.run_lines import Line
    from ui.sweeps import Group

FIGURE = {"displayModeBar": False}
HEIGHT = 380
REACHED = {
    "distortion": ("Distortion", "distortion (nats per sample)"),
    "rate": ("Rate", "rate (nats per sample)"),
    "active": ("Active units", "active units"),
}
"""What every row of the results has beside its scores: title, and axis."""
DATA = {
    "sprites": "All sprites",
    "subset": "The subset of factors that real dSprites were at hand for",
    "dsprites": "Real dSprites",
}
COMMAND = "python -m benchmarks.disentanglement"


def show() -> None:
    """The whole view."""
    st.markdown(
        "What does **pressing on the code** do? The same net was trained on the sprites under three objectives, each "
        "at several **weights** and from several **seeds**. No run was chosen by its labels: every one that was "
        "trained is in these figures."
    )
    results = study_results()
    if len(results):
        _results(results)
    else:
        st.info("**No figures yet.** The trainings of this study have not been scored on this machine "
                f"(`{COMMAND}` does that, and writes benchmarks/results/disentanglement.csv).",
                icon=":material/hourglass_empty:")  # fmt: skip
    _runs()
    with st.expander("How was this made?"):
        st.markdown(_how(results))


# -- figures over all seeds --------------------------------------------------------------------------------


def _results(results: pd.DataFrame) -> None:
    """The figures of one protocol on one data set: a measure by weight, and rate against distortion."""
    protocols = {name: PROTOCOLS[name].title.partition(":")[0] for name in PROTOCOLS if name in set(results.protocol)}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        protocol = next(iter(protocols), "")
        if len(protocols) > 1:
            protocol = views.setting("Trained", "protocol", protocols, protocol, key="latentarium.lab.protocol")
        part = results[results.protocol == protocol]
        scored = [name for name in DATA if name in set(part.scored_on)]
        on = scored[0] if scored else ""
        if len(scored) > 1:
            named = {name: DATA[name] for name in scored}
            on = views.setting("Scored on", "on", named, on, key="latentarium.lab.on")
    part = part[part.scored_on == on]
    if not len(part):
        st.info("None of these results is of a protocol that this version knows.", icon=":material/hourglass_empty:")
        return
    titles = _measures(part)
    usual = next(iter(titles))
    measure = views.setting("Measure", "measure", {name: title for name, (title, _) in titles.items()}, usual,
                            key="latentarium.lab.study-measure")  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        _by_weight(part, measure, titles[measure][1])
    with right:
        _plane(part)


def _measures(part: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """The measures that these results have: name -> title and axis."""
    from vae_core.metrics.disentanglement import METRICS

    known = {name: (card.title, card.title) for name, card in METRICS.items()} | REACHED
    return {name: titles for name, titles in known.items() if name in part and part[name].notna().any()}


def _by_weight(part: pd.DataFrame, measure: str, axis: str) -> None:
    from vae_core.figures.curves import run_colours
    from vae_core.figures.studies import Series, by_weight

    colours = dict(zip(METHODS, run_colours(len(METHODS)), strict=True))
    series, counts = [], []
    for key, method in METHODS.items():
        rows = part[(part.objective == key) & part[measure].notna()]
        groups = [(float(weight), group[measure].tolist()) for weight, group in rows.groupby("weight")]
        if groups:
            series.append(Series(method.title, colours[key], dict(groups)))
            counts += [len(values) for _, values in groups]
    figure = by_weight(series, axis, theme=current_theme())
    figure.update_layout(height=HEIGHT)
    st.plotly_chart(figure, key="latentarium.lab.by-weight", theme=None, config=FIGURE,
                    alt=f"{axis} by weight, for {len(series)} objectives")  # fmt: skip
    seeds = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else str(counts[0])
    many = "a seed, so there is no spread to see" if max(counts) == 1 else "seeds: each a point, the line their median"
    st.caption(f"{seeds} {many}.")


def _plane(part: pd.DataFrame) -> None:
    """Rate against distortion: medians over seeds."""
    from vae_core.figures.curves import run_colours
    from vae_core.figures.sweeps import Point, rate_distortion

    colours = dict(zip(METHODS, run_colours(len(METHODS)), strict=True))
    points = []
    for key, method in METHODS.items():
        rows = part[part.objective == key].dropna(subset=["rate", "distortion"])
        for weight, group in rows.groupby("weight"):
            middle = group[["rate", "distortion"]].median()
            words = f"{method.title}, {method.symbol} = {weight:g}\nmedian of {len(group)} seeds"
            points.append(Point(middle.rate, middle.distortion, f"{weight:g}", words, method.title, colours[key]))
    figure = rate_distortion(points, theme=current_theme())
    figure.update_layout(height=HEIGHT)
    st.plotly_chart(figure, key="latentarium.lab.plane", theme=None, config=FIGURE,
                    alt=f"{len(points)} settings by their rate and distortion")  # fmt: skip
    st.caption("Nats per sample on held-out data, medians over seeds; numbers at points are weights. Along a dotted "
               "line the ELBO is the same.")  # fmt: skip


# -- the runs themselves -----------------------------------------------------------------------------------


def _runs() -> None:
    """The shipped runs, one a cell: the same sample traversed in each; and which of them are missing."""
    lines = {line.name: line for line in run_lines.lines() if line.ready}
    groups: list[Group] = []
    missing = []
    for key, method in METHODS.items():
        row: list[tuple[Line, str]] = []
        for one in study_runs():
            if one.objective == key and one.name in lines:
                row.append((lines[one.name], f"{method.symbol} = {one.weight:g}"))
            elif one.objective == key:
                missing.append(one.title)
        groups.append((f"{method.title} · {method.paper}", row))
    titles = {one.name: one.title for one in study_runs()}
    there = [line for _, row in groups for line, _ in row]
    if missing:
        which = "None of the study's models is" if not there else f"{len(missing)} of the study's models are not"
        named = "" if not there else f": {'; '.join(missing)}"
        st.info(f"{which} here yet{named}.", icon=":material/hourglass_empty:")
    if not there:
        return
    first = int(cache.get_codes(there[0].name).index[0])
    sweeps.multiples(groups, first=first)
    st.markdown("Open one of them among its factors:")
    with st.container(horizontal=True, gap="small"):
        for line in there:
            st.page_link("pages/disentangle.py", label=titles[line.name], query_params={"run": line.name})


def _how(results: pd.DataFrame) -> str:
    kinds = "\n".join(
        f"- **{protocol.title}**; {results[results.protocol == name].seed.nunique()} seeds so far."
        for name, protocol in PROTOCOLS.items()
    )
    weights = "; ".join(
        f"{method.title} ({method.paper}) at {method.symbol} = {', '.join(f'{weight:g}' for weight in method.weights)}"
        for method in METHODS.values()
    )
    return (
        f"{weights}. γ weighs the total correlation and cannot be compared with β number by number.\n\n{kinds}\n\n"
        f"The first seed's models are shipped. All figures: benchmarks/results/disentanglement.csv, by `{COMMAND}`."
    )
