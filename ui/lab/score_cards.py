"""The scores of a run: a board of all beside their self-tests, and a card for each with settings and paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache
from ui.lab import score_job
from ui.maps import current_theme
from ui.words import plain
from vae_core.runs import RunError

if TYPE_CHECKING:
    from vae_core.metrics.disentanglement import MetricCard
    from vae_core.runs import Run
    from vae_core.runs.scores import Score, Scores

MATRICES = {"importance": ("dci", "importance"), "accuracy": ("sap", "accuracy")}
"""Where the scores have the matrices that the page can show."""
HOW_TO_READ = (
    "Scores of one code disagree, for each asks something else; none is the truth. So each is shown with what **the "
    "same estimator with the same settings** gives for codes whose answer is known: a **perfect** code (each factor in "
    "a dimension of its own), **noise**, the perfect code **rotated** (the same knowledge, spread over all "
    "dimensions), and the perfect code with one dimension **doubled**. A score that stands no farther from noise than "
    "its interval says nothing."
)
WORDS = {
    "samples": "{:,} samples",
    "bins": "{} equal bins a dimension",
    "train_samples": "{:,} samples to learn from",
    "test_samples": "{:,} to test on",
    "regressor": "trees: {}",
    "penalty": "linear support vectors, C = {:g}",
    "batch_size": "batches of {}",
    "train_votes": "{:,} votes to learn from",
    "evaluation_votes": "{:,} to test on",
    "train_points": "{:,} points to learn from",
    "evaluation_points": "{:,} to test on",
    "min_std": "dimensions whose codes spread less than {:g} are left out",
}
UNTOLD = {"threads"}
GRID = "display: grid; gap: 0.8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr))"
CARD = "border: 1px solid light-dark(#00000022, #ffffff22); border-radius: 0.6rem; padding: 0.8rem 1rem"
SMALL = "font-size: 0.85rem; opacity: 0.8; margin: 0.35rem 0 0; line-height: 1.4"


def _kept(run: Run) -> tuple[Scores | None, str]:
    """The run's scores, or why what is kept cannot be read: it can be measured anew."""
    try:
        return cache.get_scores(run.name), ""
    except RunError as error:
        return None, str(error)


def matrix(run: Run, measure: str) -> np.ndarray | None:
    """The matrix [K, D] of a measure that comes with the scores, NaN for factors that never vary; None without them."""
    (scores, _), (name, part) = _kept(run), MATRICES[measure]
    if scores is None or name not in scores.metrics or part not in scores.metrics[name].parts:
        return None
    names = run.config.data.factor_names
    kept = np.asarray(scores.metrics[name].parts[part], dtype=np.float64)
    if kept.shape != (len(scores.factors), run.latent_dim) or not set(scores.factors) <= set(names):
        return None
    whole = np.full((len(names), run.latent_dim), np.nan)
    whole[[names.index(factor) for factor in scores.factors]] = kept
    return whole


def show(run: Run) -> None:
    """All scores of the run; where they have not been measured, what can be said at once and the way to the others."""
    from vae_core.runs.scores import FILE

    st.subheader("The scores", anchor=False)
    scores, damage = _kept(run)
    if damage:
        st.warning(plain(damage), icon=":material/error:")
    elif scores is None and (run.folder / FILE).exists():
        st.info("The scores that are kept are of other weights than this model has now.", icon=":material/history:")
    if scores is None:
        found = cache.get_information(run.name)
        if found is not None:
            st.markdown(
                f"**MIG {found.mig.score:.2f}**, from mutual information as above, on the same samples: how far the "
                "best dimension is ahead of the second best, mean over factors. Six more scores, all with intervals "
                "and self-tests, are measured when you ask."
            )
        score_job.offer(run, "lab-scores")
        return
    _offer_missing(run, scores)
    st.markdown(HOW_TO_READ)
    _board(scores)
    _cards(scores)


def _offer_missing(run: Run, scores: Scores) -> None:
    """The way to the scores that were not measured with these."""
    from vae_core.metrics.disentanglement import METRICS
    from vae_core.runs.scores import scores_of

    missing = [METRICS[name].title for name in scores_of(run.latent_dim) if name not in scores.metrics]
    if not missing:
        score_job.ended(run)
        return
    st.markdown(f"**Not measured yet:** {', '.join(missing)}.")
    score_job.offer(run, "lab-scores")


def _board(scores: Scores) -> None:
    from vae_core.figures.factors import Standing, score_board
    from vae_core.metrics.disentanglement import METRICS

    rows = [
        Standing(METRICS[name].title, one.score, (one.low, one.high), one.self_test.model_dump())
        for name, one in scores.metrics.items()
        if name in METRICS
    ]
    figure = score_board(rows, theme=current_theme())
    st.plotly_chart(figure, key="latentarium.lab.board", theme=None, config={"displayModeBar": False},
                    alt="; ".join(f"{row.title} {row.score:.2f}" for row in rows))  # fmt: skip
    st.caption(f"On {scores.samples:,} samples of the {scores.split} split, seed {scores.seed}. Lines through the "
               "points: 95 % intervals. They tell of other samples, not of another training.")  # fmt: skip


def _cards(scores: Scores) -> None:
    from vae_core.metrics.disentanglement import METRICS

    body = "".join(_card(METRICS[name], one) for name, one in scores.metrics.items() if name in METRICS)
    st.html(f'<div style="{GRID}">{body}</div>')


def _card(card: MetricCard, one: Score) -> str:
    """One score as HTML."""
    known = one.self_test
    beside = "".join(f" · {escape(name.replace('_', ' '))} {value:.2f}" for name, value in one.figures.items())
    return (
        f'<article style="{CARD}"><div style="display: flex; justify-content: space-between; align-items: baseline">'
        f"<b>{escape(card.title)}</b><span style='font-size: 1.5rem'>{one.score:.2f}</span></div>"
        f'<p style="{SMALL}">{one.low:.2f} to {one.high:.2f}{beside}</p>'
        f'<p style="margin: 0.5rem 0 0; line-height: 1.4">{escape(card.asks)}</p>'
        f'<p style="{SMALL}">Self-test: perfect {known.perfect:.2f} · noise {known.noise:.2f} · rotated '
        f"{known.rotated:.2f} · doubled {known.doubled:.2f}. By chance: {escape(card.chance)}.</p>"
        f'<p style="{SMALL}">{escape(in_words(one.settings))}. {escape(card.paper)}.</p></article>'
    )


def in_words(settings: dict[str, int | float | bool | str]) -> str:
    """An estimator's settings as people say them."""
    told = {name: value for name, value in settings.items() if name not in UNTOLD}
    parts = [WORDS[name].format(value) if name in WORDS else f"{name} {value}" for name, value in told.items()]
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]
