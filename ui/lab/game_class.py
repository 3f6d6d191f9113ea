"""The matching game with a class: a link for the players, one for the instructor, and what came of it so far."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import streamlit as st

from ui import state
from ui.lab import game_results
from ui.lab.game_models import Model, title_of
from ui.widgets import fragment
from ui.words import plain

if TYPE_CHECKING:
    from vae_core.game import Play
    from vae_core.runs.plays import ClassRow

PATH = "factors"  # of the page Disentangle
RENEWED = 5.0
CLASS, KEY = "class", "key"
"""Parameters in the address: the class's code, and the instructor's key, which is taken out of it at once."""
_KEYS = "latentarium.game.keys"
LOCAL = ("127.0.0.1", "localhost", "::1")
FOR_OTHERS = (
    "Its address reaches **only this machine**, unless the app is started for others, with this machine's name in "
    "place of `my-laptop.local`:"
)
START = "LATENTARIUM_HOSTS=my-laptop.local .venv/bin/streamlit run app.py --server.address 0.0.0.0"


def open_view(made: tuple[str, str]) -> None:
    """Opens the instructor's view of a class that was made, by its code and the instructor's key."""
    code, key = made
    state.set_page_param(CLASS, code)
    _keep_key(code, key)


def _keep_key(code: str, key: str) -> None:
    st.session_state[_KEYS] = st.session_state.get(_KEYS, {}) | {code: key}


def key_of(code: str) -> str:
    """The instructor's key of this class as the session has it; '' where it has none.

    A key in the address is kept in the session and taken out of the address: that is what a projector shows.
    """
    told = state.page_param(KEY, "", str)
    if told:
        _keep_key(code, told[:64])
        state.set_page_param(KEY, None)
    return str(st.session_state.get(_KEYS, {}).get(code, ""))


def models_of(row: ClassRow) -> tuple[Model, Model]:
    """The entangled model and the other one."""
    first, second = ((str(name), bool(rotated)) for name, rotated in row.models)
    return first, second


def link(**params: str) -> str:
    """The address of the game with these parameters, as others can open it."""
    root = (st.context.url or "").rstrip("/").removesuffix(f"/{PATH}")
    return f"{root}/{PATH}?" + urlencode({"view": "game"} | params)


def show(row: ClassRow) -> None:
    """The instructor's view."""
    first, second = models_of(row)
    rounds = f"{row.rounds} round{'' if row.rounds == 1 else 's'}"
    st.subheader(f"Class {row.code}", anchor=False)
    st.markdown(
        f"{rounds} on each of **{plain(title_of(first))}** and **{plain(title_of(second))}**; everybody "
        f"gets the same targets (seed {row.seed}) and solves them at {row.close:.0%} agreement. Nobody is told which "
        "model is which before the end."
    )
    st.markdown("**For the players:** this link, or its code in the form *Join a class*.")
    st.code(link(**{CLASS: row.code}), language=None, wrap_lines=True)
    if urlsplit(st.context.url or "").hostname in LOCAL:
        st.caption(FOR_OTHERS)
        st.code(START, language=None, wrap_lines=True)
    st.caption("Of players their nickname and their rounds are kept, nothing else.")
    with st.expander("For you alone", icon=":material/key:"):
        st.markdown(
            "This link reopens your view, in another browser or once this page was reloaded. Keep it, and show it to "
            "nobody: who has it can delete the class."
        )
        st.code(link(**{CLASS: row.code, KEY: key_of(row.code)}), language=None, wrap_lines=True)
    _watch(row.code, _results(row.code, first, second))
    with st.expander("End this class", icon=":material/delete:"):
        st.markdown("Deletes the class with all its rounds. Download them first.")
        sure = st.checkbox("I have what I need", key="game-class-sure")
        st.button("Delete the class", disabled=not sure, on_click=_delete, args=(row.code,), key="game-class-delete")


def _delete(code: str) -> None:
    from vae_core.runs.plays import open_plays

    open_plays().delete_class(code)
    leave()


def leave() -> None:
    """Takes the class out of the address and its key out of the session. For callbacks."""
    st.session_state.get(_KEYS, {}).pop(state.page_param(CLASS, "", str).upper(), None)
    state.set_page_param(CLASS, None)
    state.set_page_param(KEY, None)


@fragment(run_every=RENEWED)
def _watch(code: str, shown: int) -> None:
    """Counts the rounds every few seconds; all of them are read and drawn anew only where others came."""
    from vae_core.runs.plays import open_plays

    if open_plays().count_of_class(code) != shown:
        st.rerun(scope="app")


def _results(code: str, first: Model, second: Model) -> int:
    """What came in so far. Returns how many rounds these are."""
    from vae_core.runs.plays import open_plays

    plays = open_plays().of_class(code)
    if not plays:
        st.info("No round has come in yet. This view looks again every few seconds.", icon=":material/hourglass_empty:")
        return 0
    players = len({play.game for play in plays})
    rounds = f"{len(plays)} round{'' if len(plays) == 1 else 's'}"
    st.markdown(f"**{rounds} in {players} game{'' if players == 1 else 's'} so far**")
    game_results.show(plays, (first, second), key=f"class-{code}")
    _players(plays)
    return len(plays)


def _players(plays: list[Play]) -> None:
    """A line for each game: who played, and how it went."""
    import numpy as np
    import pandas as pd

    rows = []
    for game in dict.fromkeys(play.game for play in plays):
        part = [play for play in plays if play.game == game]
        rows.append({
            "Player": part[0].player, "Rounds": len(part), "Solved": sum(play.solved for play in part),
            "Time (s), median": float(np.median([play.seconds for play in part])),
        })  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, key="game-players",
        column_config={"Time (s), median": st.column_config.NumberColumn(format="%.1f")},
    )  # fmt: skip
