"""``/ws``: where an HTTP connection becomes a WebSocket."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from autobahn.twisted.resource import WebSocketResource
from twisted.web.http import FORBIDDEN, SERVICE_UNAVAILABLE
from twisted.web.server import Request

from chatserver.dispatcher import Dispatcher
from chatserver.sessions.home import Home
from chatserver.settings import Settings
from chatserver.web.answers import Page, Words
from chatserver.web.connection import WebConnection
from chatserver.web.origins import Origins
from chatserver.web.readers import Readers
from chatserver.web.websocket import websockets

_UPGRADE_REQUIRED = 426  # twisted.web has no name for it


class ChatHome(Home, Protocol):
    """What of a node takes part in opening connections."""

    dispatcher: Dispatcher


class Gateway(Page):
    """Opens WebSockets, and looks after those that are open."""

    def __init__(self, home: ChatHome, settings: Settings, readers: Readers, reactor: Any) -> None:
        super().__init__()
        self._home = home
        self._readers = readers
        self._clock = reactor
        self._silence = settings.keepalive
        self._origins = Origins(settings.web_origins)
        self._factory = websockets(reactor, settings.max_frame)
        self._connections: set[WebConnection] = set()
        #: Requests that did not become WebSockets, by the status of the answer.
        self.refused: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._connections)

    def look(self) -> None:
        """See to connections that have been silent for long."""
        for connection in list(self._connections):
            connection.look(self._silence)

    def render_GET(self, request: Request) -> Any:
        refusal = self._refusal(request)
        if refusal is not None:
            self.refused[refusal.status] += 1
            return refusal.render(request)
        connection = WebConnection(self._home, self._clock, self._readers.address_of(request))
        self._connections.add(connection)
        connection.websocket.is_closed.addCallback(lambda _: self._connections.discard(connection))
        request.requestHeaders.removeHeader("sec-websocket-extensions")  # none is agreed to
        channel: Any = request.channel
        channel.make_way(connection.websocket)
        return WebSocketResource(_Maker(self._factory, connection)).render(request)

    def _refusal(self, request: Request) -> Words | None:
        """Why a request can't become a WebSocket."""
        header = request.getHeader
        if "websocket" not in (header("upgrade") or "").lower():
            return Words(
                _UPGRADE_REQUIRED,
                "this address is for WebSocket clients; the chat page is at /",
                upgrade="websocket",
            )
        if not self._origins.admits(header("origin"), header("host")):
            return Words(
                FORBIDDEN,
                f"pages from {header('origin')} may not connect here; the server's setting "
                "--web-origins says which may",
            )
        if self._home.dispatcher.is_stopping:
            return Words(SERVICE_UNAVAILABLE, "the server is stopping; try again", retry_after="1")
        if not self._home.connections.admits():
            return Words(SERVICE_UNAVAILABLE, "the server is full; try again", retry_after="5")
        return None


class _Maker:
    """Makes the protocol of one WebSocket, as Autobahn's resource wants it made."""

    def __init__(self, factory: Any, connection: WebConnection) -> None:
        self._factory = factory
        self._connection = connection

    def buildProtocol(self, addr: object) -> Any:  # noqa: ARG002
        websocket = self._connection.websocket
        websocket.factory = self._factory
        return websocket
