"""The ASGI side: what is served, to whom, and the settings of the server that everything else leans on."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from ui import server

HOST = "http://localhost:8501"


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


@pytest.fixture
def components(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "components"
    (folder / "map").mkdir(parents=True)
    (folder / "map" / "map.js").write_text("export const answer = 42\n")
    (folder / "map" / "kernel.wasm").write_bytes(b"\0asm\1\0\0\0")
    (folder / "map" / "notes.py").write_text("secret = 1\n")
    (folder / "map" / ".hidden.js").write_text("secret\n")
    (tmp_path / "outside.js").write_text("secret\n")
    (folder / "map" / "link.js").symlink_to(tmp_path / "outside.js")
    monkeypatch.setattr(server, "COMPONENTS", folder)
    return folder


@pytest.fixture
def client(components: Path) -> Iterator[TestClient]:
    async def elsewhere(request: object) -> PlainTextResponse:
        return PlainTextResponse("page")

    routes = [*server.routes(), Route("/", elsewhere), WebSocketRoute("/latentarium/socket", _echo)]
    app = Starlette(routes=routes, middleware=server.middleware())
    with TestClient(app, base_url=HOST) as made:
        yield made


def test_assets_are_served_with_their_type(client: TestClient) -> None:
    script = client.get("/latentarium/assets/map/map.js")
    assert script.status_code == 200
    assert script.headers["content-type"].startswith("text/javascript")
    assert client.get("/latentarium/assets/map/kernel.wasm").headers["content-type"] == "application/wasm"


def test_an_asset_is_sent_once(client: TestClient, components: Path) -> None:
    first = client.get("/latentarium/assets/map/map.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/latentarium/assets/map/map.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    address = server.asset_url("map/map.js")
    assert "immutable" in client.get(address).headers["cache-control"]
    (components / "map" / "map.js").write_text("export const answer = 43, changed = true\n")
    changed = client.get("/latentarium/assets/map/map.js", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert server.asset_url("map/map.js") != address
    assert "immutable" not in client.get(address).headers["cache-control"]


def test_plotly_comes_from_the_wheel(client: TestClient) -> None:
    answer = client.get(server.plotly_url())
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert b"plotly.js v" in answer.content[:200]


@pytest.mark.parametrize(
    "path",
    [
        "../outside.js",
        "map/../../outside.js",
        "%2e%2e/outside.js",
        "..%2foutside.js",
        "map/%2e%2e%2f%2e%2e%2foutside.js",
        "..%5coutside.js",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "map/link.js",
        "map/.hidden.js",
        "map/notes.py",
        "map/map.js%00.png",
        "map",
        "",
        "absent.js",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    answer = client.get(f"/latentarium/assets/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/", "/latentarium/plotly.min.js"])
@pytest.mark.parametrize("host", ["evil.test", "evil.test:8501", "localhost.evil.test", "127.0.0.1.evil"])
def test_a_foreign_host_is_refused(client: TestClient, path: str, host: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 400


def test_hosts_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTARIUM_HOSTS", " Classroom.test , 10.0.0.7 ")
    assert server.allowed_hosts() == ("127.0.0.1", "localhost", "classroom.test", "10.0.0.7")
    assert "ws://classroom.test:*" in server.content_security_policy(server.allowed_hosts())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://evil.test:8501"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_foreign_page_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/latentarium/plotly.min.js", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/latentarium/socket", headers=headers):
        pass


def test_our_own_page_is_answered(client: TestClient) -> None:
    headers = {"Origin": HOST, "Host": "localhost:8501", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/latentarium/plotly.min.js", headers=headers).status_code == 200
    with client.websocket_connect("/latentarium/socket", headers=headers) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("path", ["/", "/latentarium/plotly.min.js", "/latentarium/assets/absent.js"])
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    for host in ("localhost", "evil.test"):
        headers = client.get(path, headers={"Host": host}).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "object-src 'none'" in policy
        assert not re.search(r"https?:|\*(?!;|$| )", policy.replace(":*", "")), "nothing from another site"
        assert headers["x-content-type-options"] == "nosniff"


def test_accepted_sockets_do_not_wait_for_nagle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit binds its socket without a protocol; asyncio alone would leave TCP_NODELAY off."""
    from streamlit.runtime.pages_manager import PagesManager

    monkeypatch.setattr(asyncio.base_events, "_set_nodelay", asyncio.base_events._set_nodelay)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    server.tune()
    assert PagesManager.uses_pages_directory is False
    seen: list[int] = []

    async def serve_one() -> None:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            seen.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        running = await asyncio.start_server(accept, sock=listening)
        async with running:
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            await reader.read()
            writer.close()

    with ThreadPoolExecutor(1) as aside:  # the browser tests leave a running loop in this thread
        aside.submit(asyncio.run, serve_one()).result()
    assert seen
    assert seen[0] != 0
