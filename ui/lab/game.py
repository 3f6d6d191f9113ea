"""The matching game: make your picture like the target with a model's sliders, on two models in turn, blind."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from ui import cache, once, state
from ui.components.game import game as board_component
from ui.lab import game_class, game_results
from ui.lab.game_models import Model, default_pair, plan_of, playable, title_of
from ui.widgets import fragment, sentences, told
from ui.words import plain
from vae_core import game as rules

PLAYED = "played"
"""Parameter in the address: the game whose results are shown."""
ROTATED = ""
"""The choice that stands for the other model with its axes rotated."""
ROUNDS = (1, 2, 3, 4, 6, 8, 12)
MOST_SEED = 999_999
TYPED = 200  # letters of a nickname as it is typed: what is pasted and longer than one may be is cut here, with a word
_GAME = "latentarium.game"
_FORM = "latentarium.game.form"
_ONCE = f"{_FORM}.once"

IDEA = (
    "You see a **target** that a model can draw: match it with the model's **sliders**, as quickly and with as few "
    "moves as you can. You play two models in turn without knowing which is which: where each slider changes one thing "
    "(**disentangled**) a person finds the way, where every slider changes everything (**entangled**) hardly."
)
HOW = (
    "The game is the task of *Ross et al. 2021*, \"Evaluating the Interpretability of Generative Models by "
    "Interactive Reconstruction\": it needs no labels and no metric, only people. A slider stands for an active "
    "dimension, in standard deviations of its codes; their order is shuffled. Targets are codes of held-out "
    "samples with the sleeping dimensions at the start's value, so every target can be reached. A round begins at"
    " the prior's mean (of models without a prior, the mean of the codes) when you press the button; it ends when"
    " the pictures agree. The distance of two pictures is $\\sum|p-t| \\,/\\, \\sum(|p-b|+|t-b|)$ with $b$ the "
    "ground's level (the paper's for dSprites, where $b = 0$), agreement is 1 minus it, and a round is solved at "
    "90 %. After 30 seconds of trying a round can be skipped. **Axes rotated** is the same model with its code "
    "turned: it draws the same pictures with as many sliders, and only the axes differ."
)  # fmt: skip


@dataclass(frozen=True)
class Game:
    """A game as a visitor plays it. done: how many rounds were kept; problem: why the last one's end was not."""

    name: str
    plan: rules.Plan
    player: str = ""
    class_code: str = ""
    done: int = 0
    problem: str = ""
    replay: bool = False
    cut: bool = False
    """The nickname was longer than one may be."""


def show() -> None:
    """The view: the form, the board, the results, or a class."""
    now: Game | None = st.session_state.get(_GAME)
    code = state.page_param(game_class.CLASS, "", str)
    played = state.page_param(PLAYED, "", str)
    if code and not (now and now.class_code == code.upper()) and not played:
        _door(code)
    elif now is not None:
        _play()
    elif played:
        _results(played)
    else:
        _form()


# -- before ------------------------------------------------------------------------------------------------


def _explain() -> None:
    st.markdown(IDEA)
    with st.expander("How is it counted?"):
        st.markdown(HOW)


