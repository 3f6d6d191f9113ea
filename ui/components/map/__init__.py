"""The map component: a Plotly scatter in the browser with hover pictures, selection by click, box and lasso.

    points = prepare(figure, positions=..., index=...)
    latent_map(points, key="atlas", overlays=..., tiles=tiles_url(run), on_pick=...)

It takes the very go.Figure that vae_core.figures.maps builds. Large arrays go by address (ui/blobs.py), so a
rerun sends a few kilobytes; a selection comes back once a gesture, as a bitset.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui.blobs import Pack, keep, pack
from ui.components.loader import LOADER
from ui.server import asset_url, plotly_url

if TYPE_CHECKING:
    import plotly.graph_objects as go

HERE = Path(__file__).parent
MOST_PICKS = 100
LARGE = 64  # elements; shorter arrays travel as JSON

_component = st.components.v2.component(
    "latentarium_map",
    html='<div class="lt-map"></div>\n',
    css=(HERE / "map.css").read_text(),
    js=LOADER,
    isolate_styles=False,  # Plotly styles the document, which a shadow root would not see
)


@dataclass(frozen=True)
class Fact:
    """A line of a sample's card: values [n], with `names` where they are numbers of names."""

    title: str
    values: np.ndarray
    names: tuple[str, ...] | None = None
    unit: str = ""


def unpack_rows(packed: Mapping[str, Any], n: int) -> np.ndarray:
    """The rows of a bitset as the browser sends it: int64, ascending.

    Raises:
        ValueError: it is not a bitset of n bits; nothing a browser sends is trusted.
    """
    size = (n + 7) // 8
    try:
        content = base64.b64decode(str(packed["bits"]), validate=True)
        if packed.get("deflated"):
            unpacker = zlib.decompressobj()
            content = unpacker.decompress(content, size + 1)
    except (KeyError, binascii.Error, zlib.error) as error:
        raise ValueError("The selection does not read as a bitset.") from error
    if not content:
        return np.empty(0, dtype=np.int64)
    if packed.get("n") != n or len(content) != size:
        raise ValueError(f"The selection is of another map: this one has {n} samples.")
    bits = np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=n, bitorder="little")
    return np.flatnonzero(bits).astype(np.int64)


def unpack_picks(said: Mapping[str, Any], n: int) -> list[tuple[int, int]]:
    """(serial, row) of the clicks that a browser tells of, the oldest first; what makes no sense is left out."""
    picks = said.get("picks")
    whole = [
        (pick[0], pick[1])
        for pick in (picks if isinstance(picks, list) else [])
        if isinstance(pick, list) and len(pick) == 2 and all(type(part) is int for part in pick)
    ]
    return sorted((serial, row) for serial, row in whole if 0 <= row < n)[-MOST_PICKS:]


