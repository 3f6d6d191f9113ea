"""The duet: one sample through several models; a slider moves the matched dimensions of all of them at once.

Decoders run in the browser as on the desk (ui/components/desk), so all pictures follow in the frame of the drag. What a
browser cannot decode comes from the server when the finger lifts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ui import server
from ui.components.loader import LOADER
from ui.components.said import said, times

_FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "latentarium_duet",
    html='<section class="desk duet" data-ready="false" aria-label="Models side by side"></section>\n',
    css="\n".join((_FOLDER.parent / part).read_text(encoding="utf-8") for part in ("desk/desk.css", "duet/duet.css")),
    js=LOADER,
)


@dataclass(frozen=True)
class Shown:
    """A sample: a picture as an address that holds it, or words. zone: how far its code is from those seen."""

    picture: str = ""
    words: str = ""
    zone: int | None = None


@dataclass(frozen=True)
class Side:
    """One model.

    Attributes:
        letter, title: what it is called.
        told: what a conditional one is told, in words.
        z: the code of the sample, D numbers.
        decoder: the address of its decoder; None where the server decodes.
        distance: how far codes seen are from each other, as the desk has it; None where nothing can be compared.
        served: what the server decoded at the sliders' places, where there is no decoder.
    """

    letter: str
    title: str
    told: str
    z: tuple[float, ...]
    decoder: str | None
    distance: dict[str, Any] | None
    served: Shown = Shown()


@dataclass(frozen=True)
class Moves:
    """A dimension that a slider moves, by `step` for each standard deviation. correlation: with the row's first.

    weak: whether that is so low that the two are alike in part only.
    """

    side: int
    dim: int
    step: float
    name: str
    correlation: float | None
    weak: bool = False


@dataclass(frozen=True)
class Slider:
    """One slider. title: for screen readers. notes: what it does not move, and why."""

    title: str
    links: tuple[Moves, ...]
    notes: tuple[str, ...] = ()


def duet(
    sides: Sequence[Side],
    sliders: Sequence[Slider],
    offsets: Sequence[float],
    original: tuple[str, Shown] | None,
    *,
    key: str,
    reach: float,
    shown: int,
    on_move: Callable[[tuple[float, ...]], None],
) -> None:
    """Draws the models and their sliders.

    Args:
        offsets: where the sliders stand, in standard deviations of the codes; 0 is the sample's own place.
        original: what the sample is called, and the sample; None where it is not here.
        key: of its own on the page.
        reach: how far a slider goes to either side.
        shown: how many sliders are not folded away.
        on_move: told the new offsets when a finger lifted.
    """

    def moved() -> None:
        new = _offsets(said(key, "view"), len(sliders), reach)
        if new is not None:
            on_move(new)

    fixed = {
        "reach": reach,
        "shown": shown,
        "rows": [asdict(slider) for slider in sliders],
        "original": None if original is None else {"label": original[0], **asdict(original[1])},
    }
    models = [{name: value for name, value in asdict(side).items() if name != "served"} for side in sides]
    mark = hashlib.sha256(json.dumps([fixed, models], sort_keys=True).encode()).hexdigest()[:16]
    data = {
        **fixed,
        "module": server.asset_url("duet/duet.js"),
        "key": mark,
        "seq": times(key, "view"),
        "offsets": list(offsets),
        "sides": [model | asdict(side.served) for model, side in zip(models, sides, strict=True)],
    }
    _component(key=key, data=data, on_view_change=moved)


def _offsets(said: object, count: int, reach: float) -> tuple[float, ...] | None:
    """The sliders' places as the browser sent them, None where they make no sense."""
    values = said.get("offsets") if isinstance(said, dict) else None
    if not isinstance(values, list) or len(values) != count:
        return None
    fits = all(type(value) in (int, float) and abs(value) <= reach for value in values)  # no NaN is
    return tuple(map(float, values)) if fits else None
