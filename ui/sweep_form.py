"""A new sweep: whose settings it begins with, which one or two are varied, how long it will take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, once, picks, run_lines, state, train_form, training
from ui.widgets import sentences
from ui.words import plain
from vae_core import sweep
from vae_core.config import TrainConfig
from vae_core.data import card_of, find_card
from vae_core.model_cards import MODEL_CARDS, default_title
from vae_core.objective_cards import label_of

if TYPE_CHECKING:
    from vae_core.sweep import Axis, Planned

VIEW, RUNS, SWEEPS = "view", "runs", "sweeps"
VIEW_KEY = "latentarium.logbook.view"
OPEN = "sweep"
"""The address's parameter: the sweep whose results are shown; `-` is the form."""
FORM = "-"
OF_FORM = ""
"""The base that is the Train page's form rather than a run."""
NOTHING = ""
USUAL = {
    "beta": "0.5, 1, 2, 4", "latent_dim": "2, 5, 10", "seed": "0, 1, 2", "learning_rate": "0.0003, 0.001, 0.003",
    "capacity": "5, 10, 20", "factor_gamma": "1, 10, 40", "batch_size": "32, 128", "codebook": "16, 64, 256",
}  # fmt: skip
"""Values to begin with."""
STARTING = 4.0  # seconds a worker needs before its first step and after its last

_BASE = "latentarium.sweep.base"
_NAME = "latentarium.sweep.name"
_ONCE = "latentarium.sweep.once"
_PROBLEM = "latentarium.sweep.problem"


def choose_view() -> str:
    """Which half of the page is shown: the runs, or the sweeps. It stands in the address."""
    labels = {RUNS: ":material/table_rows: Runs", SWEEPS: ":material/grid_on: Sweeps"}
    if VIEW_KEY not in st.session_state:
        opened = SWEEPS if OPEN in st.query_params else RUNS
        asked = state.page_param(VIEW, opened, str)
        st.session_state[VIEW_KEY] = asked if asked in labels else RUNS
    view = str(
        st.segmented_control(
            "Show", list(labels), format_func=labels.__getitem__, key=VIEW_KEY, required=True,
            label_visibility="collapsed", persist_state="session",
        )
    )  # fmt: skip
    state.set_page_param(VIEW, None if view == RUNS else view)
    state.set_page_param(*((picks.PARAM, None) if view == SWEEPS else (OPEN, None)))
    return view


def begin_with(key: str, vary: str = "", values: str = "") -> None:
    """Open the form with the settings of a run, and `vary` alone as what is varied, over `values`. For callbacks."""
    st.session_state[_BASE] = key
    if vary:
        st.session_state[_setting_key(0)], st.session_state[_setting_key(1)] = vary, NOTHING
        st.session_state[_values_key(0, vary)] = values or USUAL.get(vary, "")
    st.session_state[VIEW_KEY] = SWEEPS
    state.set_page_param(OPEN, FORM)
    picks.note_change()


def show() -> None:
    """The form and its start button."""
    st.markdown(
        "A sweep trains one model for each value of a setting, or for each pair of values of two, and lays the "
        "results side by side."
    )
    once.offer(_ONCE, _open_results)
    said = st.session_state.pop(_PROBLEM, "")
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(border=True):
        base = _base()
        if base is None:
            return
        _length(base)
        fields = sweep.settings_to_vary(base, train_form.info_of(card_of(base.data)).kind)
        if not fields:
            st.info("This model's weights have a closed form, and none of its settings can be varied.")
            return
        _axis("Vary", 0, fields, fields[0])
        _axis("and", 1, (NOTHING, *fields), _second(fields))
    with right, st.container(border=True):
        _start_part(base, said)


def _bases() -> dict[str, tuple[str, TrainConfig]]:
    """Title and settings of all runs that a sweep can begin with, by their keys."""
    return {
        line.key: (line.title, line.config) for line in run_lines.lines()
        if line.config is not None and line.config.bottleneck != run_lines.BROUGHT and find_card(line.config.data)
    }  # fmt: skip


