"""A scene as the browser takes it: plain values, and all arrays in one blob that is fetched once (ui/blobs.py)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ui import blobs


def packed(scene: Any) -> tuple[Any, blobs.Pack]:
    """A scene as JSON, and the pack of its arrays.

    Dataclasses become dicts with the `kind` of their class, tuples lists, arrays {"values": reference, "shape": [...]};
    all numbers but pixels are float32.
    """
    arrays: list[np.ndarray] = []
    found = _walked(scene, arrays)
    pack = blobs.pack(arrays)
    return _referred(found, pack), pack


def _walked(thing: Any, arrays: list[np.ndarray]) -> Any:
    """Plain values; an array is put behind `arrays` and leaves its number."""
    if isinstance(thing, np.ndarray):
        arrays.append(np.ascontiguousarray(thing, dtype=np.uint8 if thing.dtype == np.uint8 else np.float32).ravel())
        return {"values": len(arrays) - 1, "shape": list(thing.shape)}
    if is_dataclass(thing):
        inner = {one.name: _walked(getattr(thing, one.name), arrays) for one in fields(thing)}
        return {"kind": type(thing).__name__.lower(), **inner}
    if isinstance(thing, tuple | list):
        return [_walked(part, arrays) for part in thing]
    return thing.item() if isinstance(thing, np.generic) else thing


def _referred(thing: Any, pack: blobs.Pack) -> Any:
    """The same with references in place of the arrays' numbers."""
    if isinstance(thing, list):
        return [_referred(part, pack) for part in thing]
    if not isinstance(thing, dict):
        return thing
    if thing.keys() == {"values", "shape"}:
        return {**thing, "values": pack.references[thing["values"]]}
    return {name: _referred(value, pack) for name, value in thing.items()}