class _Arrays:
    """Gathers the large arrays of a nested value (of `large` elements and more), to be packed as one."""

    def __init__(self, large: int | None = LARGE) -> None:
        self._large = large
        self._gathered: list[tuple[dict[str, Any], np.ndarray]] = []

    def add(self, array: np.ndarray) -> dict[str, Any]:
        """A place that `pack` fills with where the array is."""
        reference: dict[str, Any] = {}
        self._gathered.append((reference, array))
        return reference

    def lean(self, value: Any) -> Any:
        """The value as JSON, with references in place of its large arrays."""
        if isinstance(value, np.ndarray):
            return value.tolist() if self._large is None or value.size < self._large else self.add(value)
        if isinstance(value, Mapping):
            return {str(name): self.lean(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.lean(inner) for inner in value]
        return value.item() if isinstance(value, np.generic) else value

    def pack(self) -> Pack:
        packed = pack([array for _, array in self._gathered])
        for (reference, _), found in zip(self._gathered, packed.references, strict=True):
            reference.update(found)
        return packed


@dataclass(frozen=True)
class MapData:
    """The points of a map, made ready for the browser once and drawn many times.

    n: samples on it. mark: changes with them. data: what the browser is told. packs: what it fetches.
    """

    n: int
    mark: str
    data: Mapping[str, Any]
    packs: tuple[Pack, ...]


def prepare(
    figure: go.Figure,
    *,
    positions: np.ndarray,
    index: np.ndarray,
    facts: Sequence[Fact] = (),
    dreams: int | None = None,
) -> MapData:
    """The map of a figure as map_figure builds it; rows are rows of the map, 0..n-1.

    Args:
        positions: [n], place of each row in the run's codes (whose order the tiles have).
        index: [n], place of each row in the full dataset, for captions.
        facts: lines of a sample's card.
        dreams: the place from which on rows are a model's dreams and no samples; None where there are none.
    """
    arrays = _Arrays()
    traces = []
    for trace in figure.data:
        if (trace.meta or {}).get("role") != "points":
            continue
        parts = arrays.lean(trace._props)  # to_plotly_json would turn the arrays into base64 first
        for name in ("x", "y", "customdata"):  # the browser needs typed arrays even of few points
            parts[name] = arrays.add(np.asarray(trace[name]))
        traces.append({"type": trace.type, **parts})
    layout = arrays.lean(figure.layout.to_plotly_json())
    points = arrays.pack()
    columns = pack([np.asarray(column) for column in (positions, index, *(fact.values for fact in facts))])
    places, indices, *values = columns.references
    lines = [
        {"title": fact.title, "values": where, "names": list(fact.names or ()) or None, "unit": fact.unit}
        for fact, where in zip(facts, values, strict=True)
    ]
    data = {
        "figure": {"data": traces, "layout": layout},
        "n": len(positions),
        "last": int(positions.max()) if len(positions) else 0,
        "positions": places,
        "index": indices,
        "facts": lines,
        "dreams": dreams,
    }
    mark = f"{columns.name}:{figure.layout.uirevision}"
    return MapData(len(positions), mark, data, (points, columns))


def overlay_data(traces: Sequence[go.Scatter]) -> list[dict[str, Any]]:
    """What is drawn over the points, as the browser is told it: whole, since it changes with each click."""
    small = _Arrays(large=None)
    return [{"type": trace.type, **small.lean(trace._props)} for trace in traces]


@dataclass(frozen=True)
class Visitor:
    """A guest on a map, drawn over its points without touching them.

    name: what it is called. x, y: in the units of the axes. picture: its address. lines: of its card.
    """

    name: str
    x: float
    y: float
    picture: str
    lines: tuple[str, ...] = ()


def latent_map(
    points: MapData,
    *,
    key: str,
    overlays: Sequence[go.Scatter] = (),
    tiles: Mapping[str, Any] | None,
    picked: int | None = None,
    chosen: np.ndarray | None = None,
    visitors: Sequence[Visitor] = (),
    label: str = "Map of the samples in latent space",
    small: bool = False,
    on_pick: Callable[[int], None] | None = None,
    on_select: Callable[[np.ndarray], None] | None = None,
) -> None:
    """Draws the map.

    Args:
        points: as `prepare` makes them.
        key: a name for this map on its page.
        overlays: traces of the role "overlay", as vae_core.figures.maps makes them.
        tiles: as ui.tiles.tiles_url gives it; None for a map without pictures.
        picked: the row whose card stays open.
        chosen: rows that are selected whoever selected them, for maps that are linked; None for one that stands alone.
        visitors: guests; their rows follow those of the points.
        label: for screen readers.
        small: a lower map, for pages where it stands beside something else.
        on_pick: told the row that was clicked, before the page runs again.
        on_select: told the rows inside a box or lasso, ascending; none when the selection was cleared.
    """
    n, rows = points.n, points.n + len(visitors)
    heard = f"{key}.heard"
    rows_chosen = None if chosen is None else pack([np.asarray(chosen, dtype=np.int64)])
    for packed in (*points.packs, *([rows_chosen] if rows_chosen else [])):
        keep(packed)

    def hear_pick() -> None:
        said = st.session_state[key].get("picked")
        if isinstance(said, Mapping) and said.get("mark") == points.mark and on_pick is not None:
            for serial, row in unpack_picks(said, rows):
                if serial > st.session_state.get(heard, 0):
                    st.session_state[heard] = serial
                    on_pick(row)

    def hear_selection() -> None:
        said = st.session_state[key].get("selected")
        if isinstance(said, Mapping) and said.get("mark") == points.mark and on_select is not None:
            on_select(unpack_rows(said, n))

    guests = f" and {len(visitors)} guest{'s' * (len(visitors) > 1)}" if visitors else ""
    data = {
        **points.data,
        "module": asset_url("map/map.js"),
        "plotly": plotly_url(),
        "mark": points.mark,
        "overlays": overlay_data(overlays),
        "tiles": dict(tiles) if tiles else None,
        "picked": picked,
        "chosen": None if rows_chosen is None else rows_chosen.references[0],
        "visitors": [{**asdict(visitor), "lines": list(visitor.lines)} for visitor in visitors],
        "heard": st.session_state.get(heard, 0),
        "label": f"{label}. {n:,} samples{guests}. Arrow keys go to the next sample, Enter picks it, Escape clears.",
        "small": small,
    }
    _component(
        key=key,
        data=data,
        on_picked_change=hear_pick,
        on_selected_change=hear_selection,
        on_missing_change=lambda: None,
    )
