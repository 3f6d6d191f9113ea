"""A run's decoder on its way to the browser: `/latentarium/decoders/<run>.bin`, kept there by its version.

What a conditional model is told is part of its decoder, and of the address: `?given=class-3`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ui import cache

if TYPE_CHECKING:
    from starlette.requests import Request

PREFIX = "/latentarium/decoders/"


def decoder_url(run: str, given: str = "") -> str:
    """The address of the run's decoder, told what `given` (a Given.key) stands for. The run must be readable.

    It changes when weights or codes do.
    """
    told = {"given": given} if given else {}
    return f"{PREFIX}{run}.bin?{urlencode(told | {'v': cache.get_desk(run, given).version})}"


def send_decoder(request: Request) -> Response:
    """Layers, weights and a sample of the codes, as vae_core.export writes them."""
    name = request.path_params["run"]
    if cache.get_card(name) is None:
        return PlainTextResponse("Not found", 404, headers={"Cache-Control": "no-store"})
    try:
        desk = cache.get_desk(name, request.query_params.get("given", ""))
    except ValueError as error:  # a broken run or a decoder that no browser runs is one too
        return PlainTextResponse(str(error), 404, headers={"Cache-Control": "no-store"})
    keep = request.query_params.get("v") == desk.version
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable" if keep else "no-store",
        "Content-Encoding": "identity",  # weights hardly shrink, and gzip would hold up the event loop
    }
    return Response(desk.program, media_type="application/octet-stream", headers=headers)


ROUTES: list[BaseRoute] = [Route(PREFIX + "{run}.bin", send_decoder)]
