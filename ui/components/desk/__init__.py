"""The latent desk: film sliders, a 2-D pad and morphing strips that decode in the browser.

The decoder's program and a sample of the codes go to the browser once, by address; each rerun sends a page of
JSON. Python hears where a finger lifted, never where it passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ui import cache, server
from ui.components.said import said, times
from ui.decoders import decoder_url

_FOLDER = Path(__file__).parent


def _loader() -> str:
    """The component's script: a module of our own at its address (a checkout has no `asset_dir`)."""
    return f"""
const desk = import(new URL("{server.asset_url("desk/desk.js")}", window.location.origin).href);
export default async function (component) {{
  return (await desk).default(component);
}}
"""


_component = st.components.v2.component(
    "latentarium.desk",
    html='<section class="desk" data-ready="false" aria-label="Latent desk"></section>\n',
    css=(_FOLDER / "desk.css").read_text(encoding="utf-8"),
    js=_loader(),
)


@dataclass(frozen=True)
class Sample:
    """A code with a name.

    Attributes:
        label: what the sample is called, e.g. "7, sample 12".
        z: its code, D numbers.
    """

    label: str
    z: tuple[float, ...]


@dataclass(frozen=True)
class View:
    """Where the visitor left the traverse desk.

    Attributes:
        z: the code, D numbers.
        pad: the two dimensions of the pad.
        panel: "sliders" or "pad".
    """

    z: tuple[float, ...]
    pad: tuple[int, int]
    panel: str


@dataclass(frozen=True)
class Start:
    """Where a traverse may begin.

    Attributes:
        label: what the button that leads to the mean says.
        mean, spread: D numbers each; a random code is drawn from the Gaussian of these.
    """

    label: str
    mean: tuple[float, ...]
    spread: tuple[float, ...]


def _common(run: str, given: str, seq: int) -> dict[str, Any]:
    """What both modes need: the decoder's address, the distances among the codes seen."""
    seen = cache.get_seen(run)
    distance = None
    if seen is not None and cache.get_run(run).config.model.abilities.encodes:  # dreams are no data to be far from
        distance = {"dims": [int(d) for d in seen.dims], **asdict(seen.typical)}
    return {
        "run": run,
        "decoder": decoder_url(run, given),
        "distance": distance,
        "seq": seq,
    }


def _finite(values: object, count: int) -> tuple[float, ...] | None:
    """The numbers of a code as the browser sent them, None where they are no code."""
    if not isinstance(values, list) or len(values) != count:
        return None
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return tuple(numbers) if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def traverse(
    run: str,
    view: View,
    names: dict[int, str],
    tray: Sequence[Sample],
    start: Start,
    *,
    given: str = "",
    on_view: Callable[[View], None],
    on_rename: Callable[[int, str], None],
) -> None:
    """The desk with one film slider per dimension and the pad.

    Args:
        run: the run's name; it must be readable.
        view: where to begin.
        names: what visitors called the dimensions.
        tray: samples to start from.
        start: another place to start from.
        given: what the model is told, as a Given.key.
        on_view: called with the new view when a finger lifted.
        on_rename: called with a dimension and its new name ("" takes the name back).
    """
    key = f"latentarium.desk.traverse.{run}"
    dimensions = cache.get_dimensions(run)
    count = len(dimensions.rate)

    def moved() -> None:
        now = said(key, "view")
        z, pad = _finite(now.get("z"), count), now.get("pad")
        if z is not None and isinstance(pad, list) and len(pad) == 2 and all(d in range(count) for d in pad):
            panel = "pad" if now.get("panel") == "pad" else "sliders"
            on_view(View(z, (int(pad[0]), int(pad[1])), panel))

    def renamed() -> None:
        new = said(key, "rename")
        if new.get("dimension") in range(count) and isinstance(new.get("name"), str):
            on_rename(int(new["dimension"]), new["name"])

    _component(
        key=key,
        data={
            "mode": "traverse",
            **_common(run, given, times(key, "view")),
            "z": list(view.z),
            "pad": list(view.pad),
            "panel": view.panel,
            "names": {str(dimension): name for dimension, name in names.items()},
            "tray": [asdict(sample) for sample in tray],
            "start": asdict(start),
            "measure": "rate" if dimensions.has_rate else "spread",
            "dimensions": [
                {
                    "index": int(d),
                    "rate": float(dimensions.rate[d]),
                    "mean": float(dimensions.mean[d]),
                    "std": float(dimensions.spread[d]),
                    "low": -float(dimensions.reach[d]),
                    "high": float(dimensions.reach[d]),
                    "awake": bool(dimensions.awake[d]),
                }
                for d in dimensions.order
            ],
        },
        on_view_change=moved,
        on_rename_change=renamed,
    )


def morph(
    run: str,
    corners: Sequence[Sample],
    t: float,
    *,
    given: str = "",
    on_t: Callable[[float], None],
) -> None:
    """The desk with the two walks from A to B and the grid between A, B, C and D.

    Args:
        run: the run's name; it must be readable.
        corners: A, B, C, D.
        t: where the scrubber stands, 0 at A and 1 at B.
        given: what the model is told, as a Given.key.
        on_t: called with the new place when a finger lifted.
    """
    key = f"latentarium.desk.morph.{run}"

    def moved() -> None:
        t = _finite([said(key, "view").get("t")], 1)
        if t is not None:
            on_t(min(1.0, max(0.0, t[0])))

    _component(
        key=key,
        data={
            "mode": "morph",
            **_common(run, given, times(key, "view")),
            "corners": [asdict(corner) for corner in corners],
            "t": t,
        },
        on_view_change=moved,
    )
