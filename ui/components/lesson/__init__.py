"""A lesson in the browser: question, slider, panels, formula and source. All states go there at once, so that a drag
needs no answer from here; Python hears where the slider was let go, what was said, and when the answer was told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui import blobs
from ui.components.lesson.pack import packed
from ui.components.loader import LOADER
from ui.server import asset_url
from vae_core.figures.template import CLASS_COLOURS

if TYPE_CHECKING:
    from vae_core.lessons.card import Lesson
    from vae_core.lessons.scene import Scene
    from vae_core.lessons.source import Source

_FOLDER = Path(__file__).parent
UNSAID = "x"
"""What is said where the visitor asks to be shown without guessing."""

_component = st.components.v2.component(
    "latentarium_lesson",
    html='<section class="lesson" data-ready="false" aria-label="Lesson"></section>\n',
    css=(_FOLDER / "lesson.css").read_text(encoding="utf-8"),
    js=LOADER,
)


@dataclass(frozen=True)
class Place:
    """Where a visitor is in a lesson.

    Attributes:
        at: the slider's stop.
        said: the option that was chosen as in the address, UNSAID for none, "" before anything was said.
        told: whether the answer has been told.
    """

    at: int
    said: str = ""
    told: bool = False


def read_place(heard: Any, options: int, stops: int) -> Place | None:
    """What a browser sent, None where it makes no sense; nothing a browser sends is trusted."""
    if not isinstance(heard, Mapping):
        return None
    at, said, told = heard.get("at"), heard.get("said"), heard.get("told")
    if type(at) is not int or not 0 <= at < stops or type(told) is not bool or not isinstance(said, str):
        return None
    if said not in ("", UNSAID, *map(str, range(options))) or (told and not said):
        return None
    return Place(at, said, told)


def lesson(
    key: str,
    one: Lesson,
    scene: Scene,
    formula: tuple[str, ...],
    sources: tuple[Source, ...],
    place: Place,
    *,
    serial: str,
    on_place: Callable[[Place], None],
) -> None:
    """Draws the lesson.

    Args:
        formula: as vae_core.lessons.formula.mathml makes it.
        sources: of the functions beside it.
        place: where it opens; the browser goes on from there until `serial` is another.
        serial: tells this lesson about this sample from others.
        on_place: called with each new place before the page runs again.
    """

    def hear() -> None:
        heard = st.session_state[key].get("place")
        if isinstance(heard, Mapping) and heard.get("serial") == serial:  # else of a lesson before this one
            found = read_place(heard, len(one.options), len(scene.drag.stops))
            if found is not None:
                on_place(found)

    drawn, arrays = packed(scene)
    blobs.keep(arrays)
    data = {
        "module": asset_url("lesson/lesson.js"),
        "serial": serial,
        "lesson": one.key,
        "question": one.question,
        "options": list(one.options),
        "drag": one.drag,
        "formula": list(formula),
        "terms": [[name, term.says] for name, term in one.terms.items()],
        "sources": [
            {
                "name": source.name,
                "place": f"{source.file}, line {source.line}",
                "pieces": [[piece.text, piece.kind, piece.term] for piece in source.pieces(one.terms)],
            }
            for source in sources
        ],
        "scene": drawn,
        "place": {"at": place.at, "said": place.said, "told": place.told},
        "palette": list(CLASS_COLOURS),
        "unsaid": UNSAID,
    }
    _component(key=key, data=data, on_place_change=hear, on_missing_change=lambda: None)
