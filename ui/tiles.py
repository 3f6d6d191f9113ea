"""Small pictures of a run's samples, 256 to a sheet in the codes' order: /latentarium/tiles/<run>/<page>.png.

A map of 70,000 samples shows a picture under the pointer without sending 70,000 pictures: the browser fetches
the sheet that holds the one it needs, and keeps it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ui import cache
from vae_core.render import picture_shape

if TYPE_CHECKING:
    from starlette.requests import Request

    from vae_core.runs import RunCard

PREFIX = "/latentarium/tiles/"
COLUMNS = 16
TILES = COLUMNS * COLUMNS


def sheet(pictures: np.ndarray) -> np.ndarray:
    """Up to 256 pictures uint8 [n, H, W] or [n, H, W, 3] as one of 16 x 16, row by row; the rest is black."""
    n, height, width = pictures.shape[:3]
    if n > TILES:
        raise ValueError(f"A sheet holds {TILES} pictures, not {n}.")
    full = np.zeros((TILES, *pictures.shape[1:]), dtype=np.uint8)
    full[:n] = pictures
    rest = pictures.shape[3:]
    grid = full.reshape(COLUMNS, COLUMNS, height, width, *rest).swapaxes(1, 2)
    return grid.reshape(COLUMNS * height, COLUMNS * width, *rest)


def tiles_version(card: RunCard) -> str:
    """Changes when the pictures would: other codes, or the originals have come, gone or been replaced."""
    codes = card.folder / "codes.npz"
    time = codes.stat().st_mtime_ns if codes.exists() else 0
    name = card.config.data.name if card.config else ""
    originals = hashlib.sha256(repr((cache.is_here(name), cache.data_stamp(name))).encode()).hexdigest()[:12]
    return f"{time:x}-{originals}"


def tiles_url(run: str) -> dict[str, str | int | float]:
    """Where the browser fetches the sheets of a run: address up to the page number, version, pictures a row, and how
    wide a picture is for its height.
    """
    card = cache.get_card(run)
    version = tiles_version(card) if card else ""
    _, height, width = picture_shape(card.config.data) if card and card.config else (1, 1, 1)
    return {"url": f"{PREFIX}{run}/", "version": version, "columns": COLUMNS, "aspect": width / height}


@lru_cache(maxsize=256)
def _sheet_png(run: str, page: int, version: str) -> bytes:
    index = cache.get_codes(run).index[page * TILES : (page + 1) * TILES]
    pictures = cache.get_pictures(run, tuple(index.tolist()))
    buffer = BytesIO()
    Image.fromarray(sheet(pictures.pixels)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def send_sheet(request: Request) -> Response:
    """One sheet of a known run, as PNG."""
    from vae_core.runs import RunError

    run, page = request.path_params["run"], request.path_params["page"]
    card = cache.get_card(run)
    if card is None or not card.ready:
        return PlainTextResponse("There is no such run.", 404)
    version = tiles_version(card)
    try:
        if page * TILES >= len(cache.get_codes(run)):
            return PlainTextResponse("This run has fewer samples.", 404)
        content = _sheet_png(run, page, version)
    except RunError as error:
        return PlainTextResponse(str(error), 409)
    fresh = request.query_params.get("v") == version
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable" if fresh else "no-cache",
        "Content-Encoding": "identity",  # a PNG is compressed already
    }
    return Response(content, media_type="image/png", headers=headers)


ROUTES: list[BaseRoute] = [Route(PREFIX + "{run}/{page:int}.png", send_sheet)]