def _settings() -> TrainConfig:
    """The settings that are chosen to begin with. Raises SweepError where they went since the page was drawn."""
    key = st.session_state[_BASE]
    if key == OF_FORM:
        return train_form.settings()
    found = _bases().get(key)
    if found is None:
        raise sweep.SweepError("The run whose settings were chosen is gone: choose another one.")
    return found[1]


def _base() -> TrainConfig | None:
    lines = _bases()
    if st.session_state.get(_BASE, OF_FORM) not in (OF_FORM, *lines):
        st.session_state[_BASE] = OF_FORM

    def words(key: str) -> str:
        return "The form of the Train page" if key == OF_FORM else lines[key][0]

    key = st.selectbox(
        "Settings to begin with", [OF_FORM, *lines], format_func=words, key=_BASE, persist_state="session",
        help="All that is not varied below is as it is there.",
    )  # fmt: skip
    base = train_form.settings() if key == OF_FORM else lines[key][1]
    st.caption(plain(default_title(base)))
    if cache.why_no_originals(base.data):
        card = find_card(base.data)
        offered = card is not None and bool(card.download_mb)
        st.warning(plain(cache.known_lack(base.data)) + (" Its download is on the Train page." if offered else ""))
        if offered:
            st.page_link("pages/train.py", label="Download it on the Train page", icon=":material/download:",
                         query_params={"data": base.data, training.WATCH: training.FORM})  # fmt: skip
        return None
    return base


