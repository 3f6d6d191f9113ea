"""The drawing pad: what is drawn, dropped, pasted or chosen becomes pixels in the shape of a run's samples.

Drawing, placing and the look at what the model will see happen in the browser; a picture file goes to a route that
decodes it safely (ui/guest_pictures.py). Python hears once, when something is added.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ui.components.loader import LOADER
from ui.server import asset_url

_FOLDER = Path(__file__).parent
MOST_BYTES = 4 << 20  # of pixels that a browser may send

_component = st.components.v2.component(
    "latentarium_pad",
    html='<section class="pad" aria-label="Drawing pad"></section>\n',
    css=(_FOLDER / "pad.css").read_text(encoding="utf-8"),
    js=LOADER,
)


@dataclass(frozen=True)
class Added:
    """What came from the pad. pixels: as many as the run's pictures have, if the browser is honest. action: a key of
    the actions that it was offered. label: the class that was told, -1 for none. serial: tells it from the last one.
    """

    pixels: bytes
    action: str
    label: int
    serial: int


@dataclass(frozen=True)
class Said:
    """What the pad is told of what was added last."""

    serial: int
    text: str
    wrong: bool = False


def read_added(said: Any, actions: Sequence[str]) -> Added | None:
    """What a browser sent, None where it makes no sense; nothing a browser sends is trusted."""
    if not isinstance(said, Mapping):
        return None
    content, action, label, serial = (said.get(name) for name in ("pixels", "action", "label", "serial"))
    if not isinstance(content, str) or len(content) > MOST_BYTES * 4 // 3 + 4 or action not in actions:
        return None
    if type(label) is not int or type(serial) is not int:
        return None
    try:
        return Added(base64.b64decode(content, validate=True), str(action), label, serial)
    except ValueError:  # no base64, or no ASCII even
        return None


def pad(
    key: str,
    shape: Sequence[int],
    *,
    urls: Mapping[str, str],
    actions: Mapping[str, str],
    classes: Sequence[str] = (),
    said: Said | None = None,
    on_add: Callable[[Added], None],
) -> None:
    """Draws the pad.

    Args:
        shape: (C, H, W) of the run's pictures.
        urls: "habit" and "picture", as ui.guest_pictures.pad_urls gives them.
        actions: what can be done with what is drawn: id -> words on its button.
        classes: names of the classes, one of which may be told; none where the model is told none.
        said: what came of the last that was added.
        on_add: called before the page runs again.
    """

    def hear() -> None:
        added = read_added(st.session_state[key].get("added"), list(actions))
        if added is not None:
            on_add(added)

    data = {
        "module": asset_url("pad/pad.js"),
        "shape": list(shape),
        **urls,
        "actions": [[name, words] for name, words in actions.items()],
        "classes": list(classes),
        "said": None if said is None else {"serial": said.serial, "text": said.text, "wrong": said.wrong},
    }
    _component(key=key, data=data, on_added_change=hear)
