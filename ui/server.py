"""The ASGI side of app.py: our own routes, the middleware around every request, two settings of the server.

Nothing here imports the library's heavy parts: this module is loaded before the first page can be shown.
"""

from __future__ import annotations

import asyncio.base_events
import os
import socket
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ui import blobs, decoders, guest_pictures, tiles
from vae_core.config import runs_folder

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/latentarium/"
COMPONENTS = Path(__file__).parent / "components"
REFUSAL = "This address answers only its own pages."
LOOPBACK_HOSTS = ("127.0.0.1", "localhost")

# Only what a component is made of is served; a suffix that is not here does not exist.
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
KEEP = "public, max-age=31536000, immutable"  # the address carries a version
REVALIDATE = "no-cache"  # the browser keeps it and asks with the ETag


def allowed_hosts() -> tuple[str, ...]:
    """Host names this server answers to: the loopback ones, and those in LATENTARIUM_HOSTS ("a,b")."""
    more = (name.strip().lower() for name in os.environ.get("LATENTARIUM_HOSTS", "").split(","))
    return (*LOOPBACK_HOSTS, *(name for name in more if name))


# -- assets ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def plotly_file() -> Path:
    """plotly.min.js as it lies in the plotly wheel, found without importing plotly."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("plotly is not installed; `pip install -r requirements.txt` installs it.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def component_file(path: str) -> Path | None:
    """The file at `path` (relative to ui/components), or None where there is no such file to serve."""
    if "\\" in path or "\0" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    root = COMPONENTS.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or file.suffix not in MEDIA_TYPES or not file.is_file():
        return None
    return file


def _version(file: Path) -> str:
    stat = file.stat()
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def asset_url(path: str) -> str:
    """The address of a component's file, e.g. `asset_url("map/map.js")`; its version lets browsers keep it.

    Raises:
        FileNotFoundError: there is no such file under ui/components.
    """
    file = component_file(path)
    if file is None:
        raise FileNotFoundError(f"ui/components/{path} is no file that is served; check its name.")
    return f"{PREFIX}assets/{path}?v={_version(file)}"


def plotly_url() -> str:
    """The address of plotly.min.js, with its version."""
    return f"{PREFIX}plotly.min.js?v={_version(plotly_file())}"


def _send_file(request: Request, file: Path) -> Response:
    etag = f'"{_version(file)}"'
    headers = {
        "ETag": etag,
        "Cache-Control": KEEP if request.query_params.get("v") == etag.strip('"') else REVALIDATE,
        # Streamlit would gzip the 4.8 MB of Plotly anew at each request, on its event loop.
        "Content-Encoding": "identity",
    }
    known = request.headers.get("if-none-match", "").split(",")
    if etag in (tag.strip().removeprefix("W/") for tag in known):
        return Response(status_code=304, headers=headers)
    return FileResponse(file, headers=headers, media_type=MEDIA_TYPES[file.suffix])


def send_asset(request: Request) -> Response:
    """A file of ui/components."""
    file = component_file(request.path_params["path"])
    return PlainTextResponse("Not found", 404) if file is None else _send_file(request, file)


def send_plotly(request: Request) -> Response:
    """Plotly.js from the plotly wheel: no CDN, so the app works offline."""
    return _send_file(request, plotly_file())


ROUTES: list[BaseRoute] = [
    Route(f"{PREFIX}assets/{{path:path}}", send_asset),
    Route(f"{PREFIX}plotly.min.js", send_plotly),
]


def routes() -> list[BaseRoute]:
    """Every route of our own; Streamlit adds its own after them."""
    return [*ROUTES, *tiles.ROUTES, *blobs.ROUTES, *decoders.ROUTES, *guest_pictures.ROUTES]


# -- middleware --------------------------------------------------------------------------------------------


class OwnOrigin:
    """Refuses requests to our own routes that another site's page sends (Streamlit guards only its own).

    A request without an Origin is no cross-site script's; one from a foreign page's <img> or <script>
    carries none either, but browsers say so in Sec-Fetch-Site.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
        if not foreign and headers.get("sec-fetch-site") != "cross-site":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": REFUSAL})
        else:
            refusal = PlainTextResponse(REFUSAL, 403)
            await refusal(scope, receive, send)


