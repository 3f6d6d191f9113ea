"""Odd samples: which are not like the others, by scores of the model and by plain baselines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, state
from ui.apply import guests, results, worst
from ui.apply.jobs import result, small
from ui.atlas import one_of
from ui.components.threshold import threshold
from ui.lab.views import menu, setting
from ui.maps import current_theme
from ui.widgets import fragment
from vae_core.apply.asked import ALL_SCORES, Anomaly
from vae_core.apply.limits import why_no_density
from vae_core.data.cards import CARDS, find_card

if TYPE_CHECKING:
    from vae_core.apply.anomaly import Detection
    from vae_core.runs import Run

OTHERS = "other-classes"
SEEN, ALONE = "all", "one"
TRAINED = {SEEN: "On all classes (as it is)", ALONE: "On the normal class alone"}
WITHOUT, WITH = "no", "yes"
SEARCH = {WITHOUT: "Leave it out", WITH: "Compute it too"}
SHARES = tuple(np.round(np.r_[np.arange(0, 0.2, 0.005), np.arange(0.2, 1.0001, 0.02)], 3).tolist())
"""Places of the threshold's slider: shares of normal validation samples that are called odd."""
MEANS = {
    "distortion": "How badly it is made again: minus the expected log-likelihood.",
    "elbo": "How unlikely the model finds it: distortion and rate together.",
    "density": "How lonely its code is among the codes of normal training samples (a Gaussian mixture).",
    "posterior": "The same with the code's spread: how sure the encoder is tells odd from normal, too.",
    "regret": "How much better it could be explained by a posterior of its own (Xiao et al. 2020).",
    "mean": "Without a model: the distance to the mean of normal training samples.",
    "neighbour": "Without a model: the distance to the nearest normal training sample.",
    "forest": "Without a model: how soon random splits set it apart (Liu et al. 2008).",
}

_CHOSEN = "It stands first whatever comes out: the best of these samples would be picked by luck."


def asked_of(run: Run) -> Anomaly:
    """What the address asks."""
    names = run.config.data.class_names
    choices = (OTHERS, *_others(run)) if len(names) > 1 else _others(run)
    odd = state.page_param("odd", choices[0], one_of(*choices))
    usual = _usual(run) if odd == OTHERS else ""
    normal = state.page_param("normal", usual, one_of(*names, *([""] if odd != OTHERS else [])))
    alone = bool(normal) and state.page_param("trained", SEEN, one_of(*TRAINED)) == ALONE
    alarms = state.page_param("alarms", 0.05, _share)
    searched = state.page_param("search", _usual_search(run), one_of(*SEARCH)) == WITH
    scores = ALL_SCORES if searched else tuple(name for name in ALL_SCORES if name != "regret")
    return Anomaly(
        run.name, normal=normal, odd="" if odd == OTHERS else odd, anew=alone, false_alarms=alarms, scores=scores
    )


def _usual_search(run: Run) -> str:
    """Whether the regret is computed where nobody says: not where that takes a minute."""
    return WITH if small(run) or why_no_density(run.config.model) else WITHOUT


def _usual(run: Run) -> str:
    """The class that counts as normal where nobody says: the most frequent one."""
    names, y = run.config.data.class_names, run.codes.y
    if not names or y is None:
        return names[0] if names else ""
    return names[int(np.bincount(y[: len(run.codes)], minlength=len(names)).argmax())]


def _others(run: Run) -> tuple[str, ...]:
    """Datasets on this machine whose samples could be the odd ones."""
    info = run.config.data
    fits = (card.name for card in CARDS.values() if card.kind == info.kind and card.name != info.name)
    if info.kind != "image":  # other tables have other columns
        return ()
    return tuple(name for name in fits if cache.is_here(name))


def _share(text: str) -> float:
    value = float(text)
    if value not in SHARES:
        raise ValueError("A share of false alarms is one of the slider's places.")
    return value


def show(run: Run) -> None:
    """The whole view."""
    st.markdown(
        "Some samples count as **normal**, others are **odd**. Each score ranks samples that were never trained on; "
        "1 means that every odd one stands above every normal one, 0.5 is a coin."
    )
    if len(run.config.data.class_names) < 2 and not _others(run):
        st.info("This data has no classes, and no other data of its kind is on this machine, so nothing is odd here.",
                icon=":material/do_not_disturb_on:")  # fmt: skip
        return
    asked = asked_of(run)
    _choose(run, asked)
    unasked = small(run) and not asked.anew
    found = result(asked, what="the scores" if not asked.anew else "the scores (a training of its own)",
                   unasked=unasked, key="apply-odd")  # fmt: skip
    if found is None:
        results.take_home(asked, None, key="apply-odd")
        return
    _explore(run, found)  # type: ignore[arg-type]


