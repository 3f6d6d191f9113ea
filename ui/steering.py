"""The controls of a training that goes on: pause it, step it batch by batch, change its learning rate and prices."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from ui.words import plain
from vae_core.config import TrainConfig
from vae_core.objective_cards import label_of
from vae_core.runs import RunError

if TYPE_CHECKING:
    from vae_core.config import Account
    from vae_core.launch import Standing

PATIENCE, GLANCE = 1.5, 0.05
"""Seconds that a click waits to show what it did, and between two looks whether it is done."""
TURNS_TOLD = 4
FORM_WIDTH = 300  # pixels
BUTTON_WIDTH = 112
"""Pixels, of Pause and of Resume in its place: the buttons beside stay under the pointer while the two are swapped."""
_PROBLEM, _REFUSED = "latentarium.steer.problem", "latentarium.steer.refused"
PAUSED = (
    "Paused: nothing changes, and its place on the machine is kept. **Step** trains a single batch and says what that "
    "did; **Steer** changes the price of a nat or the learning rate from the next batch on."
)


# -- buttons -----------------------------------------------------------------------------------------------


def controls(now: Standing) -> None:
    """Pause or Resume, Step and Steer, for a run that is being trained."""
    deaf = not now.can_stop or now.stopping or not now.total  # before its first batch there is nothing to hold
    with st.container(width=BUTTON_WIDTH, key="train-hold"):
        if now.paused:
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                type="primary",
                key="train-go-on",
                disabled=deaf,
                on_click=_go_on,
                args=(now.name,),
                help="Goes on where it stands.",
                width="stretch",
            )
        else:
            st.button(
                "Pause",
                icon=":material/pause:",
                key="train-pause",
                disabled=deaf,
                on_click=_pause,
                args=(now.name,),
                help="Holds the training between two batches. What it ends with does not change by it.",
                width="stretch",
            )
    st.button(
        "Step",
        icon=":material/skip_next:",
        key="train-step",
        disabled=deaf or not now.paused,
        on_click=_step,
        args=(now.name, now.step),
        help="While it is paused: trains one batch and says what that did.",
    )
    popover = st.popover("Steer", icon=":material/tune:", disabled=deaf, key="train-steer")
    with popover, st.container(width=FORM_WIDTH):
        _form(now)


def _form(now: Standing) -> None:
    force = now.config.at(now.step)
    st.markdown("**From the next batch on**")
    with st.form("train-steer-form", border=False):
        for setting in now.config.steerable:
            value = float(getattr(force, setting))
            st.number_input(
                label_of(setting, TrainConfig), value=value, step=value / 10 or 0.1, format="%.6g",
                key=_key(now.name, setting, value),
            )  # fmt: skip
        st.form_submit_button(
            "Apply", type="primary", icon=":material/check:", on_click=_steer, args=(now.name, force), width="stretch"
        )
    if problem := st.session_state.pop(_REFUSED, ""):
        st.error(plain(problem), icon=":material/block:")
    st.caption(
        "The change is marked on the curves and kept with the run, so that going on later, or training it once more, "
        "repeats it. Where a price changes, the search for the best weights begins anew."
    )


def _key(name: str, setting: str, value: float) -> str:
    """With the value in force: where that changes, by whomever, the field shows the new one."""
    return f"train-steer-{name}-{setting}-{value!r}"


def _steer(name: str, force: TrainConfig) -> None:
    from vae_core import launch

    asked: dict[str, float] = {}
    for setting in force.steerable:
        value = float(getattr(force, setting))
        wish = st.session_state.get(_key(name, setting, value))
        if wish is not None and wish != value:
            asked[setting] = wish
    for setting, wish in asked.items():
        _ordered(lambda: launch.steer(name, setting, wish), _REFUSED)  # noqa: B023
    if asked and _REFUSED not in st.session_state:
        told = len(force.turns)
        _await(name, lambda now: len(now.config.turns) > told)


def _pause(name: str) -> None:
    from vae_core import launch

    _ordered(lambda: launch.pause(name))
    _await(name, lambda now: now.paused)


def _go_on(name: str) -> None:
    from vae_core import launch

    _ordered(lambda: launch.go_on(name))
    _await(name, lambda now: not now.paused)


def _step(name: str, stood: int) -> None:
    from vae_core import launch

    _ordered(lambda: launch.step(name))
    _await(name, lambda now: now.step > stood)


def _ordered(order: Callable[[], None], problem: str = _PROBLEM) -> None:
    try:
        order()
    except RunError as error:
        st.session_state[problem] = str(error)


def _await(name: str, done: Callable[[Standing], bool]) -> None:
    """Give the worker a moment, so that the page that is drawn next shows what the click did."""
    from vae_core.launch import standing

    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            now = standing(name)
            if done(now) or not now.live:
                return
            time.sleep(GLANCE)  # another process's row gives no event to await
    except RunError:  # the page says so itself
        return


# -- what is told ------------------------------------------------------------------------------------------


def told(now: Standing) -> None:
    """Below the buttons: what the last single step did, and what was changed on the way."""
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(plain(problem), icon=":material/block:")
    if now.paused:
        st.info(account_words(now.account, now.config) if now.account else PAUSED, icon=":material/pause_circle:")
    if now.config.turns:
        st.caption(f"Steered: {turn_words(now.config)}.")


def account_words(account: Account, config: TrainConfig) -> str:
    """What a single step did, in one line."""
    change = account.loss_after - account.loss_before
    parts = ""
    if config.promises.encodes:  # else nothing is made again there
        parts = f" · distortion {_arrow(account.distortion_before, account.distortion_after)}"
        if config.promises.rated:
            parts += f" · rate {_arrow(account.rate_before, account.rate_after)}"
    return (
        f"**Step {account.step:,}** on its own batch: "
        f"**loss {_arrow(account.loss_before, account.loss_after)}** ({_signed(change)}) · "
        f"gradient norm {account.gradient_norm:.3g}{parts}"
    )


def _arrow(before: float, after: float) -> str:
    return f"{before:,.2f} → {after:,.2f}".replace("-", "−")


def _signed(change: float) -> str:
    return f"{change:+,.3f}".replace("-", "−")


def turn_words(config: TrainConfig) -> str:
    """What was changed while it trained: β 1 → 4 at step 1,250. The newest few."""
    said = []
    for turn in config.turns:
        before = getattr(config.at(turn.step - 1), turn.setting)
        said.append(f"{label_of(turn.setting, TrainConfig)} {before:g} → {turn.value:g} at step {turn.step:,}")
    earlier = len(said) - TURNS_TOLD
    more = [f"{earlier} earlier change{'s' if earlier > 1 else ''}"] if earlier > 0 else []
    return " · ".join([*more, *said[-TURNS_TOLD:]])


def turn_marks(config: TrainConfig) -> list[tuple[int, str]]:
    """(step, words) of each change, for the curves."""
    return [(turn.step, f"{label_of(turn.setting, TrainConfig)} = {turn.value:g}") for turn in config.turns]
