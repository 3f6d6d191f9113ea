"""Without labels: what can be said of a code when nobody wrote down the factors, and names that visitors give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache, run_lines, sweep_form
from ui.lab import strips
from ui.limits import DISCRETE, NO_ENCODER, NO_SPREAD, say
from ui.maps import current_theme
from ui.widgets import fragment
from ui.words import plain

if TYPE_CHECKING:
    from vae_core.runs import Run

FIRST = 6  # dimensions to be named at once; the rest waits behind a switch
FILM = 9
METRIC = 190  # pixels of each of the four big figures: rows of them stand below each other
FIGURE = {"displayModeBar": False}
HOW_PARTS = """
The rate is what a code costs, and it has three parts (Chen et al. 2018, eq. 2). They are those of the mixture of
{samples:,} posteriors, looked at in {drawn:,} codes drawn from it:

| part | nats | asks |
|---|---|---|
| information | {information:.2f} ± {e0:.2f} | what does a code tell of its sample? At most {most:.2f} |
| total correlation | {correlation:.2f} ± {e1:.2f} | how far are the dimensions from independent? |
| dimension-wise | {dimensionwise:.2f} ± {e2:.2f} | how far is each dimension, over all samples, from the prior? |

{most:.2f} is the log of {samples:,}. ± is one standard error over the codes drawn. A total correlation a little below
0 is an estimate of about 0.
"""
BOUND = (
    "A code's {rate:.1f} nats are nearly as many as, or more than, the {most:.1f} that suffice to tell all {samples:,} "
    "samples apart. What is beyond that counts as total correlation, whether or not dimensions repeat each other: go "
    "by the second opinion."
)
PART = (
    "The total correlation is that of the **{samples:,} samples whose codes are kept**, as if they were all; of the "
    "{size:,} in the data it is as a rule lower."
)


def show(run: Run) -> None:
    """The whole view."""
    able = run.config.model.abilities
    st.markdown(
        "Nobody has to know the factors to see how a code is used: which dimensions **say anything**, whether they "
        "**repeat each other**, and whether **another training finds the same ones**. What they mean, you say."
    )
    if not able.encodes:
        say(NO_ENCODER, dreams=len(run.codes))
    elif able.cells:
        say(DISCRETE)
    elif not able.spreads:
        say(NO_SPREAD)
    _figures(run)
    _seeds(run)
    if not able.cells:
        st.subheader("What does each dimension do?", anchor=False)
        _naming(run)


# -- figures -----------------------------------------------------------------------------------------------


def _figures(run: Run) -> None:
    """Active units and rates, and how far dimensions are from independent."""
    from vae_core.figures.curves import rate_bars

    dimensions, parts = cache.get_dimensions(run.name), cache.get_rate_parts(run.name)
    left, right = st.columns(2, gap="large")
    with left:
        if dimensions.has_rate:
            figure = rate_bars(dimensions.rate, names=run.names, theme=current_theme())
            figure.update_layout(height=280)
            st.markdown("**Rate of each dimension** · what it tells of a sample, on average")
            st.plotly_chart(figure, key="latentarium.lab.rates", theme=None, config=FIGURE,
                            alt="Mean rate of each dimension in nats, the highest first")  # fmt: skip
        else:
            st.caption(
                "Codes of this model cost nothing, so there is no rate by which its dimensions could be told apart."
            )
    with right, st.container(horizontal=True, gap="small"):
        awake = int(dimensions.awake.sum())
        st.metric(
            "Active units", f"{awake} of {len(dimensions.awake)}", width=METRIC,
            help="Dimensions whose code varies over the data: Var(E[z|x]) > 0.01 (Burda et al. 2016).",
        )  # fmt: skip
        if dimensions.has_rate:
            st.metric("Rate", f"{dimensions.rate.sum():.1f} nats", width=METRIC,
                      help="What a code costs, mean over samples.")  # fmt: skip
        if parts is not None:
            most = "≤ " if parts.bound else ""
            st.metric("Total correlation", f"{most}{max(0.0, parts.total_correlation):.2f} nats", width=METRIC,
                      help="How far the dimensions are from independent; 0: none repeats another.")  # fmt: skip
            st.metric("Second opinion", f"{parts.gaussian:.2f} nats", width=METRIC,
                      help="The total correlation of a Gaussian with the covariance of the codes (Locatello et al. "
                      "2019): straight relations only.")  # fmt: skip
    if parts is None:
        return
    if parts.bound:
        st.warning(BOUND.format(rate=dimensions.rate.sum(), samples=parts.samples, most=parts.most),
                   icon=":material/compress:")  # fmt: skip
    if parts.samples < run.config.data.size:
        st.caption(PART.format(samples=parts.samples, size=run.config.data.size))
    with st.expander("How is the total correlation estimated?"):
        e0, e1, e2 = parts.error
        st.markdown(
            HOW_PARTS.format(
                drawn=parts.drawn, samples=parts.samples, most=parts.most,
                information=parts.information, correlation=parts.total_correlation, dimensionwise=parts.dimensionwise,
                e0=e0, e1=e1, e2=e2,
            )
        )  # fmt: skip


# -- other seeds -------------------------------------------------------------------------------------------


def _seeds(run: Run) -> None:
    """The UDR, or how to get one."""
    st.subheader("Do other seeds find the same dimensions?", anchor=False)
    others = cache.get_siblings(run.name)
    able = run.config.model.abilities
    if not able.encodes or able.cells:
        st.caption("The UDR compares codes of the same samples, number by number; this model has none to compare.")
        return
    if not others:
        st.markdown(
            "The **UDR** (unsupervised disentanglement ranking, Duan et al. 2020) compares trainings that differ in "
            "their seed alone: disentangled dimensions are found again, entangled ones come out differently each time. "
            "There is **no other run of these settings** here."
        )
        _train_seeds(run)
        return
    try:
        found = cache.get_udr((run.name, *others))
    except ValueError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    left, right = st.columns([1, 3], gap="medium")
    left.metric(f"UDR, {len(others) + 1} seeds", f"{found.score:.2f}", help="1: each dimension has exactly one partner "
                "in every other training. The median over models.")  # fmt: skip
    with right:
        import pandas as pd

        names = [run.name, *others]
        seeds = [card.config.train.seed for name in names if (card := cache.get_card(name)) and card.config]
        table = pd.DataFrame({"run": names, "seed": seeds, "UDR": found.models.round(3),
                              "dimensions that say anything": found.informative.sum(axis=1)})  # fmt: skip
        st.dataframe(table, hide_index=True, height="content", key="latentarium.lab.seeds")
    st.caption(f"By the {found.relation} relation, on {found.samples:,} samples; a dimension says anything above "
               f"{found.threshold:g} nats. Beware: settings that find the same wrong dimensions every time score well, "
               "too.")  # fmt: skip
    _train_seeds(run)


def _train_seeds(run: Run) -> None:
    """The way to the form of a sweep over seeds."""
    line = next((one for one in run_lines.lines() if one.folder == run.folder), None)
    if line is None or line.config is None or line.config.bottleneck == run_lines.BROUGHT:
        st.caption("A model that was brought as ONNX is not trained here, so there are no other seeds of it.")
        return
    if st.button("Train it from other seeds", icon=":material/model_training:", key="latentarium.lab.train-seeds",
                 help="Opens the form of a sweep with these settings and the seed as what is varied."):  # fmt: skip
        seeds = [seed for seed in range(4) if seed != line.config.seed][:3]
        sweep_form.begin_with(line.key, vary="seed", values=", ".join(map(str, seeds)))
        st.switch_page("pages/runs.py", query_params={"view": sweep_form.SWEEPS, sweep_form.OPEN: sweep_form.FORM})
    st.caption("Once they have been trained, they are compared here by themselves.")


# -- names -------------------------------------------------------------------------------------------------


@fragment()
def _naming(run: Run) -> None:
    """Each awake dimension at work on one sample, and a field for its name."""
    from vae_core.traversals import moved

    dimensions, row = cache.get_dimensions(run.name), strips.row_of(run)
    awake = [int(d) for d in dimensions.order if dimensions.awake[d]]
    asleep = len(dimensions.awake) - len(awake)
    if not awake:
        st.info("All dimensions of this model sleep: no code differs from another, so there is nothing to name.")
        return
    strips.pick_sample(run, row)
    more = "latentarium.lab.more"
    shown = awake if st.session_state.get(more) else awake[:FIRST]
    steps = 3 if run.config.data.kind == "text" else FILM
    _, walks = moved(run.codes.mean, run.codes.mean[row], shown, steps)  # [k, S, D]
    made = cache.get_decoded(
        run.name, walks.reshape(-1, run.latent_dim), cache.get_told_key(run.name, int(run.codes.index[row]))
    )
    for d, film in zip(shown, np.split(made, len(shown)), strict=True):
        left, right = st.columns([3, 1], gap="medium", vertical_alignment="center")
        with left:
            strips.show_strip(run, film, alt=f"{strips.dimension_name(run, d)} moved across its codes")
        with right:
            strips.name_field(run, d)
    if len(awake) > FIRST:
        st.toggle(f"Show all {len(awake)} that are awake", key=more)
    slept = (
        f" {asleep} more {'sleep' if asleep > 1 else 'sleeps'}: nothing changes along {'them' if asleep > 1 else 'it'}."
    )
    st.caption(f"{strips.way(run)}: from a dimension's lowest codes to its highest, the others as the sample has them."
               f"{slept if asleep else ''} Names are kept with the run and shown on every page.")  # fmt: skip
