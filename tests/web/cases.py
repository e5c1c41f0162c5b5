"""Servers with a web endpoint, and what talks to it."""

from __future__ import annotations

from typing import Any

from tests.support import websocket
from tests.support.servers import ServerCase, reactor
from tests.support.wire import WireClient


class WebCase(ServerCase):
    """A server that listens for both: TCP and the web."""

    settings: dict[str, Any] = {"web": ("0",)}

    @property
    def web_port(self) -> int:
        return int(self.server.web_addresses[0].port)

    async def open(self, source: str = "127.0.0.1", **fields: Any) -> websocket.WebSocketClient:
        """A new WebSocket."""
        client = await websocket.connect(reactor, self.web_port, source, **fields)
        self.clients.append(client)
        return client


class OverWebSocket(ServerCase):
    """Lets the tests of another case connect over WebSocket; to stand before it."""

    def start(self, **settings: Any) -> None:
        super().start(web=("0",), **settings)

    async def connect(self, terminator: bytes = b"\n", source: str = "127.0.0.1") -> WireClient:
        assert terminator == b"\n"
        port = int(self.server.web_addresses[0].port)
        client = await websocket.connect(reactor, port, source)
        self.clients.append(client)
        return client