def _form() -> None:
    _explain()
    cards = playable()
    chosen = state.selection().run
    pair = default_pair(list(cards), chosen)
    if pair is None:
        st.info("No model here can be played on: train one on pictures, and it appears here.")
        return
    problem = st.session_state.pop(f"{_FORM}.problem", "")
    if problem:
        st.error(plain(problem))
    names = list(cards)
    if st.session_state.get(f"{_FORM}.for") != chosen:  # chosen in the sidebar while the form was open
        st.session_state[f"{_FORM}.for"] = chosen
        for part in ("first", "second"):
            st.session_state.pop(f"{_FORM}.{part}", None)
    left, right = st.columns(2)
    with left:
        st.selectbox("Disentangled model", names, index=names.index(pair[1][0]), key=f"{_FORM}.second",
                     format_func=lambda name: title_of((name, False)))  # fmt: skip
    with right:
        tangled = [ROTATED, *names]
        first = tangled.index(ROTATED if pair[0][1] else pair[0][0])
        st.selectbox(
            "Entangled model", tangled, index=first, key=f"{_FORM}.first",
            format_func=lambda name: title_of((name, False)) if name else "The other model with its axes rotated",
            help="Rotated axes are the cleanest comparison: the same pictures, as many sliders, only other axes.",
        )  # fmt: skip
    left, right = st.columns(2)  # another row: on a phone the two models stand together
    with left:
        st.segmented_control("Rounds on each", ROUNDS, default=3, required=True, key=f"{_FORM}.rounds")
    with right:
        st.number_input("Seed", 0, MOST_SEED, value=None, placeholder="by chance", key=f"{_FORM}.seed",
                        help="The same seed gives the same targets and the same order of sliders.")  # fmt: skip
    st.button("Play", type="primary", icon=":material/play_arrow:", on_click=_start, key="game-play")
    with st.expander("Play it with a class", icon=":material/groups:"):
        st.markdown(
            "Makes a class with the models, rounds and seed chosen above. You get a link for the players and a view of "
            "your own in which their rounds arrive, with a download."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            once.offer(_ONCE, game_class.open_view)
            st.button("Make a class", on_click=_begin_class, key="game-class-make")
            st.text_input("Join a class", key=f"{_FORM}.code", max_chars=12, placeholder="its code", width=180,
                          on_change=_join_code)  # fmt: skip


def _chosen() -> tuple[tuple[Model, Model], int, int]:
    """Models, rounds and seed as the form has them."""
    first, second = st.session_state[f"{_FORM}.first"], st.session_state[f"{_FORM}.second"]
    seed = st.session_state[f"{_FORM}.seed"]
    one: Model = (second, True) if first == ROTATED else (first, False)
    return (one, (second, False)), int(st.session_state[f"{_FORM}.rounds"] or 3), _seed(seed)


def _seed(chosen: int | None) -> int:
    return secrets.randbelow(MOST_SEED + 1) if chosen is None else int(chosen)


def _start() -> None:
    models, rounds, seed = _chosen()
    _enter(models, rounds, seed, rules.CLOSE)


def _enter(
    models: tuple[Model, Model], rounds: int, seed: int, close: float, player: str = "", class_code: str = ""
) -> None:
    """Begins a game; what is wrong with it is told by the form. For callbacks."""
    from vae_core.runs.plays import new_game

    try:
        plan = plan_of(models, rounds, seed, close)
    except ValueError as error:  # a RunError is one too
        st.session_state[f"{_FORM}.problem"] = str(error)
        return
    state.set_page_param(PLAYED, None)
    st.session_state[_GAME] = Game(new_game(), plan, player, class_code)


# -- a class -----------------------------------------------------------------------------------------------


def _begin_class() -> None:
    try:
        once.click(_ONCE, _chosen, _make_class, game_class.open_view)
    except ValueError as error:
        st.session_state[f"{_FORM}.problem"] = str(error)


def _make_class(chosen: tuple[tuple[Model, Model], int, int]) -> tuple[str, str]:
    """The code of a new class and its instructor's key. Raises ValueError, RunError where there are too many."""
    from vae_core.runs.plays import open_plays

    models, rounds, seed = chosen
    plan_of(models, rounds, seed, rules.CLOSE)
    row, key = open_plays().begin_class(models, rounds, seed, rules.CLOSE)
    return row.code, key


def _join_code() -> None:
    state.set_page_param(game_class.CLASS, st.session_state[f"{_FORM}.code"].strip() or None)


def _door(code: str) -> None:
    """The instructor's view of a class, or the way in for players."""
    from vae_core.runs.plays import MOST_NAME, open_plays

    store = open_plays()
    row = store.get_class(code)
    if row is None:
        st.error(f"There is no class {plain(code[:20])} here (any more): ask for its link once more.")
        st.button("Play without a class", on_click=game_class.leave, key="game-class-leave")
        return
    key = game_class.key_of(row.code)
    if key and store.may_see(row, key):
        game_class.show(row)
        return
    _explain()
    st.subheader(f"Class {row.code}", anchor=False)
    problem = st.session_state.pop(f"{_FORM}.problem", "")
    if problem:
        st.error(plain(problem))
    with st.form("game-join", width=420):
        st.text_input("Your nickname", key=f"{_FORM}.player", max_chars=TYPED,
                      help=f"{MOST_NAME} letters at most. Your class sees it beside your rounds; nothing else of you "
                      "is kept.")  # fmt: skip
        st.form_submit_button(f"Play {2 * row.rounds} rounds", type="primary", on_click=_join, args=(row.code,))


def _join(code: str) -> None:
    from vae_core.runs.plays import MOST_NAME, nickname, open_plays

    typed = st.session_state[f"{_FORM}.player"]
    player = nickname(typed)
    row = open_plays().get_class(code)
    if not player:
        st.session_state[f"{_FORM}.problem"] = "A nickname has at least one letter."
    elif row is not None:
        _enter(game_class.models_of(row), row.rounds, row.seed, row.close, player, row.code)
        now: Game | None = st.session_state.get(_GAME)
        if now and len(" ".join(typed.split())) > MOST_NAME:
            st.session_state[_GAME] = replace(now, cut=True)


# -- while it is played ------------------------------------------------------------------------------------


@fragment()
def _play() -> None:
    """The board; only this part runs again at a round's end."""
    now: Game = st.session_state[_GAME]
    rounds = now.plan.rounds
    if now.done >= len(rounds):
        del st.session_state[_GAME]
        state.set_page_param(PLAYED, now.name)
        st.rerun(scope="app")

    if now.cut and not now.done:
        st.caption(f"A nickname has no more letters than these: you play as **{plain(now.player)}**.")

    def ended(said: Mapping[str, Any]) -> None:
        st.session_state[_GAME] = _kept(now, said)

    with told():  # a run may be taken away meanwhile; the way out stays
        board_component(f"latentarium.game.{now.name}", now.plan, rounds[now.done], name=now.name,
                        problem=now.problem, replay=now.replay, on_end=ended)  # fmt: skip
    st.caption(
        "The clock starts with the button. Drag the sliders, or use Tab and the arrow keys (Shift and Page keys move "
        "farther); the round is solved when the bar reaches its mark. *Lay over* shows the target in amber and yours "
        "in blue in one picture."
    )
    if st.button("Stop playing", type="tertiary", key="game-stop"):
        del st.session_state[_GAME]
        if now.done:
            state.set_page_param(PLAYED, now.name)
        st.rerun(scope="app")


def _kept(now: Game, said: Mapping[str, Any]) -> Game:
    """The game after a round's end: one round on where it was kept, else with why it was not."""
    from vae_core.runs.plays import open_plays

    one = now.plan.rounds[now.done]
    played = now.plan.boards[one.place]
    try:
        end = rules.read_end(said, played)
    except rules.RefusedError as error:
        return replace(now, problem=f"This round was not counted: {error}", replay=True)
    try:
        codes = np.stack([played.code(end.values), played.code(one.target)]).astype(np.float32)
        picture, target = cache.get_decoded(played.run, codes)
        play = rules.judge(now.plan, one, end, picture, target)
        open_plays().keep(rules.signed(play, game=now.name, player=now.player, class_code=now.class_code))
    except sentences() as error:
        return replace(now, problem=str(error), replay=False)
    return replace(now, done=now.done + 1, problem="", replay=False)


# -- afterwards --------------------------------------------------------------------------------------------


def _results(name: str) -> None:
    from vae_core.runs.plays import open_plays

    plays = open_plays().of_game(name[:64])
    if not plays:
        st.error("There is no such game here (any more).")
        st.button("Play", on_click=_again, key="game-again")
        return
    models = list(dict.fromkeys(play.model for play in plays))
    models.sort(key=lambda model: not model[1])  # the rotated one first
    st.subheader("How it went", anchor=False)
    letters = dict(zip(dict.fromkeys(play.model for play in plays), rules.LETTERS, strict=False))
    st.markdown(" · ".join(f"Model {letters[model]} was **{plain(title_of(model))}**" for model in letters) + ".")
    game_results.show(plays, models, key=name)
    st.button("Play again", icon=":material/replay:", on_click=_again, key="game-again")


def _again() -> None:
    state.set_page_param(PLAYED, None)
    if not game_class.key_of(state.page_param(game_class.CLASS, "", str).upper()):
        game_class.leave()
