"""Factors: the matrix of what carries what; a cell opens the dimension's traversal beside the factor's true sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui import cache, state
from ui.components.tap import hear_taps
from ui.lab import score_cards, score_job, strips, views
from ui.maps import current_theme
from ui.widgets import fragment
from ui.words import plain

if TYPE_CHECKING:
    from ui.cache import Information
    from vae_core.runs import Run

MEASURES = {"information": "Mutual information", "importance": "DCI importance", "accuracy": "SAP accuracy"}
MEANS = {
    "information": "Percent of all there is to tell of a factor that one dimension tells ({samples:,} {whose}, "
    "{bins} bins). Columns are sorted towards a diagonal; those that sleep come last.",
    "importance": "How much boosted trees lean on each dimension when they predict a factor, in percent (Eastwood and "
    "Williams 2018). Each row always adds up to 100: a factor that nothing carries shows an even share everywhere, "
    "here {even:.0%}.",
    "accuracy": "How often a linear classifier gets a factor right from this dimension alone, in percent (Kumar et "
    "al. 2018). Guessing is not 0: of three shapes, it gets a third; hover a cell for its row's. And a linear "
    "classifier of one number cannot order 32 values: such rows stay dark even where one dimension carries them. "
    "Compare cells of one row, not rows.",
}
FIGURE = {"displayModeBar": False}
FAINT = 0.15  # part of a factor: a dimension that sleeps and tells less has noise alone
CURVE = 260  # pixels
_CLICKED = "latentarium.lab.clicked"


@dataclass(frozen=True)
class Cell:
    """A factor and a dimension, by their numbers."""

    factor: int
    dimension: int


def show(run: Run) -> None:
    """The whole view."""
    found = cache.get_information(run.name)
    if found is None:
        _without_factors(run)
        return
    st.markdown(
        "Each row is a **factor** that the data was made from, each column a **dimension** of the code. Disentangled "
        "means: by mutual information, every row has one bright cell, in a column of its own. **Click a cell** to see "
        "both at work."
    )
    _explore(run)
    score_cards.show(run)


def _without_factors(run: Run) -> None:
    title = plain(run.config.data.name)
    if not run.config.model.abilities.encodes:
        why = "This model has no encoder, so no sample has a code that could be compared with its factors."
    elif run.config.data.factor_names and run.codes.factors is not None:
        why = f"In the samples of {title} whose codes are kept no factor varies, so no dimension can tell of one."
    else:
        why = f"Nobody wrote down what the samples of {title} were made from, so dimensions compare with nothing."
    st.info(f"**No factors.** {why} The view *Without labels* shows what can be said all the same.",
            icon=":material/label_off:")  # fmt: skip
    cards = [card for card in cache.list_runs() if card.ready and card.config and card.config.data.factor_names]
    if cards:
        st.markdown("Models of data whose factors are known:")
        with st.container(horizontal=True, gap="small"):
            for card in cards[:8]:
                st.page_link("pages/disentangle.py", label=plain(card.title), query_params={"run": card.name})


# -- a cell ------------------------------------------------------------------------------------------------


def _cell(run: Run, found: Information) -> Cell:
    """The cell in the address, else the brightest of the dimensions that are awake."""
    share, names = found.mig.share, run.config.data.factor_names
    if found.awake.any():  # what sleeps may tell of a factor too, but nothing can be seen of it
        share = np.where(found.awake, share, -1)
    best = np.unravel_index(share.argmax(), share.shape)

    def factor_of(text: str) -> int:
        return names.index(text)  # a ValueError where there is none

    def dimension_of(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) < run.latent_dim):
            raise ValueError(f"A dimension of this model is a whole number below {run.latent_dim}.")
        return int(text)

    factor = state.page_param("factor", int(best[0]), factor_of)
    usual = int(share[factor].argmax())  # a link that names the factor alone means its best dimension
    return Cell(factor, state.page_param("dim", usual, dimension_of))


def _keep(run: Run, cell: Cell) -> None:
    state.set_page_param("factor", run.config.data.factor_names[cell.factor])
    state.set_page_param("dim", cell.dimension)


@fragment()
def _explore(run: Run) -> None:
    """Matrix, cell and strips: only this part runs again when a cell is clicked."""
    found = cache.get_information(run.name)
    assert found is not None
    cell = _cell(run, found)
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        measure = views.setting("Show", "show", MEASURES, "information", key="latentarium.lab.measure")
        _menus(run, found, cell)
    left, right = st.columns([5, 4], gap="large")
    with left:
        _matrix(run, found, cell, measure)
    row = strips.row_of(run)
    with right:
        _curve(run, cell, row)
    _strips(run, cell, row)


def _menus(run: Run, found: Information, cell: Cell) -> None:
    """The cell by two menus: for the keyboard, and for small screens."""
    names = run.config.data.factor_names

    def of_factor(name: str) -> None:
        _keep(run, Cell(names.index(name), cell.dimension))

    def of_dimension(number: str) -> None:
        _keep(run, Cell(cell.factor, int(number)))

    views.menu("Factor", names[cell.factor], {name: name for name in names}, of_factor, key="latentarium.lab.factor")
    dims = {str(d): strips.dimension_name(run, int(d)) for d in found.order}
    views.menu("Dimension", str(cell.dimension), dims, of_dimension, key="latentarium.lab.dim")


def _matrix(run: Run, found: Information, cell: Cell, measure: str) -> None:
    from vae_core.figures.factors import factor_matrix

    values = found.mig.share if measure == "information" else score_cards.matrix(run, measure)
    if values is None:
        st.info(f"**{MEASURES[measure]}** is measured with the scores, which this run does not have yet.",
                icon=":material/hourglass_empty:")  # fmt: skip
        score_job.offer(run, "lab-matrix")
        return
    names, order = run.config.data.factor_names, found.order.tolist()
    figure = factor_matrix(
        values[:, order], factors=names, dimensions=[strips.dimension_name(run, d) for d in order],
        chosen=(cell.factor, order.index(cell.dimension)), measure=MEASURES[measure].lower(),
        asleep=int((~found.awake).sum()), notes=_notes(run, measure), theme=current_theme(),
    )  # fmt: skip
    key = f"latentarium.lab.matrix.{run.name}"

    def clicked() -> None:
        points: list[dict[str, Any]] = st.session_state[key]["selection"]["points"]
        # A second click on the same cell takes its mark away and says no more than that: it is meant all the same.
        where = points[0].get("customdata") if points else st.session_state.get(_CLICKED)
        if where is not None and where[0] < len(names) and where[1] < len(order):
            st.session_state[_CLICKED] = where
            _keep(run, Cell(int(where[0]), order[int(where[1])]))

    hear_taps("latentarium.lab.taps")
    st.plotly_chart(
        figure, key=key, on_select=clicked, selection_mode="points", theme=None, config=FIGURE,
        alt=f"{MEASURES[measure]} of {len(names)} factors and {len(order)} dimensions",
    )  # fmt: skip
    st.caption(
        MEANS[measure].format(samples=found.mig.samples, whose=_whose(found), bins=found.mig.bins, even=1 / len(order))
    )


def _whose(found: Information) -> str:
    return "test samples" if found.of_test else "samples, those of training among them, for its data is not here"


def _notes(run: Run, measure: str) -> tuple[str, ...]:
    """What a cell of each row has where the dimension knows nothing, for its hover."""
    factors = run.codes.factors
    if factors is None or measure == "information":
        return ()
    if measure == "importance":
        return (f"An even share is {1 / run.latent_dim:.1%}",) * factors.shape[1]
    often = [np.unique(column, return_counts=True)[1].max() / len(column) for column in factors.T]
    return tuple(f"Guessing gets {part:.1%}" for part in often)


def _curve(run: Run, cell: Cell, row: int) -> None:
    """How the dimension's code answers to the factor, over all samples and for the one at hand."""
    from vae_core.figures.factors import response_curve
    from vae_core.response import values_in_words

    answer = cache.get_response(run.name, cell.factor)
    name, factor = strips.dimension_name(run, cell.dimension), run.config.data.factor_names[cell.factor]
    sweep = _sweep(run, cell, row)
    own = None if sweep is None else (sweep.values.tolist(), sweep.codes[:, cell.dimension])
    figure = response_curve(
        answer.values.tolist(), answer.mean[:, cell.dimension], answer.spread[:, cell.dimension],
        names=values_in_words(run.config.data, cell.factor), titles=(factor, name), own=own, theme=current_theme(),
    )  # fmt: skip
    figure.update_layout(height=CURVE)
    st.plotly_chart(figure, key="latentarium.lab.curve", theme=None, config=FIGURE,
                    alt=f"Code of {name} for each value of {factor}: mean and standard deviation")  # fmt: skip
    if not _awake(run, cell):
        st.caption(_of_sleep(run, cell))
        return
    part = answer.explained[cell.dimension]
    st.caption(f"{plain(factor)} alone accounts for **{part:.0%}** of what varies in {plain(name)}. A line that goes "
               "far within a narrow band (one standard deviation) carries the factor.")  # fmt: skip


