"""The board of the matching game: target and picture side by side, sliders that decode in the browser.

Time is kept in the browser, and a round's end is all that it says; nothing of that is trusted (vae_core.game.read_end).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.components.loader import LOADER
from ui.decoders import decoder_url
from ui.server import asset_url
from vae_core import game as rules

if TYPE_CHECKING:
    from vae_core.game import Plan, Round

_FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "latentarium_game",
    html='<section class="game" data-phase="loading" aria-label="Matching game"></section>\n',
    css=(_FOLDER / "game.css").read_text(encoding="utf-8"),
    js=LOADER,
)


def game(
    key: str,
    plan: Plan,
    one: Round,
    *,
    name: str,
    problem: str = "",
    replay: bool = False,
    on_end: Callable[[Mapping[str, Any]], None],
) -> None:
    """Draws the board with one round; the next one is drawn when the player asks for it.

    Args:
        name: the game's, so that a round's end is known as its own.
        problem: why the end of this very round was not kept, '' where it was or has not come yet.
        replay: whether such a round has to be played again; else its end may be sent again.
        on_end: called with what the browser said of this round's end, before the page runs again.
    """
    serial = f"{name}-{one.number}"
    board = plan.boards[one.place]
    following = plan.rounds[one.number + 1] if one.number + 1 < len(plan.rounds) else None

    def hear() -> None:
        said = st.session_state[key].get("ended")
        if isinstance(said, Mapping) and said.get("serial") == serial:  # else sent twice, or of a game of before
            on_end(said)

    data = {
        "module": asset_url("game/game.js"),
        "serial": serial,
        "letter": plan.letter(one),
        "round": one.number + 1,
        "rounds": len(plan.rounds),
        "decoder": decoder_url(board.run),
        "next": decoder_url(plan.boards[following.place].run) if following else None,
        "start": board.start.tolist(),
        "basis": board.basis.tolist(),
        "reach": board.reach.tolist(),
        "target": one.target.tolist(),
        "close": plan.close,
        "skipAfter": rules.SKIP_AFTER,
        "pause": rules.PAUSE,
        "longest": rules.LONGEST,
        "mostMarks": rules.MOST_MARKS,
        "problem": problem,
        "replay": replay,
    }
    _component(key=key, data=data, on_ended_change=hear)
