"""The view Figures: what each model reached, and which of it can be ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from ui import cache
from ui.compare.choose import letter, names_of
from ui.words import plain
from vae_core.config import quadrants_in_words
from vae_core.runs import RunError

if TYPE_CHECKING:
    from vae_core.comparison import Measure, Side
    from vae_core.config import ModelSpec
    from vae_core.runs import Run

ERRORS = {
    "image": ("Error of a pixel (grey levels)", "Root of the mean squared error of a pixel, of 255 grey levels."),
    "table": (
        "Error of a column (σ)",
        "Root of the mean squared error of a column, in the data's standard deviations.",
    ),
    "text": ("Wrong tokens", "The part of the tokens that are not what they were."),
}


def show_figures(runs: list[Run]) -> None:
    """The table, with the best of each row marked where models can be ranked, and why elsewhere they cannot."""
    import pandas as pd

    from vae_core.comparison import reasons, table

    sides, measures = [_side(run, name) for run, name in zip(runs, names_of(runs), strict=True)], _measures(runs)
    _add_errors(runs, sides)
    _add_gaps(runs, sides)
    lines = table(sides, measures)
    titles = [f"{letter(place)} · {plain(run.title)}" for place, run in enumerate(runs)]
    cells = {
        title: [f"**{line.words(place)}** ★" if place in line.best else line.words(place) for line in lines]
        for place, title in enumerate(titles)
    }
    st.table(pd.DataFrame(cells, index=[line.measure.title for line in lines]))
    st.markdown("★ is the best of a row, where the models can be ranked; – is no figure. Below: why.")
    for sentence in reasons(sides, measures):
        st.caption(sentence)
    _say_unmeasured(runs, sides)
    _say_what(runs, lines)


def _measures(runs: list[Run]) -> dict[str, Measure]:
    from dataclasses import replace

    from vae_core.comparison import MEASURES, Measure
    from vae_core.metrics.disentanglement import METRICS

    title, help = ERRORS[runs[0].config.data.kind]
    form = {"image": ".1f", "table": ".3f", "text": ".1%"}[runs[0].config.data.kind]
    dreams = replace(
        MEASURES["dreams"], title=f"Energy distance of dreams (V-statistic, up to {cache.COMPARED} samples)"
    )
    own = {"dreams": dreams, "error": replace(MEASURES["error"], title=title, help=help, form=form)}
    scores = {name: Measure(card.title, card.asks, "high") for name, card in METRICS.items()}
    return MEASURES | own | scores


def _side(run: Run, name: str) -> Side:
    from vae_core.comparison import Side, figures_of
    from vae_core.metrics.disentanglement import METRICS
    from vae_core.runs.scores import FILE

    config, able = run.config, run.config.model.abilities
    figures, lacks = figures_of(config)
    if able.encodes:
        active = cache.get_dimensions(run.name).awake
        figures["active"] = int(active.sum())
    if (count := cache.get_parameters(run.name)) is not None:
        figures["parameters"] = count
    else:
        lacks["parameters"] = "came as a file whose numbers are not counted"
    _add_dreams(run, figures, lacks)
    intervals: dict[str, tuple[float, float]] = {}
    ways: dict[str, str] = {}
    try:
        scores = cache.get_scores(run.name)
    except RunError:  # one run's damaged file
        scores = None
        lacks |= dict.fromkeys(METRICS, f"has scores that cannot be read ({FILE} is damaged)")
    if scores is not None:
        for metric, score in scores.metrics.items():
            figures[metric], intervals[metric] = score.score, (score.low, score.high)
            ways[metric] = f"{scores.split} {scores.samples} {scores.factors} {sorted(score.settings.items())}"
    if able.encodes:
        where = f"[where to measure them]({_lab_of(run)})"
        lacks = dict.fromkeys(METRICS, f"has scores that were not measured and kept yet ({where})") | lacks
    else:
        lacks |= dict.fromkeys(METRICS, "has no encoder, so there are no codes to score")
    told = condition_of(config.model)
    if config.model.unseen_only:  # the seen pixels stand in what it draws as they are
        ways |= dict.fromkeys(("error", "dreams"), told)
    return Side(name, config.data.name, config.model.likelihood, told, figures, lacks, intervals, ways)


def condition_of(spec: ModelSpec) -> str:
    """What a model is told, in words where it is a matter of its own."""
    if not (spec.seen or spec.unseen_only):
        return spec.condition
    told = quadrants_in_words(spec.seen) if spec.seen else "part of the picture"
    return f"{told} and pays for the rest alone" if spec.unseen_only else told


def _add_dreams(run: Run, figures: dict[str, float], lacks: dict[str, str]) -> None:
    """The energy distance of dreams of the model's own prior, measured as on the page Generate."""
    from vae_core.dreams import Asked

    able = run.config.model.abilities
    if not able.samples:
        lacks["dreams"] = "has no prior to dream from"
    elif able.classes or able.quadrants:
        lacks["dreams"] = "dreams only when it is told something, which the others are not"
    elif (match := cache.get_match(run.name, Asked(), "")) is not None:
        figures["dreams"] = match.distance
    else:
        lacks["dreams"] = "cannot be compared with samples, for the data is not here"


