"""Large arrays on their way to a browser component, served by address instead of with each rerun.

A component's data is sent whole whenever any of it changes. The points of a map change seldom and what is
drawn over them often, so the points go by a route of their own: the address is the content's hash, the
browser keeps what it has fetched for ever, and a rerun sends only the address.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from starlette.requests import Request

PREFIX = "/latentarium/arrays/"
LIMIT = 256 << 20  # bytes kept; the oldest go first, and a page that still needs them publishes them anew

# What a browser has a typed array for.
DTYPES = {"float32": "f4", "int32": "i4", "uint8": "u1", "int16": "i2", "float64": "f8"}

_kept: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


Reference = dict[str, str | int]


@dataclass(frozen=True)
class Pack:
    """Several arrays as one body, with where each of them is in it."""

    name: str
    content: bytes
    references: tuple[Reference, ...]


def pack(arrays: Sequence[np.ndarray]) -> Pack:
    """Packs arrays for the browser; `keep` makes the pack fetchable.

    int64 becomes int32, since browsers have no fast 64-bit integers.

    Raises:
        ValueError: the elements of one do not fit a typed array.
    """
    parts: list[bytes] = []
    found: list[tuple[str, int, int]] = []
    offset = 0
    for array in arrays:
        lean = _lean(np.ascontiguousarray(array))
        content = lean.tobytes()
        found.append((DTYPES[lean.dtype.name], offset, lean.size))
        padding = -len(content) % 8  # a typed array starts at a multiple of its element's size
        parts += [content, bytes(padding)]
        offset += len(content) + padding
    body = b"".join(parts)
    name = hashlib.sha256(body).hexdigest()[:32]
    address = f"{PREFIX}{name}.bin"
    references = [{"array": address, "dtype": dtype, "offset": start, "length": size} for dtype, start, size in found]
    return Pack(name, body, tuple(references))


def keep(packed: Pack) -> None:
    """Makes a pack fetchable, for as long as it is among the latest kept."""
    with _lock:
        _kept[packed.name] = packed.content
        _kept.move_to_end(packed.name)
        size = sum(len(kept) for kept in _kept.values())
        while size > LIMIT and len(_kept) > 1:
            size -= len(_kept.popitem(last=False)[1])


def _lean(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.int64:
        if array.size and max(abs(int(array.min())), abs(int(array.max()))) >= 2**31:
            raise ValueError("An array for the browser holds whole numbers beyond 32 bits.")
        return array.astype(np.int32)
    if array.dtype.name not in DTYPES:
        raise ValueError(f"An array for the browser cannot be of type {array.dtype}.")
    return array


def send_array(request: Request) -> Response:
    """The bytes of a published array."""
    with _lock:
        content = _kept.get(request.path_params["name"])
    if content is None:
        return PlainTextResponse("Not found", 404, headers={"Cache-Control": "no-store"})
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "Content-Encoding": "identity"}
    return Response(content, media_type="application/octet-stream", headers=headers)


ROUTES: list[BaseRoute] = [Route(PREFIX + "{name}.bin", send_array)]
