"""A proxy before MariaDB that loses an answer just when it matters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

_INSERT, _COMMIT = b"INSERT INTO messages", b"\x03COMMIT"


class LossyProxy:
    """Hands everything on, but for the answer that messages are committed, once it is told so.

    :param socket: the server's socket file.
    """

    def __init__(self, reactor: Any, socket: Path) -> None:
        self._endpoint = UNIXClientEndpoint(reactor, str(socket))
        self._losing: Deferred[None] | None = None
        factory = Factory.forProtocol(_Near)
        factory.noisy = False
        factory.proxy = self  # type: ignore[attr-defined]
        self._listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
        #: Where it listens.
        self.port: int = self._listening.getHost().port

    def lose_commit(self) -> Deferred[None]:
        """Cut the next connection on which messages are committed; fires when it is cut."""
        self._losing = Deferred()
        return self._losing

    async def stop(self) -> None:
        await self._listening.stopListening()

    def connect(self, far: Protocol) -> Deferred[Any]:
        """Connect to the server."""
        connected: Deferred[Any] = connectProtocol(self._endpoint, far)
        return connected

    def take_loss(self) -> Callable[[None], None] | None:
        """What to call after the cut, where one is due."""
        losing, self._losing = self._losing, None
        return None if losing is None else losing.callback


class _Near(Protocol):
    """A node's side of a connection."""

    factory: Any
    transport: Any

    def connectionMade(self) -> None:
        self._unsent: list[bytes] = []
        self._far: _Far | None = None
        self._has_messages = False
        self._cut: Callable[[None], None] | None = None
        connected = self.factory.proxy.connect(_Far(self))
        connected.addCallbacks(self._connected, lambda _: self.transport.abortConnection())

    def dataReceived(self, data: bytes) -> None:
        self._has_messages |= _INSERT in data
        if self._has_messages and _COMMIT in data:
            self._has_messages = False
            self._cut = self.factory.proxy.take_loss()
        if self._far is None:
            self._unsent.append(data)
        else:
            self._far.transport.write(data)

    def answered(self, data: bytes) -> None:
        """The server sends something."""
        if self._cut is None:
            self.transport.write(data)
        else:
            self.transport.abortConnection()
            self._cut(None)
            self._cut = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._far is not None:
            self._far.transport.loseConnection()

    def _connected(self, far: _Far) -> None:
        self._far = far
        far.transport.writeSequence(self._unsent)


class _Far(Protocol):
    """The server's side of a connection."""

    transport: Any

    def __init__(self, near: _Near) -> None:
        self._near = near

    def dataReceived(self, data: bytes) -> None:
        self._near.answered(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._near.transport.loseConnection()
