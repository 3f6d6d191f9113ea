"""What a drawing pad and a map fetch of guests by address: their pictures, how the data's are made, a file made small.

GET  /latentarium/guests/<run>/<number>.png   a guest's picture, kept by the browser: its number is its content
GET  /latentarium/guests/<run>/habit.json     how the data's pictures are made, for the pad
POST /latentarium/guests/<run>/picture        a picture file; its pixels in the run's shape come back
"""

from __future__ import annotations

from dataclasses import asdict
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ui import cache
from vae_core.guests import GuestError, is_guest, picture

if TYPE_CHECKING:
    from starlette.requests import Request

    from vae_core.config import DataInfo

PREFIX = "/latentarium/guests/"
MOST_BYTES = 32 << 20
NO_RUN = "There is no such run of pictures."
_one_at_a_time = Lock()  # a large photograph takes memory while it is decoded


def picture_url(run: str, number: int) -> str:
    """The address of a guest's picture."""
    return f"{PREFIX}{run}/{number}.png"


def pad_urls(run: str) -> dict[str, str]:
    """Where the pad fetches the habit, and where it sends a file."""
    return {"habit": f"{PREFIX}{run}/habit.json", "picture": f"{PREFIX}{run}/picture"}


def _info_of(request: Request) -> DataInfo | None:
    card = cache.get_card(request.path_params["run"])
    return card.config.data if card and card.ready and card.config else None


def send_picture(request: Request) -> Response:
    """A guest's picture, as PNG."""
    run, number = request.path_params["run"], request.path_params["number"]
    if _info_of(request) is None or not is_guest(number) or not cache.has_guest(run, number):
        return PlainTextResponse("This guest is not kept here.", 404)
    try:
        pixels = cache.get_pictures(run, (number,)).pixels[0]
    except ValueError as error:
        return PlainTextResponse(str(error), 404)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "Content-Encoding": "identity"}
    return Response(buffer.getvalue(), media_type="image/png", headers=headers)


def send_habit(request: Request) -> Response:
    """How the pictures of a run's data are made."""
    info = _info_of(request)
    if info is None or info.kind != "image":
        return PlainTextResponse(NO_RUN, 404)
    try:
        habit = cache.get_habit(request.path_params["run"])
    except ValueError as error:  # a broken run is one, too
        return PlainTextResponse(str(error), 409)
    return JSONResponse(asdict(habit), headers={"Cache-Control": "no-cache"})


async def take_picture(request: Request) -> Response:
    """A file's pixels in the shape of the run's samples, row by row and channel after channel."""
    info = _info_of(request)
    if info is None or info.kind != "image":
        return PlainTextResponse(NO_RUN, 404)
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            return PlainTextResponse(f"This file is larger than the {MOST_BYTES >> 20} MB that are taken.", 413)
    try:
        whole = request.query_params.get("fit") != "middle"
        pixels = await run_in_threadpool(_small, bytes(content), info, whole)
    except GuestError as error:
        return PlainTextResponse(str(error), 422)
    return Response(pixels.tobytes(), media_type="application/octet-stream", headers={"Cache-Control": "no-store"})


def _small(content: bytes, info: DataInfo, whole: bool) -> np.ndarray:
    channels, height, width = info.sample_shape  # type: ignore[misc]
    with _one_at_a_time:
        return picture(content, (channels, height, width), whole=whole)


ROUTES: list[BaseRoute] = [
    Route(PREFIX + "{run}/{number:int}.png", send_picture),
    Route(PREFIX + "{run}/habit.json", send_habit),
    Route(PREFIX + "{run}/picture", take_picture, methods=["POST"]),
]