def _length(base: TrainConfig) -> None:
    """How long each run is trained: as long as where the settings come from, until the visitor says otherwise."""
    if not MODEL_CARDS[base.bottleneck].trained:
        return
    field, usual, key = _usual_length(base)
    st.number_input(
        f"{field.capitalize()} of each run", min_value=1, value=usual, step=max(1, usual // 10), width=200,
        key=key, persist_state="session",
        help="A step is one batch; an epoch sees each training sample once.",
    )  # fmt: skip
    st.caption(f"Each run: {training.how_long(_with_length(base))}")


def _usual_length(base: TrainConfig) -> tuple[str, int, str]:
    """What a length is counted in, how long it is unless the visitor says otherwise, and the key of what says so."""
    field, usual = ("steps", base.steps) if base.steps else ("epochs", base.epochs)
    return field, usual, f"latentarium.sweep.length.{field}.{usual}"


def _with_length(base: TrainConfig) -> TrainConfig:
    if not MODEL_CARDS[base.bottleneck].trained:
        return base
    field, usual, key = _usual_length(base)
    return base.model_copy(update={field: int(st.session_state.get(key, usual))})


def _second(fields: Sequence[str]) -> str:
    return "latent_dim" if "latent_dim" in fields[1:] else NOTHING


def _axis(label: str, number: int, fields: Sequence[str], first: str) -> None:
    """A setting and its values as they are written."""
    key = _setting_key(number)
    if st.session_state.get(key, first) not in fields:
        del st.session_state[key]
    names, values = st.columns(2)
    with names:
        field = st.selectbox(
            label, fields, index=list(fields).index(first), key=key, persist_state="session",
            format_func=lambda name: label_of(name, TrainConfig) if name else "nothing else",
        )  # fmt: skip
    if not field:
        return
    with values:
        help = " ".join((TrainConfig.model_fields[field].description or "").split())
        st.text_input(
            "Values", value=USUAL.get(field, ""), key=_values_key(number, field), help=help,
            placeholder="1, 2, 4", persist_state="session",
        )  # fmt: skip


def _setting_key(number: int) -> str:
    return f"latentarium.sweep.setting{number}"


def _values_key(number: int, field: str) -> str:
    return f"latentarium.sweep.values.{number}.{field}"


def _start_part(base: TrainConfig, said: str) -> None:
    """said: why the last click began nothing; whatever is wrong now is more to the point."""
    problem = ""
    axes: list[Axis] = []
    planned: list[Planned] = []
    _suggest_name(base)
    name = st.text_input("Name", key=_NAME, max_chars=40, help="Its runs are called by it: NAME-beta1-d2.")
    try:
        axes, planned = _plan(base, name.strip())
    except sweep.SweepError as error:
        problem = str(error)
    runs = f"Start {len(planned)} runs" if planned else "Start"
    st.button(
        runs, type="primary", icon=":material/play_arrow:", width="stretch", key="sweep-start", disabled=not planned,
        on_click=_start,
    )  # fmt: skip
    problem = problem or said
    if problem:
        st.error(plain(problem), icon=":material/block:")
    else:
        st.caption(how_long(planned, axes))


def how_long(planned: Sequence[Planned], axes: Sequence[Axis]) -> str:
    """How many runs there will be, and the time of all where an earlier run on this machine tells the speed."""
    from vae_core.launch import at_once, known_speed

    one = planned[0].config
    times = " × ".join(str(len(axis.values)) for axis in axes)
    text = f"{times} = {len(planned)} runs" if len(axes) > 1 else f"{len(planned)} runs"
    together = at_once()
    if together is None:
        return f"{text}, as many at once as the cluster has room for."
    text += ", one after the other" if together == 1 else f", {together} at once"
    speeds = [known_speed(config) for config in (one, planned[-1].config)]
    known = [speed for speed in speeds if speed]
    if not known:
        return f"{text}; the time is known once one has been trained here."
    size = card_of(one.data).train_size
    samples = sum(
        (plan.config.steps or plan.config.epochs * (size // min(plan.config.batch_size, size)))
        * min(plan.config.batch_size, size)
        for plan in planned
    )
    seconds = (samples / (sum(known) / len(known)) + STARTING * len(planned)) / together
    return f"{text}: {training.in_words(seconds)} in all, going by your last run like this."


def _plan(base: TrainConfig, name: str) -> tuple[list[Axis], list[Planned]]:
    """What is varied and the runs of it, as the form's fields say now. Raises SweepError."""
    axes = []
    for number in (0, 1):
        if field := st.session_state.get(_setting_key(number), NOTHING):
            axes.append(sweep.parse_axis(field, st.session_state.get(_values_key(number, field), USUAL.get(field, ""))))
    return axes, sweep.expand(_with_length(base), axes, name, train_form.info_of(card_of(base.data)))


def _suggest_name(base: TrainConfig) -> str:
    """The name as it stands, or one made of the data where the visitor has written none."""
    return state.follow_suggestion(_NAME, lambda: _free_name(base))


def _free_name(base: TrainConfig) -> str:
    """sweep-digits, or with a number where there is one."""
    from vae_core.runs.database import open_store

    wish = "sweep-" + (re.sub(r"[^a-z0-9.-]+", "-", base.data.lower())[:24].strip("-.") or "data")
    taken = {row.sweep for row in open_store().all()}
    number, name = 1, wish
    while name in taken:
        number += 1
        name = f"{wish}-{number}"
    return name


def _start() -> None:
    """What the button does. The fields are read now: the page may not have been drawn since the last one changed."""
    try:
        once.click(_ONCE, _wish, _begin, _open_results)
    except sentences() as error:
        st.session_state[_PROBLEM] = str(error)


def _wish() -> tuple[list[Planned], str]:
    """The runs that the form asks for, and their sweep's name. Raises SweepError or DatasetError."""
    base = _settings()
    if lack := cache.why_no_originals(base.data):
        raise sweep.SweepError(lack)
    name = _suggest_name(base).strip()
    return _plan(base, name)[1], name


def _begin(wish: tuple[list[Planned], str]) -> str:
    sweep.start(*wish)
    return wish[1]


def _open_results(name: str) -> None:
    state.set_page_param(OPEN, name)
    st.session_state[_NAME] = ""
