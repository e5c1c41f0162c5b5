"""Addresses under which something stands, and the connections on which it is asked for."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from chatserver.sessions.connections import room_for_visitors
from chatserver.web.answers import nothing_here
from chatserver.web.files import page_files

_IDLE_LIMIT = 15  # seconds
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Root(Resource):
    """The chat page, and beside it the addresses that were put there."""

    def __init__(self) -> None:
        super().__init__()
        self._files = page_files()

    def getChild(self, name: bytes, request: Request) -> IResource:
        below: list[bytes] = request.postpath or []
        path = b"/".join([name, *below]).decode(errors="replace")
        return self._files.get(path) or nothing_here()


class Channel(HTTPChannel):
    """A connection on which somebody asks, until it becomes a WebSocket."""

    site: WebSite
    _successor: IProtocol | None = None

    def make_way(self, successor: IProtocol) -> None:
        """Leave the connection to another protocol, together with what comes early."""
        self._successor = successor
        self.site.went(self)
        # They would hold each other.
        self.requests.clear()

    def rawDataReceived(self, data: bytes) -> None:
        if self._successor is None:
            super().rawDataReceived(data)
        else:
            self._successor.dataReceived(data)

    def connectionMade(self) -> None:
        super().connectionMade()
        self.site.came(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.site.went(self)
        super().connectionLost(reason)

    def timeoutConnection(self) -> None:
        """It has been idle for too long, which is nothing to log."""
        self.loseConnection()


class WebSite(Site):
    """Serves what stands under a root.

    When too many connections are open on which somebody asks, the oldest gives way. Those that have
    become WebSockets are counted elsewhere.
    """

    noisy = False
    displayTracebacks = False
    protocol: Any = Channel

    def __init__(self, root: Root, reactor: Any) -> None:
        super().__init__(root, timeout=_IDLE_LIMIT, reactor=reactor)
        self._most = room_for_visitors()
        self._channels: dict[Channel, Any] = {}

    def came(self, channel: Channel) -> None:
        self._channels[channel] = channel.transport
        if len(self._channels) > self._most:
            oldest = next(iter(self._channels))
            self._channels.pop(oldest).abortConnection()

    def went(self, channel: Channel) -> None:
        self._channels.pop(channel, None)

    def close(self) -> None:
        """Close all connections on which somebody asks."""
        for transport in list(self._channels.values()):
            transport.abortConnection()

    def getResourceFor(self, request: Request) -> IResource:
        request.responseHeaders.removeHeader("server")
        for name, value in _HEADERS.items():
            request.setHeader(name, value)
        found: IResource = super().getResourceFor(request)
        return found

    def acceptableProtocols(self) -> list[bytes]:
        """HTTP/2 has WebSockets of another kind."""
        return [b"http/1.1"]

    def log(self, request: object) -> None:
        """Not here: there is one every few seconds."""
