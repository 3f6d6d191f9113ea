"""A sample that is pushed along a direction: its picture and those beside it follow a slider in the frame of the drag.

The decoder runs in the browser, as on the desk (ui/components/desk).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from ui import server
from ui.components.loader import LOADER
from ui.components.said import said, times

_FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "latentarium_push",
    html='<section class="desk push" data-ready="false" aria-label="A sample pushed along a direction"></section>\n',
    css="\n".join((_FOLDER.parent / part).read_text(encoding="utf-8") for part in ("desk/desk.css", "push/push.css")),
    js=LOADER,
)


def push(
    decoder: str,
    samples: Sequence[tuple[str, Sequence[float]]],
    direction: Sequence[float],
    strength: float,
    *,
    reach: tuple[float, float],
    key: str,
    on_strength: Callable[[float], None],
) -> None:
    """Draws the samples and the slider.

    Args:
        decoder: its address (ui.decoders.decoder_url).
        samples: name and code [D] of each; the first is large and has the film.
        direction: [D], what the code is moved by at strength 1.
        strength: where the slider stands. reach: its two ends.
        key: of its own on the page.
        on_strength: told the new strength when a finger lifted.
    """

    def moved() -> None:
        value = said(key, "view").get("strength")
        if type(value) in (int, float) and reach[0] <= value <= reach[1]:
            on_strength(float(value))

    fixed = {
        "decoder": decoder,
        "samples": [{"label": label, "z": list(z)} for label, z in samples],
        "direction": list(direction),
        "reach": list(reach),
    }
    mark = hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()[:16]
    data = {
        **fixed,
        "module": server.asset_url("push/push.js"),
        "key": mark,
        "seq": times(key, "view"),
        "strength": strength,
    }
    _component(key=key, data=data, on_view_change=moved)
