"""The training page around its form: what is watched, the start button, and the list of runs in the works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from ui import cache, once, state, train_form
from ui.widgets import fragment, sentences
from ui.words import plain
from vae_core.config import TrainConfig, check_name, runs_folder
from vae_core.data import card_of
from vae_core.data.cards import in_reach
from vae_core.model_cards import MODEL_CARDS, name_of
from vae_core.runs import RunError, label_of

if TYPE_CHECKING:
    from vae_core.launch import Standing

WATCH = "watch"
FORM = "-"
"""The address says `watch=-` where a visitor asked for the form; no run can be called so."""

FOLLOWED = "followed"
"""Stands in links from this page to itself. The browser's address bar hears of such a link only when the server
writes into the address, so the page takes this word out of it."""

_NAME = "latentarium.train.name"
_ONCE = "latentarium.train.once"

# -- what is on the page -----------------------------------------------------------------------------------


def watched() -> str | None:
    """The run that the page shows: the address's, else the chosen one where that is not ready yet; None: the form."""
    state.set_page_param(FOLLOWED, None)
    chosen = state.selection().run
    card = cache.get_card(chosen) if chosen else None
    unready = card.name if card and not card.ready and not card.shipped else FORM
    name = state.page_param(WATCH, unready, str)
    return None if name == FORM else name


def show_form() -> None:
    """Leave the run for the form. For callbacks."""
    state.set_page_param(WATCH, FORM)


def take_settings(config: TrainConfig) -> None:
    """Fill the form with a run's settings and show it. For callbacks."""
    train_form.take(config)
    show_form()


def how_long(config: TrainConfig) -> str:
    """Steps of this training, and its time where an earlier one on this machine tells the speed."""
    from vae_core.launch import known_speed

    if not MODEL_CARDS[config.bottleneck].trained:
        return "No steps: the best weights are computed at once."
    size = card_of(config.data).train_size
    batch = min(config.batch_size, size)
    steps = config.steps or config.epochs * (size // batch)
    text = f"{steps:,} steps of {batch:,} samples"
    speed = known_speed(config)
    return f"{text}: {in_words(steps * batch / speed)}, going by your last run like this." if speed else f"{text}."


# -- a name ------------------------------------------------------------------------------------------------


def slug(config: TrainConfig) -> str:
    """A name for a run with these settings, e.g. sprites-10d-beta4."""
    return re.sub(r"[^a-z0-9.-]+", "-", name_of(config).lower())[:70].strip("-.") or "run"


def free_name(wish: str) -> str:
    """The wish, or the wish with a number where a run has that name."""
    from vae_core.launch import LIVE_STATES, is_taken, open_store

    rows = {row.name for row in open_store().all() if row.state in LIVE_STATES}
    number, name = 1, wish
    while name in rows or is_taken(name):
        number += 1
        name = f"{wish}-{number}"
    return name


def _suggest(config: TrainConfig) -> str:
    """The name as it stands, or one made of the settings where the visitor has written none."""
    return state.follow_suggestion(_NAME, lambda: free_name(slug(config)))


def name_field(config: TrainConfig) -> str:
    """The run's name: suggested from the settings until the visitor writes another."""
    _suggest(config)
    return str(st.text_input("Name", key=_NAME, max_chars=80, help="It names the folder and stands in links.")).strip()


# -- starting ----------------------------------------------------------------------------------------------


def start_button(config: TrainConfig) -> None:
    """Starts the worker and goes over to watching it; what stands in the way is one sentence."""
    from vae_core.launch import is_taken

    once.offer(_ONCE, _show)
    name = name_field(config)
    problem = train_form.problem(config)
    try:
        if not problem and is_taken(check_name(name)):
            problem = f"There is a run called {name} already: choose another name."
    except ValueError as error:
        problem = f"{error}."
    here = not cache.why_no_originals(config.data)
    st.button(
        "Start training", type="primary", icon=":material/play_arrow:", width="stretch", key="train-start",
        disabled=bool(problem) or not here, on_click=_start,
    )  # fmt: skip
    said = st.session_state.pop(train_form.PROBLEM, "")  # of the last click; whatever is wrong now is more to the point
    problem = problem or said
    if problem:
        st.error(plain(problem), icon=":material/block:")
    elif not here:
        st.caption("Download the data first.")
    else:
        st.caption(how_long(config))


def _start() -> None:
    """What the button does. The settings are read now: the page may not have been drawn since the last one changed."""
    try:
        once.click(_ONCE, _wish, _begin, _show)
    except sentences() as error:
        st.session_state[train_form.PROBLEM] = str(error)


def _wish() -> TrainConfig:
    """What the form asks for, with its folder. Raises RunError or DatasetError."""
    config = train_form.settings()
    if problem := train_form.problem(config) or cache.why_no_originals(config.data):
        raise RunError(problem)
    return config.model_copy(update={"out": runs_folder() / _suggest(config).strip()})


def _begin(config: TrainConfig) -> str:
    from vae_core import launch

    launch.start(config)
    return config.out.name


def _show(name: str) -> None:
    state.set_page_param(WATCH, name)


def resume(name: str) -> None:
    """Go on with an interrupted or stopped run. For callbacks; what stands in the way is told by the frame."""
    from vae_core import launch

    try:
        data = launch.standing(name).config.data
        if not in_reach(data):  # a run that somebody sent names its data itself: no training reads any file for it
            raise RunError(cache.known_lack(data))
        launch.resume(name)
    except RunError as error:
        state.tell(str(error))


def stop(name: str) -> None:
    """Ask a run to stop. For callbacks."""
    from vae_core import launch

    try:
        launch.stop(name)
    except RunError as error:
        state.tell(str(error))


# -- runs in the works -------------------------------------------------------------------------------------

ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/motion_photos_on:",
    "paused": ":material/pause_circle:",
    "interrupted": ":material/power_off:",
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
}


