"""Connections that break in the ways that networks know, on the way to a server."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER, of asm-generic/socket.h
_RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)


class Door:
    """A port of this machine that leads to a server, and can be shut in several ways.

    :param endpoint: the server's.
    """

    def __init__(self, reactor: Any, endpoint: Any) -> None:
        self._reactor = reactor
        self._endpoint = endpoint
        self._links: set[Link] = set()
        self._wanted: tuple[bytes, ...] = ()
        self._lost: Deferred[None] | None = None
        factory = Factory.forProtocol(_Near)
        factory.noisy = False
        factory.door = self  # type: ignore[attr-defined]
        self._listening = reactor.listenTCP(0, factory, interface="127.0.0.1", backlog=512)
        #: Where it listens.
        self.port: int = self._listening.getHost().port

    async def stop(self) -> None:
        """Close it, and all that goes through it."""
        await self._listening.stopListening()
        self.cut()

    def cut(self) -> None:
        """End all connections at once, as when a proxy dies."""
        for link in list(self._links):
            link.cut()

    def vanish(self) -> None:
        """Let all connections become half-open, as when a cable is pulled.

        From now on no packet on them is answered; neither end is told.
        """
        for link in list(self._links):
            link.vanish()

    def lose_reply(self, *request: bytes) -> Deferred[None]:
        """Cut the next connection on which a request goes to the server, before its reply.

        :param request: what stands in what the client sends, in this order.

        Fires when it is cut.
        """
        self._wanted = request
        lost = self._lost = Deferred()
        return lost

    def connect(self, far: Protocol) -> Deferred[Any]:
        """Connect to the server."""
        connected: Deferred[Any] = connectProtocol(self._endpoint, far)
        return connected

    def opened(self, link: Link) -> None:
        self._links.add(link)

    def closed(self, link: Link) -> None:
        self._links.discard(link)

    def went(self, data: bytes, found: int) -> tuple[int, Deferred[None] | None]:
        """Look at what a client sends.

        :param found: how many parts of the wanted request have gone before on this connection.

        Returns how many have gone now and, where the reply is to be lost, what fires then.
        """
        wanted, lost = self._wanted, self._lost
        if lost is None:
            return 0, None
        while found < len(wanted) and wanted[found] in data:
            data = data.partition(wanted[found])[2]
            found += 1
        if found < len(wanted):
            return found, None
        self._lost = None
        return 0, lost


class Link:
    """A client's connection, and the one to the server that goes with it."""

    def __init__(self, door: Door, near: _Near) -> None:
        self._door = door
        self._near = near
        self._far: _Far | None = None
        self._unsent: list[bytes] = []
        self._found = 0
        self._losing: Deferred[None] | None = None
        self._is_gone = False
        door.opened(self)
        connected = door.connect(_Far(self))
        connected.addErrback(lambda _: self.cut())

    def connected(self, far: _Far) -> None:
        """The server is there."""
        self._far = far
        if self._is_gone:
            far.transport.abortConnection()
        else:
            far.transport.writeSequence(self._unsent)

    def near_said(self, data: bytes) -> None:
        self._found, losing = self._door.went(data, self._found)
        self._losing = self._losing or losing
        if self._far is None:
            self._unsent.append(data)
        else:
            self._far.transport.write(data)

    def far_said(self, data: bytes) -> None:
        if self._losing is not None:
            self.cut()
            self._losing.callback(None)
            self._losing = None
        elif not self._is_gone:
            self._near.transport.write(data)

    def ended(self) -> None:
        """One of the two connections is gone."""
        if not self._is_gone:
            self._is_gone = True
            self._door.closed(self)
            for end in self._ends():
                end.transport.loseConnection()

    def cut(self) -> None:
        self._is_gone = True
        self._door.closed(self)
        for end in self._ends():
            end.transport.abortConnection()

    def vanish(self) -> None:
        for end in self._ends():
            end.transport.pauseProducing()
            if end.transport.getHandle().family == socket.AF_INET:
                _drop_all(end.transport.getHandle())

    def _ends(self) -> Sequence[Any]:
        return [self._near] if self._far is None else [self._near, self._far]


class _Near(Protocol):
    """The client's side."""

    factory: Any
    transport: Any

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self._link = Link(self.factory.door, self)

    def dataReceived(self, data: bytes) -> None:
        self._link.near_said(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._link.ended()


class _Far(Protocol):
    """The server's side."""

    transport: Any

    def __init__(self, link: Link) -> None:
        self._link = link

    def connectionMade(self) -> None:
        self._link.connected(self)

    def dataReceived(self, data: bytes) -> None:
        self._link.far_said(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._link.ended()


def _drop_all(connection: socket.socket) -> None:
    """Have the kernel drop all packets that come for a socket, before TCP sees them."""
    program = ctypes.create_string_buffer(_RETURN_NOTHING)
    attached = struct.pack("HxxxxxxP", 1, ctypes.addressof(program))
    connection.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)