def _choose(run: Run, asked: Anomaly) -> None:
    """What is normal, what is odd, and what the model was trained on."""
    names, others = run.config.data.class_names, _others(run)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="apply-odd-choices"):
        if len(names) > 1:
            choices = {name: name for name in names} | ({"": "all classes"} if asked.odd else {})
            menu("Normal", asked.normal, choices, partial(state.set_page_param, "normal"), key="apply.odd.normal")
        if others and len(names) > 1:
            odd = {OTHERS: "the other classes"} | {name: card.title for name in others if (card := find_card(name))}
            menu("Odd", asked.odd or OTHERS, odd, _keep_odd, key="apply.odd.odd", width=220)
        if asked.normal:
            setting("The model is trained", "trained", TRAINED, SEEN, key="apply.odd.trained",
                    help="A model that has seen the odd ones makes them again too. Its settings can be trained on the "
                    "normal class alone, in memory.")  # fmt: skip
        if not why_no_density(run.config.model):
            setting("Likelihood regret", "search", SEARCH, _usual_search(run), key="apply.odd.search",
                    help="It looks for a better code for each sample, which takes a minute or more for pictures like "
                    "MNIST's. The other scores take seconds.")  # fmt: skip


def _keep_odd(name: str) -> None:
    state.set_page_param("odd", name)
    state.set_page_param("normal", None)  # all classes may be normal beside other data, but not beside the others


@fragment()
def _explore(run: Run, found: Detection) -> None:
    """One score: its threshold, its curve, the oddest samples and the visitor's own; only this runs again."""
    from vae_core.apply.anomaly import TITLES

    guests.follow()
    asked = asked_of(run)
    names = {score.name: TITLES[score.name] for score in found.scores}
    name = setting("Score", "score", names, found.usual, key="apply.odd.score")
    st.caption(f"{MEANS[name]} {_CHOSEN}" if name == found.usual else MEANS[name])
    brought = guests.values(run, found, name)
    _threshold(run, asked, found, name, brought)
    guests.show(run, brought)
    worst.show(run, found, name)
    st.subheader("Scores beside baselines", anchor=False)
    results.show_outcome(found.outcome, key="apply-odd-merits")
    results.take_home(asked, found, [_scores_file(run, found)], key="apply-odd")


def _threshold(run: Run, asked: Anomaly, found: Detection, name: str, brought: list[tuple[str, float]]) -> None:
    from vae_core.apply.anomaly import TITLES
    from vae_core.apply.roc import counts_for
    from vae_core.figures.apply import Curve, roc_figure, span_of, value_histogram

    score, theme = found.score(name), current_theme()
    counts = counts_for(score.values, found.odd, score.quiet, np.array(SHARES))
    at = SHARES.index(asked.false_alarms)
    normal = found.normal if found.normal == "all classes" else f"normal: {found.normal}"
    title = found.odd_are if not asked.odd or (card := find_card(asked.odd)) is None else card.title
    kinds = (normal, f"odd: {title}")
    curves = [
        Curve(TITLES[each.name], each.roc, results.is_baseline(found.outcome, each.name), each.name == name)
        for each in found.scores
    ]
    threshold(
        value_histogram(score.values, found.odd, counts[at].threshold, title=TITLES[name], kinds=kinds,
                        guests=brought, theme=theme),
        roc_figure(curves, counts[at], theme=theme),
        counts, SHARES, at, span=span_of(score.values), kinds=kinds, guests=brought,
        key=f"apply.odd.threshold.{run.name}", on_move=_keep_threshold,
    )  # fmt: skip
    st.caption("The slider sets the threshold on normal validation samples; the counts are of test samples. Thin "
               "curves are the other scores, dashed ones baselines.")  # fmt: skip


def _keep_threshold(at: int) -> None:
    usual = SHARES[at] == Anomaly.false_alarms
    state.set_page_param("alarms", None if usual else SHARES[at])


def _scores_file(run: Run, found: Detection) -> results.File:
    def make() -> bytes:
        import pandas as pd

        columns = {"sample": found.part.index, "odd": found.odd}
        return pd.DataFrame(columns | {score.name: score.values for score in found.scores}).to_csv(index=False).encode()

    return results.File("All scores", f"{run.name}-scores.csv", "text/csv", make)