def runs_in_the_works(other_than: str | None = None) -> None:
    """The runs that were started lately, each with how far it is and a link to watch it."""
    from vae_core.launch import standings

    rows = [row for row in standings() if row.name != other_than]
    if not rows:
        return
    st.subheader("Started lately", anchor=False)
    # a fragment that nobody needs would keep the server busy
    fragment(run_every=2.0 if any(row.live for row in rows) else None)(_rows)(other_than)
    st.page_link("pages/runs.py", label="All runs and sweeps", icon=":material/table_rows:")


def _rows(other_than: str | None) -> None:
    from vae_core.launch import standings

    for row in standings():
        if row.name == other_than:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"works-{row.name}"):
            st.page_link(
                "pages/train.py",
                label=plain(label_of(row.folder).title or row.name),
                icon=ICONS[row.state],
                help="Watch it",
                query_params={WATCH: row.name, FOLLOWED: "1"},
            )
            st.caption(progress_words(row), width="content")


def progress_words(row: Standing) -> str:
    """How far a run is, in a few words."""
    if row.paused and row.total:
        return f"paused at {row.step / row.total:.0%}"
    if row.state != "running":
        return row.state
    if not row.total:
        return "starting"
    left = f" · {in_words(row.seconds_left)} left" if row.seconds_left is not None else ""
    return f"{row.step / row.total:.0%}{left}"


def in_words(seconds: float) -> str:
    """A length of time as one says it: a moment, about 20 seconds, about 3 minutes, about 2 hours."""
    if seconds < 3:
        return "a moment"
    if seconds < 90:
        rounded = round(seconds) if seconds < 10 else 5 * round(seconds / 5)
        return f"about {rounded} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {round(seconds / 3600)} hours"


def words() -> None:
    """The few words that the page's curves need."""
    st.subheader("What you will see", anchor=False)
    st.markdown(
        "**Distortion** (nats) is how much of a sample is lost when it is squeezed into its code and drawn again. "
        "It falls.\n\n"
        "**Rate** (nats) is how much a code tells about its sample. It rises from zero as the latent space is put "
        "to use, dimension by dimension.\n\n"
        "A model can have little of one only for much of the other. **β** sets the price: at β = 4 a nat of rate "
        "costs as much as four nats of distortion."
    )
