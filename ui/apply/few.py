"""Few labels: error against the number of labels, of models that learn from all samples and of baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import cache
from ui.apply import results
from ui.apply.jobs import result, small
from ui.maps import current_theme
from ui.words import plain
from vae_core.apply.asked import Semi

if TYPE_CHECKING:
    from vae_core.apply.semi import FewLabels
    from vae_core.runs import Run


def asked_of(run: Run) -> Semi:
    """What is asked: nothing can be chosen."""
    return Semi(run.name)


def show(run: Run) -> None:
    """The whole view."""
    st.markdown(
        "Labels are dear, samples are cheap. A **semi-supervised** model learns from the samples without labels too, "
        "and infers the class itself: it has one point, at the labels that it was trained with. A model **without "
        "classes** has a curve: a linear classifier on its codes. Baselines see the very same labels and nothing else."
    )
    asked = asked_of(run)
    found = result(asked, what="the errors", unasked=small(run), key="apply-few")
    if found is not None:
        results.say_verdict(found.outcome)
        _curves(found)  # type: ignore[arg-type]
        results.show_table(found.outcome, key="apply-few-merits")
    results.take_home(asked, found, key="apply-few")


def _curves(found: FewLabels) -> None:
    from vae_core.apply.classify import KIND_TITLES
    from vae_core.figures.apply import Line, error_by_labels

    lines, runs = [], list(dict.fromkeys(point.run for point in found.points if point.run))
    for way, run in dict.fromkeys((point.way, point.run) for point in found.points):
        points = found.curve(way, run)
        what = "the class that it infers" if way == "inferred" else "logistic regression on its codes"
        title = f"{run}: {what}" if run else f"Supervised: {KIND_TITLES[way]}"  # type: ignore[index]
        lines.append(Line(
            title, [point.labels for point in points], [point.error for point in points],
            [point.low for point in points], [point.high for point in points], baseline=not run,
            place=list(KIND_TITLES).index(way) if not run else len(KIND_TITLES) + runs.index(run),  # type: ignore[arg-type]
        ))  # fmt: skip
    lines.sort(key=lambda line: line.baseline)
    cards = [card for name in runs if (card := cache.get_card(name))]
    st.caption("; ".join(f"{card.name}: {plain(card.title)}" for card in cards) + ".")
    st.plotly_chart(error_by_labels(lines, theme=current_theme()), key="apply-few-curves", theme=None,
                    config=results.FIGURE, alt="Error on held-out samples against labels of each class")  # fmt: skip
