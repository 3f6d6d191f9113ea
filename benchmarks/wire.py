"""What goes over the wire, as the browser's own inspector counts it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Traffic:
    """Bytes and messages since some moment.

    Attributes:
        sent: bytes of websocket messages and of requests' bodies.
        received: bytes of websocket messages and of answers with their headers, as compressed.
        messages: websocket messages both ways. requests: HTTP requests.
    """

    sent: int = 0
    received: int = 0
    messages: int = 0
    requests: int = 0

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.sent - other.sent,
            self.received - other.received,
            self.messages - other.messages,
            self.requests - other.requests,
        )

    @property
    def total(self) -> int:
        return self.sent + self.received


def _length(event: dict[str, Any]) -> int:
    frame = event["response"]
    text = frame["payloadData"]
    return len(base64.b64decode(text)) if frame["opcode"] == 2 else len(text.encode())


class Wire:
    """Counts one page's traffic; `now` is what has passed so far.

    Args:
        session: a CDP session of the page, of Playwright's sync or async kind, with Network enabled.
    """

    def __init__(self, session: Any) -> None:
        self.now = Traffic()
        session.on("Network.webSocketFrameSent", lambda event: self._add(sent=_length(event), messages=1))
        session.on("Network.webSocketFrameReceived", lambda event: self._add(received=_length(event), messages=1))
        session.on("Network.requestWillBeSent", self._request)
        session.on("Network.loadingFinished", lambda event: self._add(received=int(event["encodedDataLength"])))

    def _add(self, sent: int = 0, received: int = 0, messages: int = 0, requests: int = 0) -> None:
        now = self.now
        self.now = Traffic(
            now.sent + sent, now.received + received, now.messages + messages, now.requests + requests
        )

    def _request(self, event: dict[str, Any]) -> None:
        request = event["request"]
        if not request["url"].startswith(("data:", "blob:")):
            self._add(sent=len(request.get("postData", "")), requests=1)