def _awake(run: Run, cell: Cell) -> bool:
    found = cache.get_information(run.name)
    return found is not None and bool(found.awake[cell.dimension])


def _of_sleep(run: Run, cell: Cell) -> str:
    """What is said of a dimension that sleeps: noise, or a whisper that the model does not draw with."""
    found = cache.get_information(run.name)
    share = 0.0 if found is None else found.mig.share[cell.factor, cell.dimension]
    name, factor = strips.dimension_name(run, cell.dimension), run.config.data.factor_names[cell.factor]
    if share < FAINT:
        return f"**{plain(name)} sleeps: what moves here is noise.** Its code is nearly the same for every sample."
    return (
        f"**{plain(name)} sleeps:** its code is nearly the same for every sample. The little it moves does tell of "
        f"{plain(factor)} ({share:.0%}; mutual information does not ask how far), but hardly shows in what is drawn."
    )


# -- the two strips ----------------------------------------------------------------------------------------


def _sweep(run: Run, cell: Cell, row: int) -> cache.Sweep | None:
    """The sample with the factor moved; None where its data is not here."""
    if cache.why_no_originals(run.config.data.name):
        return None
    return cache.get_sweep(run.name, int(run.codes.index[row]), cell.factor)


def _strips(run: Run, cell: Cell, row: int) -> None:
    """The factor moved in the data, beside the dimension moved in the code, both from the same sample."""
    from vae_core.response import values_in_words

    name, factor = strips.dimension_name(run, cell.dimension), run.config.data.factor_names[cell.factor]
    sweep = _sweep(run, cell, row)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{plain(factor)}** moved in the data, all other factors kept")
        if sweep is None:
            st.caption(f"{plain(cache.why_no_originals(run.config.data.name))} So its true sweep cannot be shown.")
        else:
            words = values_in_words(run.config.data, cell.factor)
            labels = [words[value] for value in sweep.values]
            strips.show_strip(
                run, sweep.samples, labels, alt=f"{factor} moved in the data, in {len(sweep.samples)} steps"
            )
            strips.show_redrawn_sweep(run, sweep, row)
    with right:
        st.markdown(f"**{plain(name)}** moved in the code, all other dimensions kept")
        if run.config.model.abilities.cells:
            st.caption("A code here is a grid of entries of a book: no single number of it can be moved.")
        else:
            _traversal(run, cell, row)
    if _awake(run, cell):
        st.caption("Do both strips show the same change, and the right one nothing else? Then this dimension carries "
                   "this factor.")  # fmt: skip
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="lab-sample"):
        strips.pick_sample(run, row)
        if sweep is not None:
            strips.show_redrawn(run, row)
        strips.name_field(run, cell.dimension)


def _traversal(run: Run, cell: Cell, row: int) -> None:
    """The sample's code with the dimension moved, in the direction in which it answers to the factor."""
    from vae_core.traversals import moved

    name, factor = strips.dimension_name(run, cell.dimension), run.config.data.factor_names[cell.factor]
    values, walks = moved(run.codes.mean, run.codes.mean[row], [cell.dimension], cache.SWEEP)
    awake = _awake(run, cell)  # noise neither rises nor falls
    step = 1 if not awake or cache.get_response(run.name, cell.factor).rises(cell.dimension) else -1
    made = cache.get_decoded(run.name, walks[0, ::step], cache.get_told_key(run.name, int(run.codes.index[row])))
    labels = [f"{value:+.2f}" for value in values[0, ::step]]
    strips.show_strip(run, made, labels, alt=f"{name} moved in the code, in {len(made)} steps")
    down = "" if step > 0 else f" Shown downwards, for it falls as {plain(factor)} rises."
    sleeps = "" if awake else " It sleeps: see above."
    st.caption(f"The codes of {plain(name)}, across 96% of those that samples have.{down}{sleeps}")
