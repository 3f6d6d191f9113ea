"""Sheets of dreams: grids that follow the temperature under the finger, and whose samples can be chosen.

Where the decoder runs in the browser (ui/components/desk), it gets the codes' middle and offset once and draws
z = middle + temperature * offset in every frame; otherwise the sheet follows when the finger lifts.
"""

from __future__ import annotations

import hashlib
import json
import math
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import server
from ui.components.loader import LOADER
from ui.components.said import said, times

if TYPE_CHECKING:
    from vae_core.latent.draws import Draws

_FOLDER = Path(__file__).parent
STEP = 0.05
"""Of sliders."""

_component = st.components.v2.component(
    "latentarium_dreams",
    html='<section class="desk dreams" data-ready="false" aria-label="Dreams"></section>\n',
    css="\n".join(
        (_FOLDER.parent / part).read_text(encoding="utf-8") for part in ("desk/desk.css", "dreams/dreams.css")
    ),
    js=LOADER,
)


@dataclass(frozen=True)
class Item:
    """One dream as the server decoded it: a picture as an address that holds it, or words; empty where a browser does.

    zone: how far its code is from those seen, None where that is not known.
    """

    picture: str = ""
    words: str = ""
    note: str = ""
    zone: int | None = None


@dataclass(frozen=True)
class Slider:
    """Something that multiplies the offsets of codes. most: where it ends; it begins at 0. ticks: (value, text).

    value: a multiple of STEP, else the browser would show another number than the codes are drawn with.
    """

    name: str
    label: str
    value: float
    most: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Sheet:
    """The dreams of one sampler. slider: the name of what moves it. draws: where the browser decodes, else None."""

    name: str
    title: str
    sentence: str
    slider: str
    items: tuple[Item, ...]
    draws: Draws | None = field(default=None, compare=False)


def dreams(
    sheets: Sequence[Sheet],
    sliders: Sequence[Slider],
    picked: tuple[str, int],
    *,
    decoder: str | None,
    kind: str,
    columns: int,
    key: str,
    on_move: Callable[[dict[str, float]], None],
    on_pick: Callable[[str, int], None],
) -> None:
    """Draws the sheets and their sliders.

    Args:
        picked: the sheet's name and the number (from 0) of the sample that is chosen.
        decoder: the address of the model's decoder; None where the server decodes.
        kind: of sample: "image", "text" or "table".
        columns: samples in a row, at most.
        key: of its own on the page.
        on_move: told the sliders' values by name when a finger lifted.
        on_pick: told a sheet's name and a number when a sample is chosen.
    """

    def moved() -> None:
        values = _values(said(key, "view").get("values"), sliders)
        if values is not None:
            on_move(values)

    def chosen() -> None:
        choice = said(key, "picked")
        sizes = {sheet.name: len(sheet.items) for sheet in sheets}
        if type(choice.get("number")) is int and 0 <= choice["number"] < sizes.get(str(choice.get("sheet")), 0):
            on_pick(str(choice["sheet"]), choice["number"])

    built = [decoder, kind, columns, [sheet.name for sheet in sheets], len(sheets[0].items), [
        (slider.name, slider.label, slider.most, slider.ticks) for slider in sliders]]  # fmt: skip
    together = [
        np.stack([sheet.draws.middle, sheet.draws.offset])
        for sheet in sheets
        if sheet.draws is not None and sheet.draws.offset is not None
    ]
    _component(
        key=key,
        data={
            "module": server.asset_url("dreams/dreams.js"),
            "key": hashlib.sha256(json.dumps(built).encode()).hexdigest()[:16],
            "kind": kind,
            "columns": columns,
            "decoder": decoder,
            "draws": b64encode(np.stack(together).astype("<f4").tobytes()).decode() if together else "",
            "step": STEP,
            "sliders": [asdict(slider) for slider in sliders],
            "sheets": [
                {
                    "name": sheet.name,
                    "title": sheet.title,
                    "sentence": sheet.sentence,
                    "slider": sheet.slider,
                    "items": [asdict(item) for item in sheet.items],
                }
                for sheet in sheets
            ],
            "picked": list(picked),
            "seq": times(key, "view"),
            "pick_seq": times(key, "picked"),
        },
        on_view_change=moved,
        on_picked_change=chosen,
    )


def _values(said: object, sliders: Sequence[Slider]) -> dict[str, float] | None:
    """The sliders' values as the browser sent them, None where they make no sense."""
    if not isinstance(said, dict) or set(said) != {slider.name for slider in sliders}:
        return None
    for slider in sliders:
        value = said[slider.name]
        if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= slider.most:
            return None
    return {name: float(value) for name, value in said.items()}
