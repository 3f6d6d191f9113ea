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
LEGEND = {"entrywidth": 72, "entrywidthmode": "pixels"}  # what Plotly measures itself cuts names that begin with β
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
COMMAND = "python -m benchmarks.disentanglement --ship"
LATER = (
    "**Not all of this study has been made yet.** The rest comes with a later version; `{command}` makes it here. With "
    "the settings for a laptop a model is trained in about 5 minutes on two cores; the other settings want a GPU.\n\n"
    "{there}"
)


def show() -> None:
    """The whole view."""
    st.markdown(
        "What does **pressing on the code** do? The same net learns the sprites under three objectives, each at "
        "several **weights** and from several **seeds**. No run is chosen by its labels: every one that was trained is "
        "shown here."
    )
    results = study_results()
    lines = {line.name: line for line in run_lines.lines() if line.ready}
    _what_is_missing(results, set(lines))
    if len(results):
        _results(results)
    _runs(lines)
    with st.expander("How was this made?"):
        st.markdown(_how(results))


# -- what there is -----------------------------------------------------------------------------------------


def _what_is_missing(results: pd.DataFrame, runs: set[str]) -> None:
    """One box: which models and which figures are here, and which are not; nothing where all are."""
    models = {(one.objective, one.weight) for one in study_runs() if one.name in runs}
    cells = {(str(key), float(weight)) for key, weight in zip(results.objective, results.weight, strict=True)}
    measured = {(one.objective, one.weight) for one in study_runs()} & cells
    if min(len(models), len(measured)) < len(study_runs()):
        kinds = {"Models": models, "Figures": measured} if models != measured else {"Models and figures": models}
        there = "\n\n".join(_there(what, found) for what, found in kinds.items())
        st.info(LATER.format(command=COMMAND, there=there), icon=":material/hourglass_empty:")


def _there(what: str, found: set[tuple[str, float]]) -> str:
    """How many cells are found, and which, method by method, with those that are not."""
    count = len(study_runs())
    head = f"**{what}: {len(found) or 'none'} of {count} {'is' if len(found) == 1 else 'are'} here"
    if len(found) in (0, count):
        return f"{head}.**"
    lines = []
    for key, method in METHODS.items():
        here = [f"{weight:g}" for weight in method.weights if (key, weight) in found]
        lack = [f"{weight:g}" for weight in method.weights if (key, weight) not in found]
        words = [f"{method.symbol} = {', '.join(here)}"] if here else []
        words += [f"not yet {method.symbol} = {', '.join(lack)}"] if lack else []
        lines.append(f"- {method.title}: {'; '.join(words) if here else 'none yet'}")
    return f"{head}:**\n" + "\n".join(lines)


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
    figure.update_layout(height=HEIGHT, legend=LEGEND)
    st.plotly_chart(figure, key="latentarium.lab.by-weight", theme=None, config=FIGURE,
                    alt=f"{axis} by weight, for {len(series)} objectives")  # fmt: skip
    seeds = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else str(counts[0])
    st.caption("One seed each, so there is no spread to see." if max(counts) == 1 else
               f"{seeds} seeds: each a point, the line their median.")  # fmt: skip


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
            words = f"{method.title}, {method.symbol} = {weight:g}\n{_seeds(len(group))}"
            points.append(Point(middle.rate, middle.distortion, f"{weight:g}", words, method.title, colours[key]))
    figure = rate_distortion(points, theme=current_theme())
    figure.update_layout(height=HEIGHT, legend=LEGEND)
    st.plotly_chart(figure, key="latentarium.lab.plane", theme=None, config=FIGURE,
                    alt=f"{len(points)} settings by their rate and distortion")  # fmt: skip
    st.caption("Nats per sample on held-out data, medians over seeds; numbers at points are weights. Along a dotted "
               "line the ELBO is the same.")  # fmt: skip


def _seeds(count: int) -> str:
    return "of one seed" if count == 1 else f"median of {count} seeds"


# -- the runs themselves -----------------------------------------------------------------------------------


def _runs(lines: dict[str, Line]) -> None:
    """The runs that are here, one a cell: the same sample traversed in each."""
    groups: list[Group] = []
    for key, method in METHODS.items():
        row = [
            (lines[one.name], f"{method.symbol} = {one.weight:g}")
            for one in study_runs() if one.objective == key and one.name in lines
        ]  # fmt: skip
        groups.append((f"{method.title} · {method.paper}", row))
    titles = {one.name: one.title for one in study_runs()}
    there = [line for _, row in groups for line, _ in row]
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
        f"- **{protocol.title}**; {_so_far(results[results.protocol == name].seed.nunique())}."
        for name, protocol in PROTOCOLS.items()
    )
    weights = "; ".join(
        f"{method.title} ({method.paper}) at {method.symbol} = {', '.join(f'{weight:g}' for weight in method.weights)}"
        for method in METHODS.values()
    )
    return (
        f"{weights}. γ weighs the total correlation and cannot be compared with β number by number.\n\n{kinds}\n\n"
        "Of what is trained, the first seed's models are shipped. All figures: benchmarks/results/disentanglement.csv, "
        f"by `{COMMAND}`."
    )


def _so_far(seeds: int) -> str:
    return f"{seeds} seed{'' if seeds == 1 else 's'} so far" if seeds else "none run yet"