def _add_errors(runs: list[Run], sides: list[Side]) -> None:
    able = [place for place, run in enumerate(runs) if run.config.model.abilities.encodes]
    errors = cache.get_errors(tuple(runs[place].name for place in able))
    for place, error in zip(able, errors or (), strict=False):
        sides[place].figures["error"] = error  # type: ignore[index]


def _lab_of(run: Run) -> str:
    """The address at which a run's scores are measured."""
    return f"/factors?run={quote(run.name)}"


def _say_unmeasured(runs: list[Run], sides: list[Side]) -> None:
    """Scores that no model has, and so no row, where factors are known."""
    from vae_core.metrics.disentanglement import METRICS

    able = [(place, run) for place, run in enumerate(runs) if "mig" in sides[place].figures]
    titles = [card.title for name, card in METRICS.items() if not any(name in side.figures for side in sides)]
    if able and titles:
        links = ", ".join(f"[{letter(place)}]({_lab_of(run)})" for place, run in able)
        st.caption(f"Not measured and kept for any of these yet: {', '.join(titles)}. Where to measure them: {links}.")


def _add_gaps(runs: list[Run], sides: list[Side]) -> None:
    """The MIG costs so little that it needs no keeping: of each run's own codes, unless all have one measured alike."""
    able = [(run, side) for run, side in zip(runs, sides, strict=True) if run.config.model.abilities.encodes]
    if all("mig" in side.figures for _, side in able) and len({side.ways.get("mig") for _, side in able}) == 1:
        return
    for run, side in able:
        try:
            gap = cache.get_gap(run.name)
        except RunError:  # of codes that nothing can be told of
            gap = None
        if gap is not None:
            side.figures["mig"] = gap.score  # type: ignore[index]
            side.intervals["mig"], side.ways["mig"] = (gap.low, gap.high), gap.way  # type: ignore[index]


def _say_what(runs: list[Run], lines: list) -> None:
    able = tuple(run.name for run in runs if run.config.model.abilities.encodes)
    count = len(cache.get_compared(able)) if able else 0
    with st.expander("What do the rows say?"):
        st.markdown("\n".join(f"- **{line.measure.title}**: {line.measure.help}" for line in lines))
        st.markdown(
            f"The error is measured on the same {count} samples of the test split, each drawn again from its code; it "
            "depends on no likelihood, so it can always be ranked. Distortion, rate and ELBO are means over the test "
            f"split. Dreams: {cache.COMPARED} of the model's own prior against as many held-out samples (or as "
            "many as there are), as a V-statistic: even two sets of one distribution are a little apart, and the fewer "
            "samples the more, so figures of other numbers of samples (up to 2,000 on the shipped runs' list) differ. "
            "MIG is counted on the codes kept with each run, as on the page Disentangle; the other scores of "
            "disentanglement stand here where they were measured there and kept. The best of these is marked where its "
            "interval is clear of the others'."
        )
