"""A picture whose pixels are brushed away, by mouse, finger or keyboard; Python hears when the finger lifts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.components.loader import LOADER
from ui.components.said import said, times
from ui.server import asset_url

_FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "latentarium_brush",
    html='<section class="brush" aria-label="Brush pixels away"></section>\n',
    css=(_FOLDER / "brush.css").read_text(encoding="utf-8"),
    js=LOADER,
)


def read_hole(said: Any, height: int, width: int) -> np.ndarray | None:
    """The pixels that a browser says are brushed away, bool [H, W]; None where that makes no sense."""
    content = said.get("bits") if isinstance(said, Mapping) else None
    size = (height * width + 7) // 8
    if not isinstance(content, str) or len(content) > size * 4 // 3 + 4:
        return None
    try:
        bits = base64.b64decode(content, validate=True)
    except ValueError:  # no base64, or no ASCII even
        return None
    if len(bits) != size:
        return None
    flat = np.unpackbits(np.frombuffer(bits, np.uint8), count=height * width, bitorder="little")
    return flat.reshape(height, width).astype(bool)


def brush(
    picture: np.ndarray, hole: np.ndarray, *, label: str, key: str, on_hole: Callable[[np.ndarray], None]
) -> None:
    """Draws the picture with its hole.

    Args:
        picture: uint8 [H, W] or [H, W, 3]. hole: bool [H, W], what is brushed away already.
        label: what the picture is, for screen readers.
        key: of its own on the page.
        on_hole: told what is brushed away when a finger lifted, bool [H, W].
    """
    height, width = hole.shape

    def brushed() -> None:
        found = read_hole(said(key, "hole"), height, width)
        if found is not None:
            on_hole(found)

    colours = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
    data = {
        "module": asset_url("brush/brush.js"),
        "size": [height, width],
        "pixels": base64.b64encode(np.ascontiguousarray(colours).tobytes()).decode(),
        "bits": base64.b64encode(np.packbits(hole.ravel(), bitorder="little").tobytes()).decode(),
        "label": label,
        "seq": times(key, "hole"),
    }
    _component(key=key, data=data, on_hole_change=brushed)