def content_security_policy(hosts: tuple[str, ...]) -> str:
    """The policy of every page: nothing from elsewhere.

    Streamlit's front end needs inline styles and scripts and evaluates its components' code from blobs;
    WebAssembly needs a word of its own; Plotly builds shaders with `new Function`.
    """
    sockets = " ".join(f"{scheme}://{host}:*" for host in hosts for scheme in ("ws", "wss"))
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' data: blob: {sockets}",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


class SafeHeaders:
    """Adds the Content-Security-Policy and its companions to every answer."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)


# Streamlit follows the system's colour scheme until a visitor chooses in its menu, and has no setting for it. It
# keeps that choice under a key for the path it was loaded from, and takes the key away for "System"; we keep the
# choice once for all pages ("" for the system's), and put it where Streamlit looks.
DARK_FIRST = b"""<head><script>{
const here = `stActiveTheme-${location.pathname}-v2`, kept = "latentarium.theme"
try {
  const { setItem, removeItem } = Storage.prototype
  const chosen = localStorage.getItem(kept) ?? localStorage.getItem(here) ?? '"Dark"'
  if (chosen) localStorage.setItem(here, chosen)
  else localStorage.removeItem(here)
  Storage.prototype.setItem = function (key, value) {
    setItem.call(this, key, value)
    if (this === localStorage && key === here) setItem.call(this, kept, value)
  }
  Storage.prototype.removeItem = function (key) {
    removeItem.call(this, key)
    if (this === localStorage && key === here) setItem.call(this, kept, "")
  }
} catch { /* no storage for this page: the system's scheme it is */ }
}</script>"""


class DarkFirst:
    """Makes dark the first theme and a chosen one that of all pages, by a script in the head of Streamlit's page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self.app(scope, receive, send)
            return
        # The page is rewritten as it passes, so it has to pass in plain text and in full.
        left_out = (b"accept-encoding", b"range", b"if-range")
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in left_out]}
        start: Message = {}
        body = b""

        async def send_changed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body", False):
                return
            headers = MutableHeaders(scope=start)
            if headers.get("content-type", "").startswith("text/html"):
                body = body.replace(b"<head>", DARK_FIRST, 1)
                if "content-length" in headers and body:
                    headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, send_changed)


def middleware() -> list[Middleware]:
    """What every request passes, outermost first: headers on refusals too, then the host, then the origin."""
    hosts = allowed_hosts()
    return [
        Middleware(SafeHeaders, policy=content_security_policy(hosts)),
        Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        Middleware(OwnOrigin),
        Middleware(DarkFirst),
    ]


# -- settings of the server --------------------------------------------------------------------------------


def _set_nodelay(sock: socket.socket) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def tune() -> None:
    """Sets what Streamlit offers no option for; called once, before the server starts.

    asyncio sets TCP_NODELAY only on sockets made with proto=IPPROTO_TCP, and Streamlit binds its socket
    without one, so each small answer would wait some 40 ms for Nagle's algorithm and a delayed ACK.

    A deep link as the first request of a fresh process would run pages/X.py the legacy way, without app.py,
    unless Streamlit is told that the folder pages/ is none of its business.

    Ends with one sentence where LATENTARIUM_RUNS names no folder: no page could be shown.
    """
    try:
        runs_folder()
    except ValueError as error:
        sys.exit(str(error))
    from streamlit.runtime.pages_manager import PagesManager

    asyncio.base_events._set_nodelay = _set_nodelay  # type: ignore[attr-defined]
    PagesManager.uses_pages_directory = False
